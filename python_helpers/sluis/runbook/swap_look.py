"""Whether everything that is signed can be swapped in, looked at before the first swap."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sluis.border.parts import Secrets
from sluis.border.restores import Request
from sluis.border.verbs.asset_swap import Answer
from sluis.errors import SluisError, SnapshotError
from sluis.gate.steps import step_states
from sluis.runbook.judgement import read_evidence
from sluis.runbook.restore_choice import choose
from sluis.runbook.restoring import Send, Signed, request_for
from sluis.runbook.run import RUN_ID, OpenDossier, Run
from sluis.runbook.snapshot_settings import SnapshotSettings

IN_USE = "restore-in-use"
_MODULE = "asset_swap"

#: runs ``asset_swap`` on the host in check mode
Look = Callable[[Request, Secrets], Answer]


def stop_words(host: str, *, way_back: bool = False) -> str:
    """What to do about a process that has data open which is to be swapped.

    Args:
        host: where it runs.
        way_back: in the way back of an update; that is no restore.yml.
    """
    words = (
        f"Stop it by hand on {host} before you apply: systemctl status NUMBER names the service of "
        "that process, and systemctl stop SERVICE stops it."
    )
    if way_back:
        return words
    return (
        f"{words} Or let the change do it: write a step that stops it under "
        "software_update_quiesce in restore.yml, and one that starts it again under "
        "software_update_steps; then prepare and have it signed. With tolerate_use: true at the "
        "asset in restore_asset_list it is swapped all the same, and what is written afterwards "
        "ends up in quarantine."
    )


def look_at_all(
    run: Run,
    dossier: OpenDossier,
    host: str,
    settings: SnapshotSettings,
    send: Send,
    look: Look,
    *,
    way_back: bool,
) -> None:
    """Refuse before the first swap when one asset of the host could not be swapped.

    Args:
        run: the current run.
        dossier: its dossier.
        host: inventory name.
        settings: the inventory's store, connections and secrets.
        send: sends a file to the host.
        look: asks the host; it changes nothing.
        way_back: whether it is the way back that swaps.

    Raises:
        SluisError: that of the only asset that cannot be swapped, or ``swap-not-possible`` with
            those of all.
    """
    wrong: list[SluisError] = []
    for signed, tolerate_use in _to_be_swapped(run, dossier, host, way_back=way_back):
        asset = signed.chosen.asset
        try:
            request = request_for(signed, settings, send, tolerate_use=tolerate_use)
            look(request, settings.for_maker(asset.id))
        except SluisError as error:
            remedy = error.remedy
            if error.code == IN_USE:
                remedy = f"{stop_words(host, way_back=way_back)} Nothing was swapped, of no asset."
            wrong.append(SnapshotError(error.code, f"{asset.id}: {error.what}", remedy))
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        code = IN_USE if all(one.code == IN_USE for one in wrong) else "swap-not-possible"
        remedies = dict.fromkeys(one.remedy for one in wrong)
        raise SnapshotError(code, " ".join(one.what for one in wrong), " ".join(remedies))


def _to_be_swapped(
    run: Run, dossier: OpenDossier, host: str, *, way_back: bool
) -> Iterator[tuple[Signed, bool]]:
    """The signed swaps of a host that were not begun."""
    evidence = read_evidence(dossier)
    states = step_states(evidence.view, evidence.plan_object, RUN_ID)
    for step in evidence.plan.steps if evidence.plan else ():
        if (step.module, step.host, step.way_back) != (_MODULE, host, way_back):
            continue
        state = states.get((step.step, host))
        if state is not None and state.state != "open":
            continue
        chosen = choose(run, dossier, evidence, step.args)
        signed = Signed(run, dossier, evidence, chosen, host, _MODULE)
        yield signed, bool(step.args.get("tolerate_use", False))
