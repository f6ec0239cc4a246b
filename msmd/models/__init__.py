"""Our forecasters: a learned invariant potential integrated in graph-Fourier coordinates, and its light sibling."""
