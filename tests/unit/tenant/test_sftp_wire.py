"""The bytes of SFTP: what we build is read back alike, and no answer can break us."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.tenant import sftp_wire as wire
from sluis.tenant.sftp_wire import Attributes, Kind
from sluis.tenant.source_error import ProtocolError

FLAGS = st.integers(0, 2**32 - 1)


@given(st.sampled_from(list(Kind)), st.binary(max_size=200))
def test_no_answer_of_any_bytes_does_more_than_raise_our_error(kind, body):
    answer = wire.Answer(1, kind, memoryview(body))
    for ask in (answer.handle, answer.data, answer.names, answer.attributes, answer.words):
        try:
            ask()
        except ProtocolError as error:
            assert error.code == "sftp-protocol"


@given(st.lists(st.tuples(st.binary(max_size=30), st.integers(0, 2**64 - 1)), max_size=8))
def test_names_come_back_as_bytes_whatever_they_are(names):
    body = struct.pack(">I", len(names))
    for name, size in names:
        body += struct.pack(">I", len(name)) + name + struct.pack(">I", 0)
        body += struct.pack(">IQ", 1, size)
    answer = wire.Answer(7, Kind.NAME, memoryview(body))
    assert answer.names() == [(name, Attributes(size=size)) for name, size in names]


@given(FLAGS, st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_attributes_are_what_the_flags_say(flags, size, mode, when):
    flags &= 0x8000000F
    body = struct.pack(">I", flags)
    body += struct.pack(">Q", size) if flags & 1 else b""
    body += struct.pack(">II", 0, 0) if flags & 2 else b""
    body += struct.pack(">I", mode) if flags & 4 else b""
    body += struct.pack(">II", 1, when) if flags & 8 else b""
    body += struct.pack(">III", 1, 0, 0) if flags & 0x80000000 else b""
    found = wire.Answer(1, Kind.ATTRS, memoryview(body)).attributes()
    assert found.size == (size if flags & 1 else None)
    assert found.mode == (mode if flags & 4 else None)
    assert found.modified == (when if flags & 8 else None)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        (0o100644, "file"), (0o040755, "folder"), (0o120777, "link"), (0o010644, "special"),
        (0o060600, "special"), (0o140755, "special"), (0o644, "unknown"), (None, "unknown"),
    ],
)  # fmt: skip
def test_the_mode_says_what_an_item_is(mode, kind):
    assert Attributes(mode=mode).kind == kind


def test_a_request_is_spelled_as_the_draft_asks():
    spelled = wire.spelled(258, wire.read(b"h1", 5, 7))
    assert spelled == bytes.fromhex("00000017 05 00000102 00000002") + b"h1" + bytes(7) + (
        b"\x05" + bytes(3) + b"\x07"
    )
    assert wire.spelled(1, wire.open_file(b"/a"))[-8:] == bytes.fromhex("00000001 00000000")


def test_a_servers_words_cannot_steer_a_terminal():
    body = struct.pack(">II", 99, 9) + b"a\x1b[2J\r\nb" + bytes(4)
    words = wire.Answer(1, Kind.STATUS, memoryview(body)).words()
    assert words == "the server refused with status 99: a [2J  b"
    assert wire.Answer(1, Kind.STATUS, memoryview(struct.pack(">I", 99))).words().endswith("99")
