"""``sluis adopt``: a backup that the client has already, challenged and then judged."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from sluis.cli.change_run import (
    ChangeArgument,
    ClientArgument,
    JsonOption,
    ProgressOption,
    TimeLimitOption,
    described_playbook,
)
from sluis.cli.one_run import one_run
from sluis.cli.plainly import plainly
from sluis.cli.runner import Phase, RunReport
from sluis.cli.session import Session
from sluis.cli.told_errors import OF_A_TASK, told_errors
from sluis.dossier.coverage import assets_of
from sluis.dossier.lines import AssetLine
from sluis.errors import EXIT_FAILED, EXIT_REFUSED
from sluis.evidence.predicates import Discovery, Refusal, Verification
from sluis.evidence.statements import Statement
from sluis.places import change_id, client_id
from sluis.scope.load import load_scope

ChallengeOption = Annotated[
    bool, typer.Option("--challenge", help="Place a nonce that the next backup has to hold.")
]


def add_to(app: typer.Typer) -> None:
    """Give ``app`` this verb."""
    app.command()(adopt)


def adopt(
    context: typer.Context,
    client: ClientArgument,
    change: ChangeArgument,
    challenge: ChallengeOption = False,
    time_limit: TimeLimitOption = None,
    progress: ProgressOption = "people",
    as_json: JsonOption = False,
) -> int:
    """Restore a backup that the client has elsewhere, and record what is proven of it.

    First with --challenge; then the client's backup runs; then without.
    """
    session: Session = context.obj
    session.progress = progress
    places, client, change = session.places, client_id(client), change_id(change)
    described_playbook(places, client, change, ambiguous=True)
    load_scope(places.change(client, change) / "scope.yml")
    unlocked = session.operator()
    phase: Phase = "prepare" if challenge else "apply"
    with one_run(session, client, change, "adopt") as held:
        since = held.newest()
        report = held.play(
            "adopt", phase=phase, time_limit=time_limit, passphrase=unlocked.passphrase
        )
        after = held.material()
    found = _found([item for item in after.view.statements if item.number > since])
    found["not_enough"] = _not_enough(assets_of(after, session.now()), found["adopted"])
    status = _status(found, report)
    session.result(
        {
            "schema_version": 1,
            "exit_status": status,
            "client": client,
            "change": change,
            **found,
            "run": report.as_dict(),
        },
        as_json=as_json,
        show=lambda console: _show(console, found, report, status),
    )
    return status


def _found(statements: Sequence[Statement]) -> dict[str, list[dict[str, Any]]]:
    """What this run recorded; the ledger alone is asked."""
    found: dict[str, list[dict[str, Any]]] = {"challenged": [], "adopted": [], "refusals": []}
    for statement in statements:
        body = statement.body
        if isinstance(body, Discovery):
            found["challenged"] += [
                {"asset": item["asset"], "host": body.machine.host}
                for item in body.found
                if item.get("kind") == "challenge"
            ]
        elif isinstance(body, Verification):
            found["adopted"].append(
                {
                    "asset": body.asset,
                    "reached": body.reached,
                    "snapshot": body.snapshot_id,
                    "levels": [item.model_dump(mode="json") for item in body.levels],
                }
            )
        elif isinstance(body, Refusal):
            found["refusals"] += [item.model_dump(mode="json") for item in body.reasons]
    return found


def _not_enough(
    lines: Sequence[AssetLine], adopted: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The adopted backups that are proven to less than the gate asks."""
    names = {item["asset"] for item in adopted}
    found: list[dict[str, Any]] = []
    for line in lines:
        enough = line.waived_to or line.required
        if line.asset not in names or enough in (None, "none"):
            continue
        if line.reached is None or line.reached < str(enough):
            found.append({"asset": line.asset, "reached": line.reached, "asked": enough})
    return found


def _status(found: dict[str, list[dict[str, Any]]], report: RunReport) -> int:
    if found["refusals"] or found["not_enough"]:
        return EXIT_REFUSED
    done = found["challenged"] or found["adopted"]
    return 0 if done and report.ended == "by itself" else EXIT_FAILED


def _show(
    console: Console, found: dict[str, list[dict[str, Any]]], report: RunReport, status: int
) -> None:
    lines = [
        f"{item['asset']}: the nonce is placed. Let the client's backup run now."
        for item in found["challenged"]
    ]
    for item in found["adopted"]:
        lines.append(f"{item['asset']}: adopted; it reached {item['reached'] or 'no level'}.")
        lines += [
            f"  {level['level']} {level['verdict']}: {level['detail']}"
            for level in item["levels"]
            if level["verdict"] != "proven"
        ]
    lines += [
        f"{item['asset']}: that is not enough: {item['asked']} is asked. Make a snapshot of our "
        "own with prepare, or have the client sign a waiver."
        for item in found["not_enough"]
    ]
    lines += [
        f"{item['about']}: {item['sentence']} {item['remedy']} [{item['code']}]"
        for item in found["refusals"]
    ]
    # what was refused is recorded and said; the task that failed for it says no more
    recorded = found["refusals"]
    lines += told_errors(one for one in report.errors if not recorded or one["code"] != OF_A_TASK)
    if status == EXIT_FAILED and not report.errors:
        lines.append("No backup was looked at. Is snapshot_and_verify_adopt set for an asset?")
    for line in (*lines, *report.troubles, f"Log: {report.log}"):
        console.print(plainly(line), markup=False, soft_wrap=True)
