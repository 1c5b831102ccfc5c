"""What is bound of the current run, read as it is now."""

from __future__ import annotations

from pathlib import Path

from sluis.evidence.predicates import Reason
from sluis.plan.tree import Tree, differences, read_tree
from sluis.runbook.inventory import reach_of
from sluis.runbook.run import Run

#: By dossier, what was bound when this run began. Workers inherit it.
_AT_START: dict[Path, dict[str, str]] = {}


def tree_of(run: Run) -> Tree:
    """Everything that decides what this run does."""
    return read_tree(run.places, run.client, run.change, reach_of(run.places, run.client))


def keep_start(run: Run, tree: Tree) -> None:
    """Remember, in the process that drives the run, what was bound when it began.

    Args:
        run: the current run.
        tree: what is bound.
    """
    _AT_START[run.dossier] = tree.entries


def changed_since_start(run: Run, tree: Tree) -> list[Reason]:
    """The refusal of a run under whose hands something changed.

    Ansible reads variables once. What was other then and is put back now would leave no trace.

    Args:
        run: the current run.
        tree: what is bound now.
    """
    changed = differences(_AT_START.get(run.dossier, tree.entries), tree.entries)
    if not changed:
        return []
    return [
        Reason(
            code="changed-during-run",
            about="; ".join(changed)[:400],
            sentence="What decides this run changed after it began, and may have been read before.",
            remedy="Start it again.",
        )
    ]
