"""Which question is asked about an adopted backup, and what its answer takes back (0246)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from sluis.border.parts import Secrets
from sluis.border.verbs.asset_copies import Backup
from sluis.border.verbs.asset_kept import Answer, Request
from sluis.errors import BorderError
from sluis.evidence.predicates import Snapshot
from sluis.runbook.adopted_keeping import _not_kept
from sluis.runbook.snapshot_keeping import Proven, proven_copies
from sluis.runbook.snapshot_settings import SnapshotSettings, backup_of
from sluis.scope.model import required_level
from support.evidence_made import NOW, made, scope, snapshot, verification, view_of
from unit.runbooks.test_snapshot_settings import _read

ASSET = next(one for one in scope().assets if required_level(one) == "V6")
NEWEST, OLDER = "a" * 64, "b" * 64
PLACE = {"machine": "nas", "site": "a", "country": "NL", "provider": "p"}
STORE = {"id": "old", "kind": "local", "path": "/mnt/restic", **PLACE}
OF_RESTIC = {"kind": "restic", "store": STORE, **PLACE}
OF_COPIES = {"kind": "copies", "locations": ["/mnt/usb"], **PLACE}
TIMES = ("2026-11-21T12:00:00+00:00", "2026-11-20T12:00:00+00:00")


def _proven(engine: str, generations: Any, purpose: str = "adopted", **more: Any) -> Proven:
    taken = snapshot(ASSET.id, str(ASSET.host), "192.0.2.1", NOW, **{
        "snapshot_id": NEWEST, "purpose": purpose, "engine": engine,
        "made_by": {"generations": generations}, **more,
    })  # fmt: skip
    first = view_of(((taken, NOW),)).latest(Snapshot)
    assert first is not None
    proof = verification(ASSET.id, first.sha256, NEWEST)
    view = view_of(((taken, NOW), (proof, NOW + timedelta(minutes=1))))
    (one,) = proven_copies(view, [ASSET], adopted=True)
    assert not list(proven_copies(view, [ASSET]))
    return one


def _on_disk() -> Proven:
    newest = {
        "name": "/mnt/usb/tuesday", "time": TIMES[0], "content": "c" * 64, "size": 7,
        "leads_to": "/mnt/disk/tuesday", "touched": TIMES[1],
    }  # fmt: skip
    older = {"name": "/mnt/usb/monday", "time": TIMES[1], "content": OLDER, "items": 4, "bytes": 7}
    return _proven("copies", [newest, older], items=5, bytes=9)


def _in_a_repository() -> Proven:
    newest = {"name": "aaaaaaaa", "time": TIMES[0], "content": "c" * 64}
    same = {"name": "dddddddd", "time": TIMES[0], "content": "c" * 64}
    older = {"name": "bbbbbbbb", "time": TIMES[1], "content": f"differs-{OLDER}"}
    return _proven("restic 0.18.0", [newest, same, older])


def _settings(backup: dict[str, Any] | None) -> SnapshotSettings:
    return _read(
        adopt={} if backup is None else {ASSET.id: backup},
        secrets={ASSET.id: {"backup_repository_password": "theirs"}},
    )


class _Host:
    """Answers that some copies are gone or damaged."""

    def __init__(self, gone: tuple[str, ...] = (), damaged: str | None = None) -> None:
        self.asked: list[Request] = []
        self.secrets: list[Secrets] = []
        self._gone, self._damaged = gone, damaged

    def __call__(self, request: Request, secrets: Secrets) -> Answer:
        self.asked.append(request)
        self.secrets.append(secrets)
        ids = {*request.snapshots, *(copy.id for copy in request.copies)}
        gone = tuple(one for one in self._gone if one in ids or one == "f" * 64)
        return Answer(gone, self._damaged, ("looked",))


def test_a_copy_on_a_disk_is_asked_for_as_it_was_and_so_is_the_older_one() -> None:
    host = _Host()
    assert _not_kept(_on_disk(), _settings(OF_COPIES), host, "h") == (None, ("looked", "looked"))
    newest, older = (request.copies[0] for request in host.asked)
    assert (newest.id, newest.path, newest.items, newest.bytes) == (
        NEWEST, "/mnt/usb/tuesday", 5, 9,
    )  # fmt: skip
    assert (older.id, older.path, older.items, older.bytes) == (OLDER, "/mnt/usb/monday", 4, 7)
    assert [one.written for one in (newest, older)] == list(TIMES)
    assert (newest.size, newest.leads_to, newest.touched) == (7, "/mnt/disk/tuesday", TIMES[1])
    # as an earlier Sluis recorded it
    assert (older.size, older.leads_to, older.touched) == (None, None, None)


def test_a_snapshot_is_asked_for_in_the_clients_own_repository() -> None:
    host = _Host()
    assert _not_kept(_in_a_repository(), _settings(OF_RESTIC), host, "h")[0] is None
    assert [request.snapshots for request in host.asked] == [(NEWEST,), (OLDER,)]
    store = backup_of(ASSET.id, OF_RESTIC).store
    assert isinstance(backup_of(ASSET.id, OF_RESTIC), Backup)
    assert {request.store for request in host.asked} == {store}
    assert {secrets.store.repository_password for secrets in host.secrets} == {"theirs"}


@pytest.mark.parametrize(
    ("host", "level", "code", "words"),
    [
        (_Host((NEWEST,)), "V0", "copy-gone", "the copy /mnt/usb/tuesday is not there now"),
        (_Host((OLDER,)), "V6", "copy-gone", "the older copy /mnt/usb/monday is not there now"),
        (_Host(damaged="it had 5 items, and has 4 now"), "V2", "store-damaged", "has 4 now"),
    ],
)
def test_what_is_gone_takes_back_what_rests_on_it(
    host: _Host, level: str, code: str, words: str
) -> None:
    found, _ = _not_kept(_on_disk(), _settings(OF_COPIES), host, "h")
    assert found is not None
    assert found[:2] == (level, code)
    assert words in found[2]


@pytest.mark.parametrize("backup", [None, OF_COPIES], ids=["not named", "another kind"])
def test_what_nobody_can_ask_for_any_more_counts_no_more(backup: dict[str, Any] | None) -> None:
    host = _Host()
    found, _ = _not_kept(_in_a_repository(), _settings(backup), host, "h")
    assert found is not None
    assert found[:2] == ("V0", "copy-gone")
    assert "snapshot_and_verify_adopt" in found[2]
    assert not host.asked


def test_an_answer_about_another_copy_is_refused() -> None:
    with pytest.raises(BorderError, match="bad-answer"):
        _not_kept(_on_disk(), _settings(OF_COPIES), _Host(("f" * 64,)), "h")


def test_a_copy_of_our_own_is_none_of_these() -> None:
    assert not list(proven_copies(made().view(), made().scope.assets, adopted=True))
