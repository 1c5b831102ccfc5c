"""No verb of the front door waits for what is no file: it names it and ends (L22)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from support.signed_change import ANSIBLE, LabChange

_RUNS = ("check", "prepare", "apply", "request", "forecast", "landing")
#: what becomes a pipe, and the verbs that open it
TABLE = {
    "inventories/{client}/hosts.yml": _RUNS,
    "inventories/{client}/changes/{change}/scope.yml": _RUNS,
    "inventories/{client}/changes/{change}/update.yml": ("check", "prepare", "apply"),
    "inventories/{client}/changes/OTHER/scope.yml": ("check",),
    "inventories/{client}/vault.cfg": ("check", "apply"),
    "inventories/{client}/group_vars/all/zz.yml": ("check", "apply"),
    "inventories/trust/{client}/keys.json": ("check", "status"),
    "roles/change_gate/tasks/main.yml": ("check", "apply"),
    "keys": ("check", "apply"),
}


def _sluis(change: LabChange, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ANSIBLE / "sluis", *words, change.who.client, change.change],
        cwd=change.root, env=change.environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def _place(change: LabChange, name: str) -> Path:
    if name == "keys":
        return next(change.who.keys.glob("*.pem"))
    return change.root / name.format(client=change.who.client, change=change.change)


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.slow
def test_L22_a_verb_waits_for_no_pipe(change: LabChange, name: str) -> None:
    change.sign()
    path = _place(change, name)
    path.parent.mkdir(exist_ok=True)
    kept = path.read_bytes() if path.exists() else None
    mode = path.stat().st_mode if path.exists() else 0o600
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    try:
        for verb in TABLE[name]:
            run = _sluis(change, verb)
            said = run.stdout + run.stderr
            assert "Traceback" not in said
            if "OTHER" not in name:  # what does not belong to the change need not be said
                assert run.returncode not in (0, 75), (verb, said)
                assert ("keys.json" if "trust" in name else "not-a-file") in said, (verb, said)
    finally:
        path.unlink()
        if kept is not None:
            path.write_bytes(kept)
            path.chmod(mode)
    assert change.markers() == {"app1": [], "db1": []}


def test_plain_ansible_names_what_is_no_vault_settings(change: LabChange) -> None:
    """It is refused for what it is, and not for an inventory that went."""
    change.sign()
    os.mkfifo(change.who.inventory / "vault.cfg")
    run = change.playbook("-e", "phase=apply")
    said = run.stdout + run.stderr
    assert run.returncode != 0
    assert "not-a-file (inventories/example-practice/vault.cfg)" in said
    assert " went" not in said
    assert change.markers() == {"app1": [], "db1": []}
