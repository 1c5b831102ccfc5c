"""A pass counts from when it was begun, and not from when it was gone on with."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sluis.border.tenant import TenantSecrets
from sluis.border.verbs.tenant_export import OfFolder, Pass, Request
from sluis.runbook.tenant_exporting import begun_at
from sluis.tenant import source_pass
from sluis.tenant.on_worker import export_asset

ASKED = datetime(2026, 3, 1, 18, tzinfo=UTC)
FREEZE = "2026-03-01T17:30:00+00:00"


def a_pass(begun: datetime | None) -> Pass:
    return Pass(1, "0" * 64, 0, 0, {}, 0, (), (), {}, (), begun.isoformat() if begun else None)


@pytest.mark.parametrize(
    ("begun", "minutes"),
    [
        pytest.param(None, 0, id="now"),
        pytest.param(-60, -60, id="an-hour-ago"),
        pytest.param(60, 0, id="by-a-clock-that-is-fast"),
    ],
)
def test_a_resumed_pass_is_as_old_as_its_beginning(begun: int | None, minutes: int) -> None:
    told = None if begun is None else ASKED + timedelta(minutes=begun)
    assert begun_at(a_pass(told), ASKED) == ASKED + timedelta(minutes=minutes)


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("last", [False, True], ids=["work", "last"])
def test_the_worker_tells_of_a_pass_that_it_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    source = tmp_path / "H"
    source.mkdir()
    (source / "a.txt").write_bytes(b"a")

    def asked(*, last: bool) -> Pass:
        origin = OfFolder("directory", str(source), last, FREEZE if last else None)
        request = Request("h-drive", "H", str(tmp_path / "exports" / "h-drive"), origin)
        done = export_asset(request, TenantSecrets()).done
        assert done is not None
        return done

    def kill(*_: object) -> None:
        raise Killed

    monkeypatch.setattr(source_pass, "_write_down", kill)
    with pytest.raises(Killed):
        asked(last=False)
    monkeypatch.undo()
    done = asked(last=last)
    assert (done.seen_in_pass, done.begun is None) == (1, last)
    assert asked(last=last).begun is None


def test_the_controller_needs_no_library_of_the_workers() -> None:
    """It records passes and never speaks to Graph; a worker's Python may have more than its own."""
    code = (
        "import sys, sluis.runbook.tenant_exporting, sluis.runbook.handover\n"
        "print(sorted({'aiohttp', 'msal', 'numpy'} & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
