"""Follow README and docs/first-day.md by typing them, on machines that know nothing of the lab.

Prints the minutes that each step took. Ends with 0 when the change is applied and verified.
"""

from __future__ import annotations

import re
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from first_day.harbour import ROOT, Harbour, bring_from_cellar, hand_over, set_up
from first_day.pages import Block, blocks, section, steps
from first_day.terminal import leaves_running, types

README, PAGE = ROOT / "README.md", ROOT / "docs" / "first-day.md"
#: the names of README's example, and those that this client uses
NAMES = {"example-practice": "harbour-office", "CHG-1042": "TALLY-32"}
_STATUS = re.compile(r"# (\d+):")
_PORT = re.compile(r"--addr \S+:(\d+)")


class Day:
    """One first day: the machines, and how long each step took."""

    def __init__(self, harbour: Harbour) -> None:
        self.harbour = harbour
        self.minutes: list[tuple[str, float]] = []
        self._left_open: list[object] = []

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Say what is done, and keep how long it took."""
        print(f"{what} …", flush=True)
        began = time.monotonic()
        yield
        self.minutes.append((what, (time.monotonic() - began) / 60))

    def readme(self, block: Block) -> str:
        """Type a block of the README, line by line; a comment may say the exit status."""
        text = block.text
        for example, ours in NAMES.items():
            text = text.replace(example, ours)
        seen = ""
        for line in text.splitlines():
            status = _STATUS.search(line)
            seen = self._type(block, line, int(status[1]) if status else 0)
        return seen

    def page(self, part: str) -> None:
        """Type every block of a part of the page."""
        found = blocks(section(PAGE, part))
        assert found, part
        for block in found:
            self._type(block, block.text, 0)
            if block.machine == "cellar" and block.user == "root":
                bring_from_cellar(self.harbour)

    def _type(self, block: Block, text: str, expect: int) -> str:
        print("\n".join(f"  {block.machine}$ {line}" for line in text.splitlines()[:1]), flush=True)
        machine = self.harbour.named(block.machine)
        if block.stays:
            port = _PORT.search(text)
            assert port, f"nobody can tell when this answers: {text}"
            self._left_open.append(leaves_running(machine, block.user, text, int(port[1])))
            return ""
        folder = "~/sluis" if block.machine == "desk" else "~"
        return types(machine, block.user, folder, text, expect)


def follow(day: Day) -> None:
    """The first day, from README's first step to its last."""
    said = up_to(day, "apply")
    assert "applied and verified" in said, said
    with day.step("6. the evidence"):
        for block in _readme_steps()[5]:
            day.readme(block)


def up_to(day: Day, last: str) -> str:
    """What the README does up to a command of its fifth step; what that said on the screen.

    Args:
        day: the machines.
        last: the command: ``prepare``, ``sign`` or ``apply``.
    """
    own_key, client, change, estimate, run, _ = _readme_steps()
    with day.step("1. a key of one's own"):
        for block in own_key:
            day.readme(block)
    with day.step("2. the client: store, passwords, machines, settings"):
        for block in client:
            day.readme(block)
        day.page("## With step 2: machines and settings")
    with day.step("3. the change"):
        for block in change:
            day.readme(block)
        day.page("## With step 3: the change")
    with day.step("4. how long it will take"):
        # there is no backup yet that could be adopted
        day.readme(estimate[0])
    in_three_parts = run[-1]
    for line in in_three_parts.text.splitlines():
        part = line.split()[1]
        with day.step(f"5. {part}"):
            said = day.readme(Block(line))
        if part == last:
            return said
    raise AssertionError(f"the README has no command {last} there")


def _readme_steps() -> list[list[Block]]:
    whole = section(README, "## A client's first update, step by step")
    return [blocks(step) for step in steps(whole)]


def with_machines(story: Callable[[Day], None]) -> None:
    """Set up the machines, live a story on them, and print the minutes."""
    # the first process of its namespaces would not even notice
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with tempfile.TemporaryDirectory(prefix="first-day-") as folder:
        began = time.monotonic()
        harbour = set_up(Path(folder))
        hand_over(harbour)
        print(f"machines: {(time.monotonic() - began) / 60:.1f} min", flush=True)
        day = Day(harbour)
        try:
            story(day)
        finally:
            for what, minutes in day.minutes:
                print(f"{minutes:6.1f} min  {what}")
            print(f"{sum(m for _, m in day.minutes):6.1f} min  in all", flush=True)


if __name__ == "__main__":
    with_machines(follow)
    print("applied and verified")
