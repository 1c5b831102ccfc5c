"""Bytes that have the listed length and quickXorHash, and are not the file: another hash tells."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any

import pytest

from sluis.graph.quickxor import QuickXor
from sluis.tenant.forecast import Policy
from sluis.tenant.import_policy import ImportPolicy
from sluis.tenant.tenant_manifest import ManifestLine, read_manifest
from support.small_drive import SmallDrive, Work, play

BLOCK = 320 << 10
ONE, TWO = (hashlib.shake_256(part).digest(BLOCK) for part in (b"1", b"2"))
#: what is delivered in place of what, with the same length and quickXorHash
ALIKE = {
    "blocks-that-changed-places": (ONE + TWO + b"end", TWO + ONE + b"end"),
    "ones-that-came-as-noughts": (b"BM" + b"\xff" * (BLOCK * 16), b"BM" + bytes(BLOCK * 16)),
}
RIGHT, WRONG = ALIKE["blocks-that-changed-places"]
#: hashes that a service may list beside it
BESIDE = {
    "sha256Hash": lambda data: hashlib.sha256(data).hexdigest().upper(),
    "sha1Hash": lambda data: hashlib.sha1(data).hexdigest().upper(),
    "crc32Hash": lambda data: zlib.crc32(data).to_bytes(4, "little").hex(),
}


def _facet(data: bytes, *kinds: str) -> dict[str, Any]:
    beside = {kind: BESIDE[kind](data) for kind in kinds}
    return {"hashes": {"quickXorHash": QuickXor(data).base64(), **beside}}


def _lines(work: Work) -> dict[str, ManifestLine]:
    return {line.path: line for line in read_manifest(work.manifest)}


@pytest.mark.parametrize("what", ALIKE)
def test_the_quick_hash_of_both_is_the_same(what: str) -> None:
    true, came = ALIKE[what]
    assert true != came
    assert (len(true), QuickXor(true).digest()) == (len(came), QuickXor(came).digest())


@pytest.mark.parametrize("what", ALIKE)
@pytest.mark.parametrize("kind", BESIDE)
def test_a_hash_beside_the_quick_one_has_to_agree_too(tmp_path, kind, what):
    true, came = ALIKE[what]

    async def story(work: Work) -> None:
        work.drive.add("wrong.mp4", came, file=_facet(true, kind))
        work.drive.add("wrong.pdf", came, file=_facet(true, kind))
        work.drive.add("right.mp4", true, file=_facet(true, kind))
        work.drive.add("all.mp4", true, file=_facet(true, *BESIDE))
        await work.export()
        checks = {path: (line.check, line.doubt) for path, line in _lines(work).items()}
        # the hash that a service lists of a PDF may be out of date
        assert checks.pop("wrong.pdf")[0] == "not verified"
        assert checks == {
            "wrong.mp4": ("corrupt", None),
            "right.mp4": ("equal", None),
            "all.mp4": ("equal", None),
        }
        work.drive.asked.clear()
        await work.export()
        assert f"GET /bytes/{work.drive.at('all.mp4').id}" not in work.drive.asked

    play(tmp_path, story)


def test_what_is_no_hash_of_its_kind_and_what_nobody_names_contradicts_nothing(tmp_path):
    async def story(work: Work) -> None:
        facet = _facet(RIGHT)
        facet["hashes"] |= {"sha256Hash": "no digits", "sha1Hash": None, "md5Hash": "00" * 16}
        work.drive.add("a.bin", RIGHT, file=facet)
        await work.export()
        assert _lines(work)["a.bin"].check == "equal"

    play(tmp_path, story)


@pytest.mark.parametrize("kind", BESIDE)
def test_a_version_that_lists_a_hash_has_to_have_it(tmp_path, kind):
    async def story(work: Work) -> None:
        drive = work.drive
        for name, data in (("right.bin", RIGHT), ("wrong.bin", WRONG)):
            item = drive.add(name, data)
            now = {"id": "2.0", "lastModifiedDateTime": "2026-01-02T00:00:00Z"}
            before = {**now, "id": "1.0", "size": len(data), "file": _facet(RIGHT, kind)}
            drive.more[f"/v1.0/drives/d1/items/{item.id}/versions"] = {"value": [now, before]}
        await work.export(Policy("all", permissions=False, fields=False))
        lines = _lines(work)
        assert "why" not in lines["right.bin"].versions[0]
        assert "hash" in lines["wrong.bin"].versions[0]["why"]

    play(tmp_path, story)


async def _moved(work: Work, facet: dict[str, Any]) -> ManifestLine:
    """A file is exported; the target has another of its name, with such hashes."""
    work.drive.add("a.bin", RIGHT, file=_facet(RIGHT, "sha1Hash"))
    await work.export()
    line = _lines(work)["a.bin"]
    work.drive = SmallDrive(work.drive.stage, "d2")
    work.drive.add("a.bin", WRONG, file=facet)
    return line


@pytest.mark.parametrize("kind", ["sha256Hash", "sha1Hash"])
def test_what_is_in_the_target_is_equal_only_by_each_hash(tmp_path, kind):
    signed = ImportPolicy(permissions=False, conflicts="skip equal")

    async def story(work: Work) -> None:
        await _moved(work, _facet(WRONG, kind))
        done = await work.bring_over(signed)
        assert "equal" not in done.counts
        there = await work.compare(signed, trust="the service's hash")
        assert [line.category for line in there.lines if line.category == "equal"] == []

    play(tmp_path, story)


@pytest.mark.parametrize("kind", BESIDE)
def test_a_hash_that_nobody_knows_yet_has_the_bytes_read(tmp_path, kind):
    """The export knows no SHA-1 of them where its source listed none."""
    signed = ImportPolicy(permissions=False, conflicts="skip equal")

    async def story(work: Work) -> None:
        work.drive.add("a.bin", RIGHT)
        await work.export()
        work.drive = SmallDrive(work.drive.stage, "d2")
        there = work.drive.add("a.bin", RIGHT, file=_facet(RIGHT, kind))
        await work.bring_over(signed)
        for told, data, notes in ((RIGHT, RIGHT, 0), (WRONG, RIGHT, 1)):
            there.says["file"] = _facet(told, kind)
            there.data, there.version = data, there.version + 1
            (line,) = (await work.compare(signed)).lines
            assert (line.category, line.basis) == ("equal", "every byte")
            assert len([note for note in line.notes if "stale" in note]) == notes

    play(tmp_path, story)
