"""What runs on managed hosts must load on Python 3.8: no newer syntax slips in."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sluis
from sluis.runbook.own_code import code_for, sources_for
from support.bundles import with_code

ROOM = Path(sluis.__file__).parent
#: where pyenv keeps others beside the one that PATH names
OF_PYENV = [str(path) for path in sorted(Path.home().glob(".pyenv/versions/*/bin"))]
#: asked for where a repository's key is opened, and done without where it is not there
OF_THE_VERIFIER = {"cryptography"}
#: what a managed host gets; export workers run what the controller does
FILES = sorted(ROOM / name for name in sources_for("asset_verify"))


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
    assert imported - OF_THE_VERIFIER <= set(sys.stdlib_module_names) | {"__future__"}


def pythons() -> dict[str, str]:
    """Every Python that runs here, by its version; a host's only one may be any of them."""
    found = {}
    for name in ("python3", *(f"python3.{minor}" for minor in range(8, 20)), sys.executable):
        for folder in (None, "/usr/bin", "/usr/local/bin", *OF_PYENV):
            path = shutil.which(name, path=folder)
            if path is None:
                continue
            # a name on PATH may lead to nothing; versions before 3.8 are not supported
            said = subprocess.run(
                [path, "-I", "-c", "import sys; print(*sys.version_info[:2])"],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            version = said.stdout.strip()
            if said.returncode == 0 and tuple(map(int, version.split())) >= (3, 8):
                found[version] = path
    return found


def test_all_that_a_host_gets_is_loaded_by_every_python_that_is_here(tmp_path: Path) -> None:
    """As it arrives there: out of the bundle, with nothing of ours installed."""
    sent = tmp_path / "code"
    sent.write_text(code_for("asset_verify"))
    names = [
        ".".join(path.relative_to(ROOM.parent).with_suffix("").parts).removesuffix(".__init__")
        for path in FILES
    ]
    code = (
        with_code(sent) + f"for name in {names!r}: importlib.import_module(name)\n"
        "print(len(sys.modules) > 100)\n"
    )
    tried = pythons()
    assert tried
    for version, python in tried.items():
        done = subprocess.run(
            [python, "-I", "-B", "-c", code], capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == "True", f"Python {version}: {done.stderr[-2000:]}"
