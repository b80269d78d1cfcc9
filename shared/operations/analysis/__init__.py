"""What can be found in media: shots, text, speech, what to be careful with."""
