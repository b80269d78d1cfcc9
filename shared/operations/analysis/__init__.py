"""Analysis of media: shots, text, speech, sensitive content."""
