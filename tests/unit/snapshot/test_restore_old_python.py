"""What runs on managed hosts must load on Python 3.8: no newer syntax slips in."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sluis

ROOM = Path(sluis.__file__).parent
FILES = sorted(
    [*ROOM.glob("snapshot/restore*.py"), *ROOM.glob("checks/*.py"), *ROOM.glob("border/*.py")]
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_loads_on_python_3_8(path: Path) -> None:
    tree = ast.parse(path.read_text(), feature_version=(3, 8))
    for node in ast.walk(tree):
        # ast lets these through, the old parser did not
        assert not isinstance(node, (ast.Match, ast.TryStar))
        if isinstance(node, ast.With):
            source = ast.get_source_segment(path.read_text(), node) or ""
            assert not source.startswith(("with (\n", "async with (\n")), f"line {node.lineno}"
    imported = {
        (node.module or "").partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 0
    } | {
        name.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for name in node.names
    }
    import sys

    assert imported <= set(sys.stdlib_module_names) | {"__future__"}
