"""What a running ansible-core is really doing, read where variables cannot reach.

Everything that touches ansible-core's less settled interfaces (``CLIARGS``,
``load_extra_vars``, the config file in force) stays in this file and in ``command_line``, so
that a new ansible-core release has one place to break; ``tests/playbooks/test_ansible_contract.py``
holds it against the installed release.

An extra var, a host fact or an inventory variable can replace nearly every variable.
These it cannot: the command line, the environment, the path of the plugin's own file,
``ansible_play_hosts_all``, ``groups`` and ``playbook_dir`` (applied last by the variable
manager; measured on ansible-core 2.19).
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars

import sluis
from sluis.bytecode import not_from_source
from sluis.errors import InputError, RefusedError
from sluis.evidence.anchors import Anchors, load_anchors
from sluis.evidence.keys import OperatorKey, operator_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Reason
from sluis.places import Places, change_id, client_id
from sluis.runbook.clock import now as now
from sluis.runbook.command_line import command_line_reasons, playbook_name
from sluis.runbook.plugin_folders import foreign_plugin_reasons
from sluis.runbook.surroundings import (
    environment_reasons,
    foreign_start_reasons,
    started_with,
)
from sluis.scope.division import GROUP

#: One for each run: made in Ansible's main process, inherited by its workers.
RUN_ID = secrets.token_hex(8)

#: the playbook that only looks; alone it may be about a client as a whole, and not about a change
CHECK = "check.yml"
PHASES = ("prepare", "sign", "apply", "all")


@dataclass(frozen=True)
class Run:
    """One run of one runbook.

    ``hosts`` is the whole batch of the play, sorted. ``objections`` are the things
    about this run itself that the gate refuses. ``change`` is empty in a look at a client.
    ``export_workers`` are the hosts of that inventory group, ``None`` when the inventory has no
    such group.
    """

    places: Places
    client: str
    change: str
    phase: str
    playbook: str
    hosts: tuple[str, ...]
    objections: tuple[Reason, ...]
    export_workers: tuple[str, ...] | None = None

    @property
    def dossier(self) -> Path:
        """The folder with this change's evidence."""
        return self.places.dossier(self.client, self.change)

    @property
    def change_folder(self) -> Path:
        """What the engineer wrote for this change."""
        return self.places.change(self.client, self.change)


@dataclass(frozen=True)
class OpenDossier:
    """The evidence of one change, ready to read and to append to."""

    path: Path
    ledger: Ledger
    objects: ObjectStore
    anchors: Anchors
    key: OperatorKey


def project_of(plugin_file: str) -> Places:
    """The project that a role's plugin belongs to, from the plugin's own path.

    Args:
        plugin_file: ``__file__`` of ``<root>/roles/<role>/<folder>/<plugin>.py`` or of
            ``<root>/playbooks/<folder>/<plugin>.py``.
    """
    path = Path(plugin_file).absolute()
    return Places(path.parents[2] if path.parents[1].name == "playbooks" else path.parents[3])


def current_run(task_vars: Mapping[str, Any] | None, plugin_file: str) -> Run:
    """Read the current run; never from anything a variable can replace.

    Args:
        task_vars: as ansible-core hands it to an action plugin, or ``None`` outside a task.
        plugin_file: the calling plugin's ``__file__``.

    Raises:
        InputError: no or bad change id, client or phase.
        RefusedError: ``foreign-inventory`` when not even a dossier can be told.
    """
    places = project_of(plugin_file)
    extra = extra_vars()
    if extra.get("change") is not None:
        change = change_id(str(extra["change"]))
    elif playbook_name() == CHECK:
        change = ""
    else:
        raise InputError("no-change", "No change id was given.", "Add -e change=<ticket number>.")
    client, foreign = _client(places, change)
    phase = str(extra.get("phase", "all"))
    if phase not in PHASES:
        raise InputError(
            "bad-phase", f"There is no phase {phase[:40]!r}.", f"Use one of {', '.join(PHASES)}."
        )
    hosts = () if task_vars is None else task_vars.get("ansible_play_hosts_all", ())
    workers = None if task_vars is None else task_vars.get("groups", {}).get(GROUP)
    return Run(
        places=places,
        client=client,
        change=change,
        phase=phase,
        playbook=playbook_name(),
        hosts=tuple(sorted(str(host) for host in hosts)),
        objections=(*foreign, *objections(places, task_vars)),
        export_workers=None if workers is None else tuple(sorted(map(str, workers))),
    )


