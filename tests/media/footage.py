"""Real footage in every shape that no package has, and another decoder to look at what was made of it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import av

from shared.ffmpeg import binary

BUNNY = ("-t", "2", "-i", "bigbuckbunny.mp4")  # 1280 by 720, 25 frames a second, 5.1 sound
BIKES = ("-t", "2", "-i", "bikes.mp4")  # 640 by 272, 25 frames a second, no sound
SMALL = "scale=320:180"
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
SOUND = ("-c:a", "aac", "-ac", "2")
PQ = "hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"

# What to give ffmpeg for each clip, between the global options and the clip's own path. A name of another
# clip stands for its path.
RECIPES: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*BUNNY, "-vf", SMALL, *X264, *SOUND),
    "surround.mp4": (*BUNNY, "-vf", SMALL, *X264, "-c:a", "copy"),
    "silent.mp4": (*BIKES, "-vf", "scale=320:136", *X264),
    "sound.mp3": (*BUNNY, "-vn", "-c:a", "libmp3lame", "-metadata", "title=Die Glühwürmchen"),
    "sound.wav": (*BUNNY, "-vn", "-ac", "1"),
    "side.ac3": (*BUNNY, "-vn", "-af", "aformat=channel_layouts=5.1(side)", "-c:a", "ac3"),
    "cover.jpg": ("-ss", "1", "-i", "bigbuckbunny.mp4", "-frames:v", "1", "-update", "1"),
    "covered.mp3": (
        *("-i", "sound.mp3", "-i", "cover.jpg", "-map", "0", "-map", "1", "-c", "copy"),
        *("-id3v2_version", "3", "-disposition:v", "attached_pic"),
    ),
    "covered.m4a": (
        *("-i", "plain.mp4", "-i", "cover.jpg", "-map", "0:a", "-map", "1", "-c", "copy"),
        *("-disposition:v", "attached_pic"),
    ),
    # The left third is black, and a player turns it a quarter clockwise: then the top third is.
    "left-black.mp4": (*BIKES, "-vf", "drawbox=w=iw/3:color=black:t=fill", *X264),
    "sideways.mp4": ("-display_rotation", "-90", "-i", "left-black.mp4", "-c", "copy"),
    "sideways.mkv": ("-i", "sideways.mp4", "-c", "copy"),
    "upside-down.mp4": ("-display_rotation", "180", "-i", "left-black.mp4", "-c", "copy"),
    "odd.mp4": (*BUNNY, "-vf", "scale=321:181,setsar=1", "-pix_fmt", "yuv444p", *X264, "-an"),
    "anamorphic.mp4": (*BUNNY, "-vf", "scale=240:180,setsar=4/3", *X264, "-an"),
    # Two fields a frame, each of another moment: 12.5 frames a second.
    "interlaced.mp4": (*BUNNY, "-vf", f"{SMALL},interlace", *X264, "-flags", "+ildct+ilme", "-an"),
    # Every frame of the first second, every third one of the next.
    "variable.mp4": (
        *BIKES,
        "-vf",
        "scale=320:136,select='if(gt(t,1),mod(n,3)-1,1)'",
        "-fps_mode",
        "vfr",
        *X264,
    ),
    "ten-bit.mkv": (*BUNNY, "-vf", SMALL, "-pix_fmt", "yuv420p10le", *X264, "-an"),
    "hdr.mp4": (
        *(*BUNNY, "-vf", SMALL, "-pix_fmt", "yuv420p10le", "-an", "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", PQ, "-color_primaries", "bt2020", "-color_trc", "smpte2084"),
        *("-colorspace", "bt2020nc", "-tag:v", "hvc1"),
    ),
    "stream.ts": (*BUNNY, "-vf", SMALL, *X264, *SOUND),
    "old.avi": (*BUNNY, "-vf", SMALL, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "web.webm": (
        *(*BUNNY, "-vf", SMALL, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
        *("-c:a", "libopus", "-ac", "2"),
    ),
    "tracks.mp4": (
        *("-i", "plain.mp4", "-i", "sound.wav", "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy"),
        *("-disposition:a:0", "0", "-disposition:a:1", "default", "-metadata:s:a:1", "language=deu"),
        *(
            "-metadata",
            "location=+48.8584+002.2945/",
            "-metadata",
            "title=The tower",
            "-timecode",
            "01:00:00:00",
        ),
    ),
    "red.mp4": (
        *("-f", "lavfi", "-i", "color=0xdc281e:s=640x360:d=2", "-vf", "scale=out_color_matrix=bt709", *X264),
        *("-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
    ),
    "blink.mp4": (
        *("-t", "0.6", "-i", "bigbuckbunny.mp4", "-vf", "scale=160:90", *X264),
        *("-c:a", "aac", "-ac", "1"),
    ),
    "front.mp4": ("-i", "bigbuckbunny.mp4", "-t", "2", "-c", "copy", "-movflags", "+faststart"),
}


@dataclass(frozen=True)
class Clips:
    """Makes each clip at its first use, in a folder of its own."""

    folder: Path

    def __call__(self, name: str) -> Path:
        """Return the path of the clip of that name."""
        path = self.folder / name
        if not path.exists():
            recipe = [str(self(part)) if self._is_clip(part) else part for part in RECIPES[name]]
            subprocess.run([binary(), "-nostdin", "-loglevel", "error", *recipe, path], check=True)
        return path

    def _is_clip(self, part: str) -> bool:
        return part in RECIPES or (self.folder / part).exists()

    def cut(self, name: str, size: int) -> Path:
        """Return the first `size` bytes of a clip."""
        path = self.folder / f"cut-{size}-{name}"
        path.write_bytes(self(name).read_bytes()[:size])
        return path


@dataclass(frozen=True)
class Decoded:
    """A file as another decoder than ours sees it, decoded to its end."""

    video: av.VideoStream | None
    audio: av.AudioStream | None
    frames: list[av.VideoFrame]
    times: list[float]
    audio_seconds: float
    metadata: dict[str, str]
    kinds: list[str]

    @property
    def size(self) -> tuple[int, int]:
        return self.frames[0].width, self.frames[0].height


def decoded(path: Path) -> Decoded:
    """Decode a file to its end, with PyAV."""
    with av.open(path) as container:
        video = next(iter(container.streams.video), None)
        audio = next(iter(container.streams.audio), None)
        frames = list(container.decode(video)) if video else []
        container.seek(0)
        samples = sum(frame.samples for frame in container.decode(audio)) if audio else 0
        return Decoded(
            video=video,
            audio=audio,
            frames=frames,
            times=[float(frame.time or 0) for frame in frames],
            audio_seconds=samples / audio.rate if audio else 0,
            metadata=dict(container.metadata),
            kinds=[stream.type for stream in container.streams],
        )


def brightness(frame: av.VideoFrame, rows: slice) -> float:
    """Return the mean luma of some of the rows, of 36."""
    plane = frame.reformat(width=64, height=36, format="gray").planes[0]
    pixels = b"".join(bytes(plane)[row * plane.line_size :][:64] for row in range(36)[rows])
    return sum(pixels) / len(pixels)


def distance(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """Return how far two pictures are apart, as a mean over coarse pixels of luma."""
    ours, theirs = (bytes(frame.reformat(width=64, height=64, format="gray").planes[0]) for frame in (one, other))
    return sum(abs(a - b) for a, b in zip(ours, theirs, strict=True)) / len(ours)


def combing(frame: av.VideoFrame) -> float:
    """Return how much each row differs from the two beside it: more so where two moments alternate."""
    plane = frame.reformat(format="gray").planes[0]
    pixels = bytes(plane)
    rows = [pixels[row * plane.line_size :][: frame.width] for row in range(frame.height)]
    bends = (
        abs(2 * here - above - below)
        for upper, middle, lower in zip(rows, rows[1:], rows[2:], strict=False)
        for above, here, below in zip(upper, middle, lower, strict=True)
    )
    return sum(bends) / (frame.width * frame.height)
