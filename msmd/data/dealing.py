"""Splits: which frames of a dataset train, which choose, and which test.

``blocked`` deals out whole segments, or contiguous blocks of a lone trajectory with a gap between them, so that no
training frame lies within the time of a test window.  ``paper`` draws random starts from everything, as GMN, EGNO and
GF-NODE do; most of its test windows then overlap a training window.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from msmd.data.sampling import Sampling, is_continuous
from msmd.errors import MsmdWarning, ProtocolError
from msmd.trajectory import Dataset, Trajectory

MIN_SEGMENTS_TO_DEAL = 3
"""From this many segments on, whole segments are dealt out; below, blocks of one trajectory."""

BLOCK_ORDER = "TTETVETTET"
"""Ten blocks of one trajectory: T trains, V validates, E (examination) tests."""

SEGMENT_ORDER = "TETVTETVTE"
"""Ten segments: 5 train, 2 validate, 3 test."""

PARTS = {"T": "training", "V": "validation", "E": "test"}

Starts = Int[np.ndarray, "_ 3"]
"""Rows of segment, start frame, and end (exclusive) of the range that the window may use."""


@dataclass(frozen=True, kw_only=True)
class FrameRange:
    """Frames ``first`` to ``last`` (exclusive) of a segment."""

    segment: int
    first: int
    last: int


@dataclass(frozen=True, kw_only=True)
class Order:
    """What a split is asked for.

    Attributes:
        gap_fs: time left out between blocks.
        longest_fs: the longest target time; windows lie inside their range.
        n_train, n_validation, n_test: windows wanted of each part; None takes all, under ``paper`` a third.
        n_times: target times per window.
        horizon_fs, train_sampling, test_sampling: a start counts only where its sampling finds enough frames.
        random: feeds every choice.
    """

    gap_fs: float
    longest_fs: float
    horizon_fs: float
    n_train: int | None
    n_validation: int
    n_test: int
    n_times: int
    train_sampling: Sampling
    test_sampling: Sampling
    random: np.random.Generator


@dataclass(frozen=True, kw_only=True)
class Dealt:
    """The starts of each part, and the ranges of frames that training may see."""

    train: Starts
    validation: Starts
    test: Starts
    train_ranges: tuple[FrameRange, ...]


def segment_parts(dataset: Dataset) -> tuple[str, ...]:
    """For each segment what the blocked split uses it for: ``"training"``, ``"validation"`` or ``"test"``.

    Empty where there are too few segments to deal out, so that each is cut into blocks of its own.
    """
    return tuple(PARTS[part] for part in _segment_order(dataset))


def blocked(dataset: Dataset, order: Order) -> Dealt:
    """Whole segments, or contiguous blocks with a gap of one horizon; nothing leaks."""
    ranges: dict[str, list[FrameRange]] = {part: [] for part in PARTS}
    for part, found in zip(*_segments_or_blocks(dataset, order), strict=True):
        ranges[part].append(found)
    train, validation, test = (
        _drawn(_starts(dataset, ranges[part], order), dataset, order, sampling)[:count]
        for part, count, sampling in (
            ("T", order.n_train, order.train_sampling),
            ("V", order.n_validation, order.test_sampling),
            ("E", order.n_test, order.test_sampling),
        )
    )
    train_ranges = tuple(found for found in ranges["T"] if found.last > found.first)
    return Dealt(train=train, validation=validation, test=test, train_ranges=train_ranges)


def paper(dataset: Dataset, order: Order) -> Dealt:
    """Random starts out of everything; where there are too few, a third each for training and validation."""
    everything = [FrameRange(segment=i, first=0, last=s.n_frames) for i, s in enumerate(dataset.segments)]
    starts = _drawn(_starts(dataset, everything, order), dataset, order, order.test_sampling)
    third = len(starts) // 3
    n_train = third if order.n_train is None else min(order.n_train, third)
    n_both = n_train + min(order.n_validation, third)
    train = starts[:n_train]
    return Dealt(
        train=train,
        validation=starts[n_train:n_both],
        test=starts[n_both : n_both + order.n_test],
        train_ranges=_covered(dataset, train, order.longest_fs),
    )


SPLITS: dict[str, Callable[[Dataset, Order], Dealt]] = {"blocked": blocked, "paper": paper}


def _segment_order(dataset: Dataset) -> str:
    n_segments = len(dataset.segments)
    if n_segments < MIN_SEGMENTS_TO_DEAL:
        return ""
    return "TVE" if n_segments == 3 else "".join(SEGMENT_ORDER[i % 10] for i in range(n_segments))


def _segments_or_blocks(dataset: Dataset, order: Order) -> tuple[str, list[FrameRange]]:
    """One letter of ``PARTS`` and one range each."""
    parts = _segment_order(dataset)
    if parts:
        return parts, [FrameRange(segment=i, first=0, last=s.n_frames) for i, s in enumerate(dataset.segments)]
    holding = [i for i, segment in enumerate(dataset.segments) if _holds_blocks(segment, order)]
    if holding and len(holding) < len(dataset.segments):
        warnings.warn(
            f"{len(dataset.segments) - len(holding)} of {len(dataset.segments)} segments are too short to be cut into "
            "ten blocks and are left out.",
            MsmdWarning,
            stacklevel=4,
        )
    longest = int(np.argmax([segment.duration_fs for segment in dataset.segments]))
    served = holding or [longest]  # where none holds them, the longest says so
    return BLOCK_ORDER * len(served), [block for i in served for block in _ten_blocks(i, dataset.segments[i], order)]


def _holds_blocks(segment: Trajectory, order: Order) -> bool:
    return segment.duration_fs / 10 > order.gap_fs + order.longest_fs


def _ten_blocks(index: int, segment: Trajectory, order: Order) -> list[FrameRange]:
    """Ten contiguous blocks of equal duration; each but the last ends one gap before the next begins."""
    block_fs = segment.duration_fs / 10
    if not _holds_blocks(segment, order):
        raise ProtocolError(
            f"A tenth of this trajectory ({block_fs:.0f} fs) cannot hold a window of {order.longest_fs:.0f} fs and the "
            f"gap of {order.gap_fs:.0f} fs after it; ask for a horizon of at most "
            f"{block_fs / (1.05 * (1 + order.longest_fs / order.gap_fs)):.0f} fs, or give a longer trajectory."
        )
    edges = segment.times_fs[0] + block_fs * np.arange(11)
    ends = edges[1:] - np.where(np.arange(10) < 9, order.gap_fs, -1.0)
    firsts, lasts = np.searchsorted(segment.times_fs, edges[:-1]), np.searchsorted(segment.times_fs, ends)
    return [FrameRange(segment=index, first=int(a), last=int(b)) for a, b in zip(firsts, lasts, strict=True)]


def _starts(dataset: Dataset, ranges: list[FrameRange], order: Order) -> Starts:
    """Every frame with a velocity whose window lies inside its range."""
    rows = [np.empty((0, 3), dtype=int)]
    for found in ranges:
        if found.last <= found.first:
            continue
        segment = dataset.segments[found.segment]
        frames = segment.start_frames
        frames = frames[(frames >= found.first) & (frames < found.last)]
        frames = frames[segment.times_fs[frames] + order.longest_fs <= segment.times_fs[found.last - 1] + 1e-6]
        rows.append(np.stack([np.full_like(frames, found.segment), frames, np.full_like(frames, found.last)], axis=1))
    starts = np.concatenate(rows)
    if len(starts) == 0:
        raise ProtocolError(
            f"No window of {order.longest_fs:.0f} fs fits: the data hold no frame with a known velocity that is "
            "followed by frames over that time in its block; ask for a shorter horizon or give a longer trajectory."
        )
    return starts


def _drawn(starts: Starts, dataset: Dataset, order: Order, sampling: Sampling) -> Starts:
    """The starts in random order, without those that lack frames to choose times from."""
    starts = starts[order.random.permutation(len(starts))]
    if all(is_continuous(segment) for segment in dataset.segments):
        return starts
    trial = np.random.default_rng(0)  # what is drawn here is thrown away: only whether there are times counts
    served = [
        sampling(dataset.segments[i], int(frame), int(last), order.horizon_fs, order.n_times, trial) is not None
        for i, frame, last in starts
    ]
    if not any(served):
        raise ProtocolError(
            f"No window has {order.n_times} target frames within {order.longest_fs:.0f} fs; ask for fewer times, "
            "another sampling, or a longer horizon."
        )
    return starts[served]


def _covered(dataset: Dataset, starts: Starts, longest_fs: float) -> tuple[FrameRange, ...]:
    """The frames inside any of these windows, as ranges without overlap."""
    ranges: list[FrameRange] = []
    for index, segment in enumerate(dataset.segments):
        first = np.sort(starts[starts[:, 0] == index, 1])
        last = np.searchsorted(segment.times_fs, segment.times_fs[first] + longest_fs, side="right")
        opened = np.bincount(first, minlength=segment.n_frames + 1)
        closed = np.bincount(last, minlength=segment.n_frames + 1)
        inside = np.concatenate([[0], (np.cumsum(opened - closed) > 0).astype(int)])
        edges = np.flatnonzero(np.diff(inside))
        pairs = zip(edges[::2], edges[1::2], strict=True)
        ranges += [FrameRange(segment=index, first=int(a), last=int(b)) for a, b in pairs]
    return tuple(ranges)
