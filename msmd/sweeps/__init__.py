"""Sweeps: many forecasters on many molecules, measured alike, stored as tidy tables.  Tables are read without torch."""
