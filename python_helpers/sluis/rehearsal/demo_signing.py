"""The client's moment in the demo: at the prompt, and with a key of their own."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pexpect
from rich.text import Text

from sluis.errors import EXIT_APPLIED
from sluis.evidence.predicates import Signoff
from sluis.evidence.signed_form import PROMPT
from sluis.rehearsal.client_files import SIGNER
from sluis.rehearsal.stage import SceneFailedError, Stage, program
from sluis.signoff.ssh_signature import NAMESPACE

#: how each question ends (``signoff/texts.py``), and what the make-believe client types
_PROMPTS: dict[str, str] = {
    r"What is your name\?": SIGNER[0],
    r"What is your role\?": SIGNER[1],
    r"Type yes or no\.": "yes",
    r"Press Enter to (?:read on|answer)\.": "",
}
_SECONDS = 60


def sign_at_the_prompt(stage: Stage, change: str) -> None:
    """The client answers every question, one by one, on the terminal.

    Raises:
        SceneFailedError: it did not end as signed.
    """
    words = ["sluis", "sign", stage.who.client, change]
    stage.show_command(words)
    log = stage.logs / f"sign-{change}.log"
    if stage.interactive:
        status = _person(stage, words)
        log.touch()
    else:
        status = _make_believe_client(stage, words, log)
    stage.judge_exit(status, EXIT_APPLIED, log)
    signoff = stage.ledger(change).latest(Signoff)
    stage.hold(
        signoff is not None and signoff.body.decision == "yes",
        f"signed, and in the ledger as statement {signoff.number if signoff else 0}",
    )


def _person(stage: Stage, words: list[str]) -> int:
    stage.say(f"You are the client now: {SIGNER[0]}, {SIGNER[1]}.", style="bold")
    return subprocess.run(
        [program(words[0]), *words[1:]],
        cwd=stage.who.places.root,
        env=dict(stage.environment),
        check=False,
    ).returncode


def _make_believe_client(stage: Stage, words: list[str], log: Path) -> int:
    """Read each question from a real terminal and type the answer."""
    asked = pages = 0
    with log.open("w") as transcript:
        terminal = pexpect.spawn(
            program(words[0]),
            words[1:],
            cwd=str(stage.who.places.root),
            env={**stage.environment, "TERM": "dumb", "COLUMNS": "100"},
            encoding="utf-8",
            timeout=_SECONDS,
            dimensions=(40, 100),
        )
        terminal.logfile_read = transcript
        try:
            while (found := terminal.expect([*_PROMPTS, pexpect.EOF])) < len(_PROMPTS):
                answer = list(_PROMPTS.values())[found]
                if answer:
                    _show(stage, terminal.before + terminal.after, answer)
                    asked += 1
                else:
                    pages += 1
                terminal.sendline(answer)
        except pexpect.TIMEOUT:
            raise SceneFailedError(f"It asked something unexpected: {terminal.before}") from None
        finally:
            terminal.close(force=True)
    stage.say(f"{pages} pages read, and {asked} questions, each answered by itself")
    return int(terminal.exitstatus if terminal.exitstatus is not None else 1)


def _show(stage: Stage, screen: str, answer: str) -> None:
    """The question just asked, on one line, with the answer."""
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen)
    paragraphs = [" ".join(part.split()) for part in re.split(r"\n[ \t\r]*\n", plain)]
    question = next((words for words in reversed(paragraphs) if words), "")
    question = re.sub(r" ?(Type yes or no\.|Type it here\.) ?", "", question)
    width = stage.console.width - len(answer) - 10
    if len(question) > width:
        question = question[:width] + " …"
    stage.console.print(
        Text.assemble(("  ? ", "yellow"), question, ("  → ", "dim"), (answer, "bold"))
    )


def sign_with_own_key(stage: Stage, change: str) -> None:
    """The client fills in a file and signs it with their own SSH key, as from elsewhere.

    Raises:
        SceneFailedError: it did not end as signed.
    """
    client, theirs = stage.who.client, stage.who.signing_key.parent
    wrote = stage.run_json(
        ["sluis", "request", client, change, "--output", str(theirs)], expect=EXIT_APPLIED
    )
    form = Path(wrote["file"])
    answered = fill_in(form)
    stage.say(f"the client reads it and fills in {answered} answers")
    key = str(stage.who.signing_key)
    stage.run(["ssh-keygen", "-Y", "sign", "-n", NAMESPACE, "-f", key, str(form)], expect=0)
    answer = stage.run_json(
        ["sluis", "sign", client, change, "--signature", f"{form}.sig"], expect=EXIT_APPLIED
    )["answer"]
    stage.hold(
        answer["decision"] == "yes" and answer["tier"] == "ssh-key",
        f"signed by {answer['signer_name']} with their own key",
    )


def fill_in(form: Path) -> int:
    """Answer every question of the file that ``sluis request`` wrote; returns how many."""
    lines = form.read_text(encoding="utf-8").split("\n")
    question, answered = "", 0
    for number, line in enumerate(lines):
        if line != PROMPT:
            question = f"{question} {line.strip()}" if line.strip() else ""
            continue
        given = next((said for ask, said in _PROMPTS.items() if re.search(ask, question)), "")
        if given:
            lines[number] = f"{PROMPT} {given}"
            answered += 1
        question = ""
    form.write_text("\n".join(lines), encoding="utf-8")
    return answered
