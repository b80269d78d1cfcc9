"""One file into another: codecs, sizes, clips, joins, a score to reach."""
