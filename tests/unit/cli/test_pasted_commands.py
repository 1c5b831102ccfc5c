"""Every command that we tell somebody to type can be typed: it is parsed by the real program."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

import sluis
from sluis.cli.app import app
from sluis.dossier.outcome import outcome
from sluis.evidence.predicates import Body
from support.outcomes import NOW, material
from unit.dossier.test_outcome_properties import stories

#: what stands in the place of a value in our source
VALUES = {
    "client": "practice", "change": "CHG-1", "command": "practice CHG-1",
    "step.step": "stop", "step.host": "h1", "verb": "forecast", "about": "practice CHG-1",
    "judge": "sluis judge practice CHG-1 stop --host h1 --as 'run again'", "host": "h1",
}  # fmt: skip
#: a command follows a colon, or another command; it ends where the sentence goes on
_TOLD = re.compile(r"(?:: |, or |; then: )(sluis (?:[^.;,()`\n]|\.(?=[^\s]))*)")
_PROGRAM = typer.main.get_command(app)


def commands_in(text: str) -> list[str]:
    """The commands that a sentence tells to type."""
    return [found.strip() for found in _TOLD.findall(text)]


def paste(command: str) -> None:
    """Have the real program read the command, up to where it would begin to work.

    Raises:
        TyperException: it does not understand it.
    """
    words, program, parent = shlex.split(command)[1:], _PROGRAM, None
    try:
        while True:
            parent = program.make_context(program.name, words, parent=parent)
            if not isinstance(program, TyperGroup):
                return
            _, found, words = program.resolve_command(parent, words)
            assert found is not None
            program = found
    except Exit as ended:
        assert ended.exit_code == 0, command  # it asks for help


@given(stories())
@settings(max_examples=200)
def test_what_is_next_can_be_pasted(story: list[Body]) -> None:
    for asked in ("prepare", "apply", "status"):
        said = outcome(material(story), NOW, asked=asked).next
        for command in commands_in(said):
            paste(command)
            assert not re.search(r"\b[A-Z]{4,}\b|[<…]", command), f"to be filled in: {command}"


def told_in(source: str) -> Iterator[tuple[int, str]]:
    """Every command that a text of a program tells, with the line that it stands on."""
    tree = ast.parse(source)
    parts = {id(v) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for v in n.values}
    for node in ast.walk(tree):
        if id(node) in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            text = "".join(_part(value) for value in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        yield from ((node.lineno, command) for command in commands_in(text))


def _part(value: ast.expr) -> str:
    if isinstance(value, ast.Constant):
        return str(value.value)
    assert isinstance(value, ast.FormattedValue)
    name = ast.unparse(value.value)
    if name.startswith("judge_command("):
        name = "judge"
    return VALUES.get(name, VALUES.get(name.rpartition(".")[2], "thing"))


TOLD = [
    pytest.param(command, id=f"{path.name}:{line}")
    for path in sorted(Path(sluis.__file__).parent.rglob("*.py"))
    for line, command in told_in(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("command", TOLD)
def test_what_a_program_tells_to_type_can_be_typed(command: str) -> None:
    paste(command)


def test_what_cannot_be_typed_is_noticed() -> None:
    assert len(TOLD) > 20
    for wrong in ("sluis verify", "sluis prepare practice", "sluis paint a b", "sluis keys"):
        with pytest.raises(TyperException):
            paste(wrong)
