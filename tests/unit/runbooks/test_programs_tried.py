"""Whether the programs of steps are there is looked at on the machine, before anything is made."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from sluis.places import Places
from sluis.runbook.findings import Finding
from sluis.runbook.programs_tried import SCRIPT, try_programs
from sluis.runbook.run import Run

STEPS = "software_update_steps"


def here(programs: Sequence[str]) -> list[bool]:
    """What the script, run here, says of them."""
    done = subprocess.run(
        ["/bin/sh", "-c", SCRIPT, "sh", *programs], check=True, capture_output=True, text=True
    )
    return [one == "yes" for one in done.stdout.split()]


def command(step: str, *argv: str, **more: Any) -> dict[str, Any]:
    return {"step": step, "module": "ansible.builtin.command", "args": {"argv": [*argv]}, **more}


def call(module: str, **args: Any) -> dict[str, Any]:
    return {"step": "before", "module": f"ansible.builtin.{module}", "args": args}


def tried(root: Path, *steps: Mapping[str, Any], raised: bool = False) -> list[Finding]:
    places = Places(root)
    folder = places.change("practice", "CHG-1")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "update.yml").write_text(
        f"{STEPS}:\n  - step: load\n    module: ansible.builtin.command\n    args:\n"
    )
    run = Run(places, "practice", "CHG-1", "prepare", "update.yml", ("h1",), ())
    return try_programs(run, "h1", {STEPS: steps}, "update.yml", raised, here)


@pytest.mark.parametrize(
    "missing", ["/nix/psql", "/etc", "/etc/passwd", "no-such-program", "cd", "-v"]
)
def test_newcomer_a_program_that_is_not_there_is_named(tmp_path: Path, missing: str) -> None:
    (found,) = tried(tmp_path, command("load", missing, "-c", "select 1"))
    assert (found.code, found.stops, found.written) == ("program-missing", True, False)
    assert f"the step load starts {missing}, and there is no such program" in found.what
    assert ("in its PATH" in found.what) is not missing.startswith("/")
    assert "in update.yml, line 4" in found.remedy


@pytest.mark.parametrize("step", [
    command("load", "/bin/sh", "-c", "x"), command("load", "sh"),
    # words of the shell itself, and programs as well
    *(command("load", name) for name in ("false", "true", "echo", "test", "[", "kill", "pwd")),
    call("command", cmd="/bin/sh -c 'a b'"),
    # these depend on what the host fills in, or on chdir, or are no program at all
    call("command", cmd="$HOME/run"), call("command", cmd="~/run"), call("command", cmd="./run"),
    call("command", cmd="'"), call("command"), call("shell", cmd="/nix/psql"),
    call("copy", dest="/nix/psql", content="x"),
])  # fmt: skip
def test_newcomer_what_is_there_or_not_known_is_no_finding(
    tmp_path: Path, step: dict[str, Any]
) -> None:
    assert tried(tmp_path, step) == []


@pytest.mark.parametrize(
    ("before", "program", "code"),
    [
        (call("apt", name="psql"), "/nix/psql", "program-not-looked-at"),
        (command("before", "/bin/sh", "install"), "/nix/psql", "program-not-looked-at"),
        (call("unarchive", src="a", dest="/nix/"), "/nix/psql", "program-not-looked-at"),
        (call("copy", src="psql", dest="/usr/bin/nosuchpsql"), "nosuchpsql",
         "program-not-looked-at"),
        (call("copy", src="x", dest="/usr/local/bin"), "nosuchpsql", "program-not-looked-at"),
        (call("copy", src="x", dest="/etc/x"), "/nix/psql", "program-missing"),
        (call("copy", src="x", dest="/nix/ps"), "/nix/psql", "program-missing"),
        (call("copy", src="x", dest="/etc/x"), "nosuchpsql", "program-missing"),
        (call("systemd_service", name="x"), "/nix/psql", "program-missing"),
    ],
)  # fmt: skip
def test_newcomer_what_a_step_before_may_bring_stops_nothing(
    tmp_path: Path, before: dict[str, Any], program: str, code: str
) -> None:
    (found,) = tried(tmp_path, before, command("load", program))
    assert (found.code, found.stops) == (code, code == "program-missing")


def test_newcomer_each_program_is_looked_at_as_the_user_who_starts_it(tmp_path: Path) -> None:
    steps = [command("plain", "/nix/one"), command("raised", "/nix/two", become=True)]
    told = {raised: tried(tmp_path, *steps, raised=raised) for raised in (False, True)}
    assert [one.code for one in (*told[False], *told[True])] == [
        "program-missing", "program-not-looked-at",
    ]  # fmt: skip
    assert ("/nix/one" in told[False][0].what, "/nix/two" in told[True][0].what) == (True, True)
