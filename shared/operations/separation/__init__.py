"""Voice and background of audio, separated."""
