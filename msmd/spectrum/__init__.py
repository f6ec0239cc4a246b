"""The spectrum of a molecule's bond graph, and what a trajectory does in its modes."""

from msmd.spectrum.basis import GraphSpectrum, graph_spectrum

__all__ = ["GraphSpectrum", "graph_spectrum"]
