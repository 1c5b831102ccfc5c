"""docs/rehearsal.md, done as it says: every command runs, and shows what the page shows."""

from __future__ import annotations

import io
import os
import re
import shlex
import signal
import subprocess
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import pytest
import yaml

from sluis.rehearsal.project import make_project

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "rehearsal.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FOLDER = re.compile(r"/tmp/sluis-rehearsal-X+")
_MOVE = "## 7."
#: what the client is asked, and what they answer
_ANSWERS = {
    r"What is your name\?": "A. Client",
    r"What is your role\?": "owner",
    r"Type yes or no\.": "yes",
    r"Press Enter to (?:read on|answer)\.": "",
}


@dataclass(frozen=True)
class Block:
    language: str
    text: str

    @property
    def starts(self) -> bool:
        return self.language == "sh" and self.text.startswith("sluis rehearse")

    @property
    def enters(self) -> str:
        """The first line, where it is what every later block of that terminal needs."""
        found = re.match(r"(\. |cd )\S+.*\n", self.text)
        return found[0] if found else ""


def blocks(part: str) -> list[Block]:
    return [Block(*found) for found in _BLOCK.findall(part)]


def parts() -> tuple[str, str]:
    """The page before its last section, and that one."""
    before, after = PAGE.read_text().split(_MOVE)
    return before, after


