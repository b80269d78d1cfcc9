"""Voice and background apart."""
