"""Every child process of the product goes through `sluis.programs`: nothing else starts one.

`Command` keeps values from outside away from the place of options. This file holds the whole
package to it: programs are started in four files only, and the words that stand unbound in a
command line are constants of our source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import sluis

ROOT = Path(sluis.__file__).parents[2]
PACKAGE = "python_helpers/sluis"
#: the lab makes its own servers from values of its own; it reads nothing that a client wrote
LAB = f"{PACKAGE}/rehearsal/"
#: files that may start a program, and why
STARTS = {
    f"{PACKAGE}/programs.py": "the one place for small programs",
    f"{PACKAGE}/snapshot/children.py": "programs that end with us; it takes Commands only",
    f"{PACKAGE}/cli/private.py": "starts our own warden with our own private folder",
    f"{PACKAGE}/cli/leash.py": "becomes ansible-playbook, as the front door composed it",
    f"{PACKAGE}/runbook/following.py": "has a host's shell read one file of ours",
}
_KINDS = ("l", "le", "lp", "lpe", "v", "ve", "vp", "vpe")
_MODULES = {
    "subprocess": {
        "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "Popen",
    },
    "os": {
        "system", "popen", "posix_spawn", "posix_spawnp", "startfile",
        *(f"exec{kind}" for kind in _KINDS), *(f"spawn{kind}" for kind in _KINDS),
    },
    "pty": {"spawn"},
    "asyncio": {"create_subprocess_exec", "create_subprocess_shell"},
    "pexpect": {"spawn", "run"},
}  # fmt: skip
#: Ansible's ways to run something on a host, and paramiko's
_METHODS = {"run_command", "_low_level_execute_command", "exec_command"}
FILES = sorted(
    str(path.relative_to(ROOT))
    for folder in (ROOT / PACKAGE, ROOT / "roles")
    for path in folder.rglob("*.py")
    if not str(path.relative_to(ROOT)).startswith(LAB)
)


def starts(tree: ast.Module) -> Iterator[int]:
    """Lines that start a program, or take the name of something that does."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in _MODULES:
            taken = {alias.name for alias in node.names}
            if taken & (_MODULES[node.module] | {"*"}):
                yield node.lineno
        elif isinstance(node, ast.Import):
            # "import subprocess as sp" would hide its calls from the rule below
            if any(alias.name in _MODULES and alias.asname for alias in node.names):
                yield node.lineno
        elif (isinstance(node, ast.Attribute) and node.attr in _METHODS) or (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.attr in _MODULES.get(node.value.id, ())
            and not _is_type(tree, node)
        ):
            yield node.lineno


def _is_type(tree: ast.Module, node: ast.Attribute) -> bool:
    """``subprocess.Popen[bytes]`` in an annotation starts nothing."""
    return any(isinstance(one, ast.Subscript) and one.value is node for one in ast.walk(tree))


def unbound(tree: ast.Module) -> Iterator[int]:
    """Lines that give ``fixed``, or a name to ``option``, anything but a text constant."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        if node.func.id == "fixed":
            words: list[ast.expr] = list(node.args)
        elif node.func.id == "option":
            words = node.args[:1]
        elif node.func.id == "Words":
            yield node.lineno
            continue
        else:
            continue
        if node.keywords or not all(
            isinstance(word, ast.Constant) and isinstance(word.value, str) for word in words
        ):
            yield node.lineno


@pytest.mark.parametrize("name", FILES)
def test_L1_every_child_process_is_a_command(name: str) -> None:
    tree = ast.parse((ROOT / name).read_text())
    if name not in STARTS:
        assert not list(starts(tree)), "build a sluis.programs.Command and run it there"
    if not name.endswith("sluis/programs.py"):
        assert not list(unbound(tree)), "bind the value with option(), or make it an operand"


def test_the_files_that_may_start_programs_still_do() -> None:
    assert [name for name in STARTS if list(starts(ast.parse((ROOT / name).read_text())))] == list(
        STARTS
    )


@pytest.mark.parametrize(
    "line",
    [
        "import subprocess\nsubprocess.run(['restic', older])",
        "import subprocess\nstart = subprocess.Popen\nstart([x])",
        "import subprocess as sp\nsp.run(x)",
        "from subprocess import run\nrun(x)",
        "import os\nos.execv(x, y)",
        "import os\nos.system(x)",
        "module.run_command(x)",
        "import asyncio\nasyncio.create_subprocess_exec(*x)",
    ],
)
def test_a_start_by_any_name_is_found(line: str) -> None:
    assert list(starts(ast.parse(line)))


@pytest.mark.parametrize(
    "line",
    ["fixed(older)", "fixed(f'--x{y}')", "fixed(*words)", "option(name, 1)", "Words((x,))"],
)
def test_a_word_that_is_no_constant_is_found(line: str) -> None:
    assert list(unbound(ast.parse(line)))


def test_options_bound_to_values_are_fine() -> None:
    assert not list(
        unbound(ast.parse("Command(p, fixed('a', '-b'), option('--c', x), operands=y)"))
    )
