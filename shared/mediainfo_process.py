"""The process that MediaInfo runs in: reads media from stdin, writes what MediaInfo says of it, as XML, to stdout.

`shared.mediainfo` starts it by its path and without site-packages, so it imports the standard library alone. Once
MediaInfo is loaded, the kernel lets it open no file and no connection, whatever the media makes it do.
"""

import ctypes
import os
import resource
import sys

CPU_SECONDS, MEMORY_BYTES, REPORT_BYTES = 10, 1024**3, 4 * 1024**2
TOO_MUCH = 3  # what it exits with when the limits are too narrow for the media
CHUNK = 4096  # MediaInfo loses the picture of a short MPEG-TS that comes in one piece
FINISHED = 0x08  # a bit of what Open_Buffer_Continue returns
NOWHERE = 2**64 - 1

OPTIONS = {"Cover_Data": "", "CharSet": "UTF-8", "Inform": "OLDXML", "Complete": "1", "ParseSpeed": "0.5"}
LIMITS = {
    resource.RLIMIT_NOFILE: (0, 0),  # neither files nor sockets, beside those that are open
    resource.RLIMIT_CORE: (0, 0),
    resource.RLIMIT_CPU: (CPU_SECONDS, CPU_SECONDS + 1),  # at the second, the signal is no other than anybody's kill
    resource.RLIMIT_FSIZE: (REPORT_BYTES, REPORT_BYTES),
    **({} if sys.platform == "darwin" else {resource.RLIMIT_AS: (MEMORY_BYTES, MEMORY_BYTES)}),  # macOS has none
}


def main(library_path: str) -> None:
    """Read, and write the report."""
    library = _library(library_path)
    handle = library.MediaInfo_New()
    for option, value in OPTIONS.items():
        library.MediaInfo_Option(handle, option, value)
    for limit, most in LIMITS.items():
        resource.setrlimit(limit, most)
    try:
        _feed(library, handle)
        report: str = library.MediaInfo_Inform(handle, 0)
        sys.stdout.buffer.write(report.encode(errors="replace"))
        sys.stdout.flush()
    except (MemoryError, OSError):
        os._exit(TOO_MUCH)  # without flushing again


def _library(path: str) -> ctypes.CDLL:
    """Load MediaInfo; say what its functions take and return, as MediaInfoDLL.h does."""
    library = ctypes.CDLL(path)
    handle, number, text = ctypes.c_void_p, ctypes.c_uint64, ctypes.c_wchar_p
    library.MediaInfo_New.restype = handle
    library.MediaInfo_Option.argtypes = [handle, text, text]
    library.MediaInfo_Option.restype = text
    library.MediaInfo_Open_Buffer_Init.argtypes = [handle, number, number]
    library.MediaInfo_Open_Buffer_Continue.argtypes = [handle, ctypes.c_char_p, ctypes.c_size_t]
    library.MediaInfo_Open_Buffer_Continue_GoTo_Get.argtypes = [handle]
    library.MediaInfo_Open_Buffer_Continue_GoTo_Get.restype = number
    library.MediaInfo_Open_Buffer_Finalize.argtypes = [handle]
    library.MediaInfo_Inform.argtypes = [handle, ctypes.c_size_t]
    library.MediaInfo_Inform.restype = text
    return library


def _feed(library: ctypes.CDLL, handle: int) -> None:
    """Hand over the media piece by piece, from where MediaInfo asks for it: it gets to know no name."""
    media = sys.stdin.fileno()
    size = os.fstat(media).st_size
    library.MediaInfo_Open_Buffer_Init(handle, size, 0)
    while chunk := os.read(media, CHUNK):
        if library.MediaInfo_Open_Buffer_Continue(handle, chunk, len(chunk)) & FINISHED:
            break
        place = library.MediaInfo_Open_Buffer_Continue_GoTo_Get(handle)
        if place != NOWHERE:
            os.lseek(media, place, os.SEEK_SET)
            library.MediaInfo_Open_Buffer_Init(handle, size, place)
    library.MediaInfo_Open_Buffer_Finalize(handle)


if __name__ == "__main__":
    main(sys.argv[1])
