"""The ports of a stack, which its data directory remembers."""

from pathlib import Path

import pytest

from infra.local import emulator
from infra.local.data_dir import DataDir
from infra.local.ports import DEFAULT_AWS_PORT, DEFAULT_PORT, choose_ports, remember_ports
from infra.local.queue_urls import true_url, with_true_port

ENDPOINT = "http://127.0.0.1:4999"


@pytest.fixture
def folder(tmp_path: Path) -> DataDir:
    return DataDir(tmp_path)


def test_the_first_start_takes_the_usual_ports(folder: DataDir) -> None:
    assert choose_ports(folder, None, None) == (DEFAULT_PORT, DEFAULT_AWS_PORT)
    assert choose_ports(folder, 0, 9000) == (0, 9000)


def test_a_later_start_takes_the_ports_of_the_last_one(folder: DataDir) -> None:
    remember_ports(folder, 8081, 4567)

    assert choose_ports(folder, None, None) == (8081, 4567)
    assert choose_ports(folder, 8082, None) == (8082, 4567)


def test_any_free_port_is_not_remembered(folder: DataDir) -> None:
    remember_ports(folder, 8081, 0)
    remember_ports(folder, 0, 4567)

    assert choose_ports(folder, None, None) == (8081, 4567)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"port": "x"}'])
def test_a_damaged_file_is_no_obstacle(folder: DataDir, text: str) -> None:
    folder.ports.write_text(text)

    assert choose_ports(folder, None, None) == (DEFAULT_PORT, DEFAULT_AWS_PORT)


def test_urls_of_queues_name_the_port_of_the_stack() -> None:
    named = f"http://{emulator.HOST}:{emulator.NAMED_PORT}/000000000000/urgent"
    answers = [{"QueueUrl": named}, {"QueueUrls": [named, named]}, {"Messages": [named]}, None]

    true = f"{ENDPOINT}/000000000000/urgent"
    assert [with_true_port(ENDPOINT)(lambda result: result)(answer) for answer in answers] == [
        {"QueueUrl": true},
        {"QueueUrls": [true, true]},
        {"Messages": [named]},
        None,
    ]
    assert true_url("arn:aws:sqs:::urgent", ENDPOINT) == "arn:aws:sqs:::urgent"
