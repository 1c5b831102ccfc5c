"""Saying no before the first task: once for each run, in the driving process."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from ansible import context

from sluis.errors import RefusedError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Refusal
from sluis.plan.tree import tree_sha256
from sluis.runbook.judgement import explain, remember
from sluis.runbook.run import Run, current_run, now, open_dossier

#: runs that were found acceptable, with the state of their ledger when it was read
_WATCHED: dict[str, tuple[Run, int]] = {}


@cache
def refuse_early(plugin_file: str) -> None:
    """Stop a run whose options, extra vars, environment or inventory are not acceptable.

    The refusal goes into the ledger when client and change are known well enough to
    find it. Commands that run nothing (listing, syntax check) pass.

    Args:
        plugin_file: ``__file__`` of the vars plugin beside the playbooks.

    Raises:
        SluisError: why the run is refused.
    """
    cli = context.CLIARGS
    if any(cli.get(name) for name in ("syntax", "listhosts", "listtasks", "listtags")):
        return
    run = current_run(None, plugin_file)
    if not run.objections:
        _WATCHED[plugin_file] = run, -1
        return
    refusal = Refusal(hosts=("(no host was contacted)",), reasons=run.objections)
    try:
        dossier = open_dossier(run)
        dossier.ledger.append(refusal, key=dossier.key, now=now())
    except SluisError as error:
        unkept = f" The refusal could not be recorded: {error}"
    else:
        unkept = ""
    raise RefusedError(
        run.objections[0].code,
        explain(refusal) + unkept,
        "Correct what is named above and start again.",
    )


def keep_up(plugin_file: str) -> None:
    """Know in the driving process what the workers it forks would otherwise find out each.

    Called often. It does something only when a statement came since the last time.

    Args:
        plugin_file: as for :func:`refuse_early`.
    """
    if plugin_file not in _WATCHED:
        return
    run, seen = _WATCHED[plugin_file]
    state = _state(run)
    if state != seen:
        _WATCHED[plugin_file] = run, state
        _warm_up(run)


def _warm_up(run: Run) -> None:
    """Read ledger and tree here. What is wrong with them is the gate's to say, not ours."""
    with suppress(SluisError, OSError):
        anchors = load_anchors(run.places.trust(run.client), run.client)
        remember(run.dossier, Ledger(run.dossier, anchors, run.client, run.change))
        tree_sha256(run.places, run.client, run.change)


def _state(run: Run) -> int:
    """Changes with every statement that is added."""
    try:
        return (run.dossier / "statements").stat().st_mtime_ns
    except OSError:
        return 0
