"""What the demo shows, scene by scene; each holds what it shows against the real machines."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from rich.table import Table
from rich.text import Text

from sluis.errors import EXIT_APPLIED, EXIT_AWAITING_SIGNOFF, EXIT_FAILED, EXIT_REFUSED
from sluis.evidence.ledger import View
from sluis.evidence.predicates import LevelResult, Verification
from sluis.rehearsal.client_files import write_scope
from sluis.rehearsal.demo_signing import sign_at_the_prompt, sign_with_own_key
from sluis.rehearsal.demo_verify import verify_dossier
from sluis.rehearsal.fingerprint import Fingerprint, fingerprint
from sluis.rehearsal.stage import SceneFailedError, Stage
from sluis.rehearsal.vendor import Version, write_update
from sluis.scope.load import load_scope
from sluis.scope.model import required_level

GOOD, BROKEN = "CHG-1042", "CHG-1043"
_MARKS = {state: Text("✓", style="green") for state in ("done", "passed")}
_LEVELS = ("V0", "V1", "V2", "V3", "V4", "V5", "V6")


def play(stage: Stage) -> None:
    """Play every scene.

    Raises:
        SceneFailedError: one did not do what it must.
    """
    before = _practice(stage)
    _describe(stage, GOOD, "5.1")
    _forecast(stage)
    with stage.scene("Snapshots of everything, each proven by restoring it; nothing is changed"):
        _prepare(stage, GOOD)
        _unchanged(stage, before)
    _apply_unsigned(stage, before)
    _walk_round(stage, before)
    with stage.scene("The client signs, beside the operator"):
        sign_at_the_prompt(stage, GOOD)
    _apply(stage)
    updated = fingerprint(stage.lab)
    _describe(stage, BROKEN, "5.2")
    with stage.scene("A second update: proven and planned, and signed with the client's own key"):
        _prepare(stage, BROKEN)
        sign_with_own_key(stage, BROKEN)
    _apply_broken(stage, updated)
    _verify(stage)


def _practice(stage: Stage) -> Fingerprint:
    with stage.scene("A practice on loopback, behind real servers"):
        lab = stage.lab
        table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
        for name, host in lab.hosts.items():
            what = {
                "app1": f"OpenSSH; the patient system; {lab.size.documents} documents",
                "db1": f"OpenSSH; PostgreSQL with {lab.size.patients} patients",
            }[name]
            table.add_row(name, f"{host.address}:{host.port}", what)
        table.add_row("store", f"{lab.store.address}:{lab.store.port}", "restic, append-only, TLS")
        table.add_row("time", lab.tsa.url.split("/")[2], "trusted time (RFC 3161)")
        stage.show(table)
        found = fingerprint(lab)
        stage.say(f"{found.rows} rows in {len(found.tables)} tables; the system is version 5.0")
        stage.hold(lab.health()["version"] == "5.0", "the patient system answers")
    return found


def _describe(stage: Stage, change: str, version: Version) -> None:
    """The engineer's part: a scope and an update in the client's folder."""
    write_scope(
        stage.lab,
        stage.who,
        change,
        today=datetime.now(UTC).date(),
        title=f"Update of the patient system to version {version}",
    )
    write_update(stage.lab, stage.who, change, version)


def _forecast(stage: Stage) -> None:
    with stage.scene("What is covered, and how long it will take"):
        stage.show(_coverage(stage))
        stage.run(["sluis", "forecast", stage.who.client, GOOD], expect=EXIT_APPLIED, show=True)


def _prepare(stage: Stage, change: str) -> None:
    outcome = stage.run_json(
        ["sluis", "prepare", stage.who.client, change], expect=EXIT_AWAITING_SIGNOFF
    )
    stage.hold(outcome["state"] == "awaiting sign-off", f"{change} is awaiting sign-off")
    stage.show(_levels(stage.ledger(change)))
    for asset in outcome["assets"]:
        reached, required = asset["reached"] or "nothing", asset["required"]
        stage.hold(
            reached >= required and reached != "nothing",
            f"{asset['asset']}: {reached} is proven, the gate asks {required}",
        )


def _apply_unsigned(stage: Stage, before: Fingerprint) -> None:
    with stage.scene("Apply without a signature"):
        outcome = stage.run_json(["sluis", "apply", stage.who.client, GOOD], expect=EXIT_REFUSED)
        _show_refusal(stage, outcome)
        _unchanged(stage, before)


def _walk_round(stage: Stage, before: Fingerprint) -> None:
    with stage.scene("Round the gate, with Ansible's own --start-at-task"):
        contacts = _contacts(stage)
        stage.run(
            [
                "ansible-playbook", "-i", f"inventories/{stage.who.client}",
                "playbooks/update.yml", "-e", f"change={GOOD}", "-e", "phase=apply",
                "--start-at-task", "Apply, check and hand over",
            ],
            expect=None,
        )  # fmt: skip
        stage.hold(_contacts(stage) == contacts, "no host was even contacted")
        _unchanged(stage, before)


def _apply(stage: Stage) -> None:
    with stage.scene("The vendor's update, exactly as signed"):
        outcome = stage.run_json(["sluis", "apply", stage.who.client, GOOD], expect=EXIT_APPLIED)
        _show_steps(stage, outcome)
        health = stage.lab.health()
        stage.hold(
            health["status"] == 200 and health["version"] == "5.1",
            f"the patient system answers as version {health.get('version')}",
        )
        stage.hold(
            int(stage.lab.sql("select count(*) from consent_log")) > 0, "the database is a 5.1"
        )


def _apply_broken(stage: Stage, before: Fingerprint) -> None:
    with stage.scene("It breaks half-way, and the signed way back is taken"):
        outcome = stage.run_json(["sluis", "apply", stage.who.client, BROKEN], expect=EXIT_FAILED)
        _show_steps(stage, outcome)
        handover = outcome["handover"] or {}
        stage.hold(outcome["state"] == "failed and restored", str(handover.get("sentence")))
        stage.hold(
            "failed" in {step["state"] for step in outcome["steps"]},
            "the step that failed is in the record as failed",
        )
    with stage.scene("The proof that all is as it was signed"):
        after = fingerprint(stage.lab)
        stage.hold(
            before.tables == after.tables,
            f"all {after.rows} rows of {len(after.tables)} tables are equal to before the update",
        )
        stage.hold(before.sequences == after.sequences, "so are the sequences")
        stage.hold(before.documents == after.documents, f"and all {len(after.documents)} documents")
        stage.hold(before.release == after.release, "and the old version of the system")
        health = stage.lab.health()
        stage.hold(
            health["status"] == 200 and health["version"] == "5.1", "which runs and answers again"
        )
        quarantine = handover.get("quarantine", {})
        stage.hold(bool(quarantine), "the broken state was not thrown away:")
        for asset, where in quarantine.items():
            stage.say(f"{asset}: {where}")


def _verify(stage: Stage) -> None:
    with stage.scene("Years later: is the evidence whole?"):
        for change in (GOOD, BROKEN):
            verify_dossier(stage, change)


def _coverage(stage: Stage) -> Table:
    """Every host of the inventory with what the scope says about its data."""
    path = stage.who.places.change(stage.who.client, GOOD) / "scope.yml"
    scope = load_scope(path).document
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("host", "asset", "kind", "criticality", "the gate asks", "backup by"):
        table.add_column(column)
    for host in stage.lab.hosts:
        assets = scope.assets_on(host)
        if not assets:
            raise SceneFailedError(f"The scope says nothing about {host}.")
        for asset in assets:
            asked = required_level(asset)
            words = (asset.id, asset.kind, asset.criticality, asked, asset.backup.by)
            table.add_row(host, *words)
    return table


def _levels(view: View) -> Table:
    """Levels proven for each asset, with the seconds that each took."""
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    table.add_column("asset")
    for level in _LEVELS:
        table.add_column(level, justify="right")
    newest = {statement.body.asset: statement.body for statement in view.of(Verification)}
    for asset, body in newest.items():
        took: dict[str, LevelResult] = {result.level: result for result in body.levels}
        cells = []
        for level in _LEVELS:
            result = took.get(level)
            proven = result is not None and result.verdict == "proven"
            words = f"{result.seconds:.1f} s" if result and proven else "–"
            cells.append(Text(words, style="green" if proven else "dim"))
        table.add_row(asset, *cells)
    return table


def _show_refusal(stage: Stage, outcome: dict[str, Any]) -> None:
    if outcome["state"] != "refused" or not outcome["refusals"]:
        raise SceneFailedError(f"The ledger holds no refusal: {outcome['state']}.")
    for reason in outcome["refusals"][-1]["reasons"]:
        stage.say(f"{reason['code']}: {reason['sentence']}", mark="✗")


def _show_steps(stage: Stage, outcome: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False, padding=(0, 2, 0, 0))
    done = [line for line in outcome["steps"] if line["number"] is not None]
    for line in sorted(done, key=lambda line: int(line["number"])):
        mark = _MARKS.get(line["state"], Text("✗", style="red"))
        way_back = " (way back)" if line["way_back"] else ""
        table.add_row(mark, line["host"], line["step"] + way_back, Text(line["state"], "dim"))
    for line in outcome["checks"]:
        if line["number"] is not None:
            mark = _MARKS.get(line["state"], Text("✗", style="red"))
            table.add_row(mark, line["host"], line["what"], Text(line["state"], "dim"))
    stage.show(table)


def _unchanged(stage: Stage, before: Fingerprint) -> None:
    differences = before.differences(fingerprint(stage.lab))
    if differences:
        raise SceneFailedError(f"Something changed on the client's machines: {differences[:10]}")
    stage.hold(
        stage.lab.health()["status"] == 200,
        "nothing changed: every row and every document is as it was, and the system answers",
    )


def _contacts(stage: Stage) -> int:
    return sum(host.contacts() for host in stage.lab.hosts.values())
