"""Training: one loop for every forecaster, in a run folder that can be left and resumed at any point."""
