"""A reconciliation line by line, against a target that says exactly what a test tells it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sluis.errors import EvidenceError
from sluis.graph.quickxor import QuickXor
from sluis.tenant.compare_content import compare_content
from sluis.tenant.import_policy import ImportPolicy, Target
from sluis.tenant.import_report import Progress
from sluis.tenant.import_state import ImportState, Row
from sluis.tenant.reconcile import reconcile
from sluis.tenant.reconciliation import Line, Reconciliation
from sluis.tenant.tenant_manifest import About, ManifestLine, write_manifest
from support.graph_stage import Stage, connected, refusal, say

DRIVE = "/v1.0/drives/d"
WHEN = "2019-06-30T12:00:00Z"
PLAIN = ImportPolicy(permissions=False)
URL = "@microsoft.graph.downloadUrl"


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _line(path: str, data: bytes | None = None, **more: Any) -> ManifestLine:
    if data is None:
        return ManifestLine(path=path, type="folder", item_id=f"s:{path}", **more)
    return ManifestLine(
        path=path, type="file", item_id=f"s:{path}", stored=f"content/{path}", size=len(data),
        sha256=_digest(data), quickxor=QuickXor(data).base64(), modified=WHEN, **more,
    )  # fmt: skip


class Ground:
    """A manifest, a target and what the import remembers of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.scratch = folder / "work" / "scratch"
        self.lines: list[ManifestLine] = []
        self.items: list[dict[str, Any]] = []
        self.contents: dict[str, bytes] = {}
        self.rows: list[Row] = []
        self.before: list[str] = []
        self.more: list[tuple[str, str, Any]] = []
        #: the drive and folder that the state is of, if others
        self.bound: tuple[str, str] | None = None
        #: folders that tell where the contents of some items are: their ids, and those items'
        self.links: dict[str, list[str]] = {}
        self.told: list[Progress] = []
        self.tell: Callable[[Progress], None] | None = self.told.append
        self.stage: Stage | None = None
        self.kept: dict[str, Row] = {}

    def there(self, name: str, data: bytes | None = None, parent: str = "root", **more: Any) -> str:
        """An item of the target; its id is ``t:`` and its name."""
        item: dict[str, Any] = {
            "id": f"t:{name}", "name": name, "parentReference": {"id": parent}, "eTag": f"e {name}",
        }  # fmt: skip
        if data is None:
            item["folder"] = {}
        else:
            item["file"] = {"hashes": {"quickXorHash": QuickXor(data).base64()}}
            item["size"] = len(data)
            item["fileSystemInfo"] = {"lastModifiedDateTime": WHEN}
            self.contents[f"t:{name}"] = data
        self.items.append({**item, **more})
        return str(item["id"])

    def row(self, path: str, step: str = "sent", **more: Any) -> Row:
        given = {"target": path, "target_id": f"t:{path}", **more}
        row = Row(f"s:{path}", path, given.pop("target"), step, **given)  # type: ignore[arg-type]
        self.rows.append(row)
        return row

    def run(self, policy: ImportPolicy = PLAIN, folder: str = "", **more: Any) -> Reconciliation:
        manifest = self.folder / "manifest.gz"
        write_manifest(manifest, self.lines, About({"kind": "sharepoint"}))

        async def whole() -> Reconciliation:
            async with connected(self.folder) as (stage, graph):
                self.stage = stage
                self._play(stage)
                with ImportState(self.folder / "import.sqlite") as state:
                    state.bind(*(self.bound or ("d", folder)))  # as the import does
                    for row in self.rows:
                        state.keep(row)
                    if self.before:
                        state.keep_before(self.before)
                    found = await reconcile(
                        graph, manifest, self.folder / "export", Target("d", folder), policy, state,
                        self.scratch, progress=self.tell, **{"workers": 8, **more},
                    )  # fmt: skip
                    self.kept = {row.path: row for row in state.rows()}
                    return found

        return asyncio.run(whole())

    def _play(self, stage: Stage) -> None:
        stage.on("GET", DRIVE, {"id": "d", "webUrl": "https://x/sites/team/Shared%20Documents"})
        stage.on("GET", f"{DRIVE}/root", {"id": "root"})
        root = {"id": "root", "name": "root", "root": {}, "folder": {}}
        page = {"value": [root, *self.items], "@odata.deltaLink": f"{stage.graph}{DRIVE}/end"}
        stage.on("GET", f"{DRIVE}/root/delta", page)
        for item, data in self.contents.items():
            self._serve(stage, item, data)
        for folder, items in self.links.items():
            links = [{"id": item, "eTag": "e", URL: f"{stage.content}/c/{item}"} for item in items]
            stage.on("GET", f"{DRIVE}/items/{folder}/children", {"value": links})
        for method, path, answer in self.more:
            stage.on(method, f"{DRIVE}/{path}", answer)

    def asked(self, path: str) -> int:
        """How often something below the drive was asked for."""
        assert self.stage is not None
        return len(self.stage.requests("GET", f"{DRIVE}/{path}"))

    def _serve(self, stage: Stage, item: str, *answers: bytes) -> None:
        place = f"{stage.content}/c/{item}"
        stage.on("GET", f"{DRIVE}/items/{item}/content", (302, None, {"Location": place}))
        stage.on("GET", f"/c/{item}", *(lambda request, data=data: _bytes(request, data)
                                        for data in answers))  # fmt: skip


