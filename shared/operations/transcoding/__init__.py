"""One file into another: codecs, sizes, clips, joins, a quality to reach."""
