"""What `sluis check` looks at on one machine: store, files, programs and room, changing nothing."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sluis.border.parts import Asset, Connection, StoreSecrets
from sluis.border.store import Store
from sluis.border.verbs.asset_check import Answer, CheckSecrets, Repository, Request, Seen
from sluis.errors import SnapshotError
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import STORE
from sluis.rehearsal.store import start_store
from sluis.snapshot.access import LocalAccess
from sluis.snapshot.backup_look import demand_one
from sluis.snapshot.look import look_around
from sluis.snapshot.restic_lines import Listed
from sluis.snapshot.store import read_store
from support.databases import place
from support.quick_repository import ESCROW
from support.snapshots import PASSWORD, PLACE, Stage
from support.stores import open_store


def look(
    stage: Stage, part: str = "source", *assets: Asset, store: Store | None = None,
    secrets: dict[str, str] | None = None, **more: Any,
) -> Answer:  # fmt: skip
    given = {"repository_password": PASSWORD, **stage.login, **(secrets or {})}
    request = Request(
        part=part, store=store or read_store(stage.store), assets=assets, restic="restic", **more  # type: ignore[arg-type]
    )  # fmt: skip
    return look_around(request, CheckSecrets(StoreSecrets(**given)))  # type: ignore[arg-type]


def codes(answer: Answer) -> list[str]:
    return [one.failure.code for one in answer.troubles]


def everything(stage: Stage) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in stage.server.data.rglob("*"))


def test_check_a_machine_on_which_all_is_right(stage: Stage, documents: Path) -> None:
    before = everything(stage)
    answer = look(stage, "source", Asset("documents", "directory", str(documents)))
    assert codes(answer) == []
    (seen,) = answer.seen
    files = [path for path in documents.rglob("*") if path.is_file() and not path.is_symlink()]
    assert seen.bytes == sum(path.stat().st_size for path in files)
    assert seen.items == sum(1 for path in documents.rglob("*") if not path.is_symlink())
    assert answer.store_clock is not None
    assert answer.own == (STORE,), "the store of this test is on this machine"
    there = look(stage, "verifier", seen=(seen,), secrets={"escrow_password": ESCROW})
    assert (codes(there), there.lets_remove) == ([], False)
    assert everything(stage) == before, "nothing was written to the store"


def test_check_a_store_that_lets_go_is_named_and_loses_nothing(stage: Stage) -> None:
    before = everything(stage)
    with open_store(stage) as opened:
        answer = look(opened, "verifier")
    assert answer.lets_remove is True
    assert everything(stage) == before


@pytest.mark.parametrize(
    ("secrets", "code"),
    [
        ({"store_password": "wrong"}, "store-login-refused"),
        ({"repository_password": "wrong"}, "repository-password-wrong"),
        ({"escrow_password": "wrong"}, "escrow-password-wrong"),
        ({"escrow_password": ""}, "escrow-password-missing"),
        ({"escrow_password": PASSWORD}, "escrow-password-missing"),
    ],
)
def test_check_what_does_not_open_the_store(
    stage: Stage, secrets: dict[str, str], code: str
) -> None:
    answer = look(stage, "verifier", secrets={"escrow_password": ESCROW, **secrets})
    assert codes(answer) == [code]
    for word in ("wrong", PASSWORD):
        assert word not in answer.troubles[0].failure.what.replace("password-wrong", "")


@pytest.mark.parametrize(
    ("password", "there", "code"),
    [
        (PASSWORD, True, None),
        ("wrong", True, "backup-password-wrong"),
        ("", True, "backup-password-missing"),
        (PASSWORD, False, "backup-missing"),
    ],
)
def test_check_the_clients_own_backup_opens_with_its_password_or_it_is_said(
    stage: Stage, password: str, there: bool, code: str | None
) -> None:
    """A wrong password of the client's own backup ended with 0, and adopt failed afterwards."""
    before = everything(stage)
    store = read_store(stage.store)
    if not there:
        store = replace(store, url=f"{str(store.url).rstrip('/')}-elsewhere/")
    secrets = StoreSecrets(repository_password=password, **stage.login)
    answer = look_around(
        Request(part="source", backups=(Repository("letters", store),)),
        CheckSecrets(backups={"letters": secrets}),
    )
    assert codes(answer) == ([] if code is None else [code])
    assert everything(stage) == before, "it was only read"
    for one in answer.troubles:
        assert "letters" in one.failure.what
        assert PASSWORD not in one.failure.what


