"""The rows of a ``bench.json`` as a table for ``docs/speed.md``.

``PYTHONPATH=tests python -m bench.markdown build/bench.json`` prints it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench.figure import short

_HEAD = """| what | A | B | A, s | B, s | A/B | A/B, processor | aim | met |
|---|---|---|---:|---:|---:|---:|---|---|"""


def table(rows: list[dict[str, Any]]) -> str:
    """One line for each row that was measured, and one that says why for each that was not."""
    return "\n".join([_HEAD, *[_line(row) for row in rows]])


def _line(row: dict[str, Any]) -> str:
    if not row["measured"]:
        why = row["why_not"].splitlines() or [""]
        return _cells(row["what"], f"not measured: {why[0][:200]}", *[""] * 7)
    aims = [row["aim"]] if row["aim"] else []
    aims += [f"{one['name']} {one['aim']}" for one in row["figures"] if one["aim"]]
    met = {True: "yes", False: "**no**", None: "–"}[row["aim_met"]]
    return _cells(
        row["what"],
        _side(row, "a"),
        _side(row, "b"),
        *[short(row[name]["median"]) for name in ("a_seconds", "b_seconds")],
        *[f"{row[name]['median']:.2f}" for name in ("ratio", "processor_ratio")],
        "; ".join(aims) or "none",
        met,
    )


def _side(row: dict[str, Any], side: str) -> str:
    figures = [f"{one['name']} {short(one[side])}" for one in row["figures"]]
    return "; ".join([row[side], *figures])


def _cells(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())["rows"]))
