"""What Reelmill costs: over bare ffmpeg, over the fewest requests that a task needs, over a bare boto3."""