def _bytes(request: Any, data: bytes) -> Any:
    from aiohttp import web

    return web.Response(body=data, headers={"Content-Type": "application/octet-stream"})


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    (tmp_path / "export").mkdir()
    return Ground(tmp_path)


def _short(line: Line) -> tuple[str, ...]:
    return (line.path, line.target, line.type, line.category, line.basis)


def test_every_item_has_its_line_in_the_order_of_the_paths(ground: Ground) -> None:
    ground.lines = [_line("b.txt", b"bee"), _line("a"), _line("a/c.txt", b"sea"),
                    _line("gone.txt", b"gone"), _line("none")]  # fmt: skip
    folder = ground.there("a")
    ground.there("c.txt", b"sea", folder)
    ground.there("b.txt", b"other")
    ground.there("extra.txt", b"?")
    result = ground.run()
    assert [_short(line) for line in result.lines] == [
        ("a", "a", "folder", "equal", "the listing"),
        ("a/c.txt", "a/c.txt", "file", "equal", "every byte"),
        ("b.txt", "b.txt", "file", "differs", "every byte"),
        ("extra.txt", "extra.txt", "file", "extra", "the listing"),
        ("gone.txt", "gone.txt", "file", "missing", "the listing"),
        ("none", "none", "folder", "missing", "the listing"),
    ]
    whys = {line.path: line.why for line in result.lines}
    assert whys["a/c.txt"] == ""
    assert {line.path: line.notes for line in result.lines if line.notes} == {}
    assert "bytes differ (5 in the target, 3 exported)" in whys["b.txt"]
    assert whys["gone.txt"] == "It is not in the target."
    assert (result.drive_id, result.folder, result.trust) == ("d", "", "every byte")
    assert result.manifest_sha256 == _digest((ground.folder / "manifest.gz").read_bytes())
    assert not result.sound
    assert list(ground.scratch.glob("*.tmp")) == []
    assert ground.scratch.stat().st_mode & 0o777 == 0o700


def test_progress_is_told_after_each_file(ground: Ground) -> None:
    ground.lines = [_line("a"), _line("a/x", b"12"), _line("a/y", b"345")]
    folder = ground.there("a")
    ground.there("x", b"12", folder)
    ground.there("y", b"345", folder)
    assert ground.run(workers=1).sound
    assert ground.told == [Progress(1, 2, 2, 5, "a/x"), Progress(2, 2, 5, 5, "a/y")]


def test_nobody_has_to_listen(ground: Ground) -> None:
    ground.lines = [_line("x", b"12")]
    ground.there("x", b"12")
    ground.tell = None
    assert ground.run().sound


def test_an_item_that_the_listing_left_out_is_asked_for(ground: Ground) -> None:
    """Below the target's folder, which is part of the address."""
    ground.lines = [_line("a b"), _line("a b/x#1.txt", b"ex"), _line("a b/y", b"why"),
                    _line("z", b"zed")]  # fmt: skip
    top = ground.there("To here")
    ground.there("a b", parent=top)
    item = {
        "id": "t:late", "name": "x#1.txt", "parentReference": {"id": "t:a b"}, "size": 2,
        "file": {"hashes": {"quickXorHash": QuickXor(b"ex").base64()}},
        "fileSystemInfo": {"lastModifiedDateTime": WHEN},
    }  # fmt: skip
    ground.contents["t:late"] = b"ex"

    def late(request: Any) -> Any:
        # each name by itself: a slash within one would be another name
        assert request.rel_url.raw_path.endswith("/root:/To%20here/a%20b/x%231.txt")
        return say(200, item)

    ground.more = [
        ("GET", "root:/To here/a b/x#1.txt", late),
        ("GET", "root:/To here/a b/y", refusal(403, "accessDenied")),
    ]
    result = ground.run(folder="To here")
    lines = {line.path: line for line in result.lines}
    assert _short(lines["a b/x#1.txt"])[3:] == ("equal", "every byte")
    assert _short(lines["a b"])[3:] == ("equal", "the listing")
    assert _short(lines["a b/y"]) == ("a b/y", "a b/y", "file", "missing", "not verified")
    assert lines["a b/y"].why.startswith("The listing does not have it, and asking for it failed:")
    assert _short(lines["z"])[3:] == ("missing", "the listing")
    assert result.folder == "To here"


def test_something_else_in_its_place_is_said(ground: Ground) -> None:
    ground.lines = [_line("file", b"x"), _line("folder"), _line("Name.txt", b"n")]
    ground.there("file")
    ground.there("folder", b"x")
    ground.there("name.TXT", b"n")
    lines = {line.path: line for line in ground.run().lines}
    assert set(lines) == {"file", "folder", "Name.txt"}, "none of them is extra as well"
    assert _short(lines["file"]) == ("file", "file", "file", "differs", "the listing")
    assert lines["file"].why == "In its place stands a folder."
    assert _short(lines["folder"])[2:] == ("folder", "differs", "the listing")
    assert lines["folder"].why == "In its place stands a file."
    assert lines["Name.txt"].category == "equal"
    assert lines["Name.txt"].notes == ("In the target its name is spelled 'name.TXT'.",)


def test_all_that_is_worth_knowing_of_an_item_is_noted(ground: Ground) -> None:
    ground.lines = [_line("d"), _line("d/Name.txt", b"n", rights_why="It was refused.")]
    ground.there("name.TXT", b"n", ground.there("d"))
    (_, line) = ground.run(ImportPolicy(permissions=False)).lines
    assert line.notes == (
        "Who could reach it at the source is not known; here it is as its folder.",
        "In the target its name is spelled 'name.TXT'.",
    )


