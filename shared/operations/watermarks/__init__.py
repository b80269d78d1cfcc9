"""Images and text on top of a video."""
