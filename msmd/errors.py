"""Errors a user can cause.  Each message says what was found, what was expected, and what to do."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class MsmdError(ValueError):
    """Base of every error that msmd raises on bad input; its text is one or two full sentences."""


class UnknownNameError(MsmdError):
    """A name that a registry does not hold."""


class DataError(MsmdError):
    """A file or array that cannot be what it claims to be."""


class UnknownTimeStepError(DataError):
    """A file that does not say the time between its frames, and whose forces do not tell it either."""


class ProtocolError(MsmdError):
    """A request that the data cannot serve, such as a horizon longer than the trajectory."""


class CheckpointError(MsmdError):
    """A checkpoint that is damaged, incomplete, or meant for other data."""


class DivergedError(MsmdError):
    """A model that has left the range of its numbers, in training or on a path that it was asked for."""


class MissingPackageError(MsmdError):
    """A library that only some parts of msmd need, and that is not installed."""


def unknown_name(kind: str, name: str, choices: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not in a registry, with the nearest legal choice.

    >>> str(unknown_name("molecule", "etanol", ["ethanol", "toluene"]))
    "Unknown molecule 'etanol'; did you mean 'ethanol'? Choices: ethanol, toluene."
    """
    legal = list(choices)
    near = get_close_matches(name, legal, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    return UnknownNameError(f"Unknown {kind} {name!r}{hint} Choices: {', '.join(legal)}.")


class MsmdWarning(UserWarning):
    """Data that can be used but are not quite what their card says; the text is a full sentence."""
