"""MediaInfo's process: reads media from stdin and writes MediaInfo's measurements to stdout, as JSON.

`shared.media.mediainfo` starts it by its path and without site-packages, so it imports only the standard library. Once
MediaInfo is loaded, the kernel lets it open no file and no connection, even if the media takes control of it.

MediaInfo mixes a file's own tags with its facts, by name: a tag "Width" ends up in the field of that name, alone,
before or after the measured value. So the field names are misspelled in the bytes that MediaInfo gets, and corrected
in its output.
"""

import ctypes
import json
import os
import re
import resource
import sys
from collections.abc import Iterable, Iterator, Mapping

CPU_SECONDS, REPORT_BYTES = 10, 4 * 1024**2
MEMORY_BYTES = 512 * 1024**2  # half of the smallest function; clips take 40 MB
TOO_MUCH = 3  # the exit code if MediaInfo can't read the media, or not within the limits
CHUNK = 4096  # MediaInfo misses the video of a short MPEG-TS that arrives in one piece
FINISHED = 0x08  # a bit of the result of Open_Buffer_Continue
NOWHERE = 2**64 - 1
ALL_STREAMS = ctypes.c_size_t(-1).value
AS_TEXT, BY_NAME = 1, 0  # MediaInfo_Info_Text, MediaInfo_Info_Name
VALUE_LETTERS = 1000  # characters of one value: no fact has more, and titles are cut shorter

KINDS = ("General", "Video", "Audio", "Text", "Other", "Image", "Menu")  # stream_t of MediaInfoDLL.h
# The fields to read of each stream: our names, and MediaInfo's. The first three are tags from the file.
FIELDS = {
    "title": "Title",
    "performer": "Performer",
    "album": "Album",
    "format": "Format",
    "format_profile": "Format_Profile",
    "stream_order": "StreamOrder",
    "muxing_mode": "MuxingMode",
    "duration": "Duration",
    "delay": "Delay",
    "is_truncated": "IsTruncated",
    "overall_bit_rate": "OverallBitRate",
    "bit_rate": "BitRate",
    "bit_depth": "BitDepth",
    "frame_count": "FrameCount",
    "frame_rate": "FrameRate",
    "frame_rate_mode": "FrameRate_Mode",
    "width": "Width",
    "height": "Height",
    "rotation": "Rotation",
    "pixel_aspect_ratio": "PixelAspectRatio",
    "scan_type": "ScanType",
    "color_space": "ColorSpace",
    "chroma_subsampling": "ChromaSubsampling",
    "hdr_format": "HDR_Format",
    "matrix_coefficients": "matrix_coefficients",
    "transfer_characteristics": "transfer_characteristics",
    "channels": "Channel(s)",
    "sampling_rate": "SamplingRate",
    "language": "Language",
    "default": "Default",
    "forced": "Forced",
}
FACTS = frozenset(FIELDS.values()) - {"Title", "Performer", "Album"}
# Each measured field has one of these in its name, except "ID", "List" and "Type", which may occur in any media.
NAMES = [
    "Alignment",
    "Audio_Channels_Total",
    "BitDepth",
    "BitRate",
    "Bits-(Pixel*Frame)",
    "Channel(s)",
    "ChannelLayout",
    "ChannelPositions",
    "ChromaSubsampling",
    "Codec",
    "ColorSpace",
    "Colorimetry",
    "CompleteName",
    "Compression_Mode",
    "Compression_Ratio",
    "Count",
    "DataSize",
    "Default",
    "Delay",
    "DisplayAspectRatio",
    "Duration",
    "Encryption",
    "FileExtension",
    "FileName",
    "FileSize",
    "FirstPacketOrder",
    "FolderName",
    "FooterSize",
    "Forced",
    "Format",
    "FrameRate",
    "Gop_OpenClosed",
    "HeaderSize",
    "Height",
    "ID/String",
    "Inform",
    "Interlacement",
    "Interleave_Preload",
    "Interleave_VideoFrames",
    "Interleaved",
    "InternetMediaType",
    "IsStreamable",
    "IsTruncated",
    "Language",
    "List/String",
    "List_StreamPos",
    "MenuID",
    "MultiView_BaseProfile",
    "MultiView_Layout",
    "MuxingMode",
    "OriginalSourceMedium_ID",
    "PixelAspectRatio",
    "ReplayGain_Gain",
    "ReplayGain_Peak",
    "Resolution",
    "Rotation",
    "SamplesPerFrame",
    "SamplingRate",
    "ScanOrder",
    "ScanType",
    "Standard",
    "Status",
    "StreamKind",
    "StreamOrder",
    "StreamSize",
    "TimeCode_DropFrame",
    "TimeCode_FirstFrame",
    "TimeCode_LastFrame",
    "TimeCode_MaxFrameNumber",
    "TimeCode_Settings",
    "TimeCode_Source",
    "TimeCode_Stripped",
    "TimeStamp_FirstFrame",
    "UniqueID",
    "UniversalAdID_Registry",
    "UniversalAdID_Value",
    "Width",
    "matrix_coefficients",
    "transfer_characteristics",
]
WRONG = "\x7f"  # the second character of a misspelled name: no text has it

