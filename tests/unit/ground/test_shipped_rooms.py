"""Rooms that also run inside Ansible modules import each other by relative names.

A module is sent as ``ansible.module_utils.sluis``. An absolute ``sluis`` would be another
package there, or none, and its errors would not be the ones that are caught.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sluis

ROOMS = ("border", "checks", "graph", "manifest", "snapshot", "tenant")
#: runs on the controller only
ON_THE_CONTROLLER = {"snapshot/judge.py", "snapshot/judge_v6.py", "snapshot/suspicion.py"}
SINGLE_FILES = ("evidence/canonical.py", "evidence/files.py", "programs.py")
ROOT = Path(sluis.__file__).parent
FILES = sorted(
    str(path.relative_to(ROOT))
    for room in ROOMS
    for path in (ROOT / room).glob("*.py")
    if str(path.relative_to(ROOT)) not in ON_THE_CONTROLLER
)


@pytest.mark.parametrize("name", [*FILES, *SINGLE_FILES])
def test_no_absolute_import_of_ourselves(name: str) -> None:
    for node in ast.walk(ast.parse((ROOT / name).read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level or not (node.module or "").startswith("sluis"), node.lineno
        elif isinstance(node, ast.Import):
            assert not any(item.name.split(".")[0] == "sluis" for item in node.names), node.lineno
