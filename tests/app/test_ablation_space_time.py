"""What the Ablations page says of a model's time scales beside the reference's."""

from __future__ import annotations

from msmd.app.ablation_space_time import _compared
from msmd.data import load_dataset
from msmd.metrics.space_time import choose_stretches, reference_space_time
from msmd.spectrum import graph_spectrum


def test_a_side_agrees_with_itself_over_the_stretches_of_the_page():
    dataset = load_dataset("ethanol")
    side = reference_space_time(dataset, choose_stretches(dataset, at_most=2), graph_spectrum(dataset.molecule))
    found = _compared(dataset, "full model", side, side)
    assert (found.n_stretches, found.stretch_fs) == (12, 1500.0)
    assert "median 1.00, typically off by a factor of 1.00" in found.agreement
