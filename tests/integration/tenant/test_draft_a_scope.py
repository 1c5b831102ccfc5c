"""From what a tenant holds to assets that can be pasted into a scope, and what stays open."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from sluis.border import codec
from sluis.border.tenant import TenantSecrets
from sluis.border.verbs.tenant_discover import TENANT_DISCOVER, Answer, Request
from sluis.errors import InputError
from sluis.places import Places
from sluis.rehearsal.plain_yaml import write_yaml
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import Tenant, start_tenant
from sluis.runbook.run import Run
from sluis.runbook.tenant_discovering import (
    _not_named,
    discovery_of,
    unnamed_parts,
    unnamed_sources,
    unnamed_workloads,
)
from sluis.runbook.tenant_drafting import Drafted, draft_scope
from sluis.runbook.tenant_settings import TenantSettings
from sluis.scope.load import ScopeError, load_scope
from sluis.tenant.on_worker import discover_sources
from support.scopes import scope_dict

CLIENT, CHANGE = "practice", "MIG-7"
PEOPLE = Population(
    users=2, sites=2, drives_per_site=2, items_per_drive=4, folder_depth=1, without_onedrive=1
)
AGREED = {"by": "provider", "agreement": "Agreement 1"}
DECIDED: dict[str, Any] = {
    "data_class": "personal",
    "criticality": "normal",
    "matters_because": "It is nowhere else.",
    "management": AGREED,
    "backup": AGREED,
    "security": AGREED,
    "allowed_locations": [{"site": "North", "country": "NL", "provider": "Example"}],
    "ends_on": "no end date",
    "disposition": {"what": "stays", "what_happens": "It stays.", "when": "no end date"},
}


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    folder = tmp_path_factory.mktemp("tenant")
    with start_tenant(folder, Settings(seed=7, tenant_name="old", population=PEOPLE)) as running:
        yield running


@pytest.fixture
def change(tmp_path: Path) -> Run:
    made = Run(Places(tmp_path), CLIENT, CHANGE, "all", "discover.yml", ("localhost",), ())
    made.change_folder.mkdir(parents=True)
    return made


def today() -> date:
    return datetime.now().astimezone().date()


def settings(change: Run, tenant: Tenant, name: str = "old") -> TenantSettings:
    account = {
        "tenant_id": tenant.tenant_id, "client_id": tenant.app.client_id,
        "authority": tenant.graph, "graph": tenant.graph, "ca": str(tenant.ca),
    }  # fmt: skip
    return TenantSettings(
        "tenant_export", {name: account}, {name: {"secret": tenant.app.secret}},
        str(change.places.root / "exports"), 4, {},
    )  # fmt: skip


def look(request: Request, secrets: TenantSecrets) -> Answer:
    """As the worker does it, over the border and back."""
    read = TENANT_DISCOVER.read_request(TENANT_DISCOVER.pack_request(request, host="w"))
    packed = TENANT_DISCOVER.pack_answer(discover_sources(read, secrets))
    return TENANT_DISCOVER.read_answer(packed, host="w")


def draft(change: Run, tenant: Tenant) -> Drafted:
    return draft_scope(change, settings(change, tenant), look, today=today())


def read(drafted: Drafted) -> dict[str, Any]:
    assert drafted.file is not None
    found: dict[str, Any] = yaml.safe_load(drafted.file.read_text())
    return found


def decide(found: dict[str, Any]) -> None:
    """What people do with a draft: give every field a value that has none."""
    for asset in found["assets"]:
        for name in [name for name, value in asset.items() if value is None]:
            asset[name] = DECIDED[name]
    for risk in found["risks"]:
        risk["words"] = f"What is in {risk['asset']} could be lost."
        risk["we_do"] = "We compare."


def paste(change: Run, *drafts: dict[str, Any]) -> Path:
    """A scope with what the drafts hold, and nothing else that is an asset."""
    scope = scope_dict() | {"client": CLIENT, "change": CHANGE, "job": "migration"}
    for part in ("assets", "risks"):
        scope[part] = [item for one in drafts for item in one[part]]
    scope["hosts_without_data"] = []
    path = change.change_folder / "scope.yml"
    write_yaml(path, scope)
    return path


def test_case_B1_every_drive_is_in_the_draft_once_and_prepare_then_refuses_nothing(
    change: Run, tenant: Tenant
) -> None:
    drafted = draft(change, tenant)
    found = read(drafted)
    drives = [asset["origin"]["drive"] for asset in found["assets"] if "origin" in asset]
    assert sorted(drives) == sorted(one["id"] for one in tenant.control.drives())
    held = {one["id"]: tenant.control.items(one["id"]) for one in tenant.control.drives()}
    for asset in found["assets"]:
        if "origin" in asset:
            files = [item for item in held[asset["origin"]["drive"]] if "file" in item]
            assert asset["items"] == len(files)
            assert asset["size"] == sum(item["size"] for item in files)
            assert asset["counted_on"] == today()
            assert asset["kind"] in ("sharepoint", "onedrive")
    sites = "https://old.sharepoint.example/sites"
    assert {a["location"] for a in found["assets"] if "origin" not in a} == {
        "old: mailboxes", f"{sites}/team01/Lists/Contacts", f"{sites}/team02/Lists/Contacts",
    }  # fmt: skip
    assert {a["kind"] for a in found["assets"]} == {"sharepoint", "onedrive", "mailbox", "other"}
    assert any("user02" in line for line in drafted.could_not), "never opened their OneDrive"
    assert drafted.incomplete == []

    decide(found)
    # it is the drive's id that names it, whatever somebody calls its place
    found["assets"][0]["location"] = "The library of the first team"
    scope = load_scope(paste(change, found)).document
    known = settings(change, tenant)
    answer = look(discovery_of(known, "old", count=False), known.secret("old"))
    assert unnamed_sources(scope, answer.sources) == []
    assert unnamed_workloads(scope, "old", answer.workloads) == []
    assert len(unnamed_sources(None, answer.sources)) == len(drives)


def test_M6_each_list_needs_a_disposition_of_its_own_or_of_its_site(
    change: Run, tenant: Tenant
) -> None:
    found = read(draft(change, tenant))
    lists = [asset for asset in found["assets"] if asset["location"].endswith("/Lists/Contacts")]
    assert len(lists) == 2
    for asset in lists:
        assert (asset["kind"], asset["items"]) == ("other", 5)
        assert asset["disposition"] is None
        assert "disposition" in asset
    decide(found)
    known = settings(change, tenant)
    answer = look(discovery_of(known, "old", count=False), known.secret("old"))
    whole = load_scope(paste(change, found)).document
    assert unnamed_parts(whole, "old", answer.parts) == []
    assert _not_named(whole, "old", answer) == []
    # one that nobody decided about is refused by name
    lists[0]["location"] = "elsewhere"
    lacking = load_scope(paste(change, found)).document
    (reason,) = _not_named(lacking, "old", answer)
    assert (reason.code, reason.about) == ("source-not-in-scope", lists[0]["name"])
    assert "sites/team01/Lists/Contacts" in reason.remedy
    # and all of a site may be decided at once
    lists[0]["location"] = "old: lists of https://old.sharepoint.example/sites/team01"
    at_once = load_scope(paste(change, found)).document
    assert _not_named(at_once, "old", answer) == []


@pytest.mark.parametrize("left_open", [*sorted(DECIDED), "words", "we_do"])
def test_case_B2_what_nobody_decided_is_refused_with_its_line(
    change: Run, tenant: Tenant, left_open: str
) -> None:
    drafted = draft(change, tenant)
    found = read(drafted)
    assert [name for name, value in found["assets"][0].items() if value is None] == list(DECIDED)
    decide(found)
    part = "risks" if left_open in ("words", "we_do") else "assets"
    found[part][0][left_open] = "nobody decided this"
    path = paste(change, found)
    lines = path.read_text().splitlines()
    number = next(i for i, line in enumerate(lines) if "nobody decided this" in line)
    lines[number] = lines[number].replace("nobody decided this", "")
    path.write_text("\n".join(lines))
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert caught.value.code == "empty-value"
    assert f"line {number + 1}:" in caught.value.what


def test_a_second_run_drafts_only_what_is_new_and_loses_nobodys_notes(
    change: Run, tenant: Tenant
) -> None:
    first = draft(change, tenant)
    assert first.file is not None
    again = draft(change, tenant)
    assert (again.file, again.written) == (first.file, False), "just this is there already"
    notes = first.file.read_text() + "# Ask the owner about this one.\n"
    first.file.write_text(notes)
    beside = draft(change, tenant)
    assert beside.file is not None
    assert (beside.file.name, beside.written) == ("found-2.yml", True)
    assert first.file.read_text() == notes

    found = read(first)
    left_out = next(a for a in found["assets"] if "origin" in a)
    kept = {
        "assets": [a for a in found["assets"] if a is not left_out],
        "risks": [r for r in found["risks"] if r["asset"] != left_out["id"]],
    }
    decide(kept)
    # its id is taken by something else meanwhile
    kept["assets"][0]["id"] = kept["risks"][0]["asset"] = left_out["id"]
    paste(change, kept)
    new = draft(change, tenant)
    assert new.file is not None
    assert new.file.name == "found-3.yml"
    (asset,) = read(new)["assets"]
    assert asset["origin"] == left_out["origin"]
    assert asset["id"] == f"{left_out['id']}-2"
    added = read(new)
    decide(added)
    assert len(load_scope(paste(change, kept, added)).document.assets) == len(found["assets"])
    nothing = draft(change, tenant)
    assert (nothing.file, nothing.assets) == (None, ())
    assert not (change.change_folder / "found-4.yml").exists()


HOSTILE = [
    'a"b: {x}', "- - &a *b !tag %d", "x\ny: 1", "line\u2028break \u202eevil\u2066",
    "\x1b[2Jgone", "null", "123", "2030-01-01", "#no", "'", "\\", "a\u0301\u0301\u0301\u0301\u0301",
    "é" * 5000, "", "   ", "\U0001f4c1 \ufeff", "{{ lookup('pipe', 'id') }}",
    "data_class: ordinary", "\u00e9", "same", "same", "SAME ",
]  # fmt: skip


def test_hostile_names_are_read_for_what_they_are(change: Run, tenant: Tenant) -> None:
    """Names come from whoever may name a library; nothing in them may decide or hide anything."""

    def answer(request: Request, secrets: TenantSecrets) -> Answer:
        del request, secrets
        sources = [
            {
                "kind": "sharepoint", "id": f"b!{number}", "drive_id": f"b!{number}", "name": name,
                "web_url": name, "items": 3, "bytes": 9, "newest": "2020-01-01T00:00:00Z",
            }
            for number, name in enumerate(HOSTILE)
        ]  # fmt: skip
        gaps = [{"what": "listing", "subject": name, "why": name} for name in HOSTILE]
        work = [{"kind": "mailboxes", "count": 2, "seen": True, "names": HOSTILE[:10], "how": ""}]
        return codec.load(Answer, {"sources": sources, "workloads": work, "could_not": gaps})

    drafted = draft_scope(change, settings(change, tenant), answer, today=today())
    found = read(drafted)
    assert [a["origin"]["drive"] for a in found["assets"][:-1]] == [
        f"b!{number}" for number in range(len(HOSTILE))
    ]
    open_fields = [name for name, value in found["assets"][0].items() if value is None]
    assert open_fields == list(DECIDED), "no name can decide a field"
    assert {len(asset) for asset in found["assets"][:-1]} == {len(found["assets"][0])}
    decide(found)
    scope = load_scope(paste(change, found)).document
    assert len({asset.location for asset in scope.assets}) == len(HOSTILE) + 1
    # the file itself, as it is before anybody parses it, hides nothing and ends every line itself
    assert drafted.file is not None
    path = change.change_folder / "whole.yml"
    path.write_bytes(drafted.file.read_bytes())
    with pytest.raises(ScopeError) as caught:
        load_scope(path)
    assert "empty-value" in {one.code for one in caught.value.problems}, caught.value.what
    assert "evil" in drafted.file.read_text()


def test_drives_of_the_new_tenant_are_named_as_places_to_put_it(
    change: Run, tenant: Tenant
) -> None:
    new = settings(change, tenant, "new")
    drafted = draft_scope(change, settings(change, tenant), look, into=new, today=today())
    assert drafted.file is not None
    lines = drafted.file.read_text().splitlines()
    shown = [line for line in lines if line.startswith("# - {tenant: new, drive: ")]
    assert len(shown) == len(tenant.control.drives())
    for drive in tenant.control.drives():
        assert sum(drive["id"] in line for line in shown) == 1
    new.secrets["new"]["secret"] = "wrong"
    told = draft_scope(change, settings(change, tenant), look, into=new, today=today())
    assert any(line.startswith("new: drives to put it in: ") for line in told.could_not)
    assert told.incomplete == [], "the draft itself is whole"
    assert told.assets == drafted.assets


def test_what_nobody_could_count_says_why_and_no_date_is_after_its_count(
    change: Run, tenant: Tenant
) -> None:
    known = {"kind": "sharepoint", "web_url": "", "items": None, "bytes": None, "newest": None}
    sources = [
        {**known, "id": "b!1", "drive_id": "b!1", "name": "One"},
        {**known, "id": "b!2", "drive_id": "b!2", "name": "Two", "items": 1, "bytes": 1,
         "newest": "2999-01-01T00:00:00Z"},
        {**known, "id": "b!3", "drive_id": "b!3", "name": "Three", "items": 1, "bytes": 1},
        {**known, "id": "b!4", "drive_id": "b!4", "name": "Four", "items": 0, "bytes": 0},
    ]  # fmt: skip
    gaps = [
        {"what": "listing", "subject": "One", "why": "The service said 503."},
        {"what": "sites", "subject": "the tenant", "why": "The app may not."},
    ]
    drafted = draft_scope(
        change,
        settings(change, tenant),
        lambda *_: codec.load(Answer, {"sources": sources, "workloads": [], "could_not": gaps}),
        today=today(),
    )
    found = read(drafted)
    one, two, three, four = found["assets"]
    assert "503" in one["unknown_because"]["en"]
    assert "2999-01-01" in two["unknown_because"]["nl"]
    assert "gewijzigd" in three["unknown_because"]["nl"]
    assert "unknown_because" not in four
    assert not {"newest"} & {*one, *two, *three, *four}
    assert len(drafted.incomplete) == 1, "drives that nobody saw may be missing"
    decide(found)
    load_scope(paste(change, found))


@pytest.mark.parametrize(
    ("accounts", "code"), [({}, "no-tenants"), ({"Old Firm": {}}, "bad-tenant-name")]
)
def test_without_a_tenant_to_look_at_nothing_is_written(
    change: Run, tenant: Tenant, accounts: dict[str, Any], code: str
) -> None:
    given = settings(change, tenant)
    given.accounts.clear()
    given.accounts.update(accounts)
    with pytest.raises(InputError) as caught:
        draft_scope(change, given, look, today=today())
    assert caught.value.code == code
    assert list(change.change_folder.iterdir()) == []


def test_a_change_that_was_not_begun_is_no_place_for_a_draft(change: Run, tenant: Tenant) -> None:
    change.change_folder.rmdir()
    with pytest.raises(InputError) as caught:
        draft(change, tenant)
    assert caught.value.code == "no-such-change"


def test_a_scope_with_a_mistake_is_not_passed_over(change: Run, tenant: Tenant) -> None:
    (change.change_folder / "scope.yml").write_text("assets: [\n")
    with pytest.raises(ScopeError):
        draft(change, tenant)
    assert not (change.change_folder / "found.yml").exists()


def test_check_mode_asks_nobody_and_writes_nothing(change: Run, tenant: Tenant) -> None:
    def nobody(*_: object) -> dict[str, Any]:
        raise AssertionError

    drafted = draft_scope(
        change, settings(change, tenant), nobody, today=datetime.now(UTC).date(), check_mode=True
    )
    assert drafted.lines == ["old: everything in it would be counted"]
    assert list(change.change_folder.iterdir()) == []
