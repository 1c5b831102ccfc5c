"""From a guarded task, as Ansible is about to run it, to the call that gets signed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase

from sluis.errors import InputError
from sluis.evidence.canonical import canonical, sha256
from sluis.plan.model import STEP_ID, PlanStep, Target
from sluis.runbook.call_arguments import refuse_wrong_arguments
from sluis.runbook.call_files import Outbox, Sent, read_files
from sluis.runbook.call_later import ROOT, filled_in, steps_named
from sluis.runbook.call_modules import Module, refuse_outside_its_role, resolve
from sluis.runbook.call_secrets import (
    bound,
    key_of,
    refuse_hidden_acts,
    refuse_open_secrets,
)
from sluis.runbook.call_template import fill_in
from sluis.runbook.connections import refuse_unrecognised
from sluis.runbook.run import Run
from sluis.scope.words import said_in

_ARGUMENTS = frozenset(
    {
        "step",
        "module",
        "args",
        "args_at_apply",
        "secret_args",
        "way_back",
        "quiesce",
        "last_pass",
        "words",
        "inside",
        "stays",
        "undoes",
    }
)

#: connection options that are secret, or that do not decide where a connection goes
_NOT_BOUND = frozenset(
    {
        "control_path",
        "control_path_dir",
        "host",
        "password",
        "persistent_log_messages",
        "port",
        "private_key",
        "private_key_passphrase",
        "reconnection_retries",
        "remote_user",
        "timeout",
        "verbosity",
    }
)


@dataclass(frozen=True)
class Call:
    """What is signed, and the same arguments as values that may be run.

    ``args`` are the arguments in the open, with the private copies of files in place of the
    files. ``secrets`` never leave the process: they are merged in just before the call.
    ``module`` is the resolved module that runs, ``handler`` the action plugin around it.
    """

    planned: PlanStep
    args: dict[str, Any]
    secrets: dict[str, Any] = field(repr=False)
    module: str = ""
    handler: str = ""


def read_call(action: ActionBase, task_vars: Mapping[str, Any], run: Run, outbox: Outbox) -> Call:
    """Describe the call that a guarded task stands for.

    Args:
        action: the guarded action plugin, with its task and connection.
        task_vars: the task's variables.
        run: the current run.
        outbox: where the files that it sends are kept.

    Raises:
        InputError: an argument is missing, unknown, secret in the open, hidden without being a
            secret, or cannot be written down; a file to send is not there; the module is not
            one that may be a step.
        RefusedError: nobody can tell which machine the connection leads to.
    """
    task = action._task
    given = task.args
    step, name = _text(given, "step"), _text(given, "module")
    unknown = sorted(set(given) - _ARGUMENTS)
    if unknown:
        raise InputError(
            "bad-step",
            f"The step {step!r} has unknown arguments: {', '.join(map(str, unknown))}.",
            f"Use only {', '.join(sorted(_ARGUMENTS))}; the module's own arguments go under args.",
        )
    if task.async_val:
        raise InputError(
            "async-not-allowed",
            f"The step {step!r} uses async, so nobody would know its end.",
            "Take async and poll out of the step.",
        )
    args = _mapping(given, "args", step)
    secrets = _mapping(given, "secret_args", step)
    at_apply = _mapping(given, "args_at_apply", step)
    refuse_open_secrets(args, step)
    refuse_open_secrets(at_apply, step)
    module = resolve(name, args, run.places)
    refuse_outside_its_role(module, Path(task._role._role_path) if task._role else None, run.places)
    _once_each(args, at_apply, secrets, step)
    _known_later(module, at_apply, step)
    if task.check_mode:  # while planning: what was signed is not looked at once more
        refuse_wrong_arguments(module, args, {*at_apply, *secrets}, step)
    refuse_hidden_acts(module, secrets, args, step)
    sealed = {str(key): _plain(value, step) for key, value in secrets.items()}
    handler, sent = module.handler, Sent(args=dict(args))
    if module.action == "template":
        filled = fill_in(action, args, task_vars, outbox)
        text = {"mode": filled.mode, "sha256": sha256(filled.content)}
        handler, sent = "ansible.legacy.copy", Sent(filled.digests, filled.args)
        hidden = {"template": text, **sealed}
    else:
        sent = read_files(action, module, args, outbox)
        hidden = sealed
    if not STEP_ID.fullmatch(step):
        raise InputError(
            "bad-step",
            f"A step cannot be called {step[:80]!r}.",
            "Use lower-case letters, digits and . _ : - ; at most 80 of them.",
        )
    planned = PlanStep(
        step=step,
        host=str(task_vars["inventory_hostname"]),
        name=said_in(given.get("words") or task.name or step),
        target=_target(action),
        module=module.name,
        module_sha256=module.code_sha256,
        args=_plain(args, step),
        args_at_apply=_plain(at_apply, step),
        secret_args=tuple(sorted(sealed)),
        files={_untagged(key): digest for key, digest in sent.digests.items()},
        hidden_sha256=_hidden(run, step, hidden),
        environment_sha256=_environment_sha256(action, task_vars),
        way_back=bool(given.get("way_back", False)),
        quiesce=bool(given.get("quiesce", False)),
        last_pass=bool(given.get("last_pass", False)),
        inside=_names(given, "inside", step),
        stays=said_in(given.get("stays") or ""),
        undoes=_names(given, "undoes", step),
    )
    return Call(planned, sent.args, dict(secrets), module.runs_as, handler)


def rendered(
    call: Call, results: Mapping[str, Mapping[str, Any]], task_vars: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments to run with: as signed, plus what is known only now, plus secrets.

    Args:
        call: the call.
        results: what the ledger keeps of each step that is done on this host.
        task_vars: the task's variables, which hold the rest of those results.

    Raises:
        InputError: ``result-not-known``.
    """
    step = call.planned.step
    heard = task_vars.get(ROOT)
    known = {name: {**_mapping_or_nothing(heard, name), **kept} for name, kept in results.items()}
    later = {
        name: _plain(filled_in(value, known, step), step)
        for name, value in call.planned.args_at_apply.items()
    }
    return {**call.args, **later, **call.secrets}


