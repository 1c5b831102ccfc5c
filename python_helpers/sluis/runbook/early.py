"""Saying no before the first task: once for each run, in the driving process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

from ansible import context
from ansible.inventory.group import Group
from ansible.inventory.host import Host
from ansible.parsing.dataloader import DataLoader

from sluis.errors import InputError, RefusedError, SluisError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Reason, Refusal
from sluis.places import client_id
from sluis.plan.tree import variable_reasons
from sluis.runbook.bound import changed_above, keep_start, tree_of
from sluis.runbook.command_line import checks_only, only_looks
from sluis.runbook.inventory import reach_of, reach_of_run
from sluis.runbook.judgement import explain
from sluis.runbook.lock import keep_lock
from sluis.runbook.no_file import refuse_a_list_that_is_no_file, refuse_what_is_opened_first
from sluis.runbook.not_there import must_be_described, must_be_there
from sluis.runbook.other_changes import others_of
from sluis.runbook.plugin_folders import close_working_folder, foreign_module_reasons
from sluis.runbook.read_before import remember
from sluis.runbook.run import CHECK, Run, current_run, now, open_dossier, project_of
from sluis.runbook.surroundings import EVENTS, hand_on, may_be_there, started_with
from sluis.runbook.telling import tell_front_door
from sluis.runbook.vault_codes import NOT_OPENED
from sluis.runbook.vault_opener import opener

_UNREADABLE = "reaches-outside"
#: phases that lay down what gets signed; later ones carry out what was read before
_LAY_DOWN = ("prepare", "all")
_DESCRIBED = ("update.yml", "restore.yml")
_SIGNED = (*_DESCRIBED, "tenant_migration.yml")

Entities = Sequence[Host | Group]

#: plugin files by which this process was already found acceptable
_LOOKED: set[str] = set()
#: runs that were found acceptable, with the state of their ledger when it was read
_WATCHED: dict[str, tuple[Run, int]] = {}


def refuse_early(plugin_file: str, loader: DataLoader, entities: Entities = ()) -> None:
    """Stop a run whose options, extra vars, environment or inventory are not acceptable.

    The refusal goes into the ledger when client and change are known well enough to
    find it. Commands that run nothing (listing, syntax check) pass.

    Args:
        plugin_file: ``__file__`` of the vars plugin beside the playbooks.
        loader: Ansible's own, which can open what ansible-vault encrypted.
        entities: what of the inventory Ansible asks about; the whole of it hangs on that. Where
            none is known yet, all is looked at once more when one is.

    Raises:
        SluisError: why the run is refused.
    """
    if plugin_file in _LOOKED:
        return
    try:
        _refuse_early(plugin_file, loader, entities)
    except SluisError as error:
        tell_front_door(error)
        raise
    if entities:
        _LOOKED.add(plugin_file)


def _refuse_early(plugin_file: str, loader: DataLoader, entities: Entities) -> None:
    if only_looks():
        return
    run = current_run(None, plugin_file)
    if run.change:
        # a slip in the id: there is nothing to judge, and no dossier to record a refusal in
        must_be_there(run.places, run.client, run.change)
    above = changed_above(run.places)  # before anything of ours is written there
    if run.playbook == CHECK and not run.objections:
        _only_looks_around(run, loader)
        return
    # check mode makes no dossier
    if run.dossier.is_dir() or (run.change_folder.is_dir() and not checks_only()):
        # before anything is judged or recorded: what goes on here is not ours to disturb
        what = f"ansible-playbook {run.playbook}, phase {run.phase}"
        keep_lock(run.dossier, what, now())
    tree = tree_of(run, opener(loader))
    changed = keep_start(run, tree, above=above, read=reach_of_run(entities))
    reasons = (*run.objections, *foreign_module_reasons(run.places), *tree.reasons, *changed)
    # a slip of the pen is said with its line, before what is only found to be unreadable
    readable = all(reason.code in (_UNREADABLE, NOT_OPENED) for reason in reasons)
    if readable and (run.phase in _LAY_DOWN or run.playbook not in _SIGNED):
        from sluis.runbook.written import read_what_was_written

        read_what_was_written(run.places, run.client, run.change, run.playbook, loader)
    elif readable and run.playbook in _DESCRIBED:
        must_be_described(run.places, run.client, run.change, run.playbook)
    if not reasons:
        # a third of all that is imported, and not for a run that is refused; from here on it is
        # had by each process that is forked for a task
        from sluis.runbook import written  # noqa: F401

        close_working_folder()
        hand_on(run.places)
        _WATCHED[plugin_file] = run, -1
        return
    _refuse(run, reasons)


def _refuse(run: Run, reasons: Sequence[Reason]) -> NoReturn:
    refusal = Refusal(hosts=("(no host was contacted)",), reasons=tuple(reasons))
    try:
        dossier = open_dossier(run)
        dossier.ledger.append(refusal, key=dossier.key, now=now())
    except SluisError as error:
        unkept = f" The refusal could not be recorded: {error}"
    else:
        unkept = ""
    raise RefusedError(
        reasons[0].code,
        explain(refusal) + unkept,
        "Correct what is named above and start again.",
    )


def _only_looks_around(run: Run, loader: DataLoader) -> None:
    """A look asks for no evidence and leaves none: no lock, no dossier, no statement.

    What was written is read by ``sluis check`` itself. Here only what would be carried out in
    reading it is refused.
    """
    reach = reach_of(run.places, run.client)
    reasons = [*foreign_module_reasons(run.places), *reach.reasons]
    if run.change:
        reasons += tree_of(run, opener(loader)).reasons
    else:
        reasons += variable_reasons(run.places, run.client)
    for reason in reasons:
        if reason.code == NOT_OPENED:
            continue  # a look goes on without it, see below
        raise RefusedError(reason.code, reason.sentence, reason.remedy)
    from sluis.runbook.written_files import leave_out_sealed

    leave_out_sealed(run.places, run.client, loader)
    close_working_folder()
    hand_on(run.places)


def refuse_at_first(plugin_file: str) -> None:
    """Stop a run before Ansible opens its inventory, and before any callback is loaded.

    Here stands what cannot wait for :func:`refuse_early`: a pipe that Ansible would wait for, and
    a folder in which ansible-runner's callback would leave files where each file counts.

    Args:
        plugin_file: ``__file__`` of the inventory plugin beside the playbooks.

    Raises:
        SluisError: why the run is refused.
    """
    if plugin_file in _LOOKED or "inventory" not in context.CLIARGS:
        return
    _LOOKED.add(plugin_file)
    try:
        _refuse_at_first(plugin_file)
    except SluisError as error:
        tell_front_door(error)
        raise


def _refuse_at_first(plugin_file: str) -> None:
    places = project_of(plugin_file)
    clients: list[str] = []
    for given in map(str, context.CLIARGS.get("inventory") or ()):
        refuse_a_list_that_is_no_file(places, given)
        folder = Path(given).absolute()
        with suppress(InputError):  # no client's: which one it should be is said later
            client = client_id(folder.name)
            if places.inventory(client).resolve() == folder.resolve():
                clients.append(client)
    for client in clients:
        refuse_what_is_opened_first(places, client)
    events = started_with().get(EVENTS)
    if only_looks() or events is None or may_be_there(EVENTS, events, places):
        return
    run = current_run(None, plugin_file)
    if run.change:
        must_be_there(run.places, run.client, run.change)
        if run.dossier.is_dir() or (run.change_folder.is_dir() and not checks_only()):
            keep_lock(run.dossier, f"ansible-playbook {run.playbook}, phase {run.phase}", now())
        _refuse(run, run.objections)
    first = next(one for one in run.objections if one.code == "environment-not-clean")
    raise RefusedError(first.code, first.sentence, first.remedy)


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
        for change, folder in others_of(run):
            remember(folder, Ledger(folder, anchors, run.client, change))
        tree_of(run)


def _state(run: Run) -> int:
    """Changes with every statement that is added."""
    try:
        return (run.dossier / "statements").stat().st_ctime_ns
    except OSError:
        return 0
