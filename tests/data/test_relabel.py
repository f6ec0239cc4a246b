"""Forces computed again: those of the stored positions, kept in the cache, for GFN2-xTB data alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from msmd.data import load_trajectory, relabel
from msmd.data.gfn2 import GFN2
from msmd.errors import ProtocolError
from msmd.trajectory import Trajectory


@pytest.fixture
def segment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trajectory:
    """Nine frames of ethanol, and an empty cache."""
    monkeypatch.setenv("MSMD_CACHE", str(tmp_path))
    whole = load_trajectory("ethanol", segment=1)
    return whole.between(0, 9)


def test_every_frame_gets_the_force_of_its_stored_positions(segment: Trajectory) -> None:
    (found,) = relabel.relabelled([segment])
    energy, forces = GFN2(segment.molecule.numbers).energy_and_forces(segment.positions[7])
    assert len(found.labelled_frames) == segment.n_frames
    assert found.energies[7] == pytest.approx(energy, abs=1e-4)
    np.testing.assert_allclose(found.forces[7], forces, atol=1e-3)
    assert np.array_equal(found.positions, segment.positions)


def test_stored_forces_are_those_before_rounding(segment: Trajectory) -> None:
    """The reason for all this: off by what half a quantum of a stiff bond makes, and no more."""
    (found,) = relabel.relabelled([segment])
    frames = segment.labelled_frames
    off = np.sqrt(np.mean((found.forces[frames] - segment.forces[frames]) ** 2))
    assert 0.05 < off < 0.3


def test_what_was_computed_is_not_computed_again(segment: Trajectory, monkeypatch: pytest.MonkeyPatch) -> None:
    (first,) = relabel.relabelled([segment])

    def refuse(*_: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr(relabel, "GFN2", refuse)
    (second,) = relabel.relabelled([segment])
    assert np.array_equal(first.forces, second.forces)
    moved = replace(segment, positions=segment.positions + 0.001)
    with pytest.raises(AssertionError, match="computed again"):
        relabel.relabelled([moved])


def test_another_level_of_theory_is_refused(segment: Trajectory) -> None:
    with pytest.raises(ProtocolError, match="come from rmd17: leave labels as they are stored"):
        relabel.relabelled([replace(segment, source="rmd17")])
