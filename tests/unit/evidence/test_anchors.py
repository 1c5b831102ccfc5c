"""Trust anchors: per client, never removed, and nothing half understood."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors, revoke_key, trust_key
from sluis.evidence.keys import new_key, public_key

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
CLIENT = "practice-north"


@pytest.fixture
def trust(tmp_path: Path) -> Path:
    folder = tmp_path / "trust" / CLIENT
    trust_key(folder, CLIENT, new_key(tmp_path / "keys", "operator-one"), now=NOW)
    return folder


def refused(code: str, trust: Path, client: str = CLIENT) -> InputError:
    with pytest.raises(InputError) as caught:
        load_anchors(trust, client)
    assert caught.value.code == code
    return caught.value


def test_a_trusted_key_is_read_back(trust: Path) -> None:
    anchors = load_anchors(trust, CLIENT)
    (key,) = anchors.keys.values()
    assert (key.name, key.party, key.valid_from) == ("operator-one", "operator", NOW)
    assert key.revoked_at is None
    assert anchors.tsa is None
    assert anchors.allowed_signers is None


def test_trusting_twice_changes_nothing(trust: Path) -> None:
    (key,) = load_anchors(trust, CLIENT).keys.values()
    before = (trust / "keys.json").read_bytes()
    again = trust_key(trust, CLIENT, public_key(key.public_pem, "x"), now=NOW + timedelta(days=1))
    assert again == key
    assert (trust / "keys.json").read_bytes() == before


def test_a_client_key_is_marked_as_such(trust: Path, tmp_path: Path) -> None:
    client = new_key(tmp_path / "client", "the-client")
    trust_key(trust, CLIENT, client, party="client", now=NOW)
    assert load_anchors(trust, CLIENT).keys[client.keyid].party == "client"


def test_a_revoked_key_stays_and_never_comes_back(trust: Path) -> None:
    (key,) = load_anchors(trust, CLIENT).keys.values()
    before = load_anchors(trust, CLIENT).sha256
    revoke_key(trust, CLIENT, key.keyid, now=NOW + timedelta(days=1), why="laptop stolen")
    later = revoke_key(trust, CLIENT, key.keyid, now=NOW + timedelta(days=9), why="again")
    assert (later.revoked_at, later.revoked_why) == (NOW + timedelta(days=1), "laptop stolen")
    assert load_anchors(trust, CLIENT).sha256 != before
    with pytest.raises(InputError) as caught:
        trust_key(trust, CLIENT, public_key(key.public_pem, "x"), now=NOW + timedelta(days=2))
    assert caught.value.code == "key-was-revoked"


def test_only_a_known_key_can_be_revoked(trust: Path, tmp_path: Path) -> None:
    for place in (trust, tmp_path / "other"):
        with pytest.raises(InputError) as caught:
            revoke_key(place, CLIENT, "0" * 64, now=NOW, why="x")
        assert caught.value.code == "unknown-key"


def test_the_keys_of_another_client_are_refused(trust: Path) -> None:
    refused("anchors-of-another-client", trust, "practice-south")


def test_no_file_is_not_no_keys(tmp_path: Path) -> None:
    refused("no-anchors", tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda v: v.update(version=2),
        lambda v: v.pop("version"),
        lambda v: v.update(more=1),
        lambda v: v["keys"].append(v["keys"][0]),
        lambda v: v["keys"][0].update(more=1),
        lambda v: v["keys"][0].update(keyid="0" * 64),
        lambda v: v["keys"][0].update(party="everybody"),
        lambda v: v["keys"][0].update(public_pem="x"),
        lambda v: v["keys"][0].update(valid_from="yesterday"),
        lambda v: v["keys"][0].update(valid_from="2026-11-20T09:00:00"),
        lambda v: v["keys"][0].update(revoked_at=0),
        lambda v: v["keys"][0].update(name=""),
        lambda v: v["keys"][0].update(name="a\u001b[2Jb"),
    ],
)
def test_what_is_not_exactly_right_is_refused(trust: Path, spoil: Any) -> None:
    value = json.loads((trust / "keys.json").read_text())
    spoil(value)
    (trust / "keys.json").write_text(json.dumps(value))
    refused("bad-anchors", trust)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b"{", b"\xff", b"[" * 100_000, b'{"keys":[],"keys":[]}', b"NaN"],
)
def test_a_garbled_file_is_an_input_error(trust: Path, content: bytes) -> None:
    for name in ("keys.json", "tsa.json"):
        path = trust / name
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(content)
        refused("bad-anchors", trust)
        path.write_bytes(before) if before is not None else path.unlink()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=60), at=st.integers(0, 5000))
def test_random_damage_never_gives_another_error(trust: Path, data: bytes, at: int) -> None:
    path = trust / "keys.json"
    good = path.read_bytes()
    try:
        path.write_bytes(good[: at % len(good)] + data + good[at % len(good) :])
        load_anchors(trust, CLIENT)
    except InputError as error:
        assert error.code in ("bad-anchors", "anchors-of-another-client")
    finally:
        path.write_bytes(good)


@pytest.mark.parametrize("name", ["keys.json", "tsa.json", "allowed_signers"])
def test_a_link_or_a_pipe_is_refused(trust: Path, tmp_path: Path, name: str) -> None:
    import os

    path = trust / name
    path.unlink(missing_ok=True)
    path.symlink_to("/etc/passwd")
    refused("bad-anchors", trust)
    path.unlink()
    os.mkfifo(path)
    refused("bad-anchors", trust)


@pytest.mark.parametrize(
    "tsa",
    [
        {"url": "file:///etc/passwd", "certificates": ["root.pem"]},
        {"url": "https://tsa.example/", "certificates": []},
        {"url": "https://tsa.example/", "certificates": ["/etc/ssl/cert.pem"]},
        {"url": "https://tsa.example/", "certificates": ["../other/root.pem"]},
        {"url": "https://tsa.example/", "certificates": ["gone.pem"]},
        {"url": "https://tsa.example/ x", "certificates": ["root.pem"]},
        {"url": "https://user:secret@tsa.example/", "certificates": ["root.pem"]},
        {"url": "https://tsa.example/", "certificates": ["root.pem"], "more": 1},
    ],
)
def test_a_time_service_is_named_exactly(trust: Path, tsa: dict[str, Any]) -> None:
    (trust / "root.pem").write_text("x")
    (trust / "tsa.json").write_text(json.dumps(tsa))
    refused("bad-anchors", trust)


def test_every_anchor_counts_in_the_digest(trust: Path) -> None:
    seen = {load_anchors(trust, CLIENT).sha256}
    (trust / "allowed_signers").write_text("a ssh-ed25519 AAAA\n")
    seen.add(load_anchors(trust, CLIENT).sha256)
    (trust / "root.pem").write_text("x")
    (trust / "tsa.json").write_text('{"url":"https://tsa.example/","certificates":["root.pem"]}')
    anchors = load_anchors(trust, CLIENT)
    assert anchors.tsa is not None
    assert anchors.tsa.certificates == (trust / "root.pem",)
    seen.add(anchors.sha256)
    (trust / "root.pem").write_text("y")
    seen.add(load_anchors(trust, CLIENT).sha256)
    assert len(seen) == 4
