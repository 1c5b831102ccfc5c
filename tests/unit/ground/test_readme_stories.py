"""What README says that the demo printed, held against what makes it: answers, and what stays."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from sluis.counted import counted, plural
from sluis.rehearsal import demo_move_ground
from sluis.rehearsal.old_supplier import fill_drive
from sluis.runbook.stayed_behind import _COUNTED
from sluis.runbook.tenant_reconciling import in_one_line
from sluis.signoff.dialogue import questions
from unit.runbooks.test_what_stays_behind import FOUND
from unit.signoff.test_client_text import UNTIL, documents

README = (Path(__file__).parents[3] / "README.md").read_text(encoding="utf-8")
_PRINTED = README.partition("## What the demo shows")[2].partition("\n## ")[0]
#: asked only of somebody who said no
_REMARK = 1


@pytest.mark.parametrize(
    ("change", "files", "line"),
    [
        pytest.param("CHG-1042", None, "pages read, and {} questions", id="at-the-prompt"),
        pytest.param("CHG-1043", None, "fills in {} answers", id="with-a-key"),
        # the shortcut of the I-drive: its text is read, and confirmed
        pytest.param("CHG-1050", {"behind:i-drive": "x"}, "fills in {} answers", id="the-move"),
    ],
)
def test_the_client_gives_as_many_answers_as_the_page_says(
    change: str, files: dict[str, str] | None, line: str
) -> None:
    scope, plan = documents(change, "en")
    asked = len(questions(scope, plan, "en", UNTIL, files=files)) - _REMARK
    scene = _PRINTED.partition(f"example-practice {change}")[2]
    if change == "CHG-1042":
        scene = scene.partition("sluis sign example-practice CHG-1042")[2]
    (said, *_) = re.findall(line.format(r"(\d+)"), scene)
    assert int(said) == asked


def test_the_page_says_what_stays_behind_of_the_i_drive(tmp_path: Path) -> None:
    ground = demo_move_ground
    fill_drive(tmp_path / "I", ground._SHARED_FILES, ground._FILE_BYTES, ground._SEED)
    (tmp_path / "I" / "Oud" / "printer.spool").unlink()
    there = list((tmp_path / "I").rglob("*"))
    links = sum(one.is_symlink() for one in there)
    files = sum(one.is_file() and not one.is_symlink() for one in there)
    items = len(there) - links
    assert f"SFTP and nothing else; {files} files" in _PRINTED
    found = replace(FOUND, items=items, counts={"equal": items}, left_out_in_all=links)
    assert f"✓ i-drive: {in_one_line(found)}\n" in _PRINTED
    stayed = counted(links, *_COUNTED["left_out_in_all"])
    words = f"{stayed}; what reconcile-i-drive found names {plural(links, 'it', 'them')}."
    assert f"✓ All 10 steps were done and all 5 checks passed. {words}\n" in _PRINTED
