"""Inspection of a file: its faults, and its similarity to its source."""