@pytest.mark.parametrize(("path", "host", "holds"), [
    (None, None, True), ("/srv/letters", None, True), ("/srv/letters/2026/", "old-server", True),
    ("/srv/other", None, False), ("/srv/letters", "other", False), ("/srv/letter", None, False),
])  # fmt: skip
def test_newcomer_a_backup_of_something_else_is_named_with_what_is_there(
    path: str | None, host: str | None, holds: bool
) -> None:
    """Adopt said that there is no copy at all, of a repository full of them."""
    store = Store("letters", "rest", STORE, **PLACE, url=f"https://{STORE}/x/")
    listed = [Listed("a" * 64, "2026-01-01T00:00:00Z", "old-server", ("/srv/letters",))] * 3
    if holds:
        assert len(demand_one("letters", store, listed, path or "/srv/letters/", host)) == 3
        return
    with pytest.raises(SnapshotError) as caught:
        demand_one("letters", store, listed, str(path), host)
    assert caught.value.code == "backup-of-another"
    assert caught.value.what.endswith("It has those of old-server with /srv/letters.")
    assert f"no snapshot of {path}" in caught.value.what
    assert (f"by the host {host}" in caught.value.what) is (host is not None)
    assert demand_one("letters", store, [], str(path), host) == []


def test_newcomer_check_looks_for_the_locations_of_copies(tmp_path: Path) -> None:
    (tmp_path / "a.tar").touch()
    there = str(tmp_path / "*.tar")
    for locations, code in (((there,), None), ((there, "/no/copies"), "backup-missing")):
        backup = Repository("letters", locations=locations)
        answer = look_around(Request(part="source", backups=(backup,)), CheckSecrets())
        assert codes(answer) == ([] if code is None else [code])
        assert all("/no/copies" in one.failure.what for one in answer.troubles)


def test_newcomer_check_asks_a_repository_for_its_snapshots(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "letter").touch()
    done = stage.restic("backup", "--host", "old-server", str(tmp_path))
    assert done.returncode == 0, done.stderr
    before = everything(stage)
    secrets = StoreSecrets(repository_password=PASSWORD, **stage.login)
    for path, code in ((str(tmp_path), None), ("/srv/none", "backup-of-another")):
        backup = Repository("letters", read_store(stage.store), path=path)
        answer = look_around(
            Request(part="source", backups=(backup,)), CheckSecrets(backups={"letters": secrets})
        )
        assert codes(answer) == ([] if code is None else [code])
        assert all("old-server with" in one.failure.what for one in answer.troubles)
    assert everything(stage) == before, "it was only read"


def test_check_a_store_that_is_away_or_signed_by_a_stranger(stage: Stage, tmp_path: Path) -> None:
    away = Store("gone", "rest", STORE, **PLACE, url=f"http://{STORE}:9/x/")
    assert codes(look(stage, store=away)) == ["store-unreachable"]
    keeper = Keeper()
    try:
        server = start_store(keeper, tmp_path / "tls")
        store = Store("tls", "rest", STORE, **PLACE, url=f"{server.url}x/")
        answer = look(
            stage, store=store,
            secrets={"store_user": server.user, "store_password": server.password},
        )  # fmt: skip
    finally:
        keeper.close()
    assert codes(answer) == ["store-unreachable"]
    assert "ca_certificate" in answer.troubles[0].failure.remedy


