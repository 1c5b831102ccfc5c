"""What goes from one place to another: which combinations a scope refuses."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sluis.scope.annex import scope_annex
from sluis.scope.load import ScopeError, load_scope
from sluis.scope.model import ClientMovesIt, required_level
from support.scopes import make_scope, scope_dict, write_scope

TENANT = {"by": "tenant", "tenant": "old", "drive": "b!one"}
INTO = {"tenant": "new", "drive": "b!two"}


def migrate(**into: Any) -> dict[str, Any]:
    return {
        "what": "migrate", "to": "There.", "by": date(2027, 1, 1), "old_copy": "It goes away.",
        "into": {**INTO, **into},
    }  # fmt: skip


def client_moves_it(**landing: Any) -> dict[str, Any]:
    place = {"tenant": "new", "drive": "b!two", "folder": "Client", "account": "a@new.example"}
    return {
        "what": "client moves it", "to": "There.", "owner": "A. Client",
        "deadline": date(2027, 1, 1), "if_late": "We call.", "landing": {**place, **landing},
    }  # fmt: skip


def landing(**more: Any) -> dict[str, Any]:
    """The first asset is the client's to move; the second goes into the same drive."""
    return sharepoint(
        **{
            "job": "migration", "assets.0.disposition": client_moves_it(),
            "assets.1.disposition": migrate(folder="Team"), **more,
        }
    )  # fmt: skip


def sharepoint(**more: Any) -> dict[str, Any]:
    """Changes that make the second asset one that is fetched from a tenant."""
    changes = {
        "assets.1.kind": "sharepoint", "assets.1.origin": TENANT, "assets.1.exclude": ...,
        "assets.1.disposition": migrate(), **more,
    }  # fmt: skip
    if changes["assets.1.origin"] is ...:
        del changes["assets.1.origin"]  # the usual scope has none to take away
    return changes


def codes(tmp_path: Path, changes: dict[str, Any]) -> set[str]:
    with pytest.raises(ScopeError) as caught:
        load_scope(write_scope(tmp_path, changes))
    assert all(item.remedy and item.line > 0 for item in caught.value.problems)
    return {item.code for item in caught.value.problems}


def test_what_is_fetched_takes_a_snapshot_like_anything_else(tmp_path: Path) -> None:
    asset = load_scope(write_scope(tmp_path, sharepoint())).document.assets[1]
    assert asset.is_exported
    assert asset.takes_snapshot
    assert required_level(asset) == "V3"  # it is of low importance here
    listed = make_scope({"assets.1.kind": "share", "assets.1.exclude": ...}).assets[1]
    assert not listed.takes_snapshot


def test_who_fetches_may_be_left_open_and_the_same_data_is_then_still_the_same(
    tmp_path: Path,
) -> None:
    document = load_scope(write_scope(tmp_path, sharepoint(**{"assets.1.host": ...}))).document
    assert document.assets[1].host is None
    text = scope_annex(document, "en")
    assert "Kind: SharePoint" in text
    assert "Host: None" not in text
    one = sharepoint(**{"assets.1.host": ...})
    again = scope_dict(one)["assets"][1]
    twice = {
        **one, "assets.2": {**again, "id": "again", "host": "h1"},
        "risks.2": {"id": "r", "asset": "again", "words": "It may be counted twice by us.",
                    "we_do": "We look."},
    }  # fmt: skip
    assert "asset-listed-twice" in codes(tmp_path, twice)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"assets.1.kind": "directory"}, "origin-of-another-kind"),
        (
            {"assets.1.host": ..., "assets.1.origin": {"by": "folder", "folder": "/mnt/x"}},
            "host-missing",
        ),
        ({"assets.1.allowed_locations": ...}, "no-allowed-location"),
        ({"assets.1.exclude": ["*.tmp"]}, "nothing-to-exclude-from"),
        (
            {"assets.1.origin": {"by": "sftp", "server": "files", "folder": "/srv/../etc"}},
            "bad-location",
        ),
        ({"assets.1.origin": {"by": "folder", "folder": "mnt/x"}}, "bad-location"),
        ({"assets.1.origin": ...}, "into-without-origin"),
        ({"assets.1.disposition": migrate(folder="../Other")}, "bad-location"),
        ({"assets.1.disposition": migrate(folder="/Other")}, "bad-location"),
        (
            {
                "assets.0.kind": "onedrive",
                "assets.0.origin": TENANT,
                "assets.0.disposition": migrate(drive="B!TWO"),
            },
            "targets-overlap",
        ),
        (
            {
                "assets.0.kind": "onedrive",
                "assets.0.origin": TENANT,
                "assets.0.disposition": migrate(folder="Team"),
                "assets.1.disposition": migrate(folder="team/Old"),
            },
            "targets-overlap",
        ),
        ({"people": [{"was": "a@old"}]}, "person-undecided"),
        ({"people": [{"was": "a@old", "becomes": "a@new", "because": "-"}]}, "person-undecided"),
        (
            {"people": [{"was": "a@old", "becomes": "x"}, {"was": "A@old", "becomes": "y"}]},
            "person-listed-twice",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(
    tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    assert code in codes(tmp_path, sharepoint(**change))


def test_folders_beside_each_other_in_one_drive_are_fine(tmp_path: Path) -> None:
    beside = {
        "assets.0.kind": "onedrive", "assets.0.origin": TENANT,
        "assets.0.disposition": migrate(folder="Team"),
        "assets.1.disposition": migrate(folder="Team 2"),
    }  # fmt: skip
    assert load_scope(write_scope(tmp_path, sharepoint(**beside))).document.assets[1].is_exported


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"job": "update"}, "landing-outside-a-move"),
        ({"assets.0.disposition": client_moves_it(folder="a//b")}, "bad-location"),
        ({"assets.0.disposition": client_moves_it(account="A. Client")}, "landing-without-account"),
        ({"assets.0.disposition": client_moves_it(account="a @new")}, "landing-without-account"),
        ({"assets.0.disposition": client_moves_it(folder="team/Sub")}, "targets-overlap"),
        ({"assets.0.disposition": client_moves_it(folder="Team")}, "targets-overlap"),
        ({"assets.1.disposition": migrate()}, "targets-overlap"),
        ({"assets.1.disposition": client_moves_it(folder="client/Old")}, "targets-overlap"),
    ],
)
def test_case_B4_a_landing_folder_is_a_place_of_its_own(
    tmp_path: Path, change: dict[str, Any], code: str
) -> None:
    assert code in codes(tmp_path, landing(**change))


def test_case_B4_a_landing_folder_beside_what_we_put_there_is_fine(tmp_path: Path) -> None:
    first = load_scope(write_scope(tmp_path, landing())).document.assets[0].disposition
    assert isinstance(first, ClientMovesIt)
    assert first.landing is not None
    assert first.landing.folder == "Client"
