"""Objects that are not restic's lie in a shared store: proofs go on, and people are told.

Whoever holds the login of an append-only store may put anything there, under any name.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from sluis.border.strict_json import WrongError
from sluis.errors import SnapshotError
from sluis.programs import fixed
from sluis.snapshot import restic
from sluis.snapshot.access import LocalAccess
from sluis.snapshot.children import Children
from sluis.snapshot.prove import prove_snapshot
from sluis.snapshot.restic import Restic
from sluis.snapshot.store import Store
from support.border_calls import typed
from support.snapshots import ESCROW, PASSWORD, PLACE, Stage, detail, verdicts

NAMES = (
    "junk", "--password-command=sh -c 'touch /tmp/sluis-l21'", "-", "é\x1b[2J", "0" * 65,
)  # fmt: skip
#: first and last of all names, so that restic meets one before ours whatever the order
NO_KEYS = {"0" * 64: b"junk", "f" * 64: b"[]", "00" + "1" * 62: b""}


def put(stage: Stage, name: str, body: bytes) -> int:
    """Send an object to the append-only store, as any host could."""
    parts = urlsplit(stage.store["url"])
    login = base64.b64encode(f"{stage.server.user}:{stage.server.password}".encode()).decode()
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)
    try:
        connection.request(
            "POST", parts.path + quote(name), body, {"Authorization": f"Basic {login}"}
        )
        return connection.getresponse().status
    finally:
        connection.close()


def test_L21_no_foreign_object_stops_the_proof_on_an_append_only_store(
    stage: Stage, documents: Path
) -> None:
    kinds = ("keys", "snapshots")
    put_there = [put(stage, f"{kind}/{name}", b"x") for kind in kinds for name in NAMES]
    assert put_there.count(200) >= len(NAMES), "the store takes them"
    for name, body in NO_KEYS.items():
        assert put(stage, f"keys/{name}", body) == 200
    # restic takes capitals for an id, and then looks for another object
    assert put(stage, f"keys/{'F' * 64}", b"x") == 200
    no_snapshot = hashlib.sha256(b"x").hexdigest()
    assert put(stage, f"snapshots/{no_snapshot}", b"not a snapshot") == 200
    made = stage.make(stage.asset(documents))
    assert any("not restic's, such as" in warning for warning in made.answer["warnings"])
    judgement = made.prove()
    assert judgement.verification.reached == "V6", [
        detail(judgement, level) for level in verdicts(judgement)
    ]
    said = detail(judgement, "V0")
    assert "objects that are not restic's, such as" in said
    assert said.isprintable()
    assert "keys/" in said
    assert f"snapshots/{no_snapshot}" in said or "snapshots/-" in said


def test_L21_many_keys_of_others_do_not_keep_us_out(stage: Stage, documents: Path) -> None:
    """restic itself gives up after twenty keys; and theirs say that they are the escrowed one."""
    made = stage.make(stage.asset(documents))
    for name, body in _keys_of_strangers(stage, 25).items():
        assert put(stage, f"keys/{name}", body) == 200
    judgement = made.prove()
    assert judgement.verification.reached == "V6", [
        detail(judgement, level) for level in verdicts(judgement)
    ]


def _keys_of_strangers(stage: Stage, count: int) -> dict[str, bytes]:
    """Keys that restic reads and our passwords do not open; each is tried before ours by name,
    and is older than ours by its own word."""
    ours = min(path.name for path in (stage.data / "keys").iterdir())
    key = json.loads((stage.data / "keys" / ours).read_bytes())
    lies = {"username": "sluis-escrow", "created": "2001-01-01T00:00:00Z"}
    made: dict[str, bytes] = {}
    number = 0
    while len(made) < count:
        number += 1
        salt = base64.b64encode(hashlib.sha512(b"%d" % number).digest()).decode()
        body = json.dumps({**key, **lies, "salt": salt}).encode()
        name = hashlib.sha256(body).hexdigest()
        if name < ours:
            made[name] = body
    return made


def test_L21_an_unreadable_snapshot_of_ours_still_fails(stage: Stage, documents: Path) -> None:
    made = stage.make(stage.asset(documents))
    path = stage.data / "snapshots" / made.answer["snapshot_id"]
    path.chmod(0o600)
    path.write_bytes(b"junk" + path.read_bytes()[4:])
    judgement = made.prove()
    assert verdicts(judgement)["V2"] == "failed"
    assert made.answer["snapshot_id"][:10] in detail(judgement, "V2")


def test_L21_the_same_on_sftp(stage: Stage, documents: Path, sftp_store: dict[str, Any]) -> None:
    _litter(stage.data)
    (stage.data / "keys" / f"x\n-rw-r--r-- 1 0 0 1 Nov 28 22:04 {'b' * 64}").write_text("x")
    secrets = {"store": sftp_store["secrets"], "asset": {}}
    made = stage.make(stage.asset(documents), store=sftp_store["store"], secrets=secrets)
    key = sftp_store["secrets"]["store_key"]
    judgement = made.prove(secrets={"store": {"escrow_password": ESCROW, "store_key": key}})
    assert judgement.verification.reached == "V5", judgement.verification
    assert "not restic's, such as" in detail(judgement, "V0")


@pytest.fixture
def disk(stage: Stage, tmp_path: Path) -> Iterator[Restic]:
    shutil.copytree(stage.data, tmp_path / "disk")
    with Children(str(tmp_path)) as children:
        store = Store("disk", "local", "m", **PLACE, path=str(tmp_path / "disk"))
        yield Restic(children, LocalAccess(store), PASSWORD, str(tmp_path / "cache"))


def test_L21_the_same_on_a_disk(disk: Restic, tmp_path: Path) -> None:
    _litter(tmp_path / "disk")
    assert disk.snapshots() == []


def test_L21_an_object_that_endangers_the_proof_is_named(
    disk: Restic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restic, "_AGAIN_AFTER", ())
    (tmp_path / "disk" / "index" / ("a" * 64)).write_bytes(b"junk")
    with pytest.raises(SnapshotError, match="a" * 10):
        disk.run(fixed("check", "--no-lock"))


@pytest.mark.parametrize("name", ["--password-command=touch x", "latest", "-", "a" * 63, ""])
def test_L1_nothing_but_a_whole_id_reaches_restic(disk: Restic, name: str) -> None:
    with pytest.raises(SnapshotError, match="bad-snapshot-id"):
        disk.run(fixed("diff"), ids=["a" * 64, name])


def test_L1_a_hostile_previous_snapshot_is_not_on_the_store_and_not_run(
    stage: Stage, documents: Path, tmp_path: Path
) -> None:
    """The attack as it was made: the store holds an object of that name, and the host names it.

    The border does not let it over; here it has come over all the same.
    """
    made = stage.make(stage.asset(documents))
    mark = tmp_path / "ran"
    name = f"--password-command=touch {mark}"
    assert put(stage, f"snapshots/{name.replace('/', '%2f')}", b"x") == 200
    with pytest.raises(WrongError, match="hexadecimal"):
        typed("prove_snapshot", made.proof_request(older_snapshot_id=name))
    request, secrets = typed("prove_snapshot", made.proof_request())
    proof = prove_snapshot(replace(request, older_snapshot_id=name), secrets)
    assert proof.older.verdict == "failed"
    assert not mark.exists()


def _litter(data: Path) -> None:
    for kind in ("keys", "snapshots"):
        for name in NAMES:
            if "/" not in name:
                (data / kind / name).write_bytes(b"x")
    for name, body in NO_KEYS.items():
        (data / "keys" / name).write_bytes(body)
    (data / "keys" / ("d" * 64)).mkdir()
