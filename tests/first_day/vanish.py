"""A machine drops off the network in the middle of an update, and comes back."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

from first_day.follow import Day, up_to, with_machines
from first_day.machines import Machine
from first_day.terminal import types

_CHANGE = "harbour-office TALLY-32"
_APPLY = f".venv/bin/sluis apply {_CHANGE}"
_JUDGE = f".venv/bin/sluis judge {_CHANGE} install-tally --host counter"
_WHY = "--as 'run again' --why 'The new version lies there, and Tally is stopped.'"
#: once this says 3.2, the supplier's new version has been installed
_NEW = "opt/tally/current/VERSION"


def vanish(day: Day) -> None:
    """Cut a cable while a step runs: the run ends, says what nobody knows, and leads out."""
    up_to(day, "sign")
    counter = day.harbour.counter
    cut = threading.Thread(target=_cut_in_the_step, args=(counter,), daemon=True)
    cut.start()
    with day.step("apply, and the cable is cut"):
        said = _type(day, _APPLY, 1)
    assert not cut.is_alive(), said
    assert "install-tally    counter  maybe half run" in said, said
    assert _JUDGE.removeprefix(".venv/bin/") in said, said
    assert "nothing was put back" in said, said
    _ip("up", counter)
    with day.step("judge, apply again"):
        _type(day, f"{_JUDGE} {_WHY}", 0)
        said = _type(day, _APPLY, 0)
    assert "applied and verified" in said, said


def _type(day: Day, text: str, expect: int) -> str:
    return types(day.harbour.desk, "pilot", "~/sluis", text, expect)


def _cut_in_the_step(counter: Machine) -> None:
    while (Path(f"/proc/{counter.pid}/root") / _NEW).read_text() != "3.2\n":
        time.sleep(0.01)
    _ip("down", counter)


def _ip(state: str, machine: Machine) -> None:
    subprocess.run(["ip", "link", "set", machine.name, state], check=True)


if __name__ == "__main__":
    with_machines(vanish)
    print("applied and verified")
