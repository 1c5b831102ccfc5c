"""The client's moment: at a real terminal, and with a real SSH key."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pexpect
import pytest
from rich.console import Console

from sluis.cli import app as front
from sluis.cli.ask_client import Terminal
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Shown, Signoff, Waiver
from sluis.signoff.dialogue import Question
from support.outcomes import SCOPE
from support.scopes import CHANGE, CLIENT
from support.small_change import SmallChange, small_change

NAME, ROLE = "A. Client", "practice manager"
SLUIS = str(Path(sys.executable).parent / "sluis")


@pytest.fixture
def change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SmallChange:
    made = small_change(tmp_path, monkeypatch)
    made.lay_down()
    return made


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def at_the_terminal(
    change: SmallChange, answers: dict[str, str], *options: str, end_of_input: bool = False
) -> tuple[int, str]:
    """Answer each question that matches; everything else with yes."""
    child = pexpect.spawn(
        SLUIS,
        ["sign", CLIENT, CHANGE, *options],
        cwd=str(change.root),
        env=dict(os.environ) | {"TERM": "dumb"},
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 160),
    )
    seen = ""
    while child.expect(["\n> ", pexpect.EOF]) == 0:
        question = child.before
        seen += question
        if end_of_input:
            child.sendeof()
            continue
        typed = next((typed for words, typed in answers.items() if words in question), "yes")
        child.sendline(typed)
    child.close()
    return child.exitstatus, seen + child.before


WHO = {"What is your name?": NAME, "What is your role?": ROLE}


def test_the_client_says_yes_to_every_single_thing(
    change: SmallChange, capsys: pytest.CaptureFixture[str]
):
    status, seen = at_the_terminal(change, WHO)
    assert status == 0
    view = change.ledger.read(change.later)
    answer = view.latest(Signoff)
    assert answer is not None
    assert (answer.body.decision, answer.body.signer_name) == ("yes", NAME)
    assert "risk:update-breaks" in answer.body.confirmed
    shown = view.find(answer.body.shown or "")
    assert shown is not None
    assert isinstance(shown.body, Shown)
    # what is kept is what was on the screen
    text = ObjectStore(change.dossier).get(shown.body.documents["plan"]).decode()
    screen = seen.replace("\r", "").splitlines()
    assert [line for line in text.splitlines() if line not in screen] == []
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 75
    assert told(capsys)["state"] == "signed"


def test_the_clients_no_is_recorded_and_is_77(change: SmallChange):
    status, seen = at_the_terminal(
        change, WHO | {"The update can fail": "no", "What should be different?": "Not on a Monday."}
    )
    assert status == 77
    answer = change.ledger.read(change.later).latest(Signoff)
    assert answer is not None
    assert (answer.body.decision, answer.body.remarks) == ("no", "Not on a Monday.")
    assert "refused" in seen


@pytest.mark.parametrize("width", [40, 200])
def test_newcomer_a_question_is_folded_between_words(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    words = "Patient records. " + "This data stays where it is. " * 6
    terminal = Terminal(Console(file=screen, width=width))
    hint = "Type yes or no. An empty answer is not a yes."
    assert terminal.ask(Question("asset:a", "confirm", words, hint)) == "yes"
    lines = screen.getvalue().split("\n")
    assert max(map(len, lines)) <= min(width, 78)
    assert " ".join(screen.getvalue().split()) == f"{words}{hint} >"


def test_nobody_answering_is_not_a_yes(change: SmallChange):
    status, _ = at_the_terminal(change, {}, end_of_input=True)
    assert status == 1
    view = change.ledger.read(change.later)
    assert view.latest(Signoff) is None
    assert view.latest(Shown) is not None


def test_somebody_who_may_not_sign(change: SmallChange):
    status, _ = at_the_terminal(change, {"What is your name?": "B. Other", "role?": "visitor"})
    assert status == 64
    assert change.ledger.read(change.later).latest(Signoff) is None


def test_without_a_terminal_nobody_can_sign(change: SmallChange):
    assert front.run(["sign", CLIENT, CHANGE]) == 64
    assert change.ledger.read(change.now).latest(Shown) is None
    piped = subprocess.run(
        [SLUIS, "sign", CLIENT, CHANGE],
        input="yes\n" * 50,
        capture_output=True,
        text=True,
        check=False,
        cwd=change.root,
    )
    assert piped.returncode == 64
    assert "no-terminal" in piped.stderr


def test_json_keeps_the_dialogue_out_of_the_document(change: SmallChange, tmp_path: Path):
    out = tmp_path / "out.json"
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f"exec {SLUIS} sign {CLIENT} {CHANGE} --json > {out}"],
        cwd=str(change.root),
        env=dict(os.environ) | {"TERM": "dumb"},
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 160),
    )
    while child.expect(["\n> ", pexpect.EOF]) == 0:
        typed = next((typed for words, typed in WHO.items() if words in child.before), "yes")
        child.sendline(typed)
    child.close()
    assert child.exitstatus == 0
    document = json.loads(out.read_text())
    assert document["answer"]["decision"] == "yes"
    assert document["outcome"]["signoff"]["stands"]


def test_taking_it_back(change: SmallChange, capsys: pytest.CaptureFixture[str]):
    assert front.run(["sign", CLIENT, CHANGE, "--withdraw", "--name", NAME, "--role", ROLE,
                      "--why", "Too early."]) == 64  # fmt: skip
    at_the_terminal(change, WHO)
    words = ["--name", NAME, "--role", ROLE, "--why", "The doctor is ill."]
    capsys.readouterr()
    assert front.run(["sign", CLIENT, CHANGE, "--withdraw", *words, "--json"]) == 0
    found = told(capsys)
    assert found["answer"]["decision"] == "withdrawn"
    assert found["outcome"]["state"] == "awaiting sign-off"
    assert front.run(["sign", CLIENT, CHANGE, "--withdraw", "--name", "", "--role", "x",
                      "--why", "y"]) == 64  # fmt: skip


def signed_file(
    change: SmallChange, tmp_path: Path, answers: dict[str, str], *options: str
) -> Path:
    """Ask for the file, fill it in as an editor would, sign it with the client's own key."""
    key = tmp_path / "client-key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    kind, public, *_ = key.with_suffix(".pub").read_text().split()
    signers = change.places.trust(CLIENT) / "allowed_signers"
    signers.write_text(f'client@example.org namespaces="sluis-signoff" {kind} {public}\n')
    assert front.run(["request", CLIENT, CHANGE, "--output", str(tmp_path / "mail"), *options]) == 0
    (file,) = (tmp_path / "mail").glob("*.txt")
    lines, question = [], ""
    for line in file.read_text().splitlines():
        if line.startswith(">>>"):
            typed = next((typed for words, typed in answers.items() if words in question), "yes")
            lines.append(f">>> {typed}".rstrip())
            question = ""
        else:
            lines.append(line)
            # a question has a number; what is above the first is no question
            begins = line.partition(". ")[0].isdigit()
            question = line + "\n" if begins else question + line + "\n"
    file.write_text("\n".join(lines) + "\n")
    sign = ["ssh-keygen", "-q", "-Y", "sign", "-n", "sluis-signoff", "-f", key, file]
    subprocess.run(sign, check=True, stdin=subprocess.DEVNULL)
    return file


