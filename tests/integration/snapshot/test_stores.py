"""The other stores: SFTP behind a real sshd, and a folder on a local disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.rehearsal.sshd import new_ssh_key
from support.quick_repository import make_quick_repository
from support.snapshots import ESCROW, PLACE, Stage, detail, run_apart, verdicts


def test_sftp_store_reaches_every_level_but_append_only(
    stage: Stage, documents: Path, sftp_store: dict[str, Any]
) -> None:
    secrets = {"store": sftp_store["secrets"], "asset": {}}
    made = stage.make(stage.asset(documents), store=sftp_store["store"], secrets=secrets)
    assert made.answer["append_only"]["refused"] is False
    escrow = {"store": {"escrow_password": ESCROW, "store_key": sftp_store["secrets"]["store_key"]}}
    judgement = made.prove(secrets=escrow)
    assert judgement.verification.reached == "V5", judgement.verification
    assert "not append-only" in detail(judgement, "V6")
    assert "file time on the store" in detail(judgement, "V0")
    assert "escrowed key" in detail(judgement, "V6")


def test_sftp_store_with_another_host_key_is_never_spoken_to(
    stage: Stage, documents: Path, sftp_store: dict[str, Any], tmp_path: Path
) -> None:
    other = new_ssh_key(tmp_path / "other", "another host")
    sftp_store["store"]["host_key"] = " ".join(other.split()[:2])
    with pytest.raises(SnapshotError) as raised:
        stage.make(
            stage.asset(documents), store=sftp_store["store"],
            secrets={"store": sftp_store["secrets"], "asset": {}},
        )  # fmt: skip
    assert raised.value.code == "store-host-key-changed"
    assert "Nothing was sent" in raised.value.what
    assert "ssh-keygen" not in str(raised.value)
    assert not list((stage.data / "snapshots").iterdir())


def test_sftp_store_is_prepared_with_an_escrowed_key_once(
    stage: Stage, sftp_store: dict[str, Any]
) -> None:
    request = {
        "store": sftp_store["store"],
        "secrets": {"store": {**sftp_store["secrets"], "escrow_password": ESCROW}},
    }
    first = run_apart("prepare_store", request)
    assert first["did"] == ["put a probe on the store"]
    again = run_apart("prepare_store", request)
    assert (again["changed"], again["probe"]) == (False, first["probe"])


def test_local_disk_is_proven_and_is_not_outside_the_machine(
    stage: Stage, documents: Path, tmp_path: Path
) -> None:
    shutil.copytree(stage.data, tmp_path / "disk")
    store = {
        "id": "usb", "kind": "local", "path": str(tmp_path / "disk"), "machine": "usb", **PLACE,
    }  # fmt: skip
    made = stage.make(stage.asset(documents), store=store)
    judgement = made.prove()
    assert judgement.verification.reached == "V5", judgement.verification
    assert "a folder of the machine itself" in detail(judgement, "V6")
    assert verdicts(judgement)["V6"] == "failed"
    assert judgement.verification.three_two_one["1 immutable"] == "no"


def test_a_new_repository_gets_a_second_key_and_a_probe(tmp_path: Path) -> None:
    """With restic's own, slow key derivation: the real thing, once."""
    store = {
        "id": "usb", "kind": "local", "path": str(tmp_path / "disk"), "machine": "usb", **PLACE,
    }  # fmt: skip
    request = {
        "store": store, "secrets": {"store": {"repository_password": "a", "escrow_password": "b"}},
    }  # fmt: skip
    dry = run_apart("prepare_store", {**request, "check_mode": True})
    assert dry["did"] == ["would make the repository"]
    assert not (tmp_path / "disk").exists()
    done = run_apart("prepare_store", request)
    assert done["did"] == [
        "made the repository", "added the escrowed key", "put a probe on the store",
    ]  # fmt: skip
    for password in ("a", "b"):
        opened = subprocess.run(
            ["restic", "-r", store["path"], "snapshots", "--no-cache"],
            env={"PATH": "/usr/bin:/bin", "RESTIC_PASSWORD": password, "HOME": str(tmp_path)},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done["probe"][:8] in opened.stdout
    mistyped = {"store": {"repository_password": "a", "escrow_password": "bb"}}
    with pytest.raises(SnapshotError) as told:
        run_apart("prepare_store", {"store": store, "secrets": mistyped})
    assert told.value.code == "escrow-password-wrong"
    assert len(list((tmp_path / "disk" / "keys").iterdir())) == 2


def _swap(there: Path, other: Path) -> None:
    """Put another folder where a repository was; sshd serves whatever is there."""
    there.rename(there.with_name(f"{there.name}-away"))
    shutil.copytree(other, there)


@pytest.mark.parametrize(
    "what", ["another one", "another one that shows it", "as it was before", "another path"]
)
@pytest.mark.slow
def test_another_repository_behind_an_sftp_store_proves_nothing(
    stage: Stage, documents: Path, sftp_store: dict[str, Any], tmp_path: Path, what: str
) -> None:
    """Login, host key and both passwords are right; only what lies there is another repository."""
    store, login = sftp_store["store"], sftp_store["secrets"]
    before, other = tmp_path / "before", tmp_path / "other"
    shutil.copytree(stage.data, before)
    make_quick_repository(other)
    made = stage.make(stage.asset(documents), store=store, secrets={"store": login, "asset": {}})
    taken = made.answer["snapshot_id"]
    escrow = {"store": {"escrow_password": ESCROW, "store_key": login["store_key"]}}
    asked = {"snapshots": [taken], "secrets": escrow}
    kept = run_apart("look_for_kept", {**asked, "store": store})
    assert (kept["gone"], kept["damaged"]) == ([], None)

    named = dict(store)
    if what == "another path":
        named["path"] = str(other)
    elif what == "as it was before":
        _swap(stage.data, before)
    else:
        if what == "another one that shows it":
            shutil.copy(stage.data / "snapshots" / taken, other / "snapshots" / taken)
        _swap(stage.data, other)
    judgement = made.prove(secrets=escrow, store=named)
    found = verdicts(judgement)
    shows = what == "another one that shows it"
    assert judgement.verification.reached == ("V0" if shows else None), judgement.verification
    proven = {level for level, verdict in found.items() if verdict == "proven"}
    assert proven == ({"V0"} if shows else set()), judgement.verification.levels
    if shows:
        assert run_apart("look_for_kept", {**asked, "store": named})["damaged"]
    else:
        assert "the store does not show snapshot" in detail(judgement, "V0")
        assert run_apart("look_for_kept", {**asked, "store": named})["gone"] == [taken]
