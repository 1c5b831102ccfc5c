"""One asset that is moved into one folder and then into another, as an export worker does it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sluis.border.moving import Moving, NameRules, Policy
from sluis.border.tenant import AccountSecret, Budget, Target, TenantAccount, TenantSecrets
from sluis.border.verbs.tenant_reconcile import Ahead, Earlier, Found, Request
from sluis.tenant.on_worker import import_asset, reconcile_asset
from sluis.tenant.stored_names import safe_name
from support.two_tenants import Migration


def asked(move: Migration) -> tuple[Moving, TenantSecrets]:
    """What a worker is asked, of an export that was made; it lies where a worker has it."""
    data = move.manifest.read_bytes()
    place = move.folder / "exports" / "letters"
    place.mkdir(parents=True)
    move.root.rename(place / safe_name(move.from_drive))
    new = move.target
    account = TenantAccount(
        new.tenant_id, new.app.client_id, authority=new.graph, graph=new.graph, ca=str(new.ca)
    )
    moving = Moving(
        change="MOVE-1", asset="letters", account=account,
        budget=Budget(1, 1.0, str(move.folder / "budget")), workers=2, folder=str(place),
        source_id=move.from_drive, manifest_sha256=hashlib.sha256(data).hexdigest(),
        pass_number=1, target=Target(move.to_drive, "Second"),
        policy=Policy(
            NameRules("replace", "_", "suffix", "_", "shorten", "suffix"), {}, "fail", (), False,
            "stop", "aside",
        ),
        trust="every byte",
    )  # fmt: skip
    return moving, TenantSecrets(account=AccountSecret(new.app.secret))


def ahead(moving: Moving, secrets: TenantSecrets) -> Ahead:
    found = reconcile_asset(Request(moving, ahead=True), secrets).found
    assert isinstance(found, Ahead)
    assert (Path(moving.work()) / "behind.gz").is_file()
    return found


def compared(moving: Moving, secrets: TenantSecrets) -> Found:
    found = reconcile_asset(Request(moving, ahead=False), secrets).found
    assert isinstance(found, Found)
    assert (Path(moving.work()) / "lines.gz").is_file()
    return found


@pytest.mark.parametrize("change", ["MOVE-1", "MOVE-2"])
def test_newcomer_a_move_into_another_folder_begins_by_itself_and_loses_nothing(
    move: Any, change: str
) -> None:
    """The scope's folder was edited, or a second change moves the same asset."""
    for name in ("a/one.txt", "two.txt"):
        move.source.control.add_file(move.from_drive, name, name.encode())
    move.export()
    first, secrets = asked(move)
    other = replace(first, change=change, target=Target(move.to_drive, "Third"))
    # nothing was imported yet: the folder is edited between two prepares
    assert (ahead(first, secrets).earlier, ahead(other, secrets).earlier) == ((), ())

    assert import_asset(first, secrets).outcome == "done"
    before = {path: item["id"] for path, item in move.there().items()}
    found = ahead(other, secrets)
    assert (found.to_send, found.refusals) == (2, ())
    assert found.earlier == (Earlier("MOVE-1", first.target, files=2, begun=0),)

    done = import_asset(other, secrets)
    assert (done.outcome, done.counts["sent"]) == ("done", 2)
    assert compared(other, secrets).sound
    after = {path: item["id"] for path, item in move.there().items()}
    assert before.items() <= after.items(), "what was moved first stays there"
    assert after.keys() - before.keys() == {
        "Third", "Third/a", "Third/a/one.txt", "Third/two.txt",
    }  # fmt: skip
    again = import_asset(first, secrets)
    assert (again.outcome, again.bytes_sent) == ("done", 0), "the first still knows its own"
    assert compared(first, secrets).sound


def test_newcomer_another_change_into_the_same_folder_takes_nothing_for_its_own(
    move: Any,
) -> None:
    move.source.control.add_file(move.from_drive, "two.txt", b"2")
    move.export()
    first, secrets = asked(move)
    assert import_asset(first, secrets).outcome == "done"
    item = move.there()["Second/two.txt"]["id"]
    move.target.control.write(move.to_drive, item, b"of the client, since")
    other = replace(first, change="MOVE-2")
    found = ahead(other, secrets)
    assert [one.code for one in found.refusals] == ["conflicts"]
    assert found.earlier == (Earlier("MOVE-1", first.target, files=1, begun=0),)
    assert import_asset(other, secrets).outcome == "refused"
    assert move.bytes_there("Second/two.txt") == b"of the client, since"
    assert move.there()["Second/two.txt"]["id"] == item
