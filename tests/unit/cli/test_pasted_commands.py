"""Every command that we tell somebody to type can be typed: it is parsed by the real program."""

from __future__ import annotations

import ast
import io
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from rich.console import Console
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

import sluis
from sluis.cli.app import _filled_in, _stopped, app, run
from sluis.cli.show_outcome import show_outcome
from sluis.cli.told_commands import commands_in
from sluis.dossier.outcome import outcome
from sluis.errors import InputError
from sluis.evidence.predicates import Body, Plan
from sluis.places import change_id
from support.outcomes import NOW, PLAN, laid_down, material, permit, shown, signoff, step
from support.scopes import CHANGE, CLIENT
from support.small_change import small_change
from unit.dossier.test_outcome_properties import stories

#: what stands in the place of a value in our source
VALUES = {
    "client": "practice", "change": "CHG-1", "command": "practice CHG-1",
    "step.step": "stop", "step.host": "h1", "verb": "forecast", "about": "practice CHG-1",
    "judge": "sluis judge practice CHG-1 stop --host h1", "host": "h1",
}  # fmt: skip
_PROGRAM = typer.main.get_command(app)


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


@pytest.mark.parametrize("module", ["asset_restore", "sluis.sluis.asset_swap"])
def test_after_a_failed_step_of_a_restore_the_next_commands_go_on_with_that_restore(
    module: str,
) -> None:
    """Another restore, begun anew, would start from data that is half put back."""
    failed: list[Body] = [
        *laid_down(), shown(), signoff(3), permit(),
        step("install", "h1", "started"), step("install", "h1", "failed"),
    ]  # fmt: skip
    swap = PLAN.steps[0].model_copy(update={"module": module})
    plan = PLAN.model_copy(update={"steps": (swap, *PLAN.steps[1:])})
    said = outcome(material(failed, plan=plan), NOW, asked="apply").next
    assert commands_in(said) == [
        f"sluis judge {CLIENT} {CHANGE} install --host h1",
        f"sluis apply {CLIENT} {CHANGE}",
    ]
    for command in commands_in(said):
        paste(command)
    assert "sluis new" not in said
    # where only the way back puts data back, the change is no restore
    back = PLAN.steps[2].model_copy(update={"module": module})
    plan = PLAN.model_copy(update={"steps": (*PLAN.steps[:2], back)})
    assert "sluis new" in outcome(material(failed, plan=plan), NOW, asked="apply").next


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
    # parsing takes long, and few files name the program
    if "sluis " in (source := path.read_text(encoding="utf-8"))
    for line, command in told_in(source)
]


@pytest.mark.parametrize("command", TOLD)
def test_what_a_program_tells_to_type_can_be_typed(command: str) -> None:
    paste(command)


#: words that stand for a value
_PLACEHOLDER = re.compile(
    r"\b(?:PORT|ADDRESS|KNOWN_HOSTS|CLIENT|CHANGE|HOST|STEP)\b|<(?:client|change|host|port|step)>"
)
#: where one may stand, and why
_MAY_STAND = {
    "cli/app.py": "the front door fills in what was typed",
    "cli/ask_client.py": "the front door fills in what was typed",
    "signoff/ssh_signature.py": "the front door fills in what was typed",
    "cli/keys.py": "a new key is nobody's yet",
    "cli/verify.py": "whose the copy is, is what nobody knows",
    "runbook/run.py": "only where the project has no client at all",
}


def placeholders_in(source: str) -> Iterator[tuple[int, str]]:
    """Texts of a program in which a word stands for a value; what describes it is left out."""
    tree = ast.parse(source)
    described = {
        id(node.value) for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found = _PLACEHOLDER.search(node.value)
            if found and id(node) not in described and " " in node.value.strip():
                yield node.lineno, node.value


def test_newcomer_a_command_of_which_words_are_missing_is_told_nowhere() -> None:
    """`sluis keys new` was told without the name that it needs."""
    root = Path(sluis.__file__).parent
    texts = (
        (path.name, node.value)
        for path in sorted(root.rglob("*.py"))
        if "`sluis " in (source := path.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    found = [one for one in texts if re.search(r"(?<!`)`sluis [^`]+`(?!`)", one[1])]
    assert found == [], "write it after a colon, so that it is tried"


def test_no_text_has_a_placeholder_where_the_value_is_known() -> None:
    root = Path(sluis.__file__).parent
    found = {
        str(path.relative_to(root)): list(placeholders_in(path.read_text(encoding="utf-8")))
        for path in sorted(root.rglob("*.py"))
        if "rehearsal" not in path.parts
    }
    found = {name: texts for name, texts in found.items() if texts}
    assert set(found) == set(_MAY_STAND), found


def test_a_remedy_has_the_client_and_the_change_that_were_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    change = small_change(tmp_path, monkeypatch)
    change.lay_down()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    run(["sign", CLIENT, CHANGE])
    said = "".join(capsys.readouterr())
    assert f"sluis request {CLIENT} {CHANGE}" in said
    assert not _PLACEHOLDER.search(said)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param([["--project", "{project}"], ["--json"]], id="before"),
        pytest.param([[], ["--signature", "x"]], id="between"),
        pytest.param([[], []], id="none"),
    ],
)
def test_a_remedy_is_filled_in_wherever_options_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[list[str]]
) -> None:
    change = small_change(tmp_path, monkeypatch)
    first, second = options
    first = [one.format(project=change.places.root) for one in first]
    error = InputError("x", "It is so.", "Type: sluis request CLIENT CHANGE")
    found = _filled_in(error, [*first, "sign", *second, CLIENT, CHANGE])
    assert found.remedy == f"Type: sluis request {CLIENT} {CHANGE}"


