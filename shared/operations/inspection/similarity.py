"""How similar a video is to its reference: VMAF, PSNR and SSIM, frame by frame, with aligned times."""

import csv
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from shared.errors import MediaRejected
from shared.media.probe import Video, probe
from shared.operations import measure, video_filters
from shared.operations.operation import OperationContext

SCORES, TIMES, FIRST = "similarity.csv", "similarity.txt", "first.txt"  # files in the context's folder
# One model for 1080p, one for 2160p, each trained at the distance at which single pixels just become invisible.
MODEL, MODEL_OF_4K, LINES_OF_4K = "vmaf_v0.6.1", "vmaf_4k_v0.6.1", 1440
MARGIN = 0.5  # Seconds of reference on both sides of a window, so that each frame finds its counterpart.
SAME_RATE = 0.0005  # 29.97 and 30 are different rates: one drops a frame in a thousand.
A_MILLISECOND = 0.001  # so that a frame that begins exactly at the moment is included


@dataclass(frozen=True, slots=True)
class FrameSimilarity:
    """How similar two frames are; `time` in seconds of the reference, PSNR in dB of luma, 60 at most."""

    time: float
    vmaf: float
    psnr: float
    ssim: float


@dataclass(frozen=True)
class Similarity:
    """How similar two videos are: the means over `frames` frames, and the series of those frames."""

    vmaf: float
    psnr: float
    ssim: float
    frames: int
    series: tuple[FrameSimilarity, ...]


@dataclass(frozen=True)
class FirstFrame:
    """The displayed size of the first frame in pixels, and its time in seconds from the beginning of its file."""

    width: int
    height: int
    moment: float


@dataclass(frozen=True)
class ComparedVideo:
    """One of the two videos: its file, the start of the window in its time, and how much earlier to read.

    `rate` is the frame rate to convert it to, counted from `origin` in its time; None keeps its frames.
    """

    path: Path
    video: Video
    start: float
    margin: float
    rate: float | None = None
    origin: float = 0.0

    @property
    def seek(self) -> float:
        """Where to begin to read."""
        return max(self.start - self.margin, 0)

    def input_arguments(self, context: OperationContext, length: float | None) -> list[str]:
        """Return the arguments that read the window, and a little more on both sides."""
        window = [] if length is None else ["-t", f"{length + 2 * MARGIN:.6f}"]
        return ["-ss", f"{self.seek:.6f}", *window, *context.ffmpeg.input_arguments(self.path)]

    def chain(self, size: FirstFrame) -> str:
        """Return the filters that scale it to that size, with the window's start as time 0."""
        return ",".join(
            [
                measure.clearing_filter(),
                *video_filters.display_filters(self.video, video_filters.Box()),
                # The makers of VMAF scale by bicubic. Every source can be compared in 8-bit 4:2:0.
                f"scale={size.width}:{size.height}:flags=bicubic:out_range=tv",
                "format=yuv420p",
                f"settb=AVTB,setpts=PTS+({self.seek - self.origin:.6f})/TB",
                *([f"fps=fps={self.rate:g},settb=AVTB"] if self.rate else []),
                f"setpts=PTS-({self.start - self.origin:.6f})/TB",
            ]
        )


