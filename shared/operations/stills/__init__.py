"""Images from videos: single, sampled, in sheets, animated."""
