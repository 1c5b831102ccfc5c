"""A service that delivers wrong bytes with a straight face, pass after pass (M1, M2)."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from sluis.graph.connect import Graph
from sluis.graph.quickxor import QuickXor
from sluis.tenant import earlier_bytes, fetch
from sluis.tenant.earlier_bytes import NEWER, clear_newer
from sluis.tenant.fetch import fetch_files
from sluis.tenant.file_forms import form_of
from sluis.tenant.listed_items import apply_page
from sluis.tenant.manifest_lines import manifest_lines
from sluis.tenant.reading_back import look_again, read_back
from sluis.tenant.source import Source
from sluis.tenant.state import DriveState
from sluis.tenant.stored_names import ExportFolder
from sluis.tenant.tenant_manifest import ManifestLine
from support.graph_stage import Stage, connected, refusal
from support.office_files import packed, word

SOURCE = Source("sharepoint", "d1", "Team / Documents", site_id="s1", drive_id="d1")
ROOT = {"id": "root", "name": "root", "root": {}, "folder": {"childCount": 1}}
DATA = b"what the file holds\n" * 400
PAGE = b"<!doctype html><title>Service unavailable</title>" + b"<p>try again</p>" * 9
GOOD = ("equal", "rewritten by the service", "stale metadata")


def listed(name: str, data: bytes = DATA, version: int = 1, **more: Any) -> dict[str, Any]:
    """An item as the service lists it, whatever it delivers."""
    return {
        "id": "a", "name": name, "size": len(data), "eTag": f'"{{A}},{version}"',
        "parentReference": {"id": "root"},
        "lastModifiedDateTime": f"2026-01-0{version}T00:00:00Z",
        "file": {"hashes": {"quickXorHash": QuickXor(data).base64()}},
        **more,
    }  # fmt: skip


class Service:
    """One file over several passes; ``says`` is the item, ``gives`` the bytes of it."""

    def __init__(self, folder: Path, stage: Stage, graph: Graph) -> None:
        self.place, self.stage, self.graph = folder / "export", stage, graph
        self.number = 0

    def plays(self, says: dict[str, Any], *gives: Any) -> None:
        item = "/v1.0/drives/d1/items/a"
        self.stage.on("GET", item, says)
        link = {"Location": f"{self.stage.content}/bytes/a?tempauth=x"}
        self.stage.on("GET", f"{item}/content", (302, None, link))
        answers = [one if isinstance(one, tuple) else (200, one) for one in gives]
        self.stage.on("GET", "/bytes/a", *answers)
        self.says = says

    def downloads(self) -> int:
        return len(self.stage.requests("GET", "/bytes/a"))

    @contextmanager
    def opened(self) -> Iterator[tuple[ExportFolder, DriveState]]:
        with (
            ExportFolder(self.place) as root,
            DriveState(self.place / "s.sqlite", "d1") as state,
        ):
            yield root, state

    async def one_pass(
        self, says: dict[str, Any], *gives: Any, first: dict[str, Any] | None = None
    ) -> ManifestLine:
        """A pass as ``export_drive`` makes one; its only line.

        ``first`` is what the listing says, where the item says something else by then.
        """
        self.plays(says, *gives)
        with self.opened() as (root, state):
            self.number = state.begin_pass("2026-01-01T00:00:00Z").number
            apply_page(state, self.number, [ROOT, first or says], "end", complete=True)
            state.give_places()
            look_again(state, root)
            for _ in range(3):
                done = await fetch_files(self.graph, SOURCE, state, root, workers=2)
                if not read_back(state, root, begun=done.begun):
                    break
            clear_newer(root)
            (line,) = manifest_lines(state)
            state.finish_pass("2026-01-02T00:00:00Z")
        assert not list((self.place / NEWER).glob("*"))
        if line.stored is not None:
            data = (self.place / line.stored).read_bytes()
            assert hashlib.sha256(data).hexdigest() == line.sha256
            assert len(data) == line.size
        return line


def story(folder: Path, tell: Callable[[Service], Any]) -> None:
    async def whole() -> None:
        async with connected(folder) as (stage, graph):
            await tell(Service(folder, stage, graph))

    asyncio.run(whole())


def paper(words: bytes) -> bytes:
    """A whole PDF."""
    begin = b"%%PDF-1.7\n1 0 obj\n<</A (%s)>>\nendobj\n" % words
    return begin + b"xref\n0 1\ntrailer\n<<>>\nstartxref\n%d\n%%%%EOF\n" % len(begin)


WRONG: list[tuple[str, bytes, bytes, str]] = [
    ("photo.jpg", DATA, b"", "corrupt"),
    ("mail.msg", DATA, DATA[:1_234], "not verified"),
    ("paper.pdf", b"%PDF-1.7\n" + DATA + b"%%EOF", PAGE, "corrupt"),
    ("paper.pdf", b"%PDF-1.7\n" + DATA + b"%%EOF", b"%PDF-1.7\n" + DATA[:999], "not verified"),
    ("letter.docx", packed(word()) + b"\0" * 9_000, packed({"a": b"1"}), "not verified"),
    ("letter.docx", packed(word()), packed(word())[:700], "corrupt"),
    ("page.html", DATA, PAGE, "not verified"),
    ("page.aspx", DATA, DATA + b"more", "not verified"),
    ("plain", DATA, DATA + b"more", "not verified"),
    ("live.heic", DATA, DATA[:-5], "not verified"),
    # somebody else's document, whole and about as long
    ("letter.docx", packed(word("ours")), packed(word("theirs")), "not verified"),
    ("paper.pdf", paper(b"ours"), paper(b"theirs, and longer"), "not verified"),
]


@pytest.mark.parametrize(("name", "right", "wrong", "check"), WRONG)
def test_M1_wrong_bytes_delivered_twice_are_never_good(
    tmp_path: Path, name: str, right: bytes, wrong: bytes, check: str
) -> None:
    async def tell(service: Service) -> None:
        line = await service.one_pass(listed(name, right), wrong)
        assert (line.state, line.check) == ("had", check)
        assert line.check_note
        asked = service.downloads()
        assert asked >= 2
        # every later pass asks again, and takes what is right then
        again = await service.one_pass(listed(name, right), wrong)
        assert (again.check, again.sha256) == (check, line.sha256)
        assert service.downloads() == 2 * asked
        mended = await service.one_pass(listed(name, right), right)
        assert (mended.check, mended.size) == ("equal", len(right))
        await service.one_pass(listed(name, right), wrong)
        assert service.downloads() == 2 * asked + 1  # it is right and unchanged: nobody asks

    story(tmp_path, tell)


@pytest.mark.parametrize(("name", "right", "wrong", "check"), WRONG)
def test_M1_good_bytes_are_never_replaced_by_worse(
    tmp_path: Path, name: str, right: bytes, wrong: bytes, check: str
) -> None:
    async def tell(service: Service) -> None:
        first = await service.one_pass(listed(name, right), right)
        assert first.check == "equal"
        newer = right + b"\n%one line more"
        for version in (2, 2, 3):
            line = await service.one_pass(listed(name, newer, version), wrong)
            assert (line.state, line.check, line.sha256) == ("had", "not verified", first.sha256)
            assert "newest version could not be had right" in (line.check_note or "")
            assert line.doubt == "older"
            assert line.listed_size == len(newer)
        refused = await service.one_pass(listed(name, newer, 4), refusal(403, "malwareDetected"))
        assert (refused.check, refused.sha256) == ("not verified", first.sha256)
        line = await service.one_pass(listed(name, newer, 4), newer)
        assert (line.check, line.size) == ("equal", len(newer))

    story(tmp_path, tell)


def test_M1_a_doubtful_copy_is_not_replaced_by_a_more_doubtful_one(tmp_path: Path) -> None:
    bare = listed("a.bin")
    del bare["file"]["hashes"]

    async def tell(service: Service) -> None:
        likely = await service.one_pass(bare, DATA)
        assert likely.check == "not verified"
        for wrong in (DATA[:1_234], b"", PAGE):
            line = await service.one_pass({**bare, "eTag": f"e{len(wrong)}"}, wrong)
            assert (line.check, line.sha256) == ("not verified", likely.sha256)
        # another version of the listed size is an edit, and hashes can come late
        newer = DATA[::-1]
        line = await service.one_pass({**bare, "eTag": "e"}, newer)
        assert line.sha256 == hashlib.sha256(newer).hexdigest()

    story(tmp_path, tell)


def test_M1_what_the_client_signed_for_stays_while_nothing_better_comes(tmp_path: Path) -> None:
    async def tell(service: Service) -> None:
        first = await service.one_pass(listed("a.bin"), DATA[:100])
        second = await service.one_pass(listed("a.bin"), DATA[:90])
        assert (second.check, second.sha256) == ("not verified", first.sha256)
        # both are of the one version that is listed, so neither is called an older one
        assert (first.doubt, second.doubt) == ("differs", "differs")
        third = await service.one_pass(listed("a.bin"), DATA[:100])
        assert (third.doubt, third.sha256) == ("differs", first.sha256)
        assert "earlier version" not in (third.check_note or "")

    story(tmp_path, tell)


def test_M1_of_what_lists_no_hash_or_no_size_nobody_says_that_it_differs(tmp_path: Path) -> None:
    bare = listed("a.bin")
    del bare["file"]["hashes"]

    async def tell(service: Service) -> None:
        line = await service.one_pass(bare, DATA)
        assert (line.check, line.doubt, line.listed_size) == ("not verified", "no hash", len(DATA))
        del bare["size"]
        line = await service.one_pass({**bare, "eTag": "e"}, DATA)
        assert (line.check, line.doubt, line.listed_size) == ("not verified", "no hash", None)

    story(tmp_path, tell)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("when", ["before the move", "after the move"])
def test_M1_a_kill_between_loses_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    move = ExportFolder.move
    newer = DATA + b"more"

    def kill(self: ExportFolder, stored: str, to: str) -> bool:
        if when == "after the move":
            move(self, stored, to)
        raise Killed("Killed")

    async def tell(service: Service) -> None:
        await service.one_pass(listed("a.bin"), DATA)
        monkeypatch.setattr(ExportFolder, "move", kill)
        with pytest.raises(BaseException, match="Killed") as error:
            await service.one_pass(listed("a.bin", newer, 2), newer)
        assert "Killed" in repr(error.value)
        monkeypatch.setattr(ExportFolder, "move", move)
        # the service has nothing but bad bytes from now on
        line = await service.one_pass(listed("a.bin", newer, 2), b"")
        assert (line.check, line.size) == ("equal", len(newer))
        with service.opened() as (_, state):
            assert not state.db.execute("SELECT * FROM arriving").fetchall()

    story(tmp_path, tell)


def test_M1_a_kill_before_newer_bytes_are_judged_leaves_the_earlier_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = DATA + b"more"

    def kill(*_: Any, **__: Any) -> Any:
        raise Killed("Killed")

    async def tell(service: Service) -> None:
        first = await service.one_pass(listed("a.bin"), DATA)
        monkeypatch.setattr(fetch, "classify", kill)
        with pytest.raises(BaseException, match="Killed"):
            await service.one_pass(listed("a.bin", newer, 2), DATA[:7])
        monkeypatch.undo()
        assert first.stored is not None
        assert (service.place / first.stored).read_bytes() == DATA
        line = await service.one_pass(listed("a.bin", newer, 2), b"")
        assert (line.check, line.sha256) == ("not verified", first.sha256)

    story(tmp_path, tell)


def test_M1_a_service_that_is_away_leaves_what_was_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_MOST_IN_A_ROW", 1)

    async def tell(service: Service) -> None:
        first = await service.one_pass(listed("a.bin"), DATA)
        with pytest.raises(Exception, match="503"):
            await service.one_pass(listed("a.bin", DATA, 2), refusal(503, "serviceNotAvailable"))
        line = await service.one_pass(listed("a.bin", DATA, 2), DATA)
        assert (line.check, line.sha256, line.etag) == ("equal", first.sha256, '"{A},2"')

    story(tmp_path, tell)


@pytest.mark.parametrize(
    "changed",
    [
        {"eTag": '"{A},2"'},
        {"lastModifiedDateTime": "2026-02-01T00:00:00Z"},
        {"fileSystemInfo": {"lastModifiedDateTime": "2026-02-01T00:00:00Z"}},
        {"eTag": '"{A},2"', "lastModifiedDateTime": "2026-02-01T00:00:00Z"},
        {"size": len(DATA) + 1},
        {"file": {"hashes": {"quickXorHash": QuickXor(b"other").base64()}}},
        {"file": {}},
    ],
)
def test_M2_any_sign_of_a_change_has_it_fetched_again(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    async def tell(service: Service) -> None:
        await service.one_pass(listed("a.bin"), DATA)
        await service.one_pass(listed("a.bin"), DATA)
        assert service.downloads() == 1  # nothing changed
        newer = bytes(reversed(DATA))
        await service.one_pass({**listed("a.bin"), **changed}, newer)
        assert service.downloads() > 1

    story(tmp_path, tell)


def test_M2_an_edit_that_keeps_size_and_hash_is_had(tmp_path: Path) -> None:
    """quickXorHash cannot see two blocks of 320 KiB change places."""
    block = 320 << 10
    one, two = bytes(block), hashlib.shake_256(b"x").digest(block)
    before, after = one + two, two + one
    assert QuickXor(before).base64() == QuickXor(after).base64()

    async def tell(service: Service) -> None:
        await service.one_pass(listed("a.bin", before), before)
        line = await service.one_pass(listed("a.bin", after, 2), after)
        assert (line.check, line.sha256) == ("equal", hashlib.sha256(after).hexdigest())

    story(tmp_path, tell)


def test_M2_a_state_of_an_earlier_version_goes_on(tmp_path: Path) -> None:
    async def tell(service: Service) -> None:
        await service.one_pass(listed("a.bin"), DATA)
        with service.opened() as (_, state):
            for table, column in (("items", "times"), ("contents", "listed_times"),
                                  ("contents", "worth")):  # fmt: skip
                state.db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
            state.db.execute("DROP TABLE arriving")
        # what it knows of the file is enough while nothing changes
        await service.one_pass(listed("a.bin"), b"")
        assert service.downloads() == 1
        line = await service.one_pass(listed("a.bin", DATA + b"x", 2), b"")
        assert (line.check, line.size) == ("not verified", len(DATA))

    story(tmp_path, tell)


def promoted(words: str) -> bytes:
    """A document as the service writes it anew: the same words, and properties of its own."""
    return packed({**word(words), "docProps/app.xml": b"<Properties><Pages>3</Pages></Properties>"})


OLD_DOCX, NEW_DOCX = packed(word("Dose: 10 mg")), packed(word("Dose: 1 mg. Stop at once."))
OLD_TXT, NEW_TXT = b"old words\n" * 100, b"newer words\n" * 300
PENDING = {"pendingOperations": {"pendingContentUpdate": {"queuedDateTime": "x"}}}


@pytest.mark.parametrize(
    ("name", "old", "new", "says", "gives"),
    [
        ("a.txt", OLD_TXT, NEW_TXT, PENDING, (OLD_TXT,)),
        ("a.txt", OLD_TXT, NEW_TXT, {}, (OLD_TXT[::-1], OLD_TXT)),
        ("a.docx", OLD_DOCX, NEW_DOCX, PENDING, (OLD_DOCX,)),
        ("a.docx", OLD_DOCX, NEW_DOCX, {}, (OLD_DOCX[::-1], OLD_DOCX)),
    ],
    ids=["text-in-writing", "text-damaged", "document-in-writing", "document-damaged"],
)
def test_M3_what_the_service_said_before_is_not_what_it_says_now(
    tmp_path: Path, name: str, old: bytes, new: bytes, says: dict[str, Any], gives: tuple[bytes]
) -> None:
    async def tell(service: Service) -> None:
        now = listed(name, new, 2)
        line = await service.one_pass(now, *gives, first=listed(name, old, **says))
        for _ in range(3):
            assert (line.check, line.size, line.listed_size) == ("not verified", len(old), len(new))
            assert "earlier version" in (line.check_note or "")
            line = await service.one_pass(now, old)
        line = await service.one_pass(now, new)
        assert (line.check, line.size) == ("equal", len(new))

    story(tmp_path, tell)


@pytest.mark.parametrize("changed", [{}, {"file": {"hashes": {}}}], ids=["a-hash", "no-hash"])
@pytest.mark.parametrize("first", [OLD_DOCX, OLD_DOCX[:-1] + b"\1"], ids=["equal", "rewritten"])
def test_M3_the_earlier_version_of_a_document_is_not_what_the_service_made_of_the_new_one(
    tmp_path: Path, first: bytes, changed: dict[str, Any]
) -> None:
    async def tell(service: Service) -> None:
        await service.one_pass({**listed("letter.docx", first), **changed}, OLD_DOCX)
        for version in (2, 2, 3):
            line = await service.one_pass(listed("letter.docx", NEW_DOCX, version), OLD_DOCX)
            assert (line.check, line.size) == ("not verified", len(OLD_DOCX))
            assert "earlier version" in (line.check_note or "")
        line = await service.one_pass(listed("letter.docx", NEW_DOCX, 3), NEW_DOCX)
        assert (line.check, line.size) == ("equal", len(NEW_DOCX))

    story(tmp_path, tell)


MOVED = [{"eTag": "renamed"}, {"file": {"hashes": {"quickXorHash": "="}}}, {"size": 2_000}]


@pytest.mark.parametrize("moved", MOVED, ids=["etag", "hash", "size"])
def test_M1_what_the_service_wrote_into_is_known_by_what_was_had_of_it(
    tmp_path: Path, moved: dict[str, Any]
) -> None:
    """Only beside a copy that was right can be told whose document came."""

    async def tell(service: Service) -> None:
        says, rewritten = listed("letter.docx", OLD_DOCX), promoted("Dose: 10 mg")
        assert (await service.one_pass(says, OLD_DOCX)).check == "equal"
        for _ in range(2):
            line = await service.one_pass({**says, "size": 1_999, **moved}, rewritten)
            assert (line.check, line.size) == ("rewritten by the service", len(rewritten))

    story(tmp_path, tell)


@pytest.mark.parametrize("moved", MOVED, ids=["etag", "hash", "size"])
def test_M1_another_whole_document_is_not_what_the_service_made_of_it(
    tmp_path: Path, moved: dict[str, Any]
) -> None:
    async def tell(service: Service) -> None:
        says = listed("letter.docx", OLD_DOCX)
        first = await service.one_pass(says, OLD_DOCX)
        for _ in range(2):
            line = await service.one_pass({**says, "size": 1_999, **moved}, NEW_DOCX)
            assert (line.check, line.sha256) == ("not verified", first.sha256)
            assert "could not be had right" in (line.check_note or "")

    story(tmp_path, tell)


def test_M1_a_newer_date_says_that_the_words_are_newer_too(tmp_path: Path) -> None:
    """Words that were had before are no newer version of it, however they are packed."""

    async def tell(service: Service) -> None:
        await service.one_pass(listed("letter.docx", OLD_DOCX), OLD_DOCX)
        line = await service.one_pass(listed("letter.docx", NEW_DOCX, 2), promoted("Dose: 10 mg"))
        assert line.check == "not verified"

    story(tmp_path, tell)


def test_M3_a_pdf_without_its_last_revision_is_not_what_the_service_made_of_it(
    tmp_path: Path,
) -> None:
    before = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n" + b"%x\n" * 900
    table = len(before)
    before += b"xref\n0 1\ntrailer\n<<>>\nstartxref\n%d\n%%%%EOF\n" % table
    signed = before + b"2 0 obj\n<</Signature (a)>>\nendobj\n" + b"%y\n" * 90
    signed += b"xref\n0 1\ntrailer\n<</Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (table, len(signed))
    assert [form_of(io.BytesIO(one), "a.pdf").kind for one in (before, signed)] == ["whole"] * 2

    async def tell(service: Service) -> None:
        line = await service.one_pass(listed("a.pdf", signed), before)
        assert (line.check, line.size) == ("not verified", len(before))
        assert "may be missing" in (line.check_note or "")
        line = await service.one_pass(listed("a.pdf", signed), signed)
        assert line.check == "equal"

    story(tmp_path, tell)


def test_the_bytes_of_these_tests_are_what_they_say() -> None:
    assert form_of(io.BytesIO(packed(word())), "a.docx").kind == "whole"
    assert earlier_bytes.NEWER == "newer"
