"""A stream's pieces in any order, and how many of them may wait (L22)."""

from __future__ import annotations

import random
import struct
from typing import Any

import pytest

from sluis.tenant import sftp_wire as wire
from sluis.tenant.sftp_fetch import _MOST_WAITING, _UNDER_WAY, stream
from sluis.tenant.sftp_wire import Kind
from sluis.tenant.source_error import CutError

SIZE = 4096


class Server:
    """Answers reads of a file in an order of its own, with as many bytes as it likes.

    The first read is answered when no other is left, or never was asked.
    """

    read_size = SIZE

    def __init__(self, content: bytes, most: int = SIZE) -> None:
        self.content, self.most = content, most
        self.asked: list[tuple[int, int, int]] = []
        self.number = self.answered = self.longest = 0
        self.chance = random.Random(7)

    def send(self, request: wire.Request) -> int:
        self.number += 1
        offset, count = struct.unpack(">QI", request.body[-12:])
        self.asked.append((self.number, offset, count))
        return self.number

    def flush(self) -> None:
        pass

    def receive(self) -> list[wire.Answer]:
        later = [one for one in self.asked if one[1]]
        turn = later or self.asked
        self.chance.shuffle(turn)
        self.asked = [one for one in self.asked if one not in turn]
        self.longest = max(self.longest, self.answered) if later else self.longest
        self.answered = self.answered + len(turn) if later else 0
        return [self._answer(*one) for one in turn]

    def _answer(self, number: int, offset: int, count: int) -> wire.Answer:
        data = self.content[offset : offset + min(count, self.most)]
        if not data:
            return wire.Answer(number, Kind.STATUS, memoryview(struct.pack(">I", 1)))
        return wire.Answer(number, Kind.DATA, memoryview(struct.pack(">I", len(data)) + data))


def _read(server: Any, end: int) -> tuple[bytes, list[str]]:
    pieces = list(stream(server, b"h", 0, end))
    words = [one for one in pieces if isinstance(one, str)]
    return b"".join(one for one in pieces if not isinstance(one, str)), words


@pytest.mark.parametrize("most", [SIZE, 3000])
@pytest.mark.parametrize("size", [0, 1, SIZE, 300_001, 2 * _UNDER_WAY + 77])
def test_pieces_come_in_order_whatever_order_they_came_in(size: int, most: int) -> None:
    content = random.Random(size).randbytes(size)
    server = Server(content, most)
    assert _read(server, size + 1) == (content, [])
    assert not server.asked


def test_L22_no_more_than_is_under_way_waits_for_the_first() -> None:
    server = Server(b"x" * (3 * _UNDER_WAY))
    _read(server, 3 * _UNDER_WAY)
    assert server.longest <= _UNDER_WAY // SIZE


def test_L22_a_file_in_crumbs_out_of_order_is_left() -> None:
    """Each byte that waits by itself takes hundreds."""
    server = Server(b"x" * _UNDER_WAY, most=1)
    with pytest.raises(CutError):
        _read(server, _UNDER_WAY)
    assert server.number <= 3 * _MOST_WAITING


def test_L22_a_piece_that_waits_does_not_hold_what_came_with_it() -> None:
    """Each of a thousand pieces may come with four megabytes that nobody asked for."""
    server = Server(b"x" * 3 * SIZE)
    came = bytearray(4 << 20)
    ordinary = server._answer

    def bloated(number: int, offset: int, count: int) -> wire.Answer:
        answer = ordinary(number, offset, count)
        if not offset:
            return answer
        came[: len(answer.body)] = answer.body
        return wire.Answer(number, answer.kind, memoryview(came))

    server._answer = bloated  # type: ignore[method-assign]
    pieces = [one for one in stream(server, b"h", 0, 3 * SIZE) if not isinstance(one, str)]  # type: ignore[arg-type]
    assert [len(one) for one in pieces] == [SIZE] * 3
    assert all(one.obj is not came for one in pieces)