def compare_videos(  # noqa: PLR0913 - what to compare, and five keywords that are seldom all given
    context: OperationContext,
    reference: Path,
    distorted: Path,
    *,
    seconds: tuple[float, float] | None = None,
    sample: bool = False,
    every: int = 1,
    share: tuple[int, int] = (0, 100),
) -> Similarity:
    """Compare each frame that `distorted` shows with the one that `reference` shows at that time.

    `seconds` is the window to measure, in the reference's time as `-ss` counts it. Both videos are aligned by their
    first frames; a `sample` is a file of the window alone (made with `-ss` of its start before `-i` of the reference)
    and is aligned with the first frame in the window. `every` measures every n-th frame; `share` is the part of
    the attempt's percents to fill. Both videos are scaled to the reference's size, upright, in SDR; if the frame rates
    differ, `fps` converts the reference to the distorted video's.
    """
    start, end = seconds or (0.0, None)
    video = video_filters.require_video(probe(reference, "the reference"), context.ffmpeg.limits)
    other = video_filters.require_video(probe(distorted, "the file to compare"), context.ffmpeg.limits)
    origin = start if sample else 0.0
    first = first_frame(context, reference, video, origin)
    began = start - origin - first.moment + first_frame(context, distorted, other, 0).moment
    ours = ComparedVideo(reference, video, start, MARGIN, _rate(video, other), origin)
    theirs = ComparedVideo(distorted, other, began, A_MILLISECOND)
    length = None if end is None else end - start
    scores = _filter(first, every)
    window = "" if length is None else f",trim=end={length:.6f}"
    # The reference must be slightly longer, otherwise the last frame finds no counterpart.
    longer = "tpad=stop=2:stop_mode=clone"
    graph = ";".join(
        [
            f"[0:V:0]{theirs.chain(first)}{window}[theirs]",
            f"[1:V:0]{ours.chain(first)},{longer}[ours]",
            f"[theirs][ours]{scores}",
        ]
    )
    context.ffmpeg.run(
        [
            *(*theirs.input_arguments(context, length), *ours.input_arguments(context, length)),
            *("-lavfi", graph, "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        duration=length or other.duration,
        phase="comparing",
        frame_rate=other.frame_rate,
        share=share,
    )
    return _similarity(context, start)


def _rate(video: Video, other: Video) -> float | None:
    """Return the frame rate to convert `video` to, so that each frame of `other` finds its counterpart."""
    if video.variable_frame_rate or other.variable_frame_rate or not (video.frame_rate and other.frame_rate):
        return None
    return None if abs(video.frame_rate / other.frame_rate - 1) < SAME_RATE else other.frame_rate


def first_frame(context: OperationContext, path: Path, video: Video, start: float) -> FirstFrame:
    """Render the first frame at or after `start`; its moment counts from there."""
    target = context.folder / FIRST
    context.ffmpeg.run(
        [
            *(["-ss", f"{start:.6f}"] if start else []),
            *context.ffmpeg.input_arguments(path),
            *(
                "-map",
                "0:V:0",
                "-frames:v",
                "1",
                "-vf",
                ",".join(video_filters.display_filters(video, video_filters.Box())),
            ),
            # The frame's own time, not the nearest tick of a constant rate.
            *("-fps_mode", "passthrough", "-enc_time_base", "1/1000000", "-f", "framecrc", f"file:{target}"),
        ],
        duration=None,
        phase="comparing",
        share=(0, 0),
    )
    facts = dict(line.split(": ", 1) for line in target.read_text().splitlines() if line.startswith("#"))
    frames = [line for line in target.read_text().splitlines() if not line.startswith("#")]
    target.unlink()
    if not frames:
        message = "there is nothing to compare: no frame could be decoded"
        raise MediaRejected(message)
    width, height = facts["#dimensions 0"].split("x")
    return FirstFrame(int(width), int(height), int(frames[0].split(",")[2]) / 1e6)


def _filter(size: FirstFrame, every: int) -> str:
    """Return the filter that writes the scores and the times of the frames into the context's folder."""
    model = MODEL_OF_4K if min(size.width, size.height) > LINES_OF_4K else MODEL
    options = [
        f"model=version={model}",
        "feature=name=psnr|name=float_ssim",
        f"n_subsample={every}:n_threads={os.cpu_count() or 1}",
        f"log_fmt=csv:log_path={SCORES}",
        # The nearest frame, because containers round times; a frame without a counterpart isn't compared.
        "shortest=1:ts_sync_mode=nearest",
    ]
    return f"libvmaf={':'.join(options)},{measure.writing_filters(TIMES)}"


def _similarity(context: OperationContext, start: float) -> Similarity:
    """Read the measurements, and remove their files."""
    scores, times = context.folder / SCORES, context.folder / TIMES
    moments = [frame.time for frame in context.ffmpeg.watched(measure.read_measurements(times))]
    series = tuple(context.ffmpeg.watched(_alike(scores, moments, start)))
    scores.unlink(missing_ok=True)
    times.unlink(missing_ok=True)
    if not series:
        message = "there is nothing to compare: the two videos have no frame at the same time"
        raise MediaRejected(message)
    return Similarity(
        vmaf=fmean(each.vmaf for each in series),
        psnr=fmean(each.psnr for each in series),
        ssim=fmean(each.ssim for each in series),
        frames=len(series),
        series=series,
    )


def _alike(scores: Path, moments: Sequence[float], start: float) -> Iterator[FrameSimilarity]:
    """Yield libvmaf's scores, frame by frame: there may be millions of small frames."""
    if not scores.exists():
        return
    with scores.open(encoding="ascii", newline="") as lines:
        for frame in csv.DictReader(lines):
            yield FrameSimilarity(
                time=round(start + moments[int(frame["Frame"])], 3),
                vmaf=float(frame["vmaf"]),
                psnr=float(frame["psnr_y"]),
                ssim=float(frame["float_ssim"]),
            )
