"""Images out of videos: single, sampled, in sheets, moving."""
