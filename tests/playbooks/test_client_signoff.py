"""The client's moment in the real playbook: at a real terminal, and everywhere else."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pexpect
import pytest
import yaml

from sluis.dossier.material import read_material
from sluis.dossier.outcome import outcome
from sluis.evidence.anchors import load_anchors, trust_key
from sluis.evidence.keys import load_key, new_key
from sluis.evidence.ledger import Ledger, View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Plan, Refusal, Scope, Shown, Signoff, Snapshot, Waiver
from sluis.places import Places
from sluis.plan.tree import read_tree
from sluis.rehearsal.project import clean_environment, make_project
from sluis.runbook.inventory import reach_of
from sluis.scope.load import load_scope
from sluis.scope.text import scope_text
from sluis.signoff.compared_copies import compared_copies
from sluis.signoff.dialogue import ATTEMPTS
from support.outcomes import snapshot_of, verified
from support.scopes import CHANGE, CLIENT, write_scope
from support.signing import RISK, SIGNER, make_plan

pytestmark = pytest.mark.slow

ANSIBLE = Path(sys.executable).parent / "ansible-playbook"
#: long enough for a busy machine; nothing waits for it when all is well
PATIENCE = 120

HOSTS = {"h1": {}, "h2": {}, "h3": {}}
INVENTORY = {"all": {"hosts": HOSTS, "vars": {"ansible_connection": "local"}}}


@dataclass(frozen=True)
class Prepared:
    """A change of which scope and plan are laid down; nobody has signed."""

    places: Places
    keys: Path

    @property
    def dossier(self) -> Path:
        return self.places.dossier(CLIENT, CHANGE)

    @property
    def ledger(self) -> Ledger:
        anchors = load_anchors(self.places.trust(CLIENT), CLIENT)
        return Ledger(self.dossier, anchors, CLIENT, CHANGE)

    @property
    def objects(self) -> ObjectStore:
        return ObjectStore(self.dossier)

    def view(self) -> View:
        view = self.ledger.read(datetime.now(UTC) + timedelta(seconds=2))
        assert view.problems == ()
        return view

    def lay_down(self) -> None:
        loaded = load_scope(self.places.change(CLIENT, CHANGE) / "scope.yml")
        tree = read_tree(self.places, CLIENT, CHANGE, reach_of(self.places, CLIENT))
        plan = make_plan(loaded.document).model_copy(update={"tree_sha256": tree.sha256})
        key, at = load_key(self.keys, None, None), datetime.now(UTC).replace(microsecond=0)
        scope_object = self.objects.put(loaded.document.to_bytes())
        self.ledger.append(
            Scope(
                scope_object=scope_object,
                source_object=self.objects.put(loaded.source),
                assets=("patient-records", "letters"),
            ),
            key=key,
            now=at,
        )
        for asset in loaded.document.assets:
            taken = snapshot_of(asset)
            made = self.ledger.append(taken, key=key, now=at)
            self.ledger.append(verified(taken, made.sha256), key=key, now=at)
        self.ledger.append(
            Plan(
                plan_object=self.objects.put(plan.to_bytes()),
                scope_object=scope_object,
                tree_sha256=plan.tree_sha256,
                tree_object=self.objects.put(tree.to_bytes()),
                steps=1,
                hosts=plan.hosts,
            ),
            key=key,
            now=at,
        )

    def prove_less(self, asset: str) -> None:
        """Only V1 of an asset is proven after all."""
        taken = self.view().latest(Snapshot, lambda item: item.body.asset == asset)
        assert taken is not None
        key, at = load_key(self.keys, None, None), datetime.now(UTC).replace(microsecond=0)
        self.ledger.append(verified(taken.body, taken.sha256, "V1"), key=key, now=at)

    def command(self, *options: str) -> list[str]:
        return [
            str(ANSIBLE), "-i", f"inventories/{CLIENT}", "playbooks/update.yml",
            "-e", f"change={CHANGE}", "-e", "phase=sign", *options,
        ]  # fmt: skip

    def environment(self, **more: str) -> dict[str, str]:
        return {**clean_environment(self.keys), "ANSIBLE_NOCOLOR": "1", "TERM": "dumb", **more}

    def run(
        self, *options: str, stdin: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        """Without a terminal: standard input is a pipe."""
        return subprocess.run(
            self.command(*options),
            cwd=self.places.root,
            env=self.environment(**environ),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def terminal(self, *options: str, **environ: str) -> Terminal:
        """With a terminal, and a client at it."""
        command = self.command(*options)
        child = pexpect.spawn(
            command[0],
            command[1:],
            cwd=str(self.places.root),
            env=self.environment(**environ),
            encoding="utf-8",
            timeout=PATIENCE,
            dimensions=(50, 200),
            echo=False,
        )
        return Terminal(child)


@dataclass
class Terminal:
    """A person at a terminal who reads a question and types an answer."""

    child: pexpect.spawn[str]
    seen: str = ""

    def reads(self, words: str) -> None:
        """Wait until ``words`` are on the screen, whatever line they were folded on."""
        pattern = r"\s+".join(_escape(word) for word in words.split())
        self.child.expect(pattern)
        self.seen += self.child.before + self.child.after

    def types(self, words: str) -> None:
        self.child.send(words + "\r")

    def answers(self, question: str, words: str) -> None:
        self.reads(question)
        self.reads("Type")
        self.types(words)

    def begins(self) -> None:
        self.reads("Press Enter when the client can read along.")
        self.types("")
        self.leafs()

    def leafs(self) -> None:
        """Read page after page, and not the technical details."""
        while True:
            found = self.child.expect([r"Press Enter to read on\.", r"Press Enter to answer\."])
            self.seen += self.child.before + self.child.after
            self.types("")
            if found == 1:
                return

    def ends(self) -> int:
        self.child.expect(pexpect.EOF)
        self.seen += self.child.before
        self.child.close()
        return self.child.exitstatus

    def agrees(self, *, until: str | None = None) -> None:
        """Say yes to every question in order, up to the one that holds ``until``."""
        for question in QUESTIONS:
            if until is not None and until in question:
                return
            self.answers(question, "yes")
        self.answers("What is your name?", SIGNER[0])
        self.answers("What is your role?", SIGNER[1])


QUESTIONS = (
    "Above it says what we will do, in",
    "Above it says which data this is about:",
    "If it fails: We then put back the copy from right before the change",
    "The records stay on the server.",
    "The letters stay where they are.",
    "Scanned letters: Before we start",
    "We do not update the workstations. Do you know that?",
    "We do not train your people. Do you know that?",
    "Risk. Patient records",
    "Risk. Scanned letters",
    "We keep copies from right before the change for 90 days.",
    "Do you agree to exactly",
)


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    places = make_project(tmp_path / "project")
    folder = places.change(CLIENT, CHANGE)
    write_scope(folder)
    (folder / "update.yml").write_text("---\n{}\n")
    (places.inventory(CLIENT) / "hosts.yml").write_text(yaml.safe_dump(INVENTORY))
    keys = tmp_path / "keys"
    key = new_key(keys, "operator")
    trust = places.trust(CLIENT)
    trust.mkdir(parents=True)
    trust_key(trust, CLIENT, key, now=datetime.now(UTC) - timedelta(days=1))
    made = Prepared(places, keys)
    made.lay_down()
    return made


def nothing_signed(prepared: Prepared) -> bool:
    view = prepared.view()
    return view.of(Signoff) == () and view.of(Waiver) == ()


def test_the_client_reads_answers_and_signs(prepared: Prepared) -> None:
    """The yes path, then a second run that asks nothing."""
    screen = prepared.terminal()
    screen.begins()
    screen.agrees()
    assert screen.ends() == 0, screen.seen
    (statement,) = prepared.view().of(Signoff)
    body = statement.body
    assert (body.decision, body.tier, body.signer_name) == ("yes", "attended", SIGNER[0])
    assert len(body.confirmed) == len(QUESTIONS)
    (shown,) = prepared.view().of(Shown)
    assert shown.number < statement.number
    text = prepared.objects.get(shown.body.documents["scope"]).decode()
    scope = load_scope(prepared.places.change(CLIENT, CHANGE) / "scope.yml").document
    known = compared_copies(scope, prepared.view())
    assert text == scope_text(scope, "en", known)
    # what is kept is what was on the screen, line by line
    on_screen = screen.seen.replace("\r", "").splitlines()
    for line in text.splitlines():
        assert line in on_screen
    # the technical details are kept as well, and are shown when somebody asks for them
    assert "h1" in prepared.objects.get(shown.body.documents["technical"]).decode()
    assert screen.seen.index(text.splitlines()[0]) < screen.seen.index("Above it says")

    again = prepared.run()
    assert again.returncode == 0, again.stdout
    assert "signed before" in again.stdout
    assert len(prepared.view().of(Signoff)) == 1
    assert len(prepared.view().of(Shown)) == 1


def test_a_no_is_recorded_and_fails_the_run(prepared: Prepared) -> None:
    screen = prepared.terminal()
    screen.begins()
    screen.agrees(until="Risk. Scanned")
    screen.answers("Risk. Scanned letters", "no")
    screen.answers("What should be different?", "First scan the rest.")
    screen.answers("What is your name?", "B. Client")
    screen.answers("What is your role?", "owner")
    assert screen.ends() == 2
    (statement,) = prepared.view().of(Signoff)
    assert (statement.body.decision, statement.body.remarks) == ("no", "First scan the rest.")
    assert statement.body.confirmed["risk:letters-unlinked"] == "no"
    assert "B. Client (owner) said no to this change: First scan the rest." in screen.seen
    found = outcome(
        read_material(prepared.places, CLIENT, CHANGE, datetime.now(UTC)), datetime.now(UTC)
    )
    assert found.signoff is not None
    assert "Scanned letters" in found.signoff.no_to
    assert f"said no to: “{found.signoff.no_to}”. They wrote: “First scan the rest.”" in found.next


def test_wrong_answers_are_asked_again_and_never_a_yes(prepared: Prepared) -> None:
    screen = prepared.terminal()
    screen.begins()
    screen.answers(QUESTIONS[0], "")
    screen.reads("Empty is not a yes.")
    for number in range(ATTEMPTS - 1):
        screen.types(("y", "sure")[number % 2])
        if number < ATTEMPTS - 2:
            screen.reads("Empty is not a yes.")
    assert screen.ends() == 2
    assert "no-clear-answer" in screen.seen
    assert nothing_signed(prepared)
    assert len(prepared.view().of(Shown)) == 1


def test_somebody_who_may_not_sign_does_not_sign(prepared: Prepared) -> None:
    screen = prepared.terminal()
    screen.begins()
    for question in QUESTIONS:
        screen.answers(question, "ja")
    for hint in ("Type it here.", *["only these people may sign"] * (ATTEMPTS - 1)):
        screen.reads("What is your name?")
        screen.reads(hint)
        screen.types("C. Passer-by")
        screen.answers("What is your role?", "visitor")
    assert screen.ends() == 2
    assert "not-a-signer" in screen.seen
    assert nothing_signed(prepared)


def test_breaking_off_signs_nothing(prepared: Prepared) -> None:
    screen = prepared.terminal()
    screen.begins()
    screen.agrees(until="Risk. Patient")
    screen.reads("Risk. Patient records")
    screen.reads("Type")
    screen.child.send("\x03")
    assert screen.ends() != 0
    assert nothing_signed(prepared)


YESES = "\n" + "yes\n" * 12 + "A. Client\npractice manager\n"


@pytest.mark.parametrize("stdin", ["", YESES])
def test_piped_input_cannot_answer(prepared: Prepared, stdin: str) -> None:
    run = prepared.run(stdin=stdin)
    assert run.returncode == 2, run.stdout + run.stderr
    assert "awaiting-signoff" in run.stdout
    assert "sluis request" in run.stdout
    assert nothing_signed(prepared)
    # nobody saw anything, so nothing is on record as shown
    assert prepared.view().of(Shown) == ()


@pytest.mark.parametrize(
    ("name", "value"), [("AWX_ISOLATED_DATA_DIR", "/tmp/job"), ("RUNNER_OMIT_EVENTS", "False")]
)
def test_a_job_runner_with_a_terminal_of_its_own_cannot_answer(
    prepared: Prepared, name: str, value: str
) -> None:
    screen = prepared.terminal(**{name: value})
    assert screen.ends() == 2
    assert "awaiting-signoff" in screen.seen
    assert nothing_signed(prepared)
    assert prepared.view().of(Shown) == ()


@pytest.mark.parametrize(
    "given",
    [
        "client_signoff=yes",
        '{"decision": "yes", "signer_name": "A. Client", "confirmed": {"decision": "yes"}}',
        '{"client_signoff_answers": ["yes", "yes"], "signoff": {"signed": true}}',
    ],
)
def test_extra_vars_cannot_answer(prepared: Prepared, given: str) -> None:
    run = prepared.run("-e", given, stdin=YESES)
    assert run.returncode != 0
    assert "extra-var-not-allowed" in run.stdout + run.stderr
    assert nothing_signed(prepared)
    assert [item.body.reasons[0].code for item in prepared.view().of(Refusal)] == [
        "extra-var-not-allowed"
    ]


def test_variables_of_the_inventory_cannot_answer(prepared: Prepared) -> None:
    folder = prepared.places.inventory(CLIENT) / "group_vars"
    folder.mkdir()
    (folder / "all.yml").write_text(
        "---\nclient_signoff: 'yes'\ndecision: 'yes'\nclient_signoff_decision: 'yes'\n"
    )
    # what is in the inventory is bound: a plan from before it is dead
    assert "tree-changed" in prepared.run().stdout
    prepared.lay_down()
    run = prepared.run()
    assert run.returncode == 2
    assert "awaiting-signoff" in run.stdout
    assert nothing_signed(prepared)


def test_an_argument_to_the_action_cannot_answer(prepared: Prepared) -> None:
    tasks = prepared.places.root / "roles" / "client_signoff" / "tasks" / "main.yml"
    tasks.write_text("---\n- name: Sign\n  client_signoff:\n    decision: 'yes'\n")
    run = prepared.run()
    assert run.returncode == 2
    assert "Only the client can answer" in run.stdout
    assert nothing_signed(prepared)


def test_check_mode_asks_nothing(prepared: Prepared) -> None:
    run = prepared.run("--check")
    assert "awaiting-signoff" not in run.stdout
    assert nothing_signed(prepared)
    assert prepared.view().of(Shown) == ()


def test_case_B3_an_open_question_is_said_before_the_client_is_called(prepared: Prepared) -> None:
    question = {"question": "All of it?", "asked_of": "A. Client", "asked_on": date(2026, 11, 1)}
    write_scope(prepared.places.change(CLIENT, CHANGE), {"assets.1.open_questions": [question]})
    prepared.lay_down()
    run = prepared.run()
    assert run.returncode == 2
    assert "open-question" in run.stdout
    assert prepared.view().of(Shown) == ()


def test_case_A10_a_drafted_waiver_is_asked_before_the_signoff(prepared: Prepared) -> None:
    folder = prepared.places.change(CLIENT, CHANGE) / "waivers"
    folder.mkdir()
    ends = (datetime.now(UTC) + timedelta(days=3)).date()
    draft = {
        "asset": "letters",
        "accepts": "V1",
        "reason": "The disk on which we would restore the letters arrives only next week.",
        "risk": RISK,
        "alternative": "Wait for the disk and restore all letters on it before the update.",
        "alternative_hours": 8,
        "ends_on": ends,
    }
    (folder / "letters.yml").write_text(yaml.safe_dump(draft))
    prepared.prove_less("letters")
    screen = prepared.terminal()
    screen.begins()
    for question in (
        "you get less certainty.", "The reason is:", "The risk you take:",
        "There is another way:", "This counts only for this one change", "May we go on WITHOUT",
    ):  # fmt: skip
        screen.answers(question, "yes")
    screen.answers("What is your name?", SIGNER[0])
    screen.answers("What is your role?", SIGNER[1])
    screen.leafs()
    screen.answers("Above it says what we will do", "yes")
    screen.answers("Above it says which data", "yes")
    screen.answers("Above it says where you accepted less certainty before.", "no")
    screen.answers("What should be different?", "I take that back.")
    screen.answers("What is your name?", SIGNER[0])
    screen.answers("What is your role?", SIGNER[1])
    assert screen.ends() == 2
    (waiver,) = prepared.view().of(Waiver)
    assert (waiver.body.decision, waiver.body.asset) == ("yes", "letters")
    (signoff,) = prepared.view().of(Signoff)
    assert signoff.body.decision == "no"


def test_newcomer_a_waiver_that_is_not_needed_is_not_put_before_the_client(
    prepared: Prepared,
) -> None:
    """What it says would be untrue: the copy was restored and compared."""
    folder = prepared.places.change(CLIENT, CHANGE) / "waivers"
    folder.mkdir()
    ends = (datetime.now(UTC) + timedelta(days=3)).date()
    draft = {
        "asset": "letters", "accepts": "V1", "risk": RISK, "alternative_hours": 8, "ends_on": ends,
        "reason": "The disk on which we would restore the letters arrives only next week.",
        "alternative": "Wait for the disk and restore all letters on it before the update.",
    }  # fmt: skip
    (folder / "letters.yml").write_text(yaml.safe_dump(draft))
    screen = prepared.terminal()
    screen.begins()
    screen.answers("Above it says what we will do", "no")
    screen.answers("What should be different?", "Nothing.")
    screen.answers("What is your name?", SIGNER[0])
    screen.answers("What is your role?", SIGNER[1])
    assert screen.ends() == 2
    assert not prepared.view().of(Waiver)


def _escape(word: str) -> str:
    return "".join(f"\\{char}" if not char.isalnum() else char for char in word)


def test_the_tests_can_find_ansible() -> None:
    assert os.access(ANSIBLE, os.X_OK)
