"""What goes along to a host is whole, and imports nothing of ours that stays behind.

It arrives there as ``sluis``. Rooms that are sent import each other by relative names, so that
what belongs to them can be told from the libraries of the machine.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.runbook.own_code import sources_for

#: of a host, and of an export worker
SENT = {name: sources_for(name) for name in ("asset_verify", "tenant_export")}
FILES = sorted(SENT["tenant_export"])
ROOT = Path(__file__).resolve().parents[3]
MODULES = sorted(ROOT.glob("roles/*/library/*.py"))


@pytest.mark.parametrize("name", FILES)
def test_no_absolute_import_of_ourselves(name: str) -> None:
    for node in ast.walk(ast.parse(SENT["tenant_export"][name])):
        if isinstance(node, ast.ImportFrom):
            assert node.level or not (node.module or "").startswith("sluis"), node.lineno
        elif isinstance(node, ast.Import):
            assert not any(item.name.split(".")[0] == "sluis" for item in node.names), node.lineno


def imported(name: str, text: str) -> Iterator[tuple[str, ...]]:
    """What a file imports of ours: the parts of each module's or name's path."""
    here = ("sluis", *Path(name).parent.parts)
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.ImportFrom):
            continue
        parts = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            parts = here[: len(here) - node.level + 1] + parts
        if parts[:1] == ("sluis",):
            for item in node.names:
                yield (*parts[1:], item.name)


def came_along(parts: tuple[str, ...], sent: dict[str, str]) -> bool:
    """Whether ``from <parts[:-1]> import <parts[-1]>`` finds its file."""
    as_module, inside = "/".join(parts), "/".join(parts[:-1])
    package = f"{inside}/__init__.py".lstrip("/")
    return bool({f"{as_module}.py", f"{inside}.py"} & set(sent)) or (
        parts[-1] in sent.get(package, "")
    )


@pytest.mark.parametrize("which", SENT)
def test_whatever_is_imported_comes_along(which: str) -> None:
    sent = SENT[which]
    missing = [
        (name, parts)
        for name, text in sent.items()
        for parts in imported(name, text)
        if not came_along(parts, sent)
    ]
    assert missing == []


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_whatever_a_module_imports_comes_along(path: Path) -> None:
    sent = sources_for(path.stem)
    wanted = list(imported("", path.read_text()))
    assert wanted
    assert [parts for parts in wanted if not came_along(parts, sent)] == []


def test_a_host_gets_nothing_of_the_tenants() -> None:
    assert not [name for name in SENT["asset_verify"] if name.startswith(("tenant/", "graph/"))]
    assert not [name for name in FILES if name.startswith(("gate/", "signoff/", "cli/"))]
