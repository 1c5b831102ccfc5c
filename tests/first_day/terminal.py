"""Somebody at a terminal who types what a page says and answers what they are asked."""

from __future__ import annotations

import re
import time

import pexpect

from first_day.machines import Machine

#: what people are asked, and what they answer
ANSWERS = {
    r"(?:Passphrase (?:of your|for the new) key|The same again): ": "a passphrase of their own",
    r"What is your name\?[^>]*> ": "A. Client",
    r"What is your role\?[^>]*> ": "harbour master",
    r"Type yes or no\.[^>]*> ": "yes",
    r"Press Enter to (?:read on|answer)\.": "",
}
_WORK = 900


def types(machine: Machine, user: str, folder: str, text: str, expect: int = 0) -> str:
    """Type it, answer every question, and return what was on the screen.

    Args:
        machine: whose terminal it is.
        user: who types.
        folder: where they stand.
        text: one or more commands.
        expect: the exit status that it must end with.

    Raises:
        AssertionError: it ended otherwise, or asked what nobody can answer.
    """
    command, *rest = machine.command(user, f"cd {folder}\n{text}")
    shell = pexpect.spawn(
        command, rest, encoding="utf-8", timeout=_WORK, dimensions=(50, 140),
        codec_errors="replace",
    )  # fmt: skip
    seen = ""
    try:
        while (found := shell.expect([*ANSWERS, pexpect.EOF])) < len(ANSWERS):
            seen += shell.before + str(shell.after)
            shell.sendline(list(ANSWERS.values())[found])
    except pexpect.TIMEOUT:
        raise AssertionError(f"nothing came for {_WORK} s: {text}\n{seen}{shell.before}") from None
    shell.close()
    seen += shell.before
    status = shell.exitstatus if shell.exitstatus is not None else -(shell.signalstatus or 0)
    seen = as_it_stays(seen)
    assert status == expect, f"{text}\nended with {status}, not {expect}\n{seen}"
    return seen


def leaves_running(machine: Machine, user: str, text: str, port: int) -> pexpect.spawn[str]:
    """Type it, wait until something answers at ``port``, and return the terminal, still open.

    Raises:
        AssertionError: it ended, or nothing answered within a minute.
    """
    command, *rest = machine.command(user, f"cd ~\n{text}")
    shell = pexpect.spawn(command, rest, encoding="utf-8", dimensions=(50, 140))
    until = time.monotonic() + 60
    knock = f"exec 2>/dev/null 3<>/dev/tcp/{machine.address}/{port} && echo open || echo shut"
    while machine.run(f"({knock})").strip() != "open":
        assert shell.isalive() and time.monotonic() < until, (
            f"{text}\n{shell.read_nonblocking(9999)}"
        )
        time.sleep(0.2)
    return shell


def as_it_stays(seen: str) -> str:
    """What is left on a screen, of lines that were drawn again and again."""
    lines = seen.replace("\r\n", "\n").split("\n")
    last = (re.split(r"\r|\x1b\[2K", line)[-1] for line in lines)
    return "\n".join(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", line) for line in last)