def test_what_the_service_answers_is_looked_at(ground: Ground) -> None:
    """What it was asked for is in the line, so that somebody can ask again."""
    ground.lines = [_line("x", b"x")]
    ground.more = [("GET", "root:/x", {"name": "x"})]
    (line,) = ground.run().lines
    assert _short(line) == ("x", "x", "file", "missing", "not verified")
    assert "/drives/d/root:/x does not describe" in line.why


def test_a_notebook_is_a_folder_and_that_is_said(ground: Ground) -> None:
    book = ManifestLine(path="Book", type="package", item_id="s:Book")
    ground.lines = [book, _line("plain")]
    ground.there("Book")
    ground.there("plain")
    lines = {line.path: line for line in ground.run().lines}
    assert (lines["Book"].category, lines["plain"].notes) == ("equal", ())
    assert "until CSOM sets its type" in lines["Book"].notes[0]


@pytest.mark.parametrize(("at", "found"), [("x.txt", "equal"), ("other.txt", "differs")])
def test_the_state_knows_under_which_name_a_file_went(ground: Ground, at: str, found: str) -> None:
    """And where an item lies that moved at the source and was not brought after."""
    ground.lines = [_line("x.txt", b"x")]
    ground.there("x~1.txt", b"x")
    ground.row("x.txt", target="x~1.txt", target_id="t:x~1.txt")
    if at != "x.txt":
        ground.rows = [Row("s:x.txt", "older/x.txt", "x~1.txt", "sent", target_id="t:x~1.txt")]
    lines = {line.path: line for line in ground.run().lines}
    assert lines["x.txt"].category == found


@pytest.mark.parametrize("moved", ["out", "renamed", "in its place stands another"])
def test_a_file_of_ours_that_somebody_moved_in_the_target_is_one_line(
    ground: Ground, moved: str
) -> None:
    """It was missing, and one that nobody knows as well."""
    ground.lines = [_line("Team"), _line("Team/x.txt", b"x")]
    folder = ground.there("Team")
    ground.row("Team", "made")
    ground.row("Team/x.txt", target_id="t:mine")
    if moved == "out":
        ground.there("x.txt", b"x", id="t:mine")
    else:
        ground.there("other.txt", b"x", folder, id="t:mine")
    ground.contents["t:mine"] = b"x"
    if moved == "in its place stands another":
        ground.there("x.txt", b"somebody else's", folder)
    found = ground.run()
    team, *lines, line = sorted(found.lines, key=lambda one: (one.path, one.category != "extra"))
    assert team.category == "equal"
    assert (line.path, line.category, line.basis) == ("Team/x.txt", "differs", "every byte")
    assert f"it is at {'x.txt' if moved == 'out' else 'Team/other.txt'!r} now" in line.why
    assert line.why.endswith("What is in it is as it was exported.")
    extra = [("Team/x.txt", "extra")] if moved == "in its place stands another" else []
    assert [(one.path, one.category) for one in lines] == extra
    assert not found.sound


def test_a_folder_of_ours_that_somebody_moved_is_named_with_what_is_in_it(ground: Ground) -> None:
    ground.lines = [_line("Team"), _line("Team/x.txt", b"x")]
    ground.there("Old team", id="t:Team")
    ground.there("x.txt", b"y", "t:Team")
    ground.row("Team", "made")
    ground.row("Team/x.txt", target_id="t:x.txt")
    team, file = ground.run().lines
    assert (team.category, file.category) == ("differs", "differs")
    assert "'Old team'" in team.why
    assert "'Old team/x.txt'" in file.why
    assert "Its bytes differ" in file.why


def test_a_file_of_the_target_s_own_that_was_equal_and_is_gone_is_missing(ground: Ground) -> None:
    ground.lines = [_line("x.txt", b"x")]
    ground.there("other.txt", b"x", id="t:x.txt")
    ground.before = ["t:x.txt"]
    ground.row("x.txt", "equal")
    found = ground.run()
    assert [(line.path, line.category) for line in found.lines] == [("x.txt", "missing")]
    assert found.there_before == 1


def test_another_item_of_that_path_does_not_take_its_name(ground: Ground) -> None:
    """An older file of the same path, removed at the source, still stands beside it."""
    ground.lines = [_line("x.txt", b"x")]
    ground.there("x.txt", b"older")
    ground.there("x~1.txt", b"x")
    ground.row("x.txt", target="x~1.txt", target_id="t:x~1.txt")
    ground.rows.append(Row("s:y", "x.txt", "x.txt", "sent", target_id="t:x.txt"))
    lines = [_short(line) for line in ground.run().lines]
    assert ("x.txt", "x~1.txt", "file", "equal", "every byte") in lines
    assert ("x.txt", "x.txt", "file", "extra", "the listing") in lines
    assert len(lines) == 2


def test_a_folder_keeps_its_name_for_what_is_looked_for_in_it(ground: Ground) -> None:
    """Beside it another came that the target cannot tell from it."""
    ground.lines = [_line("A"), _line("a"), _line("a/new.txt", b"n")]
    ground.there("new.txt", b"n", ground.there("a"))
    ground.row("a", "made")
    lines = {line.path: line for line in ground.run().lines}
    assert _short(lines["a/new.txt"]) == ("a/new.txt", "a/new.txt", "file", "equal", "every byte")
    assert lines["A"].target.startswith("A~")


