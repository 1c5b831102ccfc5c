"""What a check says where settings cannot be used: once, and what it could not look at."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sluis.cli import checked
from sluis.cli.checked import check_all
from sluis.cli.runner import RunReport
from sluis.cli.written import Written
from sluis.plan.faults import Fault
from sluis.runbook.findings import Finding
from sluis.scope.load import load_scope
from sluis.scope.model import ScopeDocument
from support.every_field import SCOPE_WITH_EVERYTHING
from support.scopes import to_yaml

FILE = "inventories/practice/group_vars/all.yml"
WHAT = "The store has no usable user."
CODES = ("bad-backup", "bad-setting", "bad-store", "certificate-missing")


def _checked(
    monkeypatch: pytest.MonkeyPatch,
    faults: tuple[Fault, ...],
    *found: Finding,
    scope: Any = None,
) -> checked.Checked:
    report = RunReport("x", "by itself", 0, Path("log"), findings=found)
    monkeypatch.setattr(checked, "_keys", lambda *_: [])
    monkeypatch.setattr(checked, "vault_ids", lambda *_: ())
    monkeypatch.setattr(checked, "read_in_a_clean_place", lambda *_: Written(faults))
    monkeypatch.setattr(checked, "_out_there", lambda *_: (report, []))
    monkeypatch.setattr(checked, "_scope", lambda *_: scope)
    session: Any = SimpleNamespace(places=None, environ={}, doing=lambda _words: nullcontext())
    return check_all(session, "practice", None, None)


@pytest.mark.parametrize("code", CODES)
def test_a_setting_that_was_read_is_said_once_and_what_hangs_on_it_as_not_looked_at(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """A store that is written wrong was said with its line, and again by each host."""
    fault = Fault(code, FILE, 7, WHAT, "Write the user.")
    on_hosts = [Finding(host, code, WHAT, "Write the user.", True) for host in ("h1", "h2")]
    other = Finding("h1", "clock-off", "The clock of h1 is off.", "Set it.")
    told = _checked(monkeypatch, (fault,), *on_hosts, other)
    assert [(one.about, one.line, one.code) for one in told.wrong] == [
        (FILE, 7, code), ("h1", 0, "clock-off"),
    ]  # fmt: skip
    assert told.not_looked_at == (
        "folders, databases and stores of h1, h2, because the settings cannot be used",
    )
    assert told.exit_status == 64


@pytest.mark.parametrize("code", CODES)
def test_a_setting_that_a_template_made_wrong_is_said_of_each_host(
    monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    """Nobody can read it beforehand: only the host's own values show it."""
    told = _checked(monkeypatch, (), Finding("h1", code, WHAT, "Write the user.", True))
    assert [(one.about, one.code, one.written) for one in told.wrong] == [("h1", code, True)]
    assert told.not_looked_at == (
        "folders, databases and stores of h1, because the settings cannot be used",
    )
    assert told.exit_status == 64


def _scope(folder: Path) -> ScopeDocument:
    plain = {name: one for name, one in SCOPE_WITH_EVERYTHING.items() if name != "documents"}
    (folder / "scope.yml").write_text(to_yaml(plain))
    return load_scope(folder / "scope.yml").document


@pytest.mark.parametrize("code", ["become-refused", "become-password-missing"])
def test_what_a_host_without_sudo_hides_is_a_line_each(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, code: str
) -> None:
    """It was silence: nobody saw that two assets had not been looked at."""
    scope = _scope(tmp_path)
    host = next(asset.host for asset in scope.assets if asset.takes_snapshot and asset.host)
    names = [
        asset.id
        for asset in scope.assets_on(host)
        if asset.takes_snapshot and not asset.is_exported
    ]
    assert names
    refused = Finding(host, code, f"{host} does not let our user use sudo.", "Let it.")
    other = Finding("elsewhere", "clock-off", "The clock of elsewhere is off.", "Set it.")
    told = _checked(monkeypatch, (), refused, other, scope=scope)
    why = f"because sudo on {host} does nothing for us; check again when it does"
    assert told.not_looked_at == (
        *(f"{one} on {host}, and what restoring it needs on the verifier, {why}" for one in names),
        f"restic, the store and the room as {host} has them, {why}",
    )
    assert told.exit_status == 1
    (line,) = _checked(monkeypatch, (), refused).not_looked_at
    assert line.startswith(f"restic, the store and the room as {host}")
