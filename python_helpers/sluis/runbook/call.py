"""From a guarded task, as Ansible is about to run it, to the call that gets signed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ansible
from ansible.parsing.vault import VaultHelper
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader, module_loader
from ansible.template import trust_as_template

from sluis.errors import InputError
from sluis.evidence.canonical import canonical, sha256
from sluis.places import Places
from sluis.plan.model import PlanStep, Target
from sluis.plan.tree import file_sha256, path_sha256

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

#: modules that read a file on the controller, with the argument that names it
_READS = {
    "assemble": ("src", "files"),
    "copy": ("src", "files"),
    "script": ("cmd", "files"),
    "template": ("src", "templates"),
    "unarchive": ("src", "files"),
}

_SECRET_NAME = re.compile(
    r"(^|_)(pass|passwd|password|passphrase|token|secret|api_?key|private_key)$", re.IGNORECASE
)


@dataclass(frozen=True)
class Call:
    """What is signed, and the same arguments as values that may be run.

    ``secrets`` never leave the process: they are merged in just before the call.
    """

    planned: PlanStep
    args: dict[str, Any]
    secrets: dict[str, Any]


def read_call(action: ActionBase, task_vars: Mapping[str, Any], places: Places) -> Call:
    """Describe the call that a guarded task stands for.

    Args:
        action: the guarded action plugin, with its task and connection.
        task_vars: the task's variables.
        places: the project.

    Raises:
        InputError: an argument is missing, unknown, secret in the open, or cannot be
            written down; a file to send is not there; a module is not a known one.
    """
    task = action._task
    given = task.args
    step, module = _text(given, "step"), _text(given, "module")
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
    _refuse_open_secrets(args, step)
    host = str(task_vars["inventory_hostname"])
    planned = PlanStep(
        step=step,
        host=host,
        name=str(given.get("words") or task.name or step),
        target=_target(action),
        module=module,
        module_sha256=_module_sha256(module, places),
        args=_plain(args, step),
        args_at_apply=_plain(at_apply, step),
        secret_args=tuple(sorted(str(name) for name in secrets)),
        files=_files(action, module, args),
        environment_sha256=_environment_sha256(action, task_vars),
        way_back=bool(given.get("way_back", False)),
        quiesce=bool(given.get("quiesce", False)),
        last_pass=bool(given.get("last_pass", False)),
    )
    return Call(planned=planned, args=dict(args), secrets=dict(secrets))


def rendered(action: ActionBase, call: Call) -> dict[str, Any]:
    """The arguments to run with: as signed, plus what is known only now, plus secrets."""
    later = {name: _template(action, value) for name, value in call.planned.args_at_apply.items()}
    return {**call.args, **later, **call.secrets}


def _template(action: ActionBase, value: Any) -> Any:
    if isinstance(value, str):
        return action._templar.template(trust_as_template(value))
    if isinstance(value, Mapping):
        return {key: _template(action, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_template(action, item) for item in value]
    return value


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


def _refuse_open_secrets(args: Any, step: str, path: str = "") -> None:
    if isinstance(args, Mapping):
        for key, value in args.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(value, str) and value and _SECRET_NAME.search(str(key)):
                raise _open_secret(step, name)
            _refuse_open_secrets(value, step, name)
    elif isinstance(args, (list, tuple)):
        for value in args:
            _refuse_open_secrets(value, step, path)
    elif VaultHelper.get_ciphertext(args, with_tags=False) is not None:
        raise _open_secret(step, path)


def _open_secret(step: str, name: str) -> InputError:
    return InputError(
        "secret-in-args",
        f"The argument {name!r} of the step {step!r} looks like a secret.",
        "Move it to secret_args; a plan is kept and shown.",
    )


def _target(action: ActionBase) -> Target:
    connection, context = action._connection, action._play_context
    options = connection.get_options()
    become = connection.become
    return Target(
        connection=str(connection._load_name),
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


def _module_sha256(module: str, places: Places) -> str:
    """Digest of the code behind a module name, and a refusal of code from elsewhere.

    ``ansible.builtin.x`` runs ``ansible.legacy.x``, which a module folder of the user
    can replace (measured); so both names are resolved and both files count.
    """
    leaf = module.rpartition(".")[2]
    names = [module, *([f"ansible.legacy.{leaf}"] if module.startswith("ansible.builtin.") else [])]
    files = []
    for loader in (module_loader, action_loader):
        for name in names:
            found = loader.find_plugin_with_context(name)
            if found.resolved and found.plugin_resolved_path:
                files.append(Path(str(found.plugin_resolved_path)))
    if not files:
        raise InputError(
            "unknown-module", f"There is no module {module!r}.", "Use its full name, as installed."
        )
    home = Path(ansible.__file__).parent
    allowed = (home, home.parent / "ansible_collections", places.root / "roles")
    for file in files:
        if not any(file.resolve().is_relative_to(folder.resolve()) for folder in allowed):
            raise InputError(
                "foreign-module",
                f"The module {module!r} would come from {file}.",
                "Remove that file: modules come from ansible-core, its collections, or roles/.",
            )
    return sha256(canonical([file_sha256(file) for file in files]))


def _files(action: ActionBase, module: str, args: Mapping[str, Any]) -> dict[str, str]:
    known = _READS.get(module.rpartition(".")[2])
    if known is None or not module.startswith(("ansible.builtin.", "ansible.legacy.")):
        return {}
    argument, folder = known
    name = args.get(argument) or args.get("_raw_params")
    remote = str(args.get("remote_src", "no")).lower() in ("yes", "true", "1", "on")
    if not isinstance(name, str) or not name or remote:
        return {}
    if argument == "cmd":
        name = name.split()[0]
    path = Path(str(action._find_needle(folder, name)))
    return {_untagged(name): path_sha256(path)}
