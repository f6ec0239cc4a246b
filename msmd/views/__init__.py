"""Figures and the player: data in, something to look at out."""
