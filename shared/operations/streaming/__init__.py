"""HLS and DASH from one set of files."""
