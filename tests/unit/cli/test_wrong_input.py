"""What `sluis check` calls wrong in what was written ends prepare with 64 as well."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from rich.console import Console

from sluis.cli import forecast
from sluis.cli.app import run
from sluis.cli.progress import progress_on
from sluis.cli.runlog import RunLog
from sluis.cli.runner import RunReport
from sluis.cli.watch import Watch
from sluis.cli.wrong_input import wrong_input
from sluis.errors import EXIT_USAGE, InputError, SluisError
from sluis.runbook.findings import Finding, OutThereError
from sluis.runbook.shipping import as_failure
from support.scopes import CHANGE, CLIENT
from support.small_change import small_change

PLACE = Finding("store s", "store-not-allowed", "It may not lie there.", "Agree on it.", True)
CLOSED = Finding("h1", "no-way-in", "h1 lets nobody in.", "Open it.")
LOWERS = Finding("h1", "clock-off", "The clock is off.", "Set it.", True)


def heard(tmp_path: Path, result: dict[str, Any]) -> RunReport:
    """The report of a run in which one task failed with ``result``."""
    log = RunLog(Path(mkdtemp(dir=tmp_path)), "prepare", "one", datetime(2030, 1, 1, tzinfo=UTC))
    watch = Watch(progress_on(Console(file=StringIO())), log)
    watch.on_event({"event": "runner_on_failed", "event_data": {"host": "h1", "res": result}})
    log.close()
    assert watch.troubles == []
    return RunReport(
        "one", "with a failure", 2, log.path, (), tuple(watch.errors),
        findings=tuple(watch.findings), wrong_input=watch.wrong_input,
    )  # fmt: skip


def looked(tmp_path: Path, *found: Finding) -> RunReport:
    stops = [one for one in found if one.stops]
    told = {"sluis_findings": [one.as_dict() for one in found]}
    return heard(tmp_path, as_failure(OutThereError(stops)) | told)


def test_newcomer_a_store_in_a_place_that_the_scope_does_not_allow_is_wrong_input(
    tmp_path: Path,
) -> None:
    error = wrong_input(looked(tmp_path, PLACE))
    assert error is not None
    assert error.exit_status == EXIT_USAGE
    assert error.as_dict() == {
        "code": PLACE.code, "what": PLACE.what, "remedy": PLACE.remedy,
    }  # fmt: skip


def test_all_that_was_found_is_said_with_it(tmp_path: Path) -> None:
    error = wrong_input(looked(tmp_path, CLOSED, PLACE))
    assert error is not None
    for one in (CLOSED, PLACE):
        assert one.what in error.what
        assert f"{one.remedy} [{one.code}]" in error.what


@pytest.mark.parametrize("found", [(CLOSED,), (CLOSED, LOWERS)])
def test_what_is_out_there_is_not(tmp_path: Path, found: tuple[Finding, ...]) -> None:
    assert wrong_input(looked(tmp_path, *found)) is None


def test_a_setting_that_a_task_cannot_use_is_wrong_input(tmp_path: Path) -> None:
    report = heard(tmp_path, as_failure(InputError("bad-setting", "No.", "Write another.")))
    error = wrong_input(report)
    assert error is not None
    assert error.code == "bad-setting"
    assert wrong_input(replace(report, ended="out of time")) is None
    other = heard(tmp_path, as_failure(SluisError("store-unreachable", "No.", "See why.")))
    assert wrong_input(other) is None


def test_newcomer_a_forecast_that_what_was_written_stopped_ends_as_check_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a repository_password check ended with 64, and forecast with 1."""
    made = small_change(tmp_path, monkeypatch)
    change = made.places.change(CLIENT, CHANGE)
    (change / "update.yml").write_text("{}\n")
    wrong = InputError("no-repository-password", "There is no password.", "Write it.")
    report = heard(tmp_path, as_failure(wrong))

    class Held:
        def play(self, *_args: object, **_more: object) -> RunReport:
            return report

    monkeypatch.setattr(forecast, "one_run", lambda *_args: nullcontext(Held()))
    assert run(["forecast", CLIENT, CHANGE]) == EXIT_USAGE
    assert "There is no password.\nWrite it. [no-repository-password]" in capsys.readouterr().err
