"""What a file that ansible-vault encrypted holds must follow from what is signed, too (L4)."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from sluis.evidence.predicates import Plan, Snapshot
from support.signed_change import ANSIBLE, LabChange

pytestmark = pytest.mark.slow


@pytest.fixture
def password(tmp_path: Path) -> Path:
    path = tmp_path / "practice.pass"
    path.write_text("a long enough password\n")
    path.chmod(0o600)
    return path


def _seal(change: LabChange, text: str, password: Path) -> Path:
    path = change.who.inventory / "group_vars" / "all" / "zz.yml"
    path.write_text(text)
    subprocess.run(
        [ANSIBLE / "ansible-vault", "encrypt", "--vault-id", f"default@{password}", path],
        env=change.environment(), check=True, capture_output=True,
    )  # fmt: skip
    return path


@pytest.mark.parametrize("how", ["by-hand", "front-door"])
def test_L4_a_program_named_elsewhere_is_refused_in_an_encrypted_file(
    change: LabChange, password: Path, tmp_path: Path, how: str
) -> None:
    """What lies there at apply could make and prove each copy, and nobody signed it."""
    (tmp_path / "which").write_text("restic")
    lookup = f"{{{{ lookup('ansible.builtin.file', '{tmp_path / 'which'}') }}}}"
    _seal(change, f'snapshot_and_verify_restic: "{lookup}"\n', password)
    before = len(change.view().of(Plan)), len(change.view().of(Snapshot))
    if how == "by-hand":
        run = change.playbook("-e", "phase=prepare", "--vault-id", f"default@{password}")
        assert run.returncode != 0
        said = run.stdout + run.stderr
        assert "reaches-outside" in change.refusals()
    else:
        environment = change.environment() | {"SLUIS_VAULT_PASSWORD_FILE": str(password)}
        checked = subprocess.run(
            [ANSIBLE / "sluis", "check", change.who.client, change.change, "--json"],
            cwd=change.root, env=environment, capture_output=True, text=True, timeout=240,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        said = checked.stdout
        assert checked.returncode == 64, said
        assert "reaches-outside" in {one["code"] for one in json.loads(said)["findings"]}
    assert "lookup('ansible.builtin.file')" in said
    assert "zz.yml" in said
    assert before == (len(change.view().of(Plan)), len(change.view().of(Snapshot)))


def test_L4_what_nobody_can_open_is_not_applied(change: LabChange, password: Path) -> None:
    """Without the password nobody knows what its templates read."""
    change.sign()
    _seal(change, "a: 1\n", password)
    run = change.playbook("-e", "phase=apply")
    assert run.returncode != 0
    assert "vault-not-opened" in run.stdout + run.stderr
    assert change.markers() == {"app1": [], "db1": []}
