"""Films in codecs that few programs read: the decoders that nobody looks after."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.media.ffmpeg import binary
from tests.support.hostile.files import Hostile, Kit, chunk

FAMILY = "codec that few read"
# What ffmpeg can write of it, in any container that takes it.
WRITTEN = ("asv1", "cinepak", "flashsv", "jpegls", "msrle", "msvideo1", "qoi", "rpza", "smc", "snow", "svq1", "zmbv")
# By their marks in AVI and QuickTime: games, screen recorders and codecs of the nineties. Their decoders read H.264.
MARKS = (
    *("AASC", "AFLC", "CDXL", "CLLC", "CPLA", "CSCD", "CYUV", "DUCK", "DXTV", "FICV", "FPS1", "FRWU", "G2M4", "GEOX"),
    *("HQX ", "IV32", "IV41", "IV50", "KMVC", "LAGS", "LOCO", "M101", "M263", "MMES", "MSS1", "MSS2", "MSZH", "MTS2"),
    *("MVC2", "MWV1", "PIXL", "QPEG", "RSCC", "RT21", "SCPR", "SMV2", "SP54", "SVQ3", "T420", "THEO", "TM20", "TSC2"),
    *("TSCC", "ULTI", "VCR1", "VIXL", "VMnc", "WNV1", "WRLE", "XJPG", "XMPG", "XVIX", "YMPG", "ZLIB", "ZPEG", "auv2"),
)
SOUNDS = (0x0004, 0x0022, 0x0042, 0x0069, 0x0130, 0x0270, 0x0401, 0x0500, 0x1500, 0x1971, 0x2048, 0x566F, 0x674F)


def old_codecs(kit: Kit) -> Iterator[Hostile]:
    """Real films in such codecs, and films in others that have their marks."""
    with TemporaryDirectory() as folder:
        source = Path(folder, "source.mp4")
        source.write_bytes(kit.bases["mp4"])
        for codec in WRITTEN:
            for ending in ("avi", "mov", "mkv"):
                if film := _encoded(source, codec, Path(folder, f"{codec}.{ending}")):
                    yield Hostile(FAMILY, f"{codec}.{ending}", film)
    avi, mov = kit.bases["avi"], kit.bases["mov"]
    for mark in MARKS:
        yield Hostile(FAMILY, f"{mark.strip()}-mark.avi", avi.replace(b"FMP4", mark.encode()))
    for mark in MARKS[::3]:
        yield Hostile(FAMILY, f"{mark.strip()}-mark.mov", mov.replace(b"avc1", mark.encode()))
    pcm = kit.bases["wav"]
    for sound in SOUNDS:
        head = sound.to_bytes(2, "little") + pcm[22:36]
        body = chunk(b"fmt ", head) + pcm[pcm.index(b"data") :]
        yield Hostile(FAMILY, f"{sound:04x}.wav", chunk(b"RIFF", b"WAVE", body))


def _encoded(source: Path, codec: str, target: Path) -> bytes | None:
    """Return a film in that codec; None if the container doesn't take it."""
    reading = ["-nostdin", "-loglevel", "quiet", "-y", "-i", str(source), "-an", "-frames:v", "4", "-s", "64x64"]
    done = subprocess.run([binary(), *reading, "-c:v", codec, "-strict", "-2", target], check=False)
    return target.read_bytes() if done.returncode == 0 else None
