"""Which servers a known_hosts file means."""

from __future__ import annotations

import base64
import struct

import pytest

from sluis.border.ssh_words import fingerprint_of
from sluis.errors import InputError
from sluis.tenant.host_keys import from_known_hosts, pinned
from sluis.tenant.sftp_login import SftpLogin, log_in
from sluis.tenant.source_error import SourceError


def blob(kind: str, rest: bytes = b"k" * 32) -> bytes:
    return struct.pack(">I", len(kind)) + kind.encode() + struct.pack(">I", len(rest)) + rest


KEY = blob("ssh-ed25519")
LINE = f"ssh-ed25519 {base64.b64encode(KEY).decode()}"


def keys(tmp_path, text, address="files.rehearsal.example", port=22):
    path = tmp_path / "known_hosts"
    path.write_text(text)
    return from_known_hosts(path, address, port)


@pytest.mark.parametrize(
    ("names", "port", "known"),
    [
        ("files.rehearsal.example", 22, True),
        ("FILES.rehearsal.example", 22, True),
        ("files.rehearsal.example", 2222, False),
        ("[files.rehearsal.example]:2222", 2222, True),
        ("[files.rehearsal.example]:2222", 22, False),
        ("other,files.rehearsal.example", 22, True),
        ("*.rehearsal.example", 22, True),
        ("f?les.rehearsal.example", 22, True),
        ("*.rehearsal.example,!files.rehearsal.example", 22, False),
        ("!files.rehearsal.example,*.rehearsal.example", 22, False),
        ("iles.rehearsal.example", 22, False),
        ("[f]iles.rehearsal.example", 22, False),
        ("|1|notbase64|x", 22, False),
        ("|1|", 22, False),
    ],
)
def test_a_line_means_the_server_it_names_and_no_other(tmp_path, names, port, known):
    if known:
        keys(tmp_path, f"{names} {LINE} comment\n", port=port).check(KEY)
    else:
        with pytest.raises(SourceError) as told:
            keys(tmp_path, f"{names} {LINE}\n", port=port)
        assert told.value.code == "host-key-unknown"


@pytest.mark.parametrize(
    "line",
    ["# files.rehearsal.example {}", "@cert-authority files.rehearsal.example {}",
     "files.rehearsal.example ssh-rsa {}", "files.rehearsal.example", ""],
)  # fmt: skip
def test_what_is_no_key_of_a_server_is_not_taken_for_one(tmp_path, line):
    with pytest.raises(SourceError) as told:
        keys(tmp_path, line.format(LINE.split()[1] if "ssh-rsa" in line else LINE))
    assert told.value.code == "host-key-unknown"


def test_a_revoked_key_is_refused_though_it_is_known(tmp_path):
    found = keys(tmp_path, f"*.example {LINE}\n@revoked *.example {LINE}\n")
    with pytest.raises(SourceError) as told:
        found.check(KEY)
    assert told.value.code == "host-key-revoked"


def test_we_ask_for_the_kinds_of_key_that_we_know_and_never_for_sha_1(tmp_path):
    rsa = base64.b64encode(blob("ssh-rsa")).decode()
    found = keys(tmp_path, f"*.example {LINE}\n*.example ssh-rsa {rsa}\n")
    assert set(found.algorithms()) == {"ssh-ed25519", "rsa-sha2-512", "rsa-sha2-256"}


def test_a_pinned_key_or_fingerprint_is_the_only_one():
    other = blob("ssh-ed25519", b"o" * 32)
    for pin in (LINE, LINE + " comment", fingerprint_of(KEY)):
        pinned("files", pin).check(KEY)
        with pytest.raises(SourceError) as told:
            pinned("files", pin).check(other)
        assert told.value.code == "host-key-wrong"


@pytest.mark.parametrize("pin", ["", "SHA256:short", "ssh-ed25519", "ssh-rsa " + LINE.split()[1]])
def test_a_pin_that_cannot_be_read_is_no_pin(pin):
    with pytest.raises(InputError) as told:
        SftpLogin("files", "reader", host_key=pin or " ", password="x").host_keys()
    assert told.value.code == "host-key-unreadable"


@pytest.mark.parametrize("given", [{}, {"host_key": LINE, "known_hosts": "/dev/null"}])
def test_without_one_way_to_know_the_server_nothing_is_connected(given):
    with pytest.raises(InputError) as told:
        log_in(SftpLogin("192.0.2.1", "reader", password="x", **given))
    assert told.value.code == "host-key-not-given"
