"""What an engineer met in a move that was wrong or unfriendly, on the way out (move.md)."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import pytest
from aiohttp import web

from sluis.graph.errors import GraphError, ThrottledError
from sluis.tenant.discover import discover
from sluis.tenant.forecast import Policy
from sluis.tenant.import_policy import LEAVE_OUT
from sluis.tenant.tenant_manifest import COULD_NOT, ManifestLine, read_manifest
from support.graph_stage import refusal
from support.small_drive import SmallDrive, Work, play

PUT_OFF = refusal(429, "tooManyRequests", headers={"Retry-After": "1"})
WITH_RIGHTS = Policy("none", permissions=True, fields=False)


def _files(drive: SmallDrive, count: int, **says: Any) -> list[str]:
    return [drive.add(f"Plan/{number}.txt", b"x" * 900, **says).id for number in range(count)]


def _lines(work: Work) -> dict[str, ManifestLine]:
    return {line.path: line for line in read_manifest(work.manifest)}


def _bent(drive: SmallDrive, answer: Any, *ends: str) -> None:
    """Calls whose path ends so are answered so."""

    def bend(request: web.Request, _body: bytes) -> Any:
        return answer if request.path.endswith(ends) else None

    drive.bend = bend


def test_unfriendly_02_one_file_that_is_put_off_for_ever_is_a_line(tmp_path):
    async def story(work: Work) -> None:
        ids = _files(work.drive, 5)
        _bent(work.drive, PUT_OFF, f"{ids[2]}/content", f"/bytes/{ids[2]}")
        await work.export()
        lines = _lines(work)
        states = [lines[f"Plan/{number}.txt"].state for number in range(5)]
        assert states == ["had", "had", COULD_NOT, "had", "had"]
        assert "429" in (lines["Plan/2.txt"].why or "")
        # the next pass asks again
        work.drive.bend = lambda _request, _body: None
        await work.export()
        assert _lines(work)["Plan/2.txt"].state == "had"

    play(tmp_path, story)


def test_unfriendly_02_a_service_that_puts_everything_off_ends_it(tmp_path):
    async def story(work: Work) -> None:
        _files(work.drive, 5)
        listed = work.drive.bend

        def bend(request: web.Request, _body: bytes) -> Any:
            away = any(one.startswith("GET /bytes/") for one in work.drive.asked[:-1])
            return PUT_OFF if away or "/bytes/" in request.path else listed(request, _body)

        work.drive.bend = bend
        with pytest.raises(ThrottledError):
            await work.export()
        work.drive.bend = listed
        await work.export()
        assert {line.state for line in _lines(work).values()} == {"had"}

    play(tmp_path, story)


def test_unfriendly_02_rights_that_are_put_off_for_ever_are_lines(tmp_path):
    async def story(work: Work) -> None:
        ids = _files(work.drive, 30, shared={})
        _bent(work.drive, PUT_OFF, "/permissions")
        await work.export(WITH_RIGHTS)
        lines = _lines(work)
        assert all(lines[f"Plan/{number}.txt"].rights_why for number in range(30))
        assert all(lines[f"Plan/{number}.txt"].state == "had" for number in range(30))
        named = {gap.subject for gap in work.report.gaps if gap.what == "permissions of an item"}
        assert len(named) == len(ids)
        # after three in a row none is asked for any more; some were on their way
        asked = {one for one in work.drive.asked if one.endswith("/permissions")}
        assert len(asked) <= 3 + 4
        # one that is put off does not keep the others from being had
        _bent(work.drive, PUT_OFF, f"{ids[7]}/permissions")
        await work.export(WITH_RIGHTS)
        lines = _lines(work)
        whys = [number for number in range(30) if lines[f"Plan/{number}.txt"].rights_why]
        assert whys == [7]

    play(tmp_path, story)


SEALED = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 40 + b"EncryptedPackage" * 40


@pytest.mark.parametrize("size", [len(SEALED), 20_000])
def test_unfriendly_04_a_file_that_a_label_encrypted_is_not_called_corrupt(tmp_path, size):
    """Its listing is of what is inside; what comes is sealed, and comes the same each time."""

    async def story(work: Work) -> None:
        stale = {"hashes": {"quickXorHash": "AAAAAAAAAAAAAAAAAAAAAAAAAAA="}}
        work.drive.add("letter.docx", SEALED, size=size, file=stale)
        work.drive.add("right.docx", SEALED)
        await work.export()
        letter, right = (_lines(work)[name] for name in ("letter.docx", "right.docx"))
        assert right.check == "equal"
        assert letter.check == "not verified"
        assert "sealed" in (letter.check_note or "")
        assert "different bytes" not in (letter.check_note or "")
        assert "different bytes" not in LEAVE_OUT["corrupt"]

    play(tmp_path, story)


def test_unfriendly_09_who_is_let_in_no_more_stops_and_calls_no_file_refused(tmp_path):
    """A claims challenge, or a consent that was withdrawn while the files came."""

    async def story(work: Work) -> None:
        _files(work.drive, 40)
        for status in (401, 403):
            work.drive.asked.clear()
            work.drive.bend = _shut_after(work.drive, 5, status)
            with pytest.raises(GraphError) as told:
                await work.export()
            assert told.value.status == status
        work.drive.bend = lambda _request, _body: None
        await work.export()
        lines = _lines(work)
        assert {line.state for line in lines.values()} == {"had"}
        assert work.report.seen_in_pass == 1

    play(tmp_path, story)


def _shut_after(drive: SmallDrive, contents: int, status: int) -> Any:
    def bend(_request: web.Request, _body: bytes) -> Any:
        had = sum(one.startswith("GET /bytes/") for one in drive.asked)
        return refusal(status, "x") if had > contents else None

    return bend


@pytest.mark.parametrize("status", [401, 403])
def test_unfriendly_09_one_file_that_is_not_for_us_is_a_line(tmp_path, status):
    async def story(work: Work) -> None:
        ids = _files(work.drive, 8)
        _bent(work.drive, refusal(status, "x"), f"{ids[2]}/content", f"/bytes/{ids[2]}")
        await work.export()
        states = [_lines(work)[f"Plan/{number}.txt"].state for number in range(8)]
        assert states == ["had", "had", COULD_NOT, *["had"] * 5]

    play(tmp_path, story)


def _hashes(data: bytes) -> dict[str, dict[str, str]]:
    crc = zlib.crc32(data).to_bytes(4, "little").hex()
    return {
        "sha256": {"sha256Hash": hashlib.sha256(data).hexdigest().upper()},
        "sha1": {"sha1Hash": hashlib.sha1(data).hexdigest().upper()},
        "crc32": {"crc32Hash": crc.upper()},
    }


@pytest.mark.parametrize("kind", ["sha256", "sha1", "crc32"])
def test_unfriendly_11_another_kind_of_hash_counts_too(tmp_path, kind):
    right, wrong = b"right" * 99, b"wrong" * 99

    async def story(work: Work) -> None:
        drive = work.drive
        drive.add("right.bin", right, file={"hashes": _hashes(right)[kind]})
        drive.add("wrong.bin", wrong, file={"hashes": _hashes(right)[kind]})
        drive.add("stale.bin", right, size=7, file={"hashes": _hashes(right)[kind]})
        drive.add("none.bin", right, file={"hashes": {kind + "Hash": "no digits"}})
        await work.export()
        checks = {path: line.check for path, line in _lines(work).items()}
        assert checks == {
            "right.bin": "equal",
            "wrong.bin": "corrupt",
            "stale.bin": "not verified" if kind == "crc32" else "stale metadata",
            "none.bin": "not verified",
        }
        # what was equal is not fetched again
        drive.asked.clear()
        await work.export()
        assert f"GET /bytes/{drive.at('right.bin').id}" not in drive.asked

    play(tmp_path, story)


def test_unfriendly_12_one_foreign_link_does_not_end_a_discovery(tmp_path):
    async def story(work: Work) -> None:
        stage, away = work.drive.stage, "https://elsewhere.example/v1.0/sites/s1/drives?page=2"
        stage.on("GET", "/v1.0/sites/getAllSites", {
            "value": [{"id": "s1", "displayName": "One"}, {"id": "s2", "displayName": "Two"}],
        })  # fmt: skip
        stage.on("GET", "/v1.0/sites/s1/drives", {
            "value": [{"id": "d1", "name": "A"}], "@odata.nextLink": away,
        })  # fmt: skip
        stage.on("GET", "/v1.0/sites/s2/drives", {"value": [{"id": "d2", "name": "B"}]})
        stage.on("GET", "/v1.0/users", {"value": []})
        found = await discover(work.graph)
        assert [source.id for source in found.sources] == ["d1", "d2"]
        gaps = {(gap.what, gap.subject): gap.why for gap in found.could_not}
        assert "leads away from Graph" in gaps["drives of a site", "One"]

    play(tmp_path, story)


def test_unfriendly_13_an_item_without_a_place_is_named(tmp_path):
    async def story(work: Work) -> None:
        lost = work.drive.add("minutes.docx", b"x" * 99)
        lost.parent = "nobody knows"
        await work.export()
        (gap,) = [gap for gap in work.report.gaps if gap.what == "place of an item"]
        assert "minutes.docx" in gap.subject
        assert lost.id in gap.subject

    play(tmp_path, story)