def test_a_name_that_only_the_root_of_a_library_refuses_is_kept_below_it(ground: Ground) -> None:
    ground.lines = [_line("Forms")]
    ground.there("Forms", parent=ground.there("Here"))
    (line,) = ground.run(folder="Here").lines
    assert _short(line) == ("Forms", "Forms", "folder", "equal", "the listing")


@pytest.mark.parametrize("there", [None, b"a file"])
def test_without_the_targets_folder_everything_is_missing(
    ground: Ground, there: bytes | None
) -> None:
    """What has the same name beside it is another item."""
    ground.lines = [_line("d"), _line("x", b"x")]
    ground.there("d")
    ground.there("x", b"x")
    if there:
        ground.there("Here", there)
    result = ground.run(folder="Here")
    assert [line.category for line in result.lines] == ["missing", "missing"]
    assert not result.sound


def test_what_stayed_behind_unsigned_is_missing(ground: Ground) -> None:
    cut = ManifestLine(path="cut", type="shortcut", item_id="s:cut")
    ground.lines = [cut]
    (line,) = ground.run().lines
    assert _short(line) == ("cut", "", "file", "missing", "the listing")
    signed = ground.run(ImportPolicy(permissions=False, leave_out=frozenset({"shortcut"})))
    assert ([one.path for one in signed.left_out], signed.lines) == (["cut"], [])


def test_a_page_that_sharepoint_wrote_into_is_held_against_what_was_exported(
    ground: Ground,
) -> None:
    page = b"<html><head><title>x</title></head><body>x</body></html>"
    block = (
        b"<!--[if gte mso 9]><xml><mso:CustomDocumentProperties><mso:ContentTypeId>0x0101"
        b"</mso:ContentTypeId></mso:CustomDocumentProperties></xml><![endif]-->"
    )
    (ground.folder / "export" / "content").mkdir()
    (ground.folder / "export" / "content" / "x.html").write_bytes(page)
    ground.lines = [_line("x.html", page)]
    ground.there("x.html", page.replace(b"</head>", block + b"</head>"))
    (line,) = ground.run().lines
    assert _short(line)[3:] == ("rewritten by the service", "every byte")


