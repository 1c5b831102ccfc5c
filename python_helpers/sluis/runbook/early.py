"""Saying no before the first task: once for each run, in the driving process."""

from __future__ import annotations

from contextlib import suppress
from functools import cache

from ansible import context

from sluis.errors import RefusedError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Refusal
from sluis.runbook.judgement import explain, remember
from sluis.runbook.run import Run, current_run, now, open_dossier


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
        _warm_up(run)
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


def _warm_up(run: Run) -> None:
    """Read the ledger once here. What is wrong with it is the gate's to say, not ours."""
    with suppress(SluisError):
        anchors = load_anchors(run.places.trust(run.client), run.client)
        remember(run.dossier, Ledger(run.dossier, anchors, run.client, run.change))
