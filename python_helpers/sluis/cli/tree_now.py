"""What decides a run of a change, as it is now: asked of a process that nobody set up for us."""

from __future__ import annotations

import json
import sys
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from sluis.cli.environment import ansible_settings
from sluis.cli.open_dossier import OpenDossier
from sluis.cli.private import PrivateFolder
from sluis.cli.session import Session
from sluis.errors import InputError
from sluis.plan.tree import Tree, changed_since_plan
from sluis.programs import Command, fixed, run
from sluis.runbook.alive import TreeNow, must_be_alive
from sluis.runbook.no_file import refuse_what_is_no_file
from sluis.runbook.surroundings import SYSTEM_PATH, home

_SECONDS = 120


def tree_now(dossier: OpenDossier, now: datetime) -> TreeNow:
    """Read everything that decides a run of this change.

    Args:
        dossier: the change's dossier, whose newest plan says what was bound.
        now: aware UTC time.

    Raises:
        InputError: ``tree-not-readable``, ``settings-not-a-file``, ``not-a-file``,
            ``file-too-large``.
    """
    refuse_what_is_no_file(dossier.places, dossier.client, dossier.change)
    root = dossier.places.root
    with PrivateFolder({}) as private:
        done = run(
            Command(
                sys.executable,
                fixed("-I", "-m", "sluis.runbook.tree_now"),
                operands=(str(root), dossier.client, dossier.change),
            ),
            seconds=_SECONDS,
            environment={
                "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
                "HOME": str(home()),
                "LC_ALL": "C.UTF-8",
                "ANSIBLE_CONFIG": ansible_settings(dossier.places),
                "ANSIBLE_LOCAL_TEMP": str(private.path),
            },
        )
    try:
        said = json.loads(done.output)
        sha256, entries = str(said["sha256"]), dict(said["entries"])
    except (ValueError, KeyError, TypeError):
        last = done.errors.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise InputError(
            "tree-not-readable",
            f"What decides a run of this change cannot be read. {' '.join(last)[:500]}",
            "See what sluis prepare says of it.",
        ) from None
    changes = changed_since_plan(Tree(entries), dossier.ledger.read(now), dossier.objects)
    return TreeNow(sha256, changes)


def still_alive(session: Session, dossier: OpenDossier, drafted: Collection[str] = ()) -> None:
    """Refuse to ask for a signature that the gate would not count.

    Args:
        session: this call of ``sluis``.
        dossier: the change's dossier.
        drafted: assets for which a waiver is asked for first.

    Raises:
        RefusedError: see :func:`sluis.runbook.alive.must_be_alive`.
    """
    now = session.now()
    tree = tree_now(dossier, now)
    must_be_alive(dossier.places, dossier.client, dossier.change, now, tree, drafted)
