"""A phase that is killed, as ``kill -9`` and a power cut do it, and what the operator does then."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil

from sluis.evidence.keys import load_key
from sluis.evidence.predicates import Plan, Step
from sluis.gate.steps import step_states
from support.signed_change import ANSIBLE, LabChange

#: a module of ours, as it stands in the command line of a host's Python
_OURS = ("AnsiballZ_tenant_", "AnsiballZ_asset_")
_SECONDS = 300.0


def kill_when(
    change: LabChange,
    phase: str,
    moment: Callable[[], bool],
    *,
    playbook: str = "playbooks/update.yml",
) -> None:
    """Start a phase, and kill every process of it on the controller once the moment is there.

    What it had started on a host goes on there to its end, as over any SSH connection; this
    waits for it.

    Raises:
        AssertionError: the phase ended by itself, or never came so far.
    """
    said = Path(f"{change.root}-{phase}.log")
    with said.open("wb") as log:
        process = subprocess.Popen(
            [
                str(ANSIBLE / "ansible-playbook"), "-i", f"inventories/{change.who.client}",
                playbook, "-e", f"change={change.change}", "-e", f"phase={phase}",
            ],
            cwd=change.root, env=change.environment(), start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        end = time.monotonic() + _SECONDS
        while not moment():
            assert process.poll() is None, f"it ended before it was killed: {said.read_text()}"
            assert time.monotonic() < end, f"it never came so far: {said.read_text()}"
            time.sleep(0.05)
    finally:
        # Ansible's forks lead groups of their own, so each is looked for
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):  # it ended by itself, and that is said
            family = [psutil.Process(process.pid)]
            family += family[0].children(recursive=True)
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        process.wait()
    end = time.monotonic() + _SECONDS
    while any_module_runs(change):
        assert time.monotonic() < end, "a module on a host never ended"
        time.sleep(0.1)


def any_module_runs(change: LabChange) -> bool:
    """Whether a module of ours is at work for this change, here or on a host of its lab."""
    ours = (str(change.root), str(change.lab.folder))
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or ())
        if any(name in command for name in _OURS):
            with suppress(psutil.Error):  # it has just ended
                about = [command, process.cwd(), *process.environ().values()]
                if any(place in text for place in ours for text in about):
                    return True
    return False


def judge_half_run(change: LabChange, now: datetime | None = None) -> list[str]:
    """Say of every step that may have half run: run it again. As ``sluis judge`` does.

    Returns:
        the ids of those steps.
    """
    view = change.view()
    plan = view.latest(Plan)
    assert plan is not None
    half = [
        state
        for state in step_states(view, plan.body.plan_object).values()
        if state.state == "maybe half run"
    ]
    for state in half:
        change.ledger.append(
            Step(
                step=state.step, host=state.host, state="judged", judgement="run again",
                plan_object=plan.body.plan_object, call_sha256=str(state.call_sha256),
                detail="I looked.",
            ),
            key=load_key(change.who.keys, None, None),
            now=now or datetime.now(UTC).replace(microsecond=0),
        )  # fmt: skip
    return [state.step for state in half]
