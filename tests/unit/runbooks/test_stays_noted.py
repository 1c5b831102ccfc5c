"""What does not go over is recorded of each pass, from a manifest and from a worker's own list."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluis.errors import SnapshotError
from sluis.evidence.predicates import Behind, Export, Machine
from sluis.plan.behind import BehindList
from sluis.runbook.stays_noted import note_what_stays, stays_now
from sluis.scope.model import ScopeDocument
from sluis.tenant.import_plan import LeftOut
from sluis.tenant.reconciliation import write_lines
from sluis.tenant.tenant_manifest import COULD_NOT, About, Gap, ManifestLine, write_manifest
from support.dossiers import ONE, Made, make
from support.evidence_made import scope as some_scope

GAPS = (
    Gap("retention-labelled items", "Team", "The app has no full control."),
    Gap("recycle bin contents", "Team", "Graph hands out none."),
)
LINES = (
    ManifestLine("a.txt", "file", "1", "files/a.txt", sha256=ONE, check="equal"),
    ManifestLine("b.exe", "file", "2", state=COULD_NOT, why="Malware."),
    ManifestLine("c.pdf", "file", "3", "files/c.pdf", sha256=ONE, check="corrupt"),
)


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """A dossier in which one asset was fetched."""
    made = make(tmp_path)
    write_manifest(tmp_path / "manifest", LINES, About(source={}, gaps=GAPS))
    made.append(
        Export(
            asset="files-one", origin={}, machine=Machine(host="h1", target="ssh://h1"),
            pass_number=1, started_at=made.now, finished_at=made.now, items=2, bytes=1,
            complete=True, manifest_object=made.objects.put_file(tmp_path / "manifest"),
        )
    )  # fmt: skip
    return made


def note(
    made: Made,
    written: Path | None = None,
    in_all: int = 0,
    *,
    items: int = 2,
    size: int = 1,
    earlier: bool = False,
) -> BehindList:
    dossier: Any = SimpleNamespace(ledger=made.ledger, objects=made.objects, key=made.key)
    asset = some_scope().assets[0]
    assert asset.id == "files-one"
    counted = asset.model_copy(update={"items": items, "size": size})
    return note_what_stays(dossier, counted, written, in_all, earlier=earlier)


def recorded(made: Made) -> list[Behind]:
    made.now = made.ledger.read(made.now.replace(year=made.now.year + 1)).statements[-1].recorded_at
    return [item.body for item in made.read().of(Behind)]


def test_M1_of_what_is_only_fetched_the_manifest_says_what_could_not_be_had(made: Made) -> None:
    listed = note(made)
    assert [(one.path, one.why) for one in listed.items] == [
        ("b.exe", "could-not-be-had"),
        ("c.pdf", "corrupt"),
        ("retention-labelled items: Team", "not-seen"),
    ]
    (body,) = recorded(made)
    assert (body.asset, body.items) == ("files-one", 3)
    assert BehindList.from_bytes(made.objects.get(body.list_object)) == listed
    assert body.export == made.read().of(Export)[-1].sha256


def test_M1_of_what_is_moved_its_worker_says_it(made: Made, tmp_path: Path) -> None:
    written = tmp_path / "behind.gz"
    items = [
        LeftOut("Team\u202e.lnk", "shortcut", "It is one."),
        LeftOut("b\udcff", "too-large", ""),
    ]
    write_lines(written, items)
    listed = note(made, written, 2)
    assert [(one.path, one.why) for one in listed.items] == [
        ("b\\udcff", "too-large"),
        ("Team\\u{202E}.lnk", "shortcut"),
        ("retention-labelled items: Team", "not-seen"),
    ]


@pytest.mark.parametrize("moved", [False, True], ids=["only fetched", "moved"])
def test_M1_what_was_counted_and_did_not_come_is_a_line_of_it(
    made: Made, tmp_path: Path, moved: bool
) -> None:
    written = tmp_path / "behind.gz"
    write_lines(written, [])
    # b.exe is missed by its name, and is not missed again as a figure
    assert not any(one.about == "count" for one in note(made, items=3, size=1).items)
    listed = note(made, written if moved else None, items=6, size=1)
    fewer = [one for one in listed.items if one.about == "count"]
    assert [one.path for one in fewer] == ["files: less than 55 % of 6"]
    assert recorded(made)[-1].items == len(listed.items)
    assert not any(one.about == "count" for one in note(made, items=2, size=1).items)


def test_the_same_of_the_same_pass_is_recorded_once(made: Made) -> None:
    first = note(made)
    assert note(made) == first
    assert len(recorded(made)) == 1


@pytest.mark.parametrize(
    "line",
    [
        {"path": "a", "code": "because"},
        {"path": 1, "code": "shortcut"},
        {"code": "shortcut"},
        ["shortcut", "a"],
        {"path": "a" * 70_000, "code": "shortcut"},
    ],
    ids=["another reason", "a number", "no path", "no line", "without end"],
)
def test_a_list_that_a_worker_made_up_is_none(made: Made, tmp_path: Path, line: Any) -> None:
    written = tmp_path / "behind.gz"
    written.write_bytes(gzip.compress(json.dumps(line).encode() + b"\n"))
    with pytest.raises(SnapshotError) as caught:
        note(made, written, 1)
    assert caught.value.code == "worker-file-altered"
    assert recorded(made) == []


@pytest.mark.parametrize("data", [b"", b"no gzip", gzip.compress(b"x" * 100)[:-4]],
                         ids=["empty", "other bytes", "cut short"])  # fmt: skip
def test_a_file_that_is_no_list_is_none(made: Made, tmp_path: Path, data: bytes) -> None:
    written = tmp_path / "behind.gz"
    written.write_bytes(data)
    with pytest.raises(SnapshotError, match="cannot be used"):
        note(made, written, 1)


@pytest.mark.parametrize("in_all", [0, 2], ids=["fewer", "more"])
def test_a_list_has_as_many_lines_as_its_worker_said(
    made: Made, tmp_path: Path, in_all: int
) -> None:
    written = tmp_path / "behind.gz"
    write_lines(written, [LeftOut("a", "shortcut", "")])
    with pytest.raises(SnapshotError, match="it has 1 line "):
        note(made, written, in_all)


def test_a_plan_names_the_newest_list_of_each_asset_that_is_fetched(made: Made) -> None:
    listed = note(made)
    recorded(made)
    assets = [asset.model_dump(exclude_none=True) for asset in some_scope().assets]
    assets[0] |= {
        "kind": "share", "origin": {"by": "folder", "folder": "/srv/one"},
    }  # fmt: skip
    fetched = some_scope(assets=tuple(assets))
    assert isinstance(fetched, ScopeDocument)
    (named,) = stays_now(made.read(), fetched)
    assert (named.asset, named.items, named.list_sha256) == ("files-one", 3, listed.digest())
    assert stays_now(made.read(), some_scope()) == ()
    assert not named.earlier
    note(made, earlier=True)
    (named,) = stays_now(made.read(), fetched)
    assert named.earlier
    assert "earlier" not in named.model_copy(update={"earlier": False}).model_dump(mode="json")