def test_check_a_store_over_sftp(stage: Stage, sftp_store: dict[str, Any]) -> None:
    secrets = {**sftp_store["secrets"], "escrow_password": ESCROW}
    store = read_store(sftp_store["store"])
    answer = look(stage, "verifier", store=store, secrets=secrets)
    # whether it lets go can be told only by trying it on something, which a look does not
    assert (codes(answer), answer.lets_remove) == ([], None)
    wrong = look(stage, "verifier", store=store, secrets={**secrets, "repository_password": "x"})
    assert codes(wrong) == ["repository-password-wrong"]
    other = Store(**{**sftp_store["store"], "host_key": stage_key(store.host_key)})
    assert codes(look(stage, "verifier", store=other, secrets=secrets)) == [
        "store-host-key-changed"
    ]


def stage_key(real: str | None) -> str:
    """Another machine's key of the same kind."""
    kind, key = str(real).split()[:2]
    return f"{kind} {key[:-4]}{'AAAA' if not key.endswith('AAAA') else 'BBBB'}"


def test_check_files_that_are_not_there_or_closed(stage: Stage, documents: Path) -> None:
    gone = Asset("gone", "directory", str(documents / "gone"))
    a_file = next(path for path in documents.rglob("*") if path.is_file())
    no_folder = Asset("file", "directory", str(a_file))
    no_file = Asset("diary", "sqlite", str(documents))
    answer = look(stage, "source", gone, no_folder, no_file)
    assert codes(answer) == ["asset-missing"] * 3
    assert [one.asset for one in answer.troubles] == ["gone", "file", "diary"]


def test_check_a_file_that_the_snapshot_could_not_read() -> None:
    assert os.geteuid() == 0, "it becomes another user"
    with place() as folder:
        documents = folder / "documents"
        documents.mkdir()
        (documents / "open.txt").write_text("read me")
        closed = documents / "closed.txt"
        closed.write_text("do not")
        closed.chmod(0o600)
        said = _as_nobody(documents)
    assert said.startswith("asset-unreadable"), said
    assert str(closed) in said


def _as_nobody(documents: Path) -> str:
    code = (
        "import os, sys, time\n"
        "from sluis.border.parts import Asset\n"
        "from sluis.snapshot.look_directory import look_at_files\n"
        "os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))\n"
        "try:\n"
        "    look_at_files(Asset('a', 'directory', sys.argv[1]), time.monotonic() + 5)\n"
        "except Exception as error: print(error.code, error.what)\n"
    )
    nobody = pwd.getpwnam("nobody").pw_uid
    ran = subprocess.run(
        [sys.executable, "-c", code, str(documents), str(nobody)], capture_output=True, text=True
    )
    return ran.stdout + ran.stderr


def test_check_room_programs_and_servers_on_the_verifier(stage: Stage, tmp_path: Path) -> None:
    secrets = {"escrow_password": ESCROW}
    big = Seen("letters", "directory", 2**50, 10)
    old = Seen("records", "postgresql", 10, 1, "9")
    shop = Seen("shop", "mariadb", 10, 1, "5.5")
    answer = look(stage, "verifier", secrets=secrets, folder=str(tmp_path), seen=(big, old, shop))
    assert codes(answer) == [
        "scratch-too-small", "scratch-server-missing", "scratch-server-missing",
    ]  # fmt: skip
    assert "postgresql-9" in answer.troubles[1].failure.remedy
    # a server in a folder of its own is found by the bin_dir that proving uses as well
    own = tmp_path / "own"
    own.mkdir()
    for name in ("postgres", "initdb", "psql"):
        (own / name).write_text("#!/bin/sh\necho 'x (PostgreSQL) 9.6'\n")
        (own / name).chmod(0o755)
    records = Asset("records", "postgresql", "r", (), Connection(bin_dir=str(own)))
    answer = look(stage, "verifier", records, secrets=secrets, seen=(old,))
    assert codes(answer) == []
    request = Request(part="machine", restic="/nonexistent/restic")
    assert codes(look_around(request, CheckSecrets())) == ["restic-missing"]


# ---- a store of kind local: whose disk, and who may use it


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user can get to, unlike pytest's own."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


