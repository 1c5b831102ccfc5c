"""From the old tenant to the comparison in the new one: every item has a line (M7)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from sluis.rehearsal.tenant.weather import CALM, NORMAL, STORM
from sluis.tenant.import_policy import LEAVE_OUT, ImportPolicy

SIGNED = ImportPolicy(permissions=False, leave_out=frozenset(LEAVE_OUT), gone="set aside")
BAD = replace(STORM, retry_after=0.02, renamed_between_pages=0.0, recreated_between_pages=0.0)


def _settled(move) -> list[str]:
    return [item["path"] for item in move.source.control.items(move.from_drive)]


def _all_the_way(move) -> None:
    move.source.control.set_weather(BAD)
    move.export()
    move.source.control.set_weather(CALM)
    lines = list(move.lines().values())
    assert Counter(line.path for line in lines) == Counter(_settled(move))
    move.target.control.set_weather(replace(NORMAL, gateway_timeout=0.0))
    report = move.bring_over(SIGNED)
    assert report.outcome == "done", report.reasons
    result = move.reconcile(SIGNED)
    left = Counter(one.path for one in report.left_out)
    assert left == Counter(one.path for one in result.left_out)
    compared = Counter(
        line.path for line in result.lines
        if line.category not in ("extra", "removed at the source")
    )  # fmt: skip
    assert compared + left == Counter(line.path for line in lines)


def test_M7_every_item_has_a_line_all_the_way_in_every_pass(move):
    control, drive = move.source.control, move.from_drive
    for number in range(12):
        folder = "/".join(["Deep"] * (number % 4))
        name = ("a*b", "plain.txt", "x" * 200 + ".bin", "CON")[number % 4]
        control.add_file(drive, f"{folder}/{number} {name}".lstrip("/"), b"x" * (number * 977))
    control.add_folder(drive, "Empty/Inside")
    _all_the_way(move)
    paths = [path for path in _settled(move) if path.endswith("plain.txt")]
    control.write(drive, paths[0], b"changed")
    control.rename(drive, paths[1], "renamed.txt")
    control.delete(drive, paths[2])
    control.add_file(drive, "Deep/later.txt", b"later")
    _all_the_way(move)
