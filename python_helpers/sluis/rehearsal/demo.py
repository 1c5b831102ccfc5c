"""``make demo``: the whole product, played on a small lab of real services.

Two stories: updates of the patient system, and a move to another Microsoft tenant.

Asks nothing, needs no network, ends with 0 only when every scene did what it must.
``INTERACTIVE=1`` lets the person at the terminal be the client.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.text import Text

from sluis.errors import SluisError
from sluis.rehearsal.client_files import LabClient, write_client
from sluis.rehearsal.demo_move_scenes import MOVE, play_move
from sluis.rehearsal.demo_scenes import BROKEN, GOOD, play
from sluis.rehearsal.lab import Lab
from sluis.rehearsal.practice_data import DEMO
from sluis.rehearsal.project import checkout, clean_environment, make_project
from sluis.rehearsal.stage import SceneFailedError, Stage, program


def main() -> int:
    """Play the demo in ``build/demo``, or in the folder given; return the exit status."""
    console = Console(highlight=False)
    interactive = os.environ.get("INTERACTIVE", "") not in ("", "0", "no")
    if interactive and not sys.stdin.isatty():
        console.print("INTERACTIVE=1 needs a terminal to be the client at.")
        return 64
    # also SIGINT: a shell that starts us in the background has it ignored
    signal.signal(signal.SIGINT, _stopped)
    signal.signal(signal.SIGTERM, _stopped)
    signal.signal(signal.SIGHUP, _stopped)
    folder = Path(sys.argv[1]) if sys.argv[1:] else checkout().root / "build" / "demo"
    folder = folder.absolute()
    try:
        return _play(console, folder, interactive=interactive)
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        console.print("\nStopped. Everything that was started has ended, and nothing is left.")
        return 130
    except SceneFailedError as error:
        console.print(Text(f"\nThe demo failed. {error}", style="bold red"), soft_wrap=True)
        console.print(f"What every command said: {folder / 'logs'}", soft_wrap=True)
        return 1
    except SluisError as error:
        console.print(Text(f"\nThe demo could not be played. {error}", style="bold red"))
        return 1


def _play(console: Console, folder: Path, *, interactive: bool) -> int:
    started = time.monotonic()
    shutil.rmtree(folder, ignore_errors=True)
    places = make_project(folder)
    logs = folder / "logs"
    logs.mkdir()
    console.print(Text("Sluis: no change without a proven snapshot and a signature", style="bold"))
    with console.status("starting a small practice on loopback …"):
        lab = Lab(size=DEMO)
        lab.__enter__()
    try:
        who = write_client(lab, places, now=datetime.now(UTC).replace(microsecond=0))
        # what a user would type needs our programs on the path
        environment = clean_environment(who.keys)
        environment["PATH"] = f"{Path(program('sluis')).parent}:{environment['PATH']}"
        stage = Stage(lab, who, console, environment, logs, interactive=interactive)
        play(stage)
        play_move(stage)
    finally:
        lab.stop()
        _forget_secrets(places.root, folder)
    console.print()
    console.print(
        Text(f"Every scene did what it must, in {time.monotonic() - started:.0f} s.", "bold green")
    )
    _say_where(console, who)
    return 0


def _say_where(console: Console, who: LabClient) -> None:
    for change in (GOOD, BROKEN, MOVE):
        console.print(f"Dossier: {who.places.dossier(who.client, change)}", soft_wrap=True)


def _forget_secrets(root: Path, folder: Path) -> None:
    """What is kept to look at has no key and no password in it."""
    shutil.rmtree(folder / "keys", ignore_errors=True)
    for path in root.glob("inventories/*/group_vars/all/*secrets.yml"):
        path.unlink()


def _stopped(number: int, frame: object) -> None:
    del frame
    raise KeyboardInterrupt(number)


if __name__ == "__main__":
    sys.exit(main())