OPTIONS = {"Cover_Data": "", "CharSet": "UTF-8", "Complete": "1", "ParseSpeed": "0.5"}
LIMITS = {
    resource.RLIMIT_NOFILE: (0, 0),  # neither files nor sockets, except the open ones
    resource.RLIMIT_CORE: (0, 0),
    resource.RLIMIT_CPU: (CPU_SECONDS, CPU_SECONDS + 1),  # a second later, the kernel's signal is SIGKILL
    resource.RLIMIT_FSIZE: (REPORT_BYTES, REPORT_BYTES),
    **({} if sys.platform == "darwin" else {resource.RLIMIT_AS: (MEMORY_BYTES, MEMORY_BYTES)}),  # macOS has none
}


def main(library_path: str) -> None:
    """Read the media and write the report: a list of streams, each an object with its kind and FIELDS, all texts."""
    library = _library(library_path)
    handle = library.MediaInfo_New()
    for option, value in OPTIONS.items():
        library.MediaInfo_Option(handle, option, value)
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, most)
    try:
        _feed(library, handle, Misspelling(NAMES))
        report = [_spelled(stream) for stream in _streams(library, handle)]
        sys.stdout.write(json.dumps(report))
        sys.stdout.flush()
    except Exception:  # noqa: BLE001 - MediaInfo was loaded, so it is the media that it can't describe
        os._exit(TOO_MUCH)  # without another flush


def _library(path: str) -> ctypes.CDLL:
    """Load MediaInfo; declare its functions as in MediaInfoDLL.h."""
    library = ctypes.CDLL(path)
    handle, size, number, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint64, ctypes.c_wchar_p
    kind = ctypes.c_int
    library.MediaInfo_New.restype = handle
    library.MediaInfo_Option.argtypes = [handle, text, text]
    library.MediaInfo_Option.restype = text
    library.MediaInfo_Open_Buffer_Init.argtypes = [handle, number, number]
    library.MediaInfo_Open_Buffer_Continue.argtypes = [handle, ctypes.c_char_p, size]
    library.MediaInfo_Open_Buffer_Continue_GoTo_Get.argtypes = [handle]
    library.MediaInfo_Open_Buffer_Continue_GoTo_Get.restype = number
    library.MediaInfo_Open_Buffer_Finalize.argtypes = [handle]
    library.MediaInfo_Count_Get.argtypes = [handle, kind, size]
    library.MediaInfo_Count_Get.restype = size
    library.MediaInfo_Get.argtypes = [handle, kind, size, text, kind, kind]
    library.MediaInfo_Get.restype = text
    return library


class Misspelling:
    """Changes the second character of each name, in one-byte and two-byte text; the length stays the same."""

    def __init__(self, names: Iterable[str]) -> None:
        """Compile the pattern: grouped by first characters, which makes it ten times as fast."""
        kinds: dict[str, list[str]] = {}
        for name in names:
            kinds.setdefault(name[0], []).extend((re.escape(name[1:]), "".join(rf"\0{re.escape(c)}" for c in name[1:])))
        # Only the first character is consumed, because names may overlap.
        patterns = [f"{first}(?={'|'.join(rests)})" for first, rests in kinds.items()]
        self._pattern = re.compile("|".join(patterns).encode())
        self.margin = 2 * max(map(len, names), default=0)

    def done(self, content: bytes) -> bytes:
        """Return the content with its names misspelled."""
        changed = bytearray(content)
        for found in self._pattern.finditer(content):
            wide = content[found.start() + 1] == 0
            changed[found.start() + 1 + wide] = ord(WRONG)
        return bytes(changed)


def _feed(library: ctypes.CDLL, handle: int, misspelling: Misspelling) -> None:
    """Pass the media in pieces, from where MediaInfo asks for it, without any of the names."""
    media = sys.stdin.fileno()
    size, place = os.fstat(media).st_size, 0
    library.MediaInfo_Open_Buffer_Init(handle, size, 0)
    while chunk := _piece(media, place, misspelling):
        if library.MediaInfo_Open_Buffer_Continue(handle, chunk, len(chunk)) & FINISHED:
            break
        place += len(chunk)
        wanted = library.MediaInfo_Open_Buffer_Continue_GoTo_Get(handle)
        if wanted != NOWHERE:
            place = wanted
            library.MediaInfo_Open_Buffer_Init(handle, size, place)
    library.MediaInfo_Open_Buffer_Finalize(handle)


def _piece(media: int, place: int, misspelling: Misspelling) -> bytes:
    """Return the piece at that position; a name may begin before it and end after it."""
    before = min(place, misspelling.margin)
    content = os.pread(media, before + CHUNK + misspelling.margin, place - before)
    return misspelling.done(content)[before : before + CHUNK]


def _streams(library: ctypes.CDLL, handle: int) -> Iterator[Mapping[str, str]]:
    """Yield the facts about each stream, the container's first."""
    for number, kind in enumerate(KINDS):
        for stream in range(library.MediaInfo_Count_Get(handle, number, ALL_STREAMS)):
            texts = {
                ours: library.MediaInfo_Get(handle, number, stream, name, AS_TEXT, BY_NAME)
                for ours, name in FIELDS.items()
            }
            yield {"kind": kind, **{name: text[:VALUE_LETTERS] for name, text in texts.items() if text}}


def _spelled(stream: Mapping[str, str]) -> dict[str, str]:
    """Return the facts about a stream with their names as in the file."""
    return {key: _right(text) if WRONG in text else text for key, text in stream.items()}


def _right(text: str) -> str:
    for name in NAMES:
        text = text.replace(name[0] + WRONG + name[2:], name)
    return text


if __name__ == "__main__":
    main(sys.argv[1])
