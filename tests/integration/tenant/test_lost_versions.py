"""An earlier version that the client signed for is had as listed, or it is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.tenant import office
from sluis.rehearsal.tenant.generated import Generator
from sluis.tenant.export_drive import ExportReport, Policy
from sluis.tenant.tenant_manifest import read_manifest
from support.graph_stage import refusal, say
from support.small_drive import Work, play

ALL = Policy("all", permissions=False, fields=False)


def versions(work: Work) -> list[dict[str, Any]]:
    return [one for line in read_manifest(work.manifest) for one in line.versions]


def lost(report: ExportReport) -> list[tuple[str, str, str]]:
    return [(gap.what, gap.subject, gap.why) for gap in report.gaps if "earlier" in gap.what]


@pytest.mark.parametrize("kind", ["empty", "short", "gone"])
def test_a_version_that_is_not_had_as_listed_is_named_and_tried_again(
    tmp_path: Path, kind: str
) -> None:
    async def tell(work: Work) -> None:
        drive = work.drive
        thing = drive.add("v.txt", b"v" * 9)

        def bend(request: Any, _body: bytes) -> Any:
            if request.path == "/bytes/lost":
                return say(200, b"" if kind == "empty" else b"short")
            if not request.path.endswith("versions/1.0/content"):
                return None
            if kind == "gone":
                return refusal(404, "itemNotFound")
            return say(302, None, {"Location": f"{drive.stage.content}/bytes/lost"})

        drive.bend = bend
        for _pass in range(2):
            ((what, subject, why),) = lost(await work.export(ALL))
            assert what == "an earlier version"
            assert subject == f"v.txt ({thing.id}), version 1.0"
            assert kind == "gone" or why.startswith("9 bytes were listed and ")
            assert versions(work)[0]["why"] == why
        drive.bend = lambda _request, _body: None
        assert lost(await work.export(ALL)) == []
        (had,) = versions(work)
        assert (had["size"], "why" in had) == (9, False)
        # it is had, so nobody asks for it any more
        asked = len([one for one in drive.asked if "versions" in one])
        await work.export(ALL)
        assert len([one for one in drive.asked if "versions" in one]) == asked

    play(tmp_path, tell)


def test_a_list_of_versions_that_is_refused_is_named_and_asked_again(tmp_path: Path) -> None:
    async def tell(work: Work) -> None:
        drive = work.drive
        thing = drive.add("v.txt", b"v" * 9)
        drive.bend = lambda request, _body: (
            refusal(403, "accessDenied") if request.path.endswith("/versions") else None
        )
        for _pass in range(2):
            ((what, subject, _why),) = lost(await work.export(ALL))
            assert (what, subject) == ("earlier versions of a file", f"v.txt ({thing.id})")
        drive.bend = lambda _request, _body: None
        assert lost(await work.export(ALL)) == []
        assert [one["size"] for one in versions(work)] == [9]

    play(tmp_path, tell)


@pytest.mark.parametrize(
    ("name", "what", "how"),
    [
        ("v.docx", "earlier versions of another length", "note"),
        ("v.dat", "an earlier version", "why"),
    ],
)
def test_what_the_service_writes_into_may_have_another_length_when_it_is_whole(
    tmp_path: Path, name: str, what: str, how: str
) -> None:
    document = office.make(Generator(7), 7, "docx", 9000)

    async def tell(work: Work) -> None:
        work.drive.add(name, document)
        ((named, _subject, why),) = lost(await work.export(ALL))
        assert named == what
        assert how == "why" or f"{name} (" in why
        (version,) = versions(work)
        assert version["size"] == len(document) != 9
        assert version[how].startswith("9 bytes were listed and ")

    play(tmp_path, tell)
