"""What opens a sealed file is named where whoever started the run can name it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible import context
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import FileVaultSecret

from sluis.cli.private import PrivateFolder
from sluis.plan.faults import Fault
from sluis.runbook.own_folder import PROGRESS, PROGRESS_FILE
from sluis.runbook.written_files import Files


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    (tmp_path / "right").write_text("one\n")
    path = tmp_path / "secrets.yml"
    path.write_text("a: b\n")
    tool = Path(sys.executable).with_name("ansible-vault")
    words = ["encrypt", "--vault-id", f"practice@{tmp_path / 'right'}", str(path)]
    subprocess.run([tool, *words], check=True, capture_output=True)
    return path


@pytest.fixture
def by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CLIARGS", ImmutableDict(args=("playbooks/update.yml",)))
    monkeypatch.delenv(PROGRESS, raising=False)


@pytest.fixture
def front_door(by_hand: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with PrivateFolder({}) as private:
        monkeypatch.setenv(PROGRESS, str(private.path / PROGRESS_FILE))
        yield


def _remedy(sealed: Path, wrong: Path | None = None) -> str:
    loader = DataLoader()
    if wrong is not None:
        wrong.write_text("two\n")
        secret = FileVaultSecret(filename=str(wrong), loader=loader)
        secret.load()
        loader.set_vault_secrets([("practice", secret)])
    found: list[Fault] = list(Files(sealed.parent, loader).read(sealed))
    (fault,) = found
    assert fault.code == "vault-not-opened"
    return fault.remedy


def test_newcomer_who_starts_ansible_takes_an_option_or_a_variable(
    sealed: Path, tmp_path: Path, by_hand: None
) -> None:
    for remedy in (_remedy(sealed), _remedy(sealed, tmp_path / "wrong")):
        assert "--vault-id practice@FILE, or in ANSIBLE_VAULT_PASSWORD_FILE" in remedy
        assert "with ansible-runner, in its envvars" in remedy
        assert "vault.cfg is read by sluis alone" in remedy


@pytest.mark.parametrize("started", ["a run of sluis", "sluis check"])
def test_newcomer_who_starts_sluis_writes_vault_cfg(
    sealed: Path, tmp_path: Path, started: str, request: pytest.FixtureRequest
) -> None:
    if started == "a run of sluis":
        request.getfixturevalue("front_door")
    for remedy in (_remedy(sealed), _remedy(sealed, tmp_path / "wrong")):
        assert "in vault.cfg: practice = FILE" in remedy
        assert "--vault-id" not in remedy
