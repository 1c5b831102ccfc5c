"""Operator keys: private, named, never overwritten."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from sluis.errors import InputError
from sluis.evidence.keys import key_folder, load_key, new_key, operator_key, public_key
from sluis.evidence.statements import PAYLOAD_TYPE, seal


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def refused(code: str, call: object, *args: object) -> InputError:
    with pytest.raises(InputError) as caught:
        call(*args)  # type: ignore[operator]
    assert caught.value.code == code
    return caught.value


def test_a_new_key_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        new_key(tmp_path / "a" / "keys", "operator-one")
    finally:
        os.umask(before)
    assert mode(tmp_path / "a" / "keys") == 0o700
    assert mode(tmp_path / "a" / "keys" / "operator-one.pem") == 0o600
    assert sorted(p.name for p in (tmp_path / "a" / "keys").iterdir()) == [
        "operator-one.pem",
        "operator-one.pub",
    ]


def test_a_key_is_loaded_again(tmp_path: Path) -> None:
    made = new_key(tmp_path / "keys", "operator-one")
    loaded = load_key(tmp_path / "keys", "operator-one", None)
    assert loaded == made
    assert load_key(tmp_path / "keys", None, None) == made
    assert seal(b"x", PAYLOAD_TYPE, loaded) == seal(b"x", PAYLOAD_TYPE, made)


def test_the_id_is_what_openssl_computes(tmp_path: Path) -> None:
    key = new_key(tmp_path / "keys", "operator-one")
    der = subprocess.run(
        ["openssl", "pkey", "-in", "operator-one.pub", "-pubin", "-outform", "DER"],
        cwd=tmp_path / "keys",
        capture_output=True,
        check=True,
    ).stdout
    assert hashlib.sha256(der).hexdigest() == key.keyid


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    new_key(tmp_path / "keys", "operator-one")
    before = (tmp_path / "keys" / "operator-one.pem").read_bytes()
    refused("key-exists", new_key, tmp_path / "keys", "operator-one")
    assert (tmp_path / "keys" / "operator-one.pem").read_bytes() == before
    assert not list((tmp_path / "keys").glob(".new-*"))


def test_a_passphrase_locks_the_file(tmp_path: Path) -> None:
    made = new_key(tmp_path / "keys", "operator-one", b"canal lock")
    text = (tmp_path / "keys" / "operator-one.pem").read_text()
    assert "ENCRYPTED" in text
    assert load_key(tmp_path / "keys", None, b"canal lock") == made
    for wrong in (None, b"other"):
        error = refused("bad-passphrase", load_key, tmp_path / "keys", None, wrong)
        assert "canal" not in str(error)
        assert "other" not in error.what


def test_a_passphrase_for_an_open_key_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "keys", "operator-one")
    refused("bad-passphrase", load_key, tmp_path / "keys", None, b"needless")
    refused("bad-passphrase", new_key, tmp_path / "keys", "operator-two", b"")


@pytest.mark.parametrize("lax", [0o640, 0o604, 0o660, 0o644])
def test_a_file_that_others_can_read_is_refused(tmp_path: Path, lax: int) -> None:
    new_key(tmp_path / "keys", "operator-one")
    (tmp_path / "keys" / "operator-one.pem").chmod(lax)
    refused("key-permissions", load_key, tmp_path / "keys", None, None)


def test_a_folder_that_others_can_read_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "keys", "operator-one")
    (tmp_path / "keys").chmod(0o755)
    refused("key-permissions", load_key, tmp_path / "keys", None, None)
    refused("key-permissions", new_key, tmp_path / "keys", "operator-two")


def test_a_link_is_no_key(tmp_path: Path) -> None:
    new_key(tmp_path / "keys", "operator-one")
    (tmp_path / "keys" / "operator-two.pem").symlink_to("operator-one.pem")
    refused("no-key", load_key, tmp_path / "keys", "operator-two", None)


def test_several_keys_must_be_named(tmp_path: Path) -> None:
    refused("no-key", load_key, tmp_path / "keys", None, None)
    new_key(tmp_path / "keys", "operator-one")
    new_key(tmp_path / "keys", "operator-two")
    refused("which-key", load_key, tmp_path / "keys", None, None)
    refused("no-key", load_key, tmp_path / "keys", "operator-three", None)


@pytest.mark.parametrize(
    "name", ["", "../x", "a/b", ".pem", "A", "-a", "a-", "a" * 64, "a\n", "a b"]
)
def test_a_name_cannot_leave_the_folder(tmp_path: Path, name: str) -> None:
    refused("bad-key-name", new_key, tmp_path / "keys", name)
    refused("bad-key-name", load_key, tmp_path / "keys", name, None)


def test_a_key_of_another_kind_is_refused(tmp_path: Path) -> None:
    new_key(tmp_path / "keys", "operator-one")
    path = tmp_path / "keys" / "operator-one.pem"
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "X25519"], capture_output=True, check=True
    ).stdout
    for content in (made, b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"):
        path.write_bytes(content)
        refused("bad-key", load_key, tmp_path / "keys", None, None)
    refused("bad-key", public_key, "not a key", "x")


def test_the_environment_says_where_and_which(tmp_path: Path) -> None:
    assert key_folder({"HOME": "/home/ops"}) == Path("/home/ops/.config/sluis/keys")
    assert key_folder({"SLUIS_KEYS": "/k"}) == Path("/k")
    folder = tmp_path / "keys"
    new_key(folder, "operator-one")
    two = new_key(folder, "operator-two", b"canal lock")
    phrase = tmp_path / "phrase"
    phrase.write_text("canal lock\n")
    environ = {
        "SLUIS_KEYS": str(folder),
        "SLUIS_KEY": "operator-two",
        "SLUIS_KEY_PASSPHRASE_FILE": str(phrase),
    }
    phrase.chmod(0o644)
    refused("key-permissions", operator_key, environ)
    phrase.chmod(0o600)
    assert operator_key(environ) == two
    phrase.unlink()
    refused("bad-passphrase", operator_key, environ)


def test_no_clouds_library_is_loaded_and_each_can_be_afterwards() -> None:
    script = (
        "import sys, sluis.evidence.keys\n"
        "print(sorted({'azure.core', 'boto3', 'google.cloud', 'hvac'} & set(sys.modules)))\n"
        "import azure.core\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "[]\n"), ran.stderr
