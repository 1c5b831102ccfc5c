"""A file that a label encrypted goes over byte for byte; all are told that it may not open."""

from __future__ import annotations

from pathlib import Path

from sluis.rehearsal.tenant.containers import compound_file
from sluis.tenant.sealed_files import MAY_NOT_OPEN
from sluis.tenant.tenant_manifest import SEALED, read_manifest
from support.small_drive import Work, again_at_the_source, move_over, play

LABELLED = compound_file(bytes(5_000))


def test_what_a_label_encrypted_is_told_from_the_first_pass_to_the_comparison(
    tmp_path: Path,
) -> None:
    async def tell(work: Work) -> None:
        source = work.drive
        await move_over(work, {"Team/plan.docx": LABELLED, "Team/open.txt": b"open"})
        for _pass in range(2):
            (gap,) = [one for one in work.report.gaps if one.what == SEALED]
            assert "plan.docx" in gap.why
            sealed = {line.path: line.sealed for line in read_manifest(work.manifest)}
            assert sealed == {"Team": None, "Team/plan.docx": "label", "Team/open.txt": None}
            assert (await work.bring_over()).outcome == "done"
            found = await work.compare()
            assert found.sound
            told = {line.path: line.notes for line in found.lines if line.category == "equal"}
            assert told == {"Team": (), "Team/plan.docx": (MAY_NOT_OPEN,), "Team/open.txt": ()}
            await again_at_the_source(work, source)
        # somebody took the label off
        source.write("Team/plan.docx", b"PK now it opens")
        await again_at_the_source(work, source)
        assert not [one for one in work.report.gaps if one.what == SEALED]

    play(tmp_path, tell)