@pytest.mark.parametrize("verb", [["sign"], ["request"], ["freeze", "--told-by", "A. Clerk"]])
def test_newcomer_where_there_is_no_plan_the_command_that_makes_one_is_told(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verb: list[str],
) -> None:
    """It was "Run prepare first." and nothing that could be pasted."""
    change = small_change(tmp_path, monkeypatch)
    change.record(laid_down()[0])
    run([verb[0], CLIENT, CHANGE, *verb[1:]])
    said = "".join(capsys.readouterr())
    assert "[no-plan]" in said
    assert commands_in(said) == [f"sluis prepare {CLIENT} {CHANGE}"]


def test_newcomer_after_a_no_the_same_plan_may_be_asked_again_as_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One text said that the scope or the steps must change first, another that it need not."""
    change = small_change(tmp_path, monkeypatch)
    change.lay_down()
    planned = change.ledger.read(change.later).latest(Plan)
    assert planned is not None
    objects = {
        "plan_object": planned.body.plan_object, "scope_object": planned.body.scope_object
    }  # fmt: skip
    change.record(signoff(3, "no").model_copy(update=objects))
    assert run(["status", CLIENT, CHANGE]) == 77
    said = " ".join(capsys.readouterr().out.split())
    assert f"the same plan may be asked again as it is: sluis sign {CLIENT} {CHANGE}" in said
    assert f"prepare anew: sluis prepare {CLIENT} {CHANGE}" in said
    assert run(["request", CLIENT, CHANGE, "--output", str(tmp_path)]) == 0


def test_what_was_stopped_is_begun_again_with_what_was_typed() -> None:
    assert _stopped(["check", CLIENT]).remedy == f"Begin again with: sluis check {CLIENT}"
    known = _filled_in(_stopped(["apply", CLIENT, CHANGE]), ["apply", CLIENT, CHANGE])
    assert known.remedy == f"See where it stands with: sluis status {CLIENT} {CHANGE}"


def test_no_path_is_told_with_a_gap() -> None:
    """``dossiers/…/CHG-1`` cannot be pasted."""
    root = Path(sluis.__file__).parent
    gaps = [
        (path.name, line, command) for path in sorted(root.rglob("*.py"))
        for line, command in told_in(path.read_text(encoding="utf-8")) if "…" in command
    ]  # fmt: skip
    assert gaps == []


def test_what_cannot_be_typed_is_noticed() -> None:
    assert len(TOLD) > 20
    for wrong in ("sluis verify", "sluis prepare practice", "sluis paint a b", "sluis keys"):
        with pytest.raises(TyperException):
            paste(wrong)


def test_newcomer_each_command_of_what_is_next_stands_on_a_line_of_its_own() -> None:
    """The full stop of the sentence was copied with the last word of the command."""
    found = outcome(material(laid_down()), NOW, asked="status")
    console = Console(file=io.StringIO(), width=200)
    show_outcome(console, found)
    lines = console.file.getvalue().splitlines()
    told = commands_in(found.next)
    assert told
    assert not any(command.endswith(".") for command in told)
    for command in told:
        assert f"  {command}" in lines
        paste(command)


@pytest.mark.parametrize("typed", ["CHG-1.", "CHG-1,", "CHG-1;"])
def test_newcomer_a_full_stop_that_was_copied_along_is_told(typed: str) -> None:
    with pytest.raises(InputError) as caught:
        change_id(typed)
    assert "Did you mean 'CHG-1'?" in caught.value.remedy
