"""What is wrong in what was written: asked of a process that nobody set up for us."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sluis.cli.environment import ansible_settings
from sluis.cli.private import PrivateFolder
from sluis.cli.runner import Playbook
from sluis.cli.vault import VaultId
from sluis.places import Places
from sluis.plan.faults import Fault
from sluis.programs import Command, fixed, run
from sluis.runbook.no_file import refuse_what_is_no_file
from sluis.runbook.surroundings import SYSTEM_PATH, home

_SECONDS = 120


@dataclass(frozen=True)
class Written:
    """What is to be said of what was written.

    Args:
        faults: what is wrong.
        remarks: what stops nothing and ought to be known.
    """

    faults: tuple[Fault, ...]
    remarks: tuple[str, ...] = ()


def read_in_a_clean_place(
    places: Places,
    client: str,
    change: str | None,
    playbook: Playbook | None,
    opened_by: Sequence[VaultId] = (),
) -> Written:
    """Read everything that was written, with Ansible, and without the caller's settings of it.

    Args:
        places: the project.
        client: client id, checked.
        change: change id, checked; ``None``: only what is written for the client as a whole.
        playbook: the runbook that the change describes; ``None`` when that cannot be told.
        opened_by: what opens files of ansible-vault.

    Raises:
        InputError: ``settings-not-a-file``, ``not-a-file``, ``file-too-large``.
    """
    refuse_what_is_no_file(places, client, change)
    root = places.root
    with PrivateFolder({}) as private:
        done = run(
            Command(
                sys.executable,
                fixed("-I", "-m", "sluis.runbook.written_now"),
                operands=(
                    str(root), client, change or "", f"{playbook}.yml" if playbook else "",
                    *(one.option() for one in opened_by),
                ),
            ),
            seconds=_SECONDS,
            environment={
                "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
                "HOME": str(home()),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_CONFIG": ansible_settings(places),
                "ANSIBLE_LOCAL_TEMP": str(private.path),
            },
        )  # fmt: skip
    try:
        said = json.loads(done.output)
        faults = [
            Fault(str(one["code"]), str(one["file"]), int(one["line"]), str(one["what"]),
                  str(one["remedy"]))
            for one in said["faults"]
        ]  # fmt: skip
        return Written(tuple(faults), tuple(str(one) for one in said["remarks"]))
    except (ValueError, KeyError, TypeError):
        last = done.errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        fault = Fault(
            "not-readable", f"inventories/{client}", 0,
            f"What was written cannot be read. {' '.join(last)[:500]}",
            "Put right what it names.",
        )  # fmt: skip
        return Written((fault,))