def test_each_file_that_is_compared_has_a_place_of_its_own(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several are under way at once; in one place they would overwrite each other."""
    places = []

    async def seen(*given: Any) -> Any:
        places.append(given[5])
        return await compare_content(*given)

    monkeypatch.setattr("sluis.tenant.reconcile.compare_content", seen)
    ground.lines = [_line("x", b"x"), _line("y", b"y"), _line("z", b"z")]
    for name in "xyz":
        ground.there(name, name.encode())
    assert ground.run().sound
    assert len(set(places)) == 3
    assert {place.parent for place in places} == {ground.scratch}


def test_a_state_that_cannot_be_read_is_named(ground: Ground) -> None:
    """Who reads it can move that file away."""
    ground.lines = [_line("x", b"x")]
    ground.scratch.mkdir(parents=True)
    (ground.scratch / "reconcile.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(EvidenceError, match=r"The state reconcile\.sqlite"):
        ground.run()


@pytest.mark.parametrize("data", [b"mine", b"not mine"])
@pytest.mark.parametrize("target_id", ["t:x", "another", None])
def test_only_what_is_sound_and_ours_is_kept_as_ours(
    ground: Ground, data: bytes, target_id: str | None
) -> None:
    ground.lines = [_line("x", b"mine")]
    ground.there("x", data)
    ground.row("x", target_id=target_id, target_size=1, target_quickxor="old",
               target_etag="e", target_modified="then")  # fmt: skip
    ground.run()
    row = ground.kept["x"]
    kept = (row.target_size, row.target_quickxor, row.target_etag, row.target_modified)
    ours = data == b"mine" and target_id == "t:x"
    assert kept == ((4, QuickXor(data).base64(), "e x", WHEN) if ours else (1, "old", "e", "then"))


def test_what_the_listing_hangs_from_nothing_is_named(ground: Ground) -> None:
    """Its folder was not listed, or is in a loop: nobody finds it by looking from the top."""
    ground.there("lost.txt", b"?", "t:nowhere")
    ground.there("before.txt", b"?", "t:nowhere")
    ground.there("before too.txt", b"?", "t:nowhere")
    ground.there("found.txt", b"f", "t:nowhere")
    ground.there("nameless", b"?", "t:nowhere")
    ground.items[-1]["name"] = ""
    ground.there("last", None, "t:nowhere")
    ground.before = ["t:before.txt", "t:before too.txt"]
    # asked for by its path, the service has it in its place: it is in a line already
    ground.lines = [_line("found.txt", b"f")]
    told = {**ground.items[3], "parentReference": {"id": "root"}}
    ground.more = [("GET", "root:/found.txt", told)]
    result = ground.run()
    assert [_short(line) for line in result.lines] == [
        ("found.txt", "found.txt", "file", "equal", "every byte"),
        ("last", "", "folder", "extra", "the listing"),
        ("lost.txt", "", "file", "extra", "the listing"),
        ("t:nameless", "", "file", "extra", "the listing"),
    ]
    assert {line.why for line in result.lines[1:]} == {
        "The target lists it in no folder that it lists, and nobody knows what it is."
    }
    assert result.there_before == 2


def test_what_was_there_before_is_counted_and_not_named(ground: Ground) -> None:
    ground.lines = [_line("x", b"x")]
    ground.there("x", b"x")
    ground.there("old", b"o")
    ground.there("older", b"o")
    ground.before = ["t:old", "t:older", "t:x"]
    result = ground.run()
    assert ([line.path for line in result.lines], result.there_before) == (["x"], 2)
    assert result.sound


def test_a_folder_of_ours_that_was_removed_at_the_source_stays_as_signed(ground: Ground) -> None:
    ground.there("gone")
    ground.row("gone", "made")
    (line,) = ground.run(ImportPolicy(permissions=False, gone="set aside")).lines
    assert _short(line) == ("gone", "gone", "folder", "removed at the source", "the listing")


def test_what_of_ours_the_manifest_names_no_more_is_told_by_its_old_path(ground: Ground) -> None:
    ground.there("gone.txt", b"g")
    ground.row("gone.txt")
    (line,) = ground.run().lines
    assert _short(line) == ("gone.txt", "gone.txt", "file", "extra", "the listing")
    assert line.why == "It is ours, and its original was removed before the last pass."
    kept = ground.run(ImportPolicy(permissions=False, gone="keep"))
    assert kept.lines[0].category == "removed at the source"


def test_the_services_hash_stands_for_the_bytes_only_when_it_was_chosen(ground: Ground) -> None:
    ground.lines = [_line("x", b"x"), _line("y", b"y")]
    ground.there("x", b"x")
    ground.there("y", b"y", file={"hashes": {}})
    result = ground.run(trust="the service's hash")
    assert {line.path: line.basis for line in result.lines} == {
        "x": "the service's hash", "y": "every byte",
    }  # fmt: skip
    assert result.trust == "the service's hash"
    assert {line.basis for line in ground.run().lines} == {"every byte"}


PEOPLE = ({"grantedToV2": {"user": {"email": "a@old.example"}}, "roles": ["write"]},)


def _signing(**more: Any) -> ImportPolicy:
    users = {"a@old.example": "a@new.example"}
    return ImportPolicy.from_data({"users": users, "leave_out": ["narrower-rights"], **more})


@pytest.mark.parametrize(
    ("granted", "missing", "surplus"),
    [
        ([("a@new.example", "write")], 0, 0),
        ([("a@new.example", "owner")], 0, 1),
        ([("a@new.example", "read")], 1, 0),
        ([], 1, 0),
        ([("a@new.example", "write"), ("b@new.example", "read")], 0, 1),
    ],
)
def test_rights_are_compared_on_every_item_that_was_to_get_some(
    ground: Ground, granted: list[tuple[str, str]], missing: int, surplus: int
) -> None:
    ground.lines = [_line("x", b"x", permissions=PEOPLE), _line("y", b"y")]
    ground.there("x", b"x")
    ground.there("y", b"y")
    ground.row("x")
    ground.row("y")
    value = [{"id": "1", "grantedToV2": {"user": {"email": who}}, "roles": [role]}
             for who, role in granted]  # fmt: skip
    ground.more = [("GET", "items/t:x/permissions", {"value": value})]
    result = ground.run(_signing())
    assert result.rights_looked_at == 1
    assert (len(result.rights_missing), len(result.rights_surplus)) == (missing, surplus)
    assert result.sound == (not missing and not surplus)


ENDS = "2027-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("right", "missing", "surplus"),
    [
        ({"expirationDateTime": ENDS}, 0, 0),
        ({"expirationDateTime": "2027-01-01T01:00:00.500+01:00"}, 0, 0),
        ({"expirationDateTime": "2027-01-01T00:00:00"}, 0, 0),
        # sooner than it was signed for
        ({"expirationDateTime": "2026-12-31T00:00:00Z"}, 1, 0),
        ({}, 0, 1),
        ({"expirationDateTime": "0001-01-01T00:00:00Z"}, 0, 1),
        ({"expirationDateTime": "soon"}, 1, 1),
        ({"expirationDateTime": "2027-01-02T00:00:00Z"}, 0, 1),
        # who may look and not download did not get what was signed
        ({"expirationDateTime": ENDS, "link": {"type": "edit", "preventsDownload": True}}, 1, 0),
    ],
)
def test_a_right_that_was_signed_to_end_is_held_against_its_end(
    ground: Ground, right: dict[str, Any], missing: int, surplus: int
) -> None:
    ends = ({**PEOPLE[0], "expirationDateTime": ENDS},)
    ground.lines = [_line("x", b"x", permissions=ends)]
    ground.there("x", b"x")
    ground.row("x")
    who = {"id": "1", "grantedToV2": {"user": {"email": "a@new.example"}}, "roles": ["write"]}
    if "link" in right:
        right["link"]["scope"] = "users"
    ground.more = [("GET", "items/t:x/permissions", {"value": [{**who, **right}]})]
    result = ground.run(_signing())
    assert (len(result.rights_missing), len(result.rights_surplus)) == (missing, surplus)
    if "link" not in right:
        for one in (*result.rights_surplus, *result.rights_missing):
            assert f"It was signed until {ENDS}" in one.why


@pytest.mark.parametrize(("ends", "missing"), [(None, 0), (ENDS, 1)])
def test_a_right_that_was_signed_without_an_end_has_none(
    ground: Ground, ends: str | None, missing: int
) -> None:
    ground.lines = [_line("x", b"x", permissions=PEOPLE)]
    ground.there("x", b"x")
    ground.row("x")
    who = {"grantedToV2": {"user": {"email": "a@new.example"}}, "roles": ["write"]}
    value = [{"id": "1", **who, **({"expirationDateTime": ends} if ends else {})}]
    ground.more = [("GET", "items/t:x/permissions", {"value": value})]
    result = ground.run(_signing())
    assert len(result.rights_missing) == missing
    for one in result.rights_missing:
        assert one.why == f"It was signed without an end, and ends on {ENDS} in the target."


def _group(name: str, role: str, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "grantedToV2": {"siteGroup": {"displayName": name}},
        "roles": [role],
        **more,
    }


APP = {"id": "app", "grantedToV2": {"application": {"id": "app-1"}}, "roles": ["write"]}


@pytest.mark.parametrize(
    ("own", "surplus"),
    [
        # what an item that is shared keeps of its place
        pytest.param([_group("Members", "write"), _group("Visitors", "read")], [], id="kept"),
        pytest.param([_group("Members", "read")], [], id="less"),
        pytest.param([_group("Visitors", "write")], ["site-group:visitors"], id="more"),
        pytest.param([_group("Strangers", "read")], ["site-group:strangers"], id="another"),
        pytest.param([_group("Members", "review")], ["site-group:members"], id="unknown-role"),
        pytest.param([APP], ["id:app-1"], id="app"),
        pytest.param([{**APP, "inheritedFrom": {}}], [], id="inherited"),
    ],
)
def test_a_group_of_the_site_and_an_app_have_no_more_than_in_their_place(
    ground: Ground, own: list[dict[str, Any]], surplus: list[str]
) -> None:
    ground.lines = [_line("x", b"x")]
    ground.there("x", b"x", shared={"scope": "users"})
    ground.row("x")
    place = [_group("Members", "write", inheritedFrom={}), _group("Visitors", "read")]
    ground.more = [
        ("GET", "items/root/permissions", {"value": place}),
        ("GET", "items/t:x/permissions", {"value": own}),
    ]
    result = ground.run()
    assert [one.principal for one in result.rights_surplus] == surplus
    assert result.sound == (not surplus)


def test_where_the_rights_of_the_place_cannot_be_seen_no_group_is_taken_for_right(
    ground: Ground,
) -> None:
    ground.lines = [_line("x", b"x")]
    ground.there("x", b"x", shared={"scope": "users"})
    ground.row("x")
    ground.more = [
        ("GET", "items/root/permissions", refusal(403, "accessDenied")),
        ("GET", "items/t:x/permissions", {"value": [_group("Members", "write")]}),
    ]
    (one,) = ground.run().rights_surplus
    assert "could not be seen" in one.why


def test_rights_are_compared_on_each_item_by_its_path(ground: Ground) -> None:
    """Also behind one without rights; on what was there before nothing is given."""
    ground.lines = [_line("a"), *(_line(name, permissions=PEOPLE) for name in ("b", "c", "d"))]
    for name in "abcd":
        ground.there(name)
        ground.row(name, "there" if name == "d" else "made")
    stranger = {"id": "1", "grantedToV2": {"user": {"email": "b@new.example"}}, "roles": ["read"]}
    ground.more = [
        ("GET", f"items/t:{name}/permissions", {"value": [stranger]}) for name in ("b", "c", "d")
    ]
    result = ground.run(_signing())
    assert result.rights_looked_at == 2
    assert [one.path for one in result.rights_missing] == ["b", "c", "d"]
    assert "nobody signed for that: the folder was in the target" in result.rights_missing[2].why
    assert [one.path for one in result.rights_surplus] == ["b", "c"]


def test_rights_on_an_item_that_the_listing_left_out_are_looked_at(ground: Ground) -> None:
    """It was equal, with a link for anybody and without the right that was signed."""
    ground.lines = [_line("x", b"x", permissions=PEOPLE)]
    item = {
        "id": "t:x", "name": "x", "parentReference": {"id": "root"}, "size": 1, "eTag": "e x",
        "file": {"hashes": {"quickXorHash": QuickXor(b"x").base64()}}, "shared": {"scope": "users"},
        "fileSystemInfo": {"lastModifiedDateTime": WHEN},
    }  # fmt: skip
    ground.contents["t:x"] = b"x"
    ground.row("x")
    link = {"id": "1", "roles": ["read"], "link": {"scope": "anonymous", "type": "view"}}
    ground.more = [
        ("GET", "root:/x", item),
        ("GET", "items/t:x/permissions", {"value": [link]}),
    ]
    result = ground.run(_signing())
    assert [line.category for line in result.lines] == ["equal"]
    assert [one.recipient for one in result.rights_missing] == ["a@new.example"]
    assert [one.principal for one in result.rights_surplus] == ["link:anonymous"]
    assert not result.sound


@pytest.mark.parametrize(("step", "surplus"), [("sent", 1), ("there", 0)])
def test_rights_on_what_was_there_before_are_its_own(
    ground: Ground, step: str, surplus: int
) -> None:
    ground.lines = [_line("f")]
    ground.there("f", shared={"scope": "users"})
    ground.row("f", step)
    value = [{"id": "1", "grantedToV2": {"user": {"email": "b@new.example"}}, "roles": ["read"]}]
    ground.more = [("GET", "items/t:f/permissions", {"value": value})]
    result = ground.run()
    assert len(result.rights_surplus) == surplus
    assert result.rights_looked_at == surplus, "what nothing was to be given on is not looked at"


@pytest.mark.parametrize("signed", [True, False])
def test_what_cannot_be_given_is_signed_for_or_missing(ground: Ground, signed: bool) -> None:
    """It was in a list that nothing read, and the move was sound."""
    people = [{"user": {"email": f"{who}@old.example"}} for who in "ab"]
    rights: tuple[dict[str, Any], ...] = (
        {"grantedToIdentitiesV2": people[:1], "link": {"scope": "users", "type": "blocksDownload"}},
        {"grantedToIdentitiesV2": people[1:], "link": {"scope": "users", "type": "createOnly"}},
        {"grantedToV2": people[1], "roles": ["sp.approve"]},
    )  # fmt: skip
    ground.lines = [_line("x", b"x", permissions=rights), _line("Old", permissions=PEOPLE)]
    ground.there("x", b"x")
    ground.row("x")
    ground.there("Old")
    ground.row("Old", "there")
    users = {f"{who}@old.example": f"{who}@new.example" for who in "ab"}
    leave_out = ["narrower-rights", *(("right-not-givable", "folder-was-there") if signed else ())]
    result = ground.run(_signing(users=users, leave_out=leave_out))
    found = result.rights_left if signed else result.rights_missing
    assert len(found) == 4
    assert sorted({one.path for one in found}) == ["Old", "x"]
    assert len(result.rights_left) + len(result.rights_missing) == 4
    assert result.sound == signed


def test_a_link_that_names_nobody_is_said_in_one_line(ground: Ground) -> None:
    link = {"link": {"scope": "users", "type": "view"}, "grantedToIdentitiesV2": [], "id": "1"}
    ground.lines = [_line("x", b"x", permissions=(link,))]
    ground.there("x", b"x", shared={"scope": "users"})
    ground.row("x")
    ground.more = [("GET", "items/t:x/permissions", {"value": [link]})]
    result = ground.run(_signing())
    (line,) = result.lines
    assert line.notes == (
        "At the source it has a link that names nobody, and so gives nobody anything.",
    )
    assert result.sound


def _given(kind: str, key: str, role: str, **more: Any) -> dict[str, Any]:
    return {"id": key, "grantedToV2": {kind: {"email": key}}, "roles": [role], **more}


_BOUND = {"link": {"scope": "users", "type": "view", "preventsDownload": True}}


@pytest.mark.parametrize(
    ("place", "own", "why"),
    [
        ([_given("group", "g@x", "write")], _given("group", "g@x", "write"), ""),
        ([_given("user", "u@x", "write")], _given("user", "u@x", "read"), ""),
        ([_given("user", "u@x", "read")], _given("user", "u@x", "write"), "Nobody signed for it."),
        ([], _given("group", "g@x", "read"), "Nobody signed for it."),
        (
            [_given("user", "u@x", "read", expirationDateTime=ENDS)],
            _given("user", "u@x", "read"), "Nobody signed for it.",
        ),
        (
            [_given("user", "u@x", "read", **_BOUND)],
            _given("user", "u@x", "read"), "Nobody signed for it.",
        ),
        # another link of that kind is for whoever got its address
        (
            [{"id": "1", "roles": ["read"], "link": {"scope": "anonymous", "type": "view"}}],
            {"id": "2", "roles": ["read"], "link": {"scope": "anonymous", "type": "view"}},
            "Nobody signed for it.",
        ),
        (refusal(403, "accessDenied"), _given("group", "g@x", "read"), "could not be seen"),
    ],
    ids=["group", "person", "more", "another", "for longer", "freer", "link", "not seen"],
)  # fmt: skip
def test_whoever_has_rights_in_the_place_keeps_them_on_an_item(
    ground: Ground, place: Any, own: dict[str, Any], why: str
) -> None:
    """A group and a person as well as the site's groups: an item that is shared keeps them all."""
    ground.lines = [_line("x", b"x")]
    ground.there("x", b"x", shared={"scope": "users"})
    ground.row("x")
    ground.more = [
        ("GET", "items/root/permissions", {"value": place} if isinstance(place, list) else place),
        ("GET", "items/t:x/permissions", {"value": [own]}),
    ]
    result = ground.run()
    assert result.sound == (not why)
    assert all(why in one.why for one in result.rights_surplus)


def test_without_signed_rights_none_is_expected(ground: Ground) -> None:
    ground.lines = [_line("x", b"x", permissions=PEOPLE)]
    ground.there("x", b"x")
    result = ground.run(_signing(permissions=False))
    assert (result.rights_looked_at, result.sound) == (0, True)


@pytest.mark.parametrize("bound", [("d", ""), ("another", "Here")], ids=["folder", "drive"])
def test_a_state_of_another_target_is_refused(ground: Ground, bound: tuple[str, str]) -> None:
    ground.lines = [_line("x", b"x")]
    ground.there("x", b"x", ground.there("Here"))
    ground.bound = bound
    with pytest.raises(EvidenceError, match="state-of-another-import"):
        ground.run(folder="Here")
    assert ground.told == []


def test_a_manifest_that_was_altered_is_refused(ground: Ground) -> None:
    ground.lines = [_line("x", b"x")]
    write = ground.folder / "manifest.gz"

    async def whole() -> None:
        async with connected(ground.folder) as (_, graph):
            with ImportState(ground.folder / "import.sqlite") as state:
                await reconcile(
                    graph, write, ground.folder / "export", Target("d"), PLAIN, state,
                    ground.scratch, workers=8,
                )  # fmt: skip

    with pytest.raises(EvidenceError, match="tenant-manifest-unreadable"):
        asyncio.run(whole())


def test_what_was_looked_at_before_a_kill_is_not_downloaded_again(ground: Ground) -> None:
    ground.lines = [_line("x", b"x"), _line("y", b"y")]
    ground.there("x", b"x")
    ground.there("y", b"y")

    class KilledError(BaseException):
        """Nothing on the way may catch it; a KeyboardInterrupt would leave a task behind."""

    def stop(_: Progress) -> None:
        raise KilledError

    ground.tell = stop
    with pytest.raises(KilledError):
        ground.run(workers=1)
    ground.tell = ground.told.append
    result = ground.run(workers=1)
    assert (result.reused, result.sound) == (1, True)
    assert ground.stage is not None
    assert len(ground.stage.requests("GET", "/c/t:x")) == 0
    assert len(ground.stage.requests("GET", "/c/t:y")) == 1
    again = ground.run(workers=1)
    assert again.reused == 0
    assert len(ground.stage.requests("GET", "/c/t:x")) == 1


def _contents(ground: Ground, *names: str) -> None:
    """Files that are as they should be, in one folder; the folder tells where each one is."""
    ground.lines.append(_line("d"))
    folder = ground.there("d")
    for name in names:
        ground.lines.append(_line(f"d/{name}", name.encode()))
        ground.there(name, name.encode(), folder)
    ground.links[folder] = [f"t:{name}" for name in names]


def test_one_listing_tells_where_the_contents_of_a_folder_are(ground: Ground) -> None:
    """Each file asked for by itself would be a request more."""
    _contents(ground, "x", "y", "z")
    ground.links["t:d"].insert(1, "t:a stranger")
    assert ground.run().sound
    assert ground.asked("items/t:d/children") == 1
    assert [ground.asked(f"items/t:{name}/content") for name in "xyz"] == [0, 0, 0]


def test_what_a_listing_does_not_tell_is_asked_for_by_itself(ground: Ground) -> None:
    _contents(ground, "x", "y", "z")
    ground.links["t:d"].remove("t:y")
    assert ground.run().sound
    assert [ground.asked(f"items/t:{name}/content") for name in "xyz"] == [0, 1, 0]


def test_a_folder_that_cannot_be_listed_is_compared_all_the_same(ground: Ground) -> None:
    _contents(ground, "x", "y", "z")
    del ground.links["t:d"]
    ground.more = [("GET", "items/t:d/children", refusal(403, "accessDenied"))]
    assert ground.run().sound
    assert [ground.asked(f"items/t:{name}/content") for name in "xyz"] == [1, 1, 1]


def _among_many(ground: Ground) -> None:
    for number in range(58):
        ground.there(f"other {number}", parent="t:d")


def _in_place_of_one(ground: Ground) -> None:
    """A folder stands where a file belongs, and a file where a folder does."""
    ground.items[-1] = {"id": "t:z", "name": "z", "parentReference": {"id": "t:d"}, "folder": {}}
    ground.lines.append(_line("d/w"))
    ground.there("w", b"w", "t:d")


def _with_folders(ground: Ground) -> None:
    del ground.items[-1]
    for name in ("e", "f", "g"):
        ground.lines.append(_line(f"d/{name}"))
        ground.there(name, parent="t:d")


def _in_folders_that_the_manifest_does_not_list(ground: Ground) -> None:
    del ground.items[-1]
    for name in ("e", "f", "g"):
        ground.lines.append(_line(f"d/{name}/in", b"in"))
        ground.there("in", b"in", ground.there(name, parent="t:d"), id=f"t:in {name}")
        ground.contents[f"t:in {name}"] = b"in"


@pytest.mark.parametrize(
    ("change", "more"),
    [
        pytest.param(_among_many, {}, id="few-among-many-are-wanted"),
        pytest.param(_in_place_of_one, {}, id="something-else-is-no-file-to-compare"),
        pytest.param(_with_folders, {}, id="folders-have-no-content"),
        pytest.param(_in_folders_that_the_manifest_does_not_list, {}, id="not-even-unlisted-ones"),
        pytest.param(
            lambda _: None, {"trust": "the service's hash"}, id="their-hash-stands-for-them"
        ),
    ],
)
def test_a_folder_is_not_listed_for_less_than_it_saves(
    ground: Ground, change: Callable[[Ground], None], more: dict[str, Any]
) -> None:
    _contents(ground, "x", "y", "z")
    change(ground)
    result = ground.run(**more)
    assert ground.asked("items/t:d/children") == 0
    by = "the service's hash" if more else "every byte"
    lines = {line.path: line for line in result.lines}
    assert [_short(lines[f"d/{name}"])[3:] for name in "xy"] == [("equal", by)] * 2


def test_a_folder_is_not_listed_for_what_was_looked_at_before_a_kill(ground: Ground) -> None:
    _contents(ground, "x", "y", "z", "zz")

    def stop(done: Progress) -> None:
        if done.files == 2:
            raise InterruptedError

    ground.tell = stop
    with pytest.raises(InterruptedError):
        ground.run(workers=1)
    ground.tell = None
    result = ground.run(workers=1)
    assert (result.reused, result.sound) == (2, True)
    assert ground.asked("items/t:d/children") == 0
