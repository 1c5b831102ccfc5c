"""At the end of a run each thing that went wrong is told once."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from sluis.cli.change_run import _show
from sluis.cli.progress import lines_of
from sluis.cli.runner import RunReport
from sluis.cli.told_errors import told_errors
from sluis.dossier.outcome import outcome
from sluis.evidence.predicates import Body
from sluis.runbook.findings import Finding
from support.outcomes import NOW, laid_down, material, permit, refusal, shown, signoff, step

FULL = {"code": "no-room", "what": "The disk is full.", "remedy": "Make room."}
SIGNED: list[Body] = [*laid_down(), shown(), signoff(3), permit()]


def screen(story: list[Body], *errors: dict[str, str]) -> str:
    report = RunReport(
        ident="x", ended="with a failure", status=2, log=Path("log"), troubles=(), errors=errors
    )
    out = io.StringIO()
    found = outcome(material(story), NOW, asked="apply", ended_well=False)
    _show(Console(file=out, width=300), found, report)
    return out.getvalue()


def test_newcomer_what_two_hosts_have_is_told_once_with_both_names() -> None:
    told = told_errors([{"host": "h1", **FULL}, {"host": "h2", **FULL}, {"host": "", **FULL}])
    assert told == ["h1, h2: The disk is full. Make room. [no-room]"]


def test_newcomer_what_did_not_stop_prepare_stands_whole_at_its_end() -> None:
    long = "'/srv' is in use by process 7. " + "It has this open as well. " * 40
    found = Finding("h1", "restore-in-use", f"h1: {long.strip()}", "Stop it by hand.")
    report = RunReport("x", "by itself", 0, Path("log"), findings=(found, found))
    assert report.as_dict()["went_on_with"][0]["code"] == "restore-in-use"
    out = io.StringIO()
    _show(Console(file=out, width=80), outcome(material(SIGNED), NOW, asked="prepare"), report)
    words = f"did not stop it: {found.what} {found.remedy} [restore-in-use]\n"
    assert out.getvalue().count(words) == 1
    assert out.getvalue().index("next: ") < out.getvalue().index(words)
    (line,) = lines_of(
        {"event": "runner_on_ok", "event_data": {"res": {"sluis_progress": [words.strip()]}}}
    )
    assert line.text.endswith("[restore-in-use]")


def test_newcomer_an_error_that_no_outcome_speaks_of_is_in_the_list() -> None:
    assert screen(SIGNED, {"host": "h1", **FULL}).count("The disk is full.") == 1


def test_newcomer_what_the_step_says_already_is_not_said_again() -> None:
    failed = step("install", "h1", "failed").model_copy(
        update={"detail": "non-zero return code (rc 3)"}
    )
    story = [*SIGNED, step("install", "h1", "started"), failed]
    said = screen(
        story,
        {
            "host": "h1", "code": "task-failed", "remedy": "See the log.",
            "what": "Install it: non-zero return code",
        },
    )  # fmt: skip
    assert said.count("non-zero return code") == 1
    assert "Install it:" not in said


def test_newcomer_a_reason_of_a_refusal_is_not_said_again() -> None:
    reason = refusal().reasons[0]
    said = screen(
        [*SIGNED, refusal()],
        {"host": "h1", "code": reason.code, "what": reason.sentence, "remedy": reason.remedy},
        {"host": "h1", **FULL},
    )
    assert said.count(reason.sentence) == 1
    assert said.count("The disk is full.") == 1