def _mapping_or_nothing(heard: Any, name: str) -> Mapping[str, Any]:
    found = heard.get(name) if isinstance(heard, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _once_each(
    args: Mapping[str, Any], at_apply: Mapping[str, Any], secrets: Mapping[str, Any], step: str
) -> None:
    """What is given twice would be shown with one value and run with the other."""
    names = [str(name) for part in (args, at_apply, secrets) for name in part]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            "bad-step",
            f"The step {step!r} gives {', '.join(twice)} in two places.",
            "Give each argument once: under args, args_at_apply or secret_args.",
        )


def _known_later(module: Module, at_apply: Mapping[str, Any], step: str) -> None:
    """What is known only at apply comes from results, and never names what is sent."""
    allowed = module.known.later
    for name, value in at_apply.items():
        if allowed is not None and name not in allowed:
            raise InputError(
                "later-value-reaches-out",
                f"{str(name)!r} of {module.name} in the step {step!r} says which file is sent or "
                "how, so it has to be known when the client signs.",
                "Put it under args.",
            )
        steps_named(_plain(value, step), step)


def _hidden(run: Run, step: str, values: Mapping[str, Any]) -> dict[str, str]:
    """What the plan does not show, bound under the change's own key."""
    if not values:
        return {}
    key = key_of(run.dossier.parent, run.change)
    return {name: bound(key, f"{step}/{name}", value) for name, value in sorted(values.items())}


def _text(given: Mapping[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise InputError(
            "bad-step", f"A guarded task has no {name}.", f"Give it {name}: as a plain text."
        )
    return _untagged(value)


def _mapping(given: Mapping[str, Any], name: str, step: str) -> Mapping[str, Any]:
    value = given.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(
            "bad-step",
            f"{name} of the step {step!r} is not a mapping.",
            "Write the module's arguments as name: value.",
        )
    return value


def _names(given: Mapping[str, Any], name: str, step: str) -> tuple[str, ...]:
    value = given.get(name) or ()
    if isinstance(value, (list, tuple)) and all(isinstance(item, str) for item in value):
        return tuple(_untagged(item) for item in value)
    raise InputError(
        "bad-step",
        f"{name} of the step {step!r} is not a list of names.",
        f"Write {name}: [<name>, <name>].",
    )


def _untagged(text: str) -> str:
    """A plain ``str``: ansible-core 2.19 hands out tagged subclasses."""
    return "".join(text)


def _plain(value: Any, step: str) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return _untagged(value)
    if isinstance(value, Mapping):
        return {_untagged(str(key)): _plain(item, step) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item, step) for item in value]
    raise InputError(
        "bad-step",
        f"The step {step!r} has an argument of type {type(value).__name__}.",
        "Use texts, numbers, booleans, lists and mappings; quote dates.",
    )


def _target(action: ActionBase) -> Target:
    connection, context = action._connection, action._play_context
    options = connection.get_options()
    become = connection.become
    return Target(
        connection=refuse_unrecognised(connection),
        address=_untagged(str(options.get("host") or context.remote_addr)),
        port=int(options["port"]) if options.get("port") else None,
        user=_untagged(str(options["remote_user"])) if options.get("remote_user") else None,
        become=become is not None,
        become_method=str(become.name) if become is not None else None,
        become_user=str(become.get_option("become_user")) if become is not None else None,
        options_sha256=sha256(
            canonical(
                {
                    "connection": _bound(options),
                    "shell": _bound(connection._shell.get_options()),
                    "become": _bound(become.get_options() if become is not None else {}),
                    "shell plugin": str(connection._shell.ansible_name),
                }
            )
        ),
    )


def _bound(options: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name): repr(_plain(value, str(name)))
        for name, value in sorted(options.items())
        if name not in _NOT_BOUND and "pass" not in name
    }


def _environment_sha256(action: ActionBase, task_vars: Mapping[str, Any]) -> str:
    environment: dict[str, Any] = {}
    action._compute_environment_string(environment)
    interpreters = {
        name: str(value)
        for name, value in task_vars.items()
        if name.startswith("ansible_") and name.endswith("_interpreter")
    }
    return sha256(
        canonical(
            {
                "environment": {str(k): str(v) for k, v in environment.items()},
                "interpreters": {str(k): _untagged(v) for k, v in interpreters.items()},
            }
        )
    )
