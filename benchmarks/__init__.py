"""The cost of Reelmill, compared with bare ffmpeg, with the fewest possible requests, and with a bare boto3."""
