"""The copy of the package in which an area is mutated, kept from one run to the next."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tomllib
from pathlib import Path

from .areas import PROSE, Area

ROOT = Path(__file__).resolve().parents[2]
#: what tests read besides the package and themselves
_BESIDE = ("docs", "inventories", "playbooks", "roles", "constraints.txt", "Makefile")
_NOT_DECIDED = {0, 33}  # mutmut's exit codes of a mutant that survived, and that no test reached


def prepare(name: str, area: Area) -> Path:
    """Bring an area's copy up to date and write its settings; return the copy's folder.

    mutmut knows a module by its path below ``src``, so the package lies there. It keeps what it
    found about a function that has not changed; what survived is tried again when a test changed.
    """
    place = ROOT / "build" / "mutants" / name
    made = place / "mutants"
    _mirror(ROOT / "python_helpers" / "sluis", place / "src" / "sluis", made / "src" / "sluis")
    for folder in (place / "tests", made / "tests"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(ROOT / "tests", place / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for beside in _BESIDE:
        link = place / beside
        if not link.is_symlink():
            link.symlink_to(os.path.relpath(ROOT / beside, place))
    (place / "pyproject.toml").write_text(_settings(area))
    seen = _fingerprint(place / "tests", area)
    remembered = place / "tests.sha256"
    if not remembered.exists() or remembered.read_text() != seen:
        _try_again(made)
    remembered.write_text(seen)
    return place


def _mirror(source: Path, target: Path, mutated: Path) -> None:
    """Copy what changed, with its time, from which mutmut sees what it has done already."""
    wanted = {
        path.relative_to(source) for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }  # fmt: skip
    for folder in (target, mutated):
        for path in list(folder.rglob("*")):
            plain = path.with_name(path.name.removesuffix(".meta").removesuffix(".spans"))
            # mutmut copies a file that is not Python once and never again
            if path.is_file() and (
                plain.relative_to(folder) not in wanted or (folder == mutated and _data(plain))
            ):
                path.unlink()
    for one in wanted:
        there, here = target / one, source / one
        if not there.exists() or there.read_bytes() != here.read_bytes():
            there.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(here, there)


def _data(path: Path) -> bool:
    return path.suffix != ".py"


def _settings(area: Area) -> str:
    """The settings for mutmut, and pytest's as they are in this project."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    pytest = project["tool"]["pytest"]["ini_options"]
    mutmut = {
        "source_paths": ["src"],
        "only_mutate": [f"src/sluis/{pattern}" for pattern in area.modules],
        "do_not_mutate_patterns": [PROSE],
        "pytest_add_cli_args_test_selection": [f"tests/{path}" for path in area.tests],
        "pytest_add_cli_args": ["-m", "not slow"],
        "also_copy": list(_BESIDE),
        "use_git_change_detection": False,
        "on_dependency_change": "ignore",
        # mutmut looks at the clock on the wall: this times (what the tests take + a second). On a
        # busy machine a smaller figure ends tests that would have passed, and calls that noticed
        "timeout_multiplier": 40.0,
    }
    tables = {"tool.pytest.ini_options": pytest, "tool.mutmut": mutmut}
    lines = []
    for table, values in tables.items():
        lines.append(f"[{table}]")
        # JSON's texts, numbers and lists are TOML's as well
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def _fingerprint(tests: Path, area: Area) -> str:
    digest = hashlib.sha256()
    for path in sorted(tests.rglob("*")):
        inside = path.relative_to(tests).as_posix()
        if path.is_file() and inside.startswith((*area.tests, "support", "conftest.py", "unit")):
            digest.update(inside.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _try_again(made: Path) -> None:
    """Forget what no test noticed, and which test reaches what."""
    (made / "mutmut-stats.json").unlink(missing_ok=True)
    for meta in made.rglob("*.meta"):
        found = json.loads(meta.read_text())
        codes = found["exit_code_by_key"]
        found["exit_code_by_key"] = {
            name: None if code in _NOT_DECIDED else code for name, code in codes.items()
        }
        meta.write_text(json.dumps(found))
