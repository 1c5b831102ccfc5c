"""A tiny project for the front door: real playbooks, one local host, nothing signed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from time import monotonic, sleep

from rich.console import Console

from sluis.cli.lock import only_run
from sluis.cli.progress import Progress, progress_on
from sluis.cli.runner import Request, RunReport, run
from sluis.places import Places

CLIENT = "practice"
CHANGE = "CHG-1042"

REPOSITORY = Path(__file__).resolve().parents[2]

INVENTORY = """
all:
  hosts:
    h1:
      ansible_connection: local
      ansible_python_interpreter: "{{ ansible_playbook_python }}"
"""


def make_project(root: Path, tasks: str, *, hosts: str = "all") -> Path:
    """Write a project whose ``update.yml`` runs ``tasks`` on ``hosts``."""
    for folder in (
        "playbooks",
        "roles/change_gate",
        f"inventories/{CLIENT}/changes/{CHANGE}",
        f"inventories/trust/{CLIENT}",
    ):
        (root / folder).mkdir(parents=True)
    shutil.copy(REPOSITORY / "ansible.cfg", root / "ansible.cfg")
    (root / "inventories" / CLIENT / "hosts.yml").write_text(INVENTORY)
    (root / "inventories" / CLIENT / "changes" / CHANGE / "update.yml").write_text("{}\n")
    write_playbook(root, tasks, hosts=hosts)
    return root


def write_playbook(root: Path, tasks: str, *, hosts: str = "all") -> None:
    """Replace the project's ``update.yml``."""
    play = f"""\
- name: Update
  hosts: {hosts}
  gather_facts: false
  tasks:
"""
    body = "".join(f"    {line}\n" if line else "\n" for line in dedent(tasks).strip().splitlines())
    (root / "playbooks" / "update.yml").write_text(play + body)


def request(root: Path, **changes: object) -> Request:
    """A request to prepare the project's one change."""
    fields: dict[str, object] = {
        "places": Places(root),
        "client": CLIENT,
        "change": CHANGE,
        "playbook": "update",
        "extra_vars": {"change": CHANGE, "phase": "prepare"},
    }
    return Request(**(fields | changes))  # type: ignore[arg-type]


def run_here(
    root: Path,
    *,
    environ: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    **changes: object,
) -> RunReport:
    """Run in this very process, with plain progress lines into nothing."""
    wanted = request(root, **changes)
    dossier = wanted.places.dossier(CLIENT, wanted.change)
    now = datetime.now(UTC)
    with (
        Path(os.devnull).open("w") as nothing,
        only_run(dossier, wanted.what, now) as lock,
    ):
        return run(
            wanted,
            lock,
            os.environ if environ is None else environ,
            progress or progress_on(Console(file=nothing)),
            now,
        )


_ALONE = """
import sys
from support.front_project import run_here
from pathlib import Path
print(run_here(Path(sys.argv[1])).ended, flush=True)
"""


def run_alone(root: Path) -> subprocess.Popen[str]:
    """Start the same run in a process of its own, to be killed or interrupted."""
    return subprocess.Popen(
        [sys.executable, "-c", _ALONE, str(root)],
        cwd=REPOSITORY / "tests",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ) | {"TMPDIR": str(private_base(root))},
    )


def private_base(root: Path) -> Path:
    """A folder for private folders, so that tests can look at what stays behind."""
    base = root.parent / f"{root.name}-tmp"
    base.mkdir(exist_ok=True)
    return base


def sluis(
    root: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Run the real ``sluis`` command in ``root`` and wait for it."""
    return subprocess.run(
        [sys.executable, "-m", "sluis.cli.app", *arguments],
        cwd=root,
        env=dict(os.environ) | dict(environ or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def until(true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until ``true`` says so; a test that waits in vain fails."""
    end = monotonic() + seconds
    while not true():
        assert monotonic() < end, "waited in vain"
        sleep(0.02)