def open_dossier(run: Run) -> OpenDossier:
    """Open the run's dossier with the client's trust anchors and the operator's key."""
    anchors = load_anchors(run.places.trust(run.client), run.client)
    return OpenDossier(
        path=run.dossier,
        ledger=Ledger(run.dossier, anchors, run.client, run.change),
        objects=ObjectStore(run.dossier),
        anchors=anchors,
        key=operator_key(os.environ),
    )


def extra_vars() -> dict[str, Any]:
    """The extra vars of the command line, before they mix with any other variable."""
    return {str(name): value for name, value in load_extra_vars(DataLoader()).items()}


def objections(places: Places, task_vars: Mapping[str, Any] | None) -> list[Reason]:
    """What about this run itself is not acceptable, whatever the evidence says.

    Each of these was measured as a way round a gate or as a way to run half of a
    runbook. The guarded step would still hold without most of them; refusing early
    leaves no doubt about what ran.
    """
    found = [
        *command_line_reasons(places, extra_vars()),
        *environment_reasons(started_with(), places),
        *foreign_start_reasons(),
        *foreign_plugin_reasons(places),
        *_compiled(places),
        *_host_keys(),
    ]
    settings = places.root / "ansible.cfg"
    if str(constants.CONFIG_FILE or "") != str(settings):
        found.append(
            _reason(
                "foreign-config",
                str(constants.CONFIG_FILE),
                "Ansible reads its settings from a file that is not this project's ansible.cfg.",
                f"Start the playbook in {places.root}.",
            )
        )
    elif not stat.S_ISREG(os.lstat(settings).st_mode):
        found.append(
            _reason(
                "settings-not-a-file",
                str(settings),
                "Ansible reads its settings from what is no plain file of this project.",
                "Put the file itself there, as it is in version control.",
            )
        )
    if task_vars is not None:
        playbook_dir = Path(str(task_vars.get("playbook_dir", "")))
        if playbook_dir.resolve() != (places.root / "playbooks").resolve():
            found.append(
                _reason(
                    "foreign-playbook",
                    str(playbook_dir),
                    "The playbook does not belong to this project, so nobody signed it.",
                    "Run one of the project's own playbooks.",
                )
            )
    return found


def _client(places: Places, change: str) -> tuple[str, list[Reason]]:
    """The client, and what is wrong with the inventories that were named.

    A refusal has to be kept somewhere: when a foreign inventory stands beside ours, or
    when only one client has such a change, that client's dossier is the place.
    """
    sources = [str(source) for source in context.CLIARGS.get("inventory") or ()]
    inventories = (places.root / "inventories").resolve()
    ours = []
    for source in sources:
        given = Path(source)
        folder = given.resolve()
        # the whole folder, by its own name: what is bound is what all of it says
        if folder.parent == inventories and folder.is_dir() and not given.is_symlink():
            ours.append(client_id(folder.name))
    if len(sources) == 1 and len(ours) == 1:
        return ours[0], []
    named = ", ".join(sources)[:200] or "(none)"
    sentence = f"The inventory {named} is not one client of this project."
    known = ours or sorted(
        item.parent.parent.name for item in inventories.glob(f"*/changes/{change}")
    )
    there = sorted(set(known)) or places.clients()
    ways = " or ".join(f"-i inventories/{name}" for name in there[:5]) or "-i inventories/<client>"
    remedy = f"Name exactly one: {ways}."
    if len(set(known)) == 1:
        return client_id(known[0]), [_reason("foreign-inventory", named, sentence, remedy)]
    raise RefusedError("foreign-inventory", sentence, remedy)


def _compiled(places: Places) -> list[Reason]:
    folders = [Path(sluis.__file__).parent, places.root / "roles", places.root / "playbooks"]
    return [
        _reason(
            "compiled-code",
            path,
            "What runs is compiled code that its source does not say.",
            "Remove that file, and find out how it came there. After an update of the project it"
            " may be left over from before: 'make clean' removes all of those.",
        )
        for path in not_from_source(folders)
    ]


def _host_keys() -> list[Reason]:
    if constants.config.get_config_value("HOST_KEY_CHECKING") is True:
        return []
    return [
        _reason(
            "host-keys-unchecked",
            "host_key_checking",
            "SSH host keys are not checked, so any machine could answer.",
            "Set host_key_checking = True.",
        )
    ]


def _reason(code: str, about: str, sentence: str, remedy: str) -> Reason:
    return Reason(code=code, about=about or "(empty)", sentence=sentence, remedy=remedy)
