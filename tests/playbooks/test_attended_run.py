"""One command does it all: prepare, the client at the keyboard, apply, checks, hand-over."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pexpect
import pytest

from sluis.evidence.predicates import Handover, Shown, Signoff
from sluis.evidence.verify import verify_dossier
from sluis.rehearsal.client_files import SIGNER
from sluis.rehearsal.lab import Lab
from support.signed_change import ANSIBLE, LabChange, new_change

PATIENCE = 240
#: what may come next on the screen, and what the client types then
NEXT = {
    r"Press Enter when the client can read along": "",
    r"What is your name\?\s+Type it here": SIGNER[0],
    r"What is your role\?\s+Type it here": SIGNER[1],
    r"PLAY RECAP": None,
    r"Type yes or no": "yes",
    r"Press Enter to (?:read on|answer)": "",
}


@pytest.fixture(scope="module")
def described(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> tuple[LabChange, Path]:
    change = new_change(lab, tmp_path_factory.mktemp("attended") / "project", "CHG-ATTENDED")
    return change, change.keep()


def attend(change: LabChange) -> str:
    """Run the playbook at a terminal and be the client; what was on the screen."""
    child = pexpect.spawn(
        str(ANSIBLE / "ansible-playbook"),
        [
            "-i", f"inventories/{change.who.client}", "playbooks/update.yml",
            "-e", f"change={change.change}",
        ],
        cwd=str(change.root), env={**change.environment(), "TERM": "dumb"},
        encoding="utf-8", timeout=PATIENCE, dimensions=(50, 200), echo=False,
    )  # fmt: skip
    screen = ""
    while True:
        found = child.expect([*NEXT, pexpect.EOF])
        screen += str(child.before) + str(child.after)
        answer = [*NEXT.values(), None][found]
        if answer is None:
            break
        child.send(answer + "\r")
    if child.isalive():
        child.expect(pexpect.EOF)
        screen += str(child.before)
    child.close()
    return screen


@pytest.mark.slow
def test_one_attended_run(described: tuple[LabChange, Path]) -> None:
    change, kept = described
    change.go_back_to(kept)
    screen = attend(change)
    assert change.markers() == {"app1": ["mark"], "db1": ["mark"]}, screen
    view = change.view()
    signoff, handover = view.latest(Signoff), view.latest(Handover)
    assert signoff is not None, screen
    assert (signoff.body.signer_name, signoff.body.signer_role) == SIGNER
    assert view.latest(Shown) is not None
    assert handover is not None
    assert handover.body.result == "applied"
    verdict = verify_dossier(change.dossier, change.ledger.anchors, datetime.now(UTC))
    assert verdict.holds, verdict.as_dict()