class Terminals:
    """The terminals of somebody who follows the page."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: list[tuple[subprocess.Popen[str], str]] = []
        self._fresh = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self, command: str) -> None:
        """A terminal in which a tenant runs; those that were used stop first."""
        if not self._fresh:
            self.stop()
        self._fresh = True
        arguments = shlex.split(command)[1:]
        process = subprocess.Popen(
            [sys.executable, "-m", "sluis.cli.app", *arguments],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(self._folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert process.stdout is not None
        printed = ""
        while "Ctrl-C" not in printed:
            line = process.stdout.readline()
            assert line, printed
            printed += line
        found = re.search(r"\S+/environment\.sh", printed)
        assert found
        self._running.append((process, found[0]))

    def type(self, text: str) -> str:
        """What a shell prints that reads this text."""
        self._fresh = False
        used = iter([str(Path(file).parent) for _, file in self._running])
        text = _FOLDER.sub(lambda _: next(used), text)
        done = subprocess.run(
            ["bash", "-euc", text],
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            # what Sluis does is told there; other programs say there what no reader needs
            stderr=subprocess.STDOUT if text.startswith("cd ") else subprocess.PIPE,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, f"{text}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def answer(self, text: str) -> str:
        """What is on the terminal of somebody who reads, and answers every question."""
        shell = pexpect.spawn(
            "bash",
            ["-euc", text],
            cwd=str(self._folder),
            env={**self._environment, "TERM": "dumb"},
            encoding="utf-8",
            timeout=60,
            dimensions=(40, 200),
        )
        seen = io.StringIO()
        shell.logfile_read = seen
        while (found := shell.expect([*_ANSWERS, pexpect.EOF])) < len(_ANSWERS):
            shell.sendline(list(_ANSWERS.values())[found])
        shell.close()
        printed = seen.getvalue().replace("\r\n", "\n")
        assert shell.exitstatus == 0, printed
        return printed

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HOME": str(self._folder),
            # what a test leaves behind is found by this
            "SLUIS_TEST_RUN": os.environ.get("SLUIS_TEST_RUN", ""),
        }

    def python(self, text: str) -> str:
        """What a program prints, started where the environment was read."""
        quoted = shlex.quote(text)
        return self.type(f". /tmp/sluis-rehearsal-X/environment.sh\npython3 -c {quoted}")

    def account(self) -> dict[str, dict[str, object]]:
        """The account that the first tenant wrote for an inventory."""
        text = Path(self._running[0][1]).with_name("account.yml").read_text()
        found: dict[str, dict[str, object]] = yaml.safe_load(text)
        return found

    def stop(self) -> None:
        """Ctrl-C in all of them."""
        for process, _ in self._running:
            process.send_signal(signal.SIGINT)
        for process, file in self._running:
            process.communicate(timeout=30)
            assert process.returncode == 0
            assert not Path(file).exists()
        self._running.clear()


def is_shown(expected: str, printed: str) -> bool:
    """Whether a page's block describes an output.

    An ellipsis stands for anything on its line; alone on a line, for any number of lines.
    """
    pattern = "".join(
        r"(?:.*\n)*" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"\n"
        for line in expected.splitlines()
    )
    return re.fullmatch(pattern, printed) is not None


def follow(part: str, folder: Path) -> None:
    entered = ""
    printed: str | None = None
    with Terminals(folder) as terminals:
        for block in blocks(part):
            if block.starts:
                terminals.start(block.text)
                entered = ""
            elif block.language == "sh":
                text = block.text if block.enters else entered + block.text
                entered = block.enters or entered
                asks = block.text.startswith("sluis sign ")
                printed = terminals.answer(text) if asks else terminals.type(text)
            elif block.language == "python":
                printed = terminals.python(block.text)
            elif block.language == "text":
                assert printed is not None
                assert is_shown(block.text, printed), f"expected:\n{block.text}\ngot:\n{printed}"
            elif block.language == "yaml":
                (shown,) = yaml.safe_load(block.text)["tenant_export_accounts"].items()
                (written,) = terminals.account().items()
                assert shown[0] == written[0]
                assert set(shown[1]) == set(written[1])
            else:
                pytest.fail(f"nobody runs a block of {block.language}")


def test_the_page_can_be_followed(tmp_path: Path) -> None:
    follow(parts()[0], tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_whole_move_can_be_followed(tmp_path: Path) -> None:
    """From the first key to the dossier that holds, with the commands on the page alone."""
    project = make_project(tmp_path / "sluis").root
    follow(parts()[1], tmp_path)
    left = [p for p in project.rglob("*firm*") if not p.is_relative_to(project / "roles")]
    assert left == [], "the page's last command removes what it made"
    assert not (tmp_path / "sluis-rehearsal").exists()


def test_what_is_shown_is_held_against_what_was_printed() -> None:
    assert is_shown("a\n…\nb … c\n", "a\nx\ny\nb 1 c\n")
    assert is_shown("…\nb\n", "b\n")
    assert not is_shown("a … c\n", "a 1\n2 c\n"), "within a line an ellipsis stays on it"
    assert not is_shown("a\n…\nb\n", "a\nx\n")
    assert not is_shown("a\n", "a\nb\n")


def test_the_weather_table_says_what_the_presets_do() -> None:
    from sluis.rehearsal.tenant.weather import NORMAL, STORM

    rows = {
        cells[1].strip(): (cells[2].strip(), cells[3].strip())
        for cells in (line.split("|") for line in PAGE.read_text().splitlines())
        if len(cells) == 5
    }

    def told(normal: float, storm: float) -> tuple[str, str]:
        first, second = (f"{share * 100:g} %" if share else "–" for share in (normal, storm))
        return first, second

    for row, names in (
        ("a page comes empty, though more follow", ("empty_pages",)),
        ("an item comes twice", ("duplicates",)),
        ("503 or 504, with or without `Retry-After`", ("unavailable", "gateway_timeout")),
        ("a download breaks half way", ("cut_bodies",)),
        ("a download ends early without a sign", ("truncated_bodies",)),
        ("a range is asked for and the whole file comes", ("whole_for_range",)),
        ("an item is renamed between two pages", ("renamed_between_pages",)),
        ("a folder is deleted and made again between two pages", ("recreated_between_pages",)),
    ):
        shares = [round(sum(getattr(one, name) for name in names), 4) for one in (NORMAL, STORM)]
        assert rows[row] == told(shares[0], shares[1]), row
    stale = "the listed size or hash of an Office file, PDF, page or photo is wrong"
    assert rows[stale] == told(NORMAL.stale_size, STORM.stale_size)
    assert NORMAL.rewrite == STORM.rewrite == ("office", "pdf", "html")
