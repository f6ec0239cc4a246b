"""What a visitor can choose and share: the parameters of the URL, how they are read and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Choice(Generic[T]):
    """One choice.

    Attributes:
        name: its name in the URL.
        noun: how a sentence begins that speaks of it.
        parse: value from the URL's text; raises ValueError where it cannot be one.
        show: text for the URL, and for sentences.
    """

    name: str
    noun: str
    parse: Callable[[str], T]
    show: Callable[[T], str] = str


def _pair(text: str) -> tuple[int, int]:
    first, _, last = text.partition("-")
    return int(first), int(last)


def _show_pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]}-{pair[1]}"


def _numbers(text: str) -> tuple[float, ...]:
    """Finite numbers separated by commas or spaces, at least one.

    >>> _numbers("5, 10.5 250")
    (5.0, 10.5, 250.0)
    """
    numbers = tuple(float(part) for part in text.replace(",", " ").split())
    if not numbers or not all(map(isfinite, numbers)):
        raise ValueError(text)
    return numbers


def _show_numbers(numbers: tuple[float, ...]) -> str:
    return ",".join(f"{number:g}" for number in numbers)


def _show_number(number: float) -> str:
    return f"{number:g}"


MOLECULE = Choice[str](name="molecule", noun="Molecule", parse=str)
SOURCE = Choice[str](name="source", noun="Source", parse=str)
SEGMENT = Choice[int](name="segment", noun="Segment", parse=int)
PART = Choice[int](name="part", noun="Part", parse=int)
LAPLACIAN = Choice[str](name="laplacian", noun="Laplacian", parse=str)
MODE = Choice[int](name="mode", noun="Mode", parse=int)
BAND = Choice[tuple[int, int]](name="band", noun="Band of modes", parse=_pair, show=_show_pair)
FORECASTER = Choice[str](name="forecaster", noun="Forecaster", parse=str)
START = Choice[int](name="start", noun="Start frame", parse=int)
HORIZON = Choice[float](name="horizon_fs", noun="Horizon", parse=float, show=_show_number)
SAMPLING = Choice[str](name="times", noun="Times", parse=str)
STEP = Choice[float](name="step_fs", noun="Time step", parse=float, show=_show_number)
CUSTOM_TIMES = Choice[tuple[float, ...]](name="at_fs", noun="Times", parse=_numbers, show=_show_numbers)
COLOR = Choice[str](name="color", noun="Colour", parse=str)
MODE_COLOR = Choice[str](name="mode_color", noun="Colour", parse=str)
MOTION = Choice[str](name="motion", noun="Motion", parse=str)
ARROWS = Choice[str](name="arrows", noun="Arrows", parse=str)
REFERENCE_ARROWS = Choice[str](name="reference_arrows", noun="Arrows", parse=str)
MEMBERS = Choice[int](name="members", noun="Number of members", parse=int)
RUN = Choice[str](name="run", noun="Run", parse=str)
TRAINEE = Choice[str](name="trainee", noun="Forecaster to train", parse=str)
WINDOWS = Choice[str](name="windows", noun="Training windows", parse=str)
BUDGET = Choice[str](name="budget", noun="Budget", parse=str)
MINUTES = Choice[float](name="minutes", noun="Minutes", parse=float, show=_show_number)
EPOCHS = Choice[float](name="epochs", noun="Epochs", parse=float, show=_show_number)
DEVICE = Choice[str](name="device", noun="Device", parse=str)
SPLIT = Choice[str](name="split", noun="Split", parse=str)
TRAINING_TIMES = Choice[str](name="training_times", noun="Times of the windows", parse=str)
SEED = Choice[int](name="seed", noun="Seed", parse=int)
LABELS = Choice[str](name="forces", noun="Forces", parse=str)
OPTIONS = Choice[str](name="set", noun="Settings", parse=str)
ABLATED = Choice[str](name="model", noun="Model", parse=str)
VARIANT = Choice[str](name="variant", noun="Variant", parse=str)
AGAINST = Choice[str](name="against", noun="Comparison", parse=str)
TESTED_TIMES = Choice[str](name="tested_times", noun="Times of the test windows", parse=str)
TURNED = Choice[str](name="turned", noun="Test windows", parse=str)
HORIZON_BAND = Choice[str](name="horizon_band", noun="Horizon band", parse=str)
ATOMS = Choice[str](name="atoms", noun="Atoms", parse=str)
FIGURE = Choice[str](name="figure", noun="Figure", parse=str)

CHOICES: dict[str, Choice] = {
    choice.name: choice
    for choice in (
        MOLECULE, SOURCE, SEGMENT, PART, LAPLACIAN, MODE, BAND, FORECASTER, START, HORIZON, SAMPLING, STEP,
        CUSTOM_TIMES, COLOR, MODE_COLOR, ARROWS, REFERENCE_ARROWS, MEMBERS, MOTION, RUN, TRAINEE, WINDOWS, BUDGET,
        MINUTES, EPOCHS, DEVICE, SPLIT, TRAINING_TIMES, SEED, LABELS, OPTIONS, ABLATED, VARIANT, AGAINST, TESTED_TIMES,
        TURNED, HORIZON_BAND, ATOMS, FIGURE,
    )
}  # fmt: skip
"""Every choice by its name in the URL; adding one is an entry here."""
