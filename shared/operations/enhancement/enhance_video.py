"""The filters that make a video better, in the order in which they help each other."""

from collections.abc import Mapping

from shared.media.probe import Video
from shared.operations import video_filters
from shared.operations.enhancement.enhance_params import EnhanceVideoParams, Strength
from shared.operations.operation import OperationContext

# noise=alls=10:allf=t over the first 2 s of bigbuckbunny.mp4 and bikes.mp4 gives them a PSNR of 33.4 dB; after it, it
# is light 33.6 and 33.7, medium 35.4 and 35.8, strong 39.3 and 44.8. Of clean clips strong takes detail: 39.6 and 46.5.
DENOISE: Mapping[Strength, str] = {
    Strength.LIGHT: "hqdn3d=2:1.5:4:3",
    Strength.MEDIUM: "hqdn3d=6:4:9:6",
    Strength.STRONG: "nlmeans=s=6:p=7:r=9",
}
SHARPEN: Mapping[Strength, str] = {  # of brightness alone: sharpened colours bleed
    Strength.LIGHT: "unsharp=5:5:0.4:5:5:0",
    Strength.MEDIUM: "unsharp=5:5:0.6:5:5:0",
    Strength.STRONG: "unsharp=5:5:1:5:5:0",
}
# Frames to each side over which the camera's path is made smooth.
SMOOTHING: Mapping[Strength, int] = {Strength.LIGHT: 8, Strength.MEDIUM: 15, Strength.STRONG: 30}
DEINTERLACE: Mapping[str, str] = {
    "frames": "bwdif=mode=send_frame:deint=all",
    "fields": "bwdif=mode=send_field:deint=all",
}
DEBAND = "deband=1thr=0.015:2thr=0.015:3thr=0.015:range=16:blur=1"
SHAKE = "shake.trf"  # a name in the context's folder: what the first pass saw of the camera's movement


def enhancement_filters(asked: EnhanceVideoParams, video: Video, pixels: str) -> list[str]:
    """Return the filters from what was decoded to what is encoded, in pixels of that format."""
    tone_mapped = video.hdr and (asked.hdr_to_sdr or not _ten_bits(pixels))
    return [
        *video_filters.color_filters(video),
        # Every filter below takes what it gets for one moment.
        *_deinterlace(asked, video),
        # Some filters below know 8 bits alone, which are too few for HDR. It wants even sides, which scaling makes.
        *([video_filters.scale_filter(video_filters.Box()), *video_filters.TONE_MAP] if tone_mapped else []),
        # Moved before it is filtered: what stands still is then denoised over time.
        *_stabilize(asked),
        # Before all that would make noise larger, sharper or of other values.
        *([DENOISE[asked.denoise]] if asked.denoise else []),
        # At the size in which the steps were made; ten bits have room for the values between two steps.
        *(["format=yuv420p10le", DEBAND] if asked.deband else []),
        video_filters.scale_filter(asked.upscale.box if asked.upscale else video_filters.Box()),
        # Its width is in pixels of what is shown, and scaling would blur it again.
        *([SHARPEN[asked.sharpen]] if asked.sharpen else []),
        # Last, so that what is made up between two frames is made of the best.
        *_frame_rate(asked),
        f"format={pixels}",
    ]


def enhancement_warnings(asked: EnhanceVideoParams, video: Video, pixels: str) -> list[str]:
    """Return a sentence about each thing that comes out other than one might think."""
    found = []
    ten_bits = _ten_bits(pixels)
    if video.hdr and not ten_bits and not asked.hdr_to_sdr:
        found.append("the source is HDR: it was tone-mapped to SDR; bitDepth 10 would keep it")
    if asked.hdr_to_sdr and not video.hdr:
        found.append("the source is SDR already: hdrToSdr had nothing to do")
    eight = [
        name
        for name, used in (
            ("stabilize", asked.stabilize),
            ("denoise strong", asked.denoise is Strength.STRONG),
            ("motion smooth", asked.motion == "smooth"),
        )
        if used
    ]
    if ten_bits and eight:
        found.append(f"{' and '.join(eight)} worked in 8 bits: finer steps than those are gone")
    if video.interlaced:
        found.append("the source is interlaced: it was made progressive")
    return found + video_filters.loss_warnings(video, pixels)


def detect_shake(asked: EnhanceVideoParams, video: Video, context: OperationContext, *, share: tuple[int, int]) -> None:
    """Watch the camera move, and write it down for `chain`; remove the file SHAKE when that has run."""
    seen = [*_deinterlace(asked, video), f"vidstabdetect=shakiness=8:result={SHAKE}"]
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            # A capital V passes over cover art. What it writes is counted in frames: none is left out or repeated.
            *("-map", "0:V:0", "-vf", ",".join(seen), "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        duration=video.duration or context.media.duration,
        phase="watching the camera move",
        share=context.percents(*share),
    )


def enhanced_frame_rate(asked: EnhanceVideoParams, video: Video) -> float | None:
    """Return the frames a second that come out; None when the source doesn't say."""
    if asked.frame_rate or video.frame_rate is None:
        return asked.frame_rate
    return video.frame_rate * (2 if asked.deinterlace == "fields" else 1)


def _ten_bits(pixels: str) -> bool:
    return pixels.endswith("10le")


def _deinterlace(asked: EnhanceVideoParams, video: Video) -> list[str]:
    if asked.deinterlace == "auto":
        return [video_filters.DEINTERLACE] if video.interlaced else []
    return [DEINTERLACE[asked.deinterlace]]


def _stabilize(asked: EnhanceVideoParams) -> list[str]:
    if not asked.stabilize:
        return []
    # optzoom=1: one zoom throughout, just so far that no border shows.
    return [f"vidstabtransform=input={SHAKE}:smoothing={SMOOTHING[asked.stabilize]}:optzoom=1:interpol=bicubic"]


def _frame_rate(asked: EnhanceVideoParams) -> list[str]:
    if asked.frame_rate is None:
        return []
    if asked.motion == "repeat":
        return [f"fps=fps={asked.frame_rate:g}"]
    # It keeps two frames back to look at, and never gives them out: repeated, they are.
    return ["tpad=stop_mode=clone:stop=2", f"minterpolate=fps={asked.frame_rate:g}"]
