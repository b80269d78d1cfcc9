"""The filters that enhance video, in the order in which they help each other."""

from collections.abc import Mapping

from shared.media.probe import Video
from shared.operations import video_filters
from shared.operations.enhancement.enhance_params import EnhanceVideoParams, Strength
from shared.operations.operation import OperationContext

# noise=alls=10:allf=t over the first 2 s of bigbuckbunny.mp4 and bikes.mp4 gives a PSNR of 33.4 dB. Denoised: light
# 33.6 and 33.7, medium 35.4 and 35.8, strong 39.3 and 44.8. On clean clips, strong removes detail: 39.6 and 46.5.
DENOISE: Mapping[Strength, str] = {
    Strength.LIGHT: "hqdn3d=2:1.5:4:3",
    Strength.MEDIUM: "hqdn3d=6:4:9:6",
    Strength.STRONG: "nlmeans=s=6:p=7:r=9",
}
SHARPEN: Mapping[Strength, str] = {  # of brightness only: sharpened colors bleed
    Strength.LIGHT: "unsharp=5:5:0.4:5:5:0",
    Strength.MEDIUM: "unsharp=5:5:0.6:5:5:0",
    Strength.STRONG: "unsharp=5:5:1:5:5:0",
}
# Frames on each side over which the camera path is smoothed.
SMOOTHING: Mapping[Strength, int] = {Strength.LIGHT: 8, Strength.MEDIUM: 15, Strength.STRONG: 30}
DEINTERLACE: Mapping[str, str] = {
    "frames": "bwdif=mode=send_frame:deint=all",
    "fields": "bwdif=mode=send_field:deint=all",
}
DEBAND = "deband=1thr=0.015:2thr=0.015:3thr=0.015:range=16:blur=1"
SHAKE = "shake.trf"  # a file in the context's folder: the camera motion that the first pass saw


def enhancement_filters(asked: EnhanceVideoParams, video: Video, pixels: str) -> list[str]:
    """Return the filters from the decoder to the encoder, which gets pixels of that format."""
    tone_mapped = video.hdr and (asked.hdr_to_sdr or not _ten_bits(pixels))
    return [
        *video_filters.color_filters(video),
        # Every filter below expects a frame to show one moment.
        *_deinterlace(asked, video),
        # Some filters below work in 8 bits, too few for HDR. Tone mapping needs even sides, which scaling makes.
        *([video_filters.scale_filter(video_filters.Box()), *video_filters.TONE_MAP] if tone_mapped else []),
        # Before denoising: a still background is then denoised over time.
        *_stabilize(asked),
        # Before all filters that would make the noise larger, sharper or change its values.
        *([DENOISE[asked.denoise]] if asked.denoise else []),
        # At the size in which the banding was made; ten bits have room for the values between two steps.
        *(["format=yuv420p10le", DEBAND] if asked.deband else []),
        video_filters.scale_filter(asked.upscale.box if asked.upscale else video_filters.Box()),
        # After scaling, which would blur it again; its radius is in pixels of the output.
        *([SHARPEN[asked.sharpen]] if asked.sharpen else []),
        # Last, so that interpolated frames are made from the enhanced ones.
        *_frame_rate(asked),
        f"format={pixels}",
    ]


def enhancement_warnings(asked: EnhanceVideoParams, video: Video, pixels: str) -> list[str]:
    """Return a warning for each thing that users may not expect."""
    found = []
    ten_bits = _ten_bits(pixels)
    if video.hdr and not ten_bits and not asked.hdr_to_sdr:
        found.append("the source is HDR and was tone-mapped to SDR; bitDepth 10 keeps HDR")
    if asked.hdr_to_sdr and not video.hdr:
        found.append("the source is already SDR: hdrToSdr had no effect")
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
        found.append(f"{' and '.join(eight)} worked in 8 bits: finer gradations are lost")
    if video.interlaced:
        found.append("the source is interlaced and was deinterlaced")
    return found + video_filters.loss_warnings(video, pixels)


def detect_shake(asked: EnhanceVideoParams, video: Video, context: OperationContext, *, share: tuple[int, int]) -> None:
    """Record the camera motion for `enhancement_filters`; remove the file SHAKE after they ran."""
    seen = [*_deinterlace(asked, video), f"vidstabdetect=shakiness=8:result={SHAKE}"]
    context.ffmpeg.run(
        [
            *context.ffmpeg.input_arguments(context.source),
            # A capital V skips cover art. The recording counts frames, so none is dropped or repeated.
            *("-map", "0:V:0", "-vf", ",".join(seen), "-fps_mode", "passthrough", "-f", "null", "-"),
        ],
        duration=video.duration or context.media.duration,
        phase="measuring camera motion",
        share=context.percents(*share),
    )


def enhanced_frame_rate(asked: EnhanceVideoParams, video: Video) -> float | None:
    """Return the frame rate of the output; None if the source doesn't state one."""
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
    # optzoom=1: one zoom throughout, just large enough to hide the borders.
    return [f"vidstabtransform=input={SHAKE}:smoothing={SMOOTHING[asked.stabilize]}:optzoom=1:interpol=bicubic"]


def _frame_rate(asked: EnhanceVideoParams) -> list[str]:
    if asked.frame_rate is None:
        return []
    if asked.motion == "repeat":
        return [f"fps=fps={asked.frame_rate:g}"]
    # minterpolate keeps two frames to look ahead and never outputs them; repeated frames take their place.
    return ["tpad=stop_mode=clone:stop=2", f"minterpolate=fps={asked.frame_rate:g}"]
