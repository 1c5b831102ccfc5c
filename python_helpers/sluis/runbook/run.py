"""What a running ansible-core is really doing, read where variables cannot reach.

Everything here that touches ansible-core's less settled interfaces (``CLIARGS``,
``load_extra_vars``, the config file in force) stays in this one file, so that a new
ansible-core release has one place to break; ``tests/playbooks/test_ansible_contract.py``
holds it against the installed release.

An extra var, a host fact or an inventory variable can replace nearly every variable.
These it cannot: the command line, the environment, the path of the plugin's own file,
``ansible_play_hosts_all``, ``groups`` and ``playbook_dir`` (applied last by the variable
manager; measured on ansible-core 2.19).
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible import constants, context
from ansible.parsing.dataloader import DataLoader
from ansible.utils.vars import load_extra_vars

from sluis.errors import InputError, RefusedError
from sluis.evidence.anchors import Anchors, load_anchors
from sluis.evidence.keys import OperatorKey, operator_key
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Reason
from sluis.places import Places, change_id, client_id
from sluis.scope.division import GROUP

#: One for each run: made in Ansible's main process, inherited by its workers.
RUN_ID = secrets.token_hex(8)

PHASES = ("prepare", "sign", "apply", "all")

#: extra vars that a run may carry; every other one is refused
EXTRA_VARS = frozenset({"change", "phase"})

#: ``ANSIBLE_*`` settings that change how a run looks or where it writes, not what it does
_HARMLESS_ENVIRONMENT = frozenset(
    {
        "ANSIBLE_BECOME_PASSWORD_FILE",
        "ANSIBLE_CACHE_PLUGIN",
        "ANSIBLE_CACHE_PLUGIN_CONNECTION",
        "ANSIBLE_CALLBACK_PLUGINS",
        "ANSIBLE_CONNECTION_PASSWORD_FILE",
        "ANSIBLE_FORCE_COLOR",
        "ANSIBLE_LOAD_CALLBACK_PLUGINS",
        "ANSIBLE_LOCAL_TEMP",
        "ANSIBLE_LOG_PATH",
        "ANSIBLE_NOCOLOR",
        "ANSIBLE_RETRY_FILES_ENABLED",
        "ANSIBLE_STDOUT_CALLBACK",
        "ANSIBLE_UNSAFE_WRITES",
        "ANSIBLE_VAULT_IDENTITY_LIST",
        "ANSIBLE_VAULT_PASSWORD_FILE",
        "ANSIBLE_VERBOSITY",
    }
)


@dataclass(frozen=True)
class Run:
    """One run of one runbook.

    ``hosts`` is the whole batch of the play, sorted. ``objections`` are the things
    about this run itself that the gate refuses. ``export_workers`` are the hosts of that
    inventory group, ``None`` when the inventory has no such group.
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


def now() -> datetime:
    """The controller's clock, aware UTC, whole seconds."""
    return datetime.now(UTC).replace(microsecond=0)


def project_of(plugin_file: str) -> Places:
    """The project that a role's plugin belongs to, from the plugin's own path.

    Args:
        plugin_file: ``__file__`` of ``<root>/roles/<role>/<folder>/<plugin>.py`` or of
            ``<root>/playbooks/vars_plugins/<plugin>.py``.
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
    if extra.get("change") is None:
        raise InputError("no-change", "No change id was given.", "Add -e change=<ticket number>.")
    change = change_id(str(extra["change"]))
    client, foreign = _client(places, change)
    phase = str(extra.get("phase", "all"))
    if phase not in PHASES:
        raise InputError(
            "bad-phase", f"There is no phase {phase[:40]!r}.", f"Use one of {', '.join(PHASES)}."
        )
    hosts = () if task_vars is None else task_vars.get("ansible_play_hosts_all", ())
    workers = None if task_vars is None else task_vars.get("groups", {}).get(GROUP)
    playbooks = [Path(str(item)).name for item in context.CLIARGS.get("args", ())]
    return Run(
        places=places,
        client=client,
        change=change,
        phase=phase,
        playbook=playbooks[0] if playbooks else "",
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
    found = [*_command_line(), *_environment(places)]
    if str(constants.CONFIG_FILE or "") != str(places.root / "ansible.cfg"):
        found.append(
            _reason(
                "foreign-config",
                str(constants.CONFIG_FILE),
                "Ansible reads its settings from a file that is not this project's ansible.cfg.",
                f"Start the playbook in {places.root}.",
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
        path = Path(source).resolve()
        folder = path if path.is_dir() else path.parent
        if not source.endswith(",") and folder.parent == inventories:
            ours.append(client_id(folder.name))
    if len(sources) == 1 and len(ours) == 1:
        return ours[0], []
    named = ", ".join(sources)[:200] or "(none)"
    sentence = f"The inventory {named} is not one client of this project."
    remedy = "Name exactly one: -i inventories/<client>."
    known = ours or sorted(
        item.parent.parent.name for item in inventories.glob(f"*/changes/{change}")
    )
    if len(set(known)) == 1:
        return client_id(known[0]), [_reason("foreign-inventory", named, sentence, remedy)]
    raise RefusedError("foreign-inventory", sentence, remedy)


def _command_line() -> list[Reason]:
    cli = context.CLIARGS
    found = []
    for option, given in (
        ("--start-at-task", cli.get("start_at_task")),
        ("--step", cli.get("step")),
        ("--skip-tags", cli.get("skip_tags")),
        ("--tags", [tag for tag in cli.get("tags") or () if tag != "all"]),
        ("--limit", cli.get("subset")),
        ("--module-path", cli.get("module_path")),
        ("-m (ad hoc)", cli.get("module_name")),
    ):
        if given:
            found.append(
                _reason(
                    "option-not-allowed",
                    option,
                    f"The option {option} would run a part of what was signed.",
                    "Leave it out. A change resumes by itself where it stopped.",
                )
            )
    found.extend(
        _reason(
            "extra-var-not-allowed",
            name[:80],
            f"The extra var {name[:80]!r} could replace what was signed.",
            f"Only these are allowed: {', '.join(sorted(EXTRA_VARS))}. Put the rest in the "
            "inventory, where it becomes part of the plan.",
        )
        for name in sorted(extra_vars())
        if name not in EXTRA_VARS
    )
    return found


def _environment(places: Places) -> list[Reason]:
    found = []
    expected = {
        "ANSIBLE_CONFIG": str(places.root / "ansible.cfg"),
        "ANSIBLE_ROLES_PATH": str(places.root / "roles"),
        "ANSIBLE_HOST_KEY_CHECKING": "true",
    }
    for name, value in sorted(os.environ.items()):
        if not name.startswith("ANSIBLE_") or name in _HARMLESS_ENVIRONMENT:
            continue
        if name in expected and value.lower() == expected[name].lower():
            continue
        found.append(
            _reason(
                "environment-not-clean",
                name,
                f"The environment variable {name} changes how Ansible runs.",
                f"Unset it (unset {name}), or start through the sluis command.",
            )
        )
    if constants.config.get_config_value("HOST_KEY_CHECKING") is not True:
        found.append(
            _reason(
                "host-keys-unchecked",
                "host_key_checking",
                "SSH host keys are not checked, so any machine could answer.",
                "Set host_key_checking = True.",
            )
        )
    return found


def _reason(code: str, about: str, sentence: str, remedy: str) -> Reason:
    return Reason(code=code, about=about or "(empty)", sentence=sentence, remedy=remedy)