FILLED = WHO | {"You do not agree. What": "", "Do you not agree": ""}


def test_a_signature_that_came_back_is_recorded(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = signed_file(change, tmp_path, FILLED)
    capsys.readouterr()
    command = ["sign", CLIENT, CHANGE, "--signature", f"{file}.sig", "--json"]
    assert front.run(command) == 0, capsys.readouterr()
    found = told(capsys)
    assert (found["answer"]["tier"], found["answer"]["decision"]) == ("ssh-key", "yes")
    assert found["outcome"]["state"] == "signed"
    assert front.run(command) == 64  # an answer counts once


@pytest.mark.parametrize("about", ["signoff", "waiver"])
@pytest.mark.parametrize("how", ["form", "prompt"])
def test_newcomer_a_no_is_told_with_its_question_wherever_it_was_given(
    change: SmallChange,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    about: str,
    how: str,
) -> None:
    """On the form it was lost: the answer names the form that came back, and not the request."""
    words, no = "The update can fail", {"The update can fail": "no"}
    if about == "waiver":
        folder = change.places.change(CLIENT, CHANGE) / "waivers"
        folder.mkdir()
        (folder / "letters.yml").write_text(WAIVER.format(day=change.now.date()))
        change.prove("V2", "letters")
        words, no = "there is only the paper archive", {"The risk you take": "no"}
    if how == "prompt":
        status, said = at_the_terminal(change, WHO | no | {"What should be different": ""})
    else:
        options = ["--waiver", "letters"] if about == "waiver" else []
        file = signed_file(change, tmp_path, FILLED | no, *options)
        capsys.readouterr()
        status = front.run(["sign", CLIENT, CHANGE, "--signature", f"{file}.sig"])
        said = capsys.readouterr().out
    assert status == 77
    after = " ".join(said.rpartition("Type it here.")[2].split())
    assert words in after, after
    if about == "waiver":
        assert f"{NAME} ({ROLE}) said no to the waiver for letters" in after
        return
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 77
    found = told(capsys)
    assert words in found["signoff"]["no_to"]
    assert words in found["next"]


def test_a_file_changed_after_it_was_signed_is_refused(change: SmallChange, tmp_path: Path):
    file = signed_file(change, tmp_path, FILLED)
    file.write_text(file.read_text() + " ")
    assert front.run(["sign", CLIENT, CHANGE, "--signature", f"{file}.sig"]) == 64
    assert change.ledger.read(change.later).latest(Signoff) is None


@pytest.mark.parametrize(
    "options",
    [
        ["--signature", "x.sig", "--withdraw"],
        ["--form", "x"],
        ["--name", "x"],
        ["--waiver", "x"],
        ["--signature", "x"],
        ["--signature", "/nonexistent/x.sig"],
    ],
)
def test_options_that_do_not_go_together(options: list[str], change: SmallChange):
    assert front.run(["sign", CLIENT, CHANGE, *options]) == 64


WAIVER = """\
asset: letters
accepts: V0
reason: The scanned letters are on a disk that can only be read once more before it is replaced.
risk: If the letters are lost there is only the paper archive, and finding one takes a day.
alternative: Copy the letters to a new disk first and prove that copy, in the weekend.
alternative_hours: 9
ends_on: {day}
"""


def test_a_drafted_waiver_is_asked_for_first(change: SmallChange):
    folder = change.places.change(CLIENT, CHANGE) / "waivers"
    folder.mkdir()
    (folder / "letters.yml").write_text(WAIVER.format(day=change.now.date()))
    change.prove("V2", "letters")
    status, seen = at_the_terminal(change, WHO)
    assert status == 0, seen
    view = change.ledger.read(change.later)
    waiver = view.latest(Waiver)
    assert waiver is not None
    assert (waiver.body.asset, waiver.body.decision) == ("letters", "yes")
    assert view.latest(Signoff) is not None
    words = ["--name", NAME, "--role", ROLE, "--why", "We have time after all."]
    command = ["sign", CLIENT, CHANGE, "--withdraw", "--waiver", "letters", *words]
    assert front.run(command) == 0


def test_newcomer_a_waiver_for_what_is_proven_is_not_put_before_the_client(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    folder = change.places.change(CLIENT, CHANGE) / "waivers"
    folder.mkdir()
    (folder / "letters.yml").write_text(WAIVER.format(day=change.now.date()))
    assert front.run(["status", CLIENT, CHANGE, "--json"]) == 75
    assert told(capsys)["waivers_not_needed"] == ["letters"]
    file = f"inventories/{CLIENT}/changes/{CHANGE}/waivers/letters.yml"
    front.run(["status", CLIENT, CHANGE])
    said = " ".join(capsys.readouterr().out.split())
    assert "letters is not needed: what is asked of letters is proven." in said
    assert f"Take the file away: {file}" in said
    command = ["request", CLIENT, CHANGE, "--output", str(tmp_path / "mail"), "--waiver", "letters"]
    assert front.run(command) == 64
    said = " ".join(capsys.readouterr().err.split())
    assert "waiver-not-needed" in said
    assert file in said
    status, seen = at_the_terminal(change, WHO)
    assert status == 0, seen
    view = change.ledger.read(change.later)
    assert view.latest(Waiver) is None
    assert view.latest(Signoff) is not None
    assert "there is only the paper archive" not in seen


def test_newcomer_words_that_stay_in_the_other_language_are_named(
    change: SmallChange, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    own, other = ("nl", "en") if SCOPE.language == "nl" else ("en", "nl")
    command = ["request", CLIENT, CHANGE, "--output", str(tmp_path / "mail")]
    assert front.run([*command, "--language", own, "--json"]) == 0
    assert told(capsys)["in_one_language"] == []
    assert front.run([*command, "--language", other, "--json"]) == 0
    named = told(capsys)["in_one_language"]
    assert f"assets.{SCOPE.assets[0].id}.matters_because" in named
    assert "steps.install.name" in named
    assert front.run([*command, "--language", other]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert f"is in the language that was chosen ({other}): {named[0]}" in said
    assert "write both" in said


def test_a_request_for_a_waiver_that_nobody_drafted(change: SmallChange, tmp_path: Path):
    command = ["request", CLIENT, CHANGE, "--output", str(tmp_path), "--waiver", "letters"]
    assert front.run(command) == 64
    assert change.ledger.read(change.now).latest(Shown) is None
