"""Forecasters without training: what must be beaten before anything was learned.

Each is frozen, made in closed form by ``fit(training)`` or from nothing, and predicts from tensors like every
forecaster.
"""