@contextmanager
def nobody() -> Iterator[str]:
    """What is done meanwhile is done by another user, where we may become one."""
    if os.geteuid() != 0:
        yield pwd.getpwuid(os.geteuid()).pw_name
        return
    other = pwd.getpwnam("nobody")
    os.seteuid(other.pw_uid)
    try:
        yield other.pw_name
    finally:
        os.seteuid(0)


def on_disk(path: Path) -> Store:
    return Store("usb", "local", "usb", **PLACE, path=str(path))


def test_newcomer_a_repository_on_a_disk_that_our_user_may_not_use_is_said_by_check(
    stage: Stage, open_to_all: Path
) -> None:
    """It was "Permission denied. Check the store and the network between", after prepare began."""
    repository = open_to_all / "repo"
    shutil.copytree(stage.data, repository)
    request = Request(part="source", store=on_disk(repository))
    secrets = CheckSecrets(StoreSecrets(repository_password=PASSWORD))
    fine = look_around(request, secrets)
    assert (codes(fine), fine.disk and fine.disk.there) == ([], True)
    closed = repository / "snapshots"
    closed.chmod(0o500)
    repository.chmod(0o755)
    for part in ("source", "verifier"):
        with nobody() as user:
            answer = look_around(replace(request, part=part), secrets)  # type: ignore[arg-type]
        told = next(one.failure for one in answer.troubles)
        assert told.code == "store-not-writable"
        assert user in told.what
        assert str(repository) in told.what
        assert "snapshot_and_verify_become: true" in told.remedy
        assert "network" not in told.remedy
        assert answer.disk is None
    closed.chmod(0o000)
    with nobody(), pytest.raises(SnapshotError) as raised:
        LocalAccess(on_disk(repository)).names("snapshots")
    assert raised.value.code == "store-not-writable"
    assert str(closed) in raised.value.what
    closed.chmod(0o700)


def test_newcomer_who_makes_a_repository_on_a_disk_must_be_able_to(open_to_all: Path) -> None:
    open_to_all.chmod(0o555)
    store = on_disk(open_to_all / "usb" / "repo")
    with nobody() as user:
        maker = look_around(Request(part="verifier", store=store), CheckSecrets())
        used = look_around(Request(part="source", store=store), CheckSecrets())
    assert "store-not-writable" in codes(maker)
    assert maker.troubles[0].failure.what.startswith(f"The user {user} (")
    assert f"in {open_to_all}, a folder of the store usb" in maker.troubles[0].failure.what
    assert "store-not-writable" not in codes(used), "the verifier makes it"
    assert used.disk is not None
    assert (used.disk.user.split()[0], used.disk.there) == (user, False)
    open_to_all.chmod(0o755)


@pytest.mark.parametrize(("group", "found"), [("nogroup", []), ("root", ["owners-not-given"])])
def test_N42_a_restore_without_root_hears_which_owners_it_cannot_put_back(
    group: str, found: list[str]
) -> None:
    """The tree came back as the account's own, without a word."""
    above = Path(tempfile.mkdtemp(prefix="sluis-look-"))  # pytest's own folders are for root
    try:
        above.chmod(0o755)
        (above / "deep").mkdir()
        (above / "deep" / "letter").touch()
        for path in (above, above / "deep"):
            shutil.chown(path, "nobody", "nogroup")
        shutil.chown(above / "deep" / "letter", "nobody", group)
        request = Request(
            part="source", store=None, assets=(Asset("x", "directory", str(above)),), restore=True
        )
        nobody = pwd.getpwnam("nobody")
        child = os.fork()
        if child == 0:
            try:
                os.setgroups([])
                os.setgid(nobody.pw_gid)
                os.setuid(nobody.pw_uid)
                told = look_around(request, CheckSecrets(StoreSecrets()))
                os._exit(0 if codes(told) == found else 1)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert codes(look_around(request, CheckSecrets(StoreSecrets()))) == [], "root gives any"
    finally:
        shutil.rmtree(above)
