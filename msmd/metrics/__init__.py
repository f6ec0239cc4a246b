"""How far a forecast is from what happened."""
