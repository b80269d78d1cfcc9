"""Packets as ffmpeg's framecrc muxer lists them."""

import tracemalloc
from pathlib import Path

from shared.operations.packets import Packet, PacketList, read_packets

LIST = """#extradata 0:       38, 0xe0c60af9
#software: Lavf63.1.102
#tb 0: 1/12800
#media_type 0: video
#codec_id 0: h264
#dimensions 0: 320x180
#sar 0: 1/1
#tb 1: 1/48000
#media_type 1: audio
1,      -1024,      -1024,     1024,       21, 0x43390566, F=0x5, S=1, Skip Samples,       10, 0x00240004
0,          0,          0,      512,    22443, 0x40585f4a
1,          0,          0,     1024,      886, 0x1272cb89
0,        512, -9223372036854775808,      512,      353, 0x73b9a511, F=0x0
0,       1024,       1024,      512,      353,"""


def test_packets_are_separated_by_stream_without_those_that_an_edit_leaves_out(tmp_path: Path) -> None:
    path = tmp_path / "packets.txt"
    path.write_text(LIST)

    video, audio, size = read_packets(path, iter)

    assert list(video) == [Packet(0, 0.04), Packet(None, 0.04), Packet(0.08, 0.04)]
    assert list(audio) == [Packet(0, 1024 / 48000)]
    assert size == (320, 180)


def test_without_a_list_there_are_no_packets(tmp_path: Path) -> None:
    video, audio, size = read_packets(tmp_path / "packets.txt", iter)

    assert (len(video), len(audio), size) == (0, 0, (0, 0))


def test_a_packet_takes_sixteen_bytes_of_memory() -> None:
    tracemalloc.start()
    try:
        packets = PacketList(Packet(number / 25, 0.04) for number in range(100_000))
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert len(packets) == 100_000
    assert taken < 20 * 100_000


def test_a_part_of_a_list_of_packets_is_a_list_of_packets() -> None:
    packets = PacketList([Packet(0, 1), Packet(None, 1), Packet(2, 1)])

    assert list(packets[1:]) == [Packet(None, 1), Packet(2, 1)]
    assert packets[-1] == Packet(2, 1)
