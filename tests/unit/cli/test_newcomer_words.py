"""What a newcomer could not go on with: each says now what to do next, in one piece."""

from __future__ import annotations

import io
import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from rich.console import Console

from sluis.cli.adopt import _show as show_adopted
from sluis.cli.app import run
from sluis.cli.forecast import _show as show_forecast
from sluis.cli.progress import progress_on, words_of
from sluis.cli.runlog import RunLog
from sluis.cli.runner import Request, RunReport
from sluis.cli.show_outcome import show_outcome
from sluis.cli.told_commands import commands_in
from sluis.cli.watch import Watch
from sluis.dossier.outcome import outcome
from sluis.dossier.waiver_words import waiver_words
from sluis.errors import EXIT_FAILED
from support.outcomes import NOW, material, whole_story
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change
from unit.cli.test_pasted_commands import paste


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    return small_change(tmp_path, monkeypatch)


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    run(list(words))
    return "".join(capsys.readouterr())


@pytest.mark.parametrize("words", [["check"], ["keys", "trust"], ["judge", "a"], ["prepare", "a"]])
def test_what_is_missing_is_told_with_the_help_that_names_it(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    verb = " ".join(words[:2] if words[0] == "keys" else words[:1])
    assert f"See: sluis {verb} --help" in said(capsys, *words)


def test_keys_are_shown_in_one_piece_with_what_to_do_when_there_is_none(
    made: SmallChange, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (keyid,) = json.loads(said(capsys, "keys", "list", CLIENT, "--json"))["keys"]
    (line,) = said(capsys, "keys", "list", CLIENT).splitlines()
    assert line.startswith(f"{keyid['keyid']}  {keyid['name']} ({keyid['party']})")
    assert "There is no client nobody" in said(capsys, "keys", "list", "nobody")
    shutil.rmtree(made.keys)
    monkeypatch.setenv("SLUIS_KEYS", str(made.keys))
    assert commands_in(said(capsys, "keys", "list")) == ["sluis keys new NAME"]


def test_a_change_that_nobody_prepared_is_checked_first_and_described_where_it_is_not(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = made.places.change(CLIENT, CHANGE)
    (folder / "update.yml").write_text("{}\n")
    told = json.loads(said(capsys, "status", CLIENT, CHANGE, "--json"))
    assert told["state"] == "not prepared"
    assert commands_in(told["next"]) == [
        f"sluis check {CLIENT} {CHANGE}", f"sluis prepare {CLIENT} {CHANGE}",
    ]  # fmt: skip
    for name in ("scope.yml", "update.yml"):
        (folder / name).unlink()
    told = json.loads(said(capsys, "status", CLIENT, CHANGE, "--json"))
    assert commands_in(told["next"]) == [f"sluis discover {CLIENT} {CHANGE}"]


@pytest.mark.parametrize("drafted", [False, True])
def test_a_waiver_that_is_drafted_is_seen_and_both_ways_to_ask_are_told(
    made: SmallChange, capsys: pytest.CaptureFixture[str], drafted: bool
) -> None:
    made.lay_down(proven=False)
    found = json.loads(said(capsys, "status", CLIENT, CHANGE, "--json"))
    names = list(dict.fromkeys(one["about"] for one in found["unproven"]))
    if drafted:
        folder = made.places.change(CLIENT, CHANGE) / "waivers"
        folder.mkdir()
        for name in names:
            (folder / f"{name}.yml").write_text("{}\n")
        found = json.loads(said(capsys, "status", CLIENT, CHANGE, "--json"))
    for words in (found["next"], said(capsys, "request", CLIENT, CHANGE)):
        assert ("A waiver is drafted for" in words) is drafted
        assert ("draft a waiver (waivers/" in words) is not drafted
        assert f"sluis sign {CLIENT} {CHANGE}" in commands_in(words)
        assert any(f"--waiver {name}" in words for name in names)
        for command in commands_in(re.sub(r" \[[a-z-]+\]", "", words)):
            paste(command)


def test_some_waivers_may_be_drafted_and_others_not() -> None:
    words = waiver_words(["a", "b", "a"], {"b", "other"}, "practice CHG-1")
    assert "A waiver is drafted for b." in words
    assert "waivers/a.yml beside" in words
    assert "other" not in words


def test_a_request_that_nobody_could_answer_says_so_with_the_line_to_write(
    made: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made.lay_down()
    words = said(capsys, "request", CLIENT, CHANGE, "--output", str(tmp_path))
    assert "No SSH key of this client is known yet" in words
    # what is typed next is right where the request was typed, whatever folder holds the file
    (form,) = tmp_path.glob("*.txt")
    assert f"  sluis sign {CLIENT} {CHANGE} --signature {form}.sig\n" in words
    line = f'inventories/trust/{CLIENT}/allowed_signers: NAME namespaces="sluis-signoff"'
    assert line in words
    missing = said(capsys, "sign", CLIENT, CHANGE, "--signature", f"{form}.sigg")
    assert f"There is no file {form}.sigg." in missing
    signature = form.with_name(f"{form.name}.sig")
    signature.write_text("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
    assert line in said(capsys, "sign", CLIENT, CHANGE, "--signature", str(signature))
    path = made.places.trust(CLIENT) / "allowed_signers"
    path.write_text('x namespaces="sluis-signoff" ssh-ed25519 AAAA\n')
    words = said(capsys, "request", CLIENT, CHANGE, "--output", str(tmp_path))
    assert "No SSH key of this client is known yet" not in words


def test_a_sentence_of_a_check_ends_before_what_it_found() -> None:
    found = outcome(material(whole_story()), NOW)
    checks = tuple(
        line.model_copy(update={"what": "All are there.", "detail": "3000"})
        for line in found.checks
    )
    assert checks
    screen = io.StringIO()
    show_outcome(Console(file=screen, width=300), found.model_copy(update={"checks": checks}))
    assert "All are there: 3000" in screen.getvalue()


def _watched(tmp_path: Path, *results: dict[str, Any]) -> str:
    log = RunLog(tmp_path, "apply", "one", datetime(2030, 1, 1, tzinfo=UTC))
    screen = io.StringIO()
    watch = Watch(progress_on(Console(file=screen, width=300)), log)
    for result in results:
        data = {"task": "A task", "host": "h1", "res": result}
        watch.on_event({"event": "runner_on_failed", "event_data": data})
    log.close()
    assert watch.troubles == []
    return screen.getvalue()


def test_what_was_handed_over_is_no_failure_when_it_is_asked_for_again(tmp_path: Path) -> None:
    """A second apply ends with 0, and its progress told of three failures."""
    closed = {"msg": "Refused.", "reasons": [{"code": "change-closed"}]}
    end = {"msg": "This change was handed over before."}
    told = _watched(tmp_path, closed, end, end)
    assert told.count("carried out and handed over before: nothing is done") == 1
    assert "fail" not in told.casefold()
    assert "Refused" not in told


def test_another_refusal_is_told_as_one(tmp_path: Path) -> None:
    reasons = [{"code": "change-closed"}, {"code": "tree-changed"}]
    assert "Refused" in _watched(tmp_path, {"msg": "Refused.", "reasons": reasons})


def test_a_client_that_is_not_there_is_not_taken_for_the_template(
    made: SmallChange, capsys: pytest.CaptureFixture[str]
) -> None:
    (made.places.root / "inventories" / "template").mkdir(exist_ok=True)
    words = said(capsys, "keys", "trust", "example-plate")
    assert "There is no client example-plate" in words
    assert "template" not in words
    assert "sluis new example-plate" in words


def test_a_run_of_adopt_is_called_so(made: SmallChange) -> None:
    request = Request(made.places, CLIENT, CHANGE, "adopt", {"phase": "apply"})
    assert request.what == "adopt"
    assert replace(request, playbook="update").what == "apply"


def test_what_adopt_refused_is_told_once_and_a_path_is_not_broken() -> None:
    reason = {
        "about": "letters", "sentence": "The backup is bad.", "remedy": "Make another.",
        "code": "backup-is-bad",
    }  # fmt: skip
    error = {
        "host": "h1", "code": "task-failed", "remedy": "The log of the run has more.",
        "what": "adopt | Hold it: The backup is bad",
    }  # fmt: skip
    report = RunReport("one", "with a failure", 2, Path("/l" * 90), (), (error,))
    found: dict[str, list[dict[str, Any]]] = {
        "challenged": [], "adopted": [], "refusals": [reason], "not_enough": [],
    }  # fmt: skip

    def shown() -> str:
        out = io.StringIO()
        show_adopted(Console(file=out, width=80), found, report, 77)
        return out.getvalue()

    assert shown().count("The backup is bad") == 1
    assert "task-failed" not in shown()
    found["refusals"] = []
    assert "task-failed" in shown()
    out = io.StringIO()
    show_forecast(Console(file=out, width=80), report, (), EXIT_FAILED)
    assert str(report.log) in out.getvalue()


def test_several_lines_of_an_action_are_words_and_no_list_of_python() -> None:
    assert words_of(["oldfirm: 1 drive", "letters: gone"]) == "oldfirm: 1 drive; letters: gone"
    assert (words_of("one"), words_of(None)) == ("one", "")
    out = io.StringIO()
    event = {
        "event": "runner_on_failed",
        "event_data": {
            "host": "h1", "task": "Look", "res": {"failed": True, "msg": ["a: 1 drive", "b: 2"]},
        },
    }  # fmt: skip
    log = RunLog(Path(mkdtemp()), "prepare", "one", datetime(2030, 1, 1, tzinfo=UTC))
    watch = Watch(progress_on(Console(file=out, width=200)), log)
    watch.on_event(event)
    log.close()
    (error,) = watch.errors
    assert error["what"].startswith("Look: a: 1 drive; b: 2")
    assert "a: 1 drive; b: 2" in out.getvalue()
