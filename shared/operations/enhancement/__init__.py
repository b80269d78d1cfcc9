"""Better videos and audio."""
