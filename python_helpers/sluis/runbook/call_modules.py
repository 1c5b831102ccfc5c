"""Which code a module's name stands for, and what is known of the action that carries it out.

Ansible takes many names for one module (``copy``, ``ansible.legacy.copy``, ``copy.py``, a
redirect of a collection). The name is resolved first; what is planned, hashed, shown and run
is the resolved one.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ansible
from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.loader import action_loader, module_loader
from ansible.release import __version__ as ansible_version

from sluis.errors import InputError
from sluis.evidence.canonical import canonical, sha256
from sluis.places import Places
from sluis.plan.tree import file_sha256

Kind = Literal["no files", "reads files", "named by use", "refused"]

CORE = Path(ansible.__file__).resolve().parent
_BUILTIN = "ansible.builtin."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*){0,9}")


@dataclass(frozen=True)
class Action:
    """What an action plugin does on the controller.

    ``why`` is for the person whose step is refused. ``later`` are the arguments that may
    be known only when the step runs; ``None`` means any.
    """

    kind: Kind
    why: str = ""
    later: frozenset[str] | None = None


def _no(why: str) -> Action:
    return Action("refused", why)


_HERE = _no("It changes this run and no client's system; write it in the inventory.")
_NOTHING = _no("It changes nothing, so there is nothing to sign.")

#: Every action plugin that ansible-core ships. A test compares this with the installed release,
#: so that an upgrade which brings a new one has to be looked at here. An action of a collection
#: is refused until it was read and stands here by its full name.
ACTIONS: Mapping[str, Action] = {
    "add_host": _HERE,
    "assemble": Action("reads files", later=frozenset({"dest"})),
    "assert": _NOTHING,
    "async_status": _no("A step is never left running in the background."),
    "command": Action("no files"),
    "copy": Action("reads files", later=frozenset({"content", "dest"})),
    "debug": _NOTHING,
    "dnf": Action("no files"),
    "fail": _NOTHING,
    "fetch": _no("It writes to the controller what a host sends."),
    "gather_facts": _no("A host's answers must not become variables of this run."),
    "group_by": _HERE,
    "include_vars": _HERE,
    "normal": Action("no files"),
    "package": Action("named by use"),
    "pause": _NOTHING,
    "raw": _no("It has no module whose code could be signed; use ansible.builtin.command."),
    "reboot": Action("no files"),
    "script": Action("reads files", later=frozenset()),
    "service": Action("named by use"),
    "set_fact": _HERE,
    "set_stats": _HERE,
    "shell": Action("no files"),
    "template": Action("reads files", later=frozenset()),
    "unarchive": Action("reads files", later=frozenset({"dest"})),
    "uri": Action("reads files", later=frozenset({"dest", "url"})),
    "validate_argument_spec": _NOTHING,
    "wait_for_connection": Action("no files"),
}

#: Modules of ansible-core that are only documentation, or that Ansible uses by itself.
_NO_MODULES: Mapping[str, str] = {
    "async_wrapper": "A step is never left running in the background.",
    **dict.fromkeys(
        ("import_playbook", "import_role", "import_tasks", "include_role", "include_tasks", "meta"),
        "It is a word of a playbook and no module.",
    ),
}

#: modules and actions of ansible-core that its other actions call
_HELPERS = ("command", "copy", "file", "normal", "setup", "stat")

#: Our own modules that change something, with the role that they belong to.
OUR_STEPS: Mapping[str, str] = {
    "asset_restore": "restore_asset",
    "asset_swap": "restore_asset",
    "tenant_import": "tenant_import",
    "tenant_landing": "tenant_import",
}


@dataclass(frozen=True)
class Module:
    """A module, resolved.

    ``name`` is planned and shown. ``runs_as`` and ``handler`` are what Ansible is told to run:
    the module and the action plugin around it. ``action`` is the action's name in ``ACTIONS``.
    ``chosen`` is the module that ``use`` names, where the action leaves the work to another.
    """

    name: str
    runs_as: str
    handler: str
    action: str
    path: Path
    code_sha256: str
    chosen: Module | None = None

    @property
    def known(self) -> Action:
        """What is known of its action."""
        return ACTIONS[self.action]


def resolve(name: str, args: Mapping[str, Any], places: Places) -> Module:
    """Find the code that a module's name stands for.

    Args:
        name: as the step gives it.
        args: the step's arguments; a few actions choose the real module by one of them.
        places: the project.

    Raises:
        InputError: ``unknown-module``, ``foreign-module``, ``module-not-allowed``,
            ``unknown-action`` or ``module-left-open``.
    """
    path = _file_of(name)
    if path.parent == CORE / "modules":
        return _core(name, path.stem, args, places)
    roles = (places.root / "roles").resolve()
    if path.is_relative_to(roles):
        return _ours(name, path, roles)
    return _of_a_collection(name, path)


def refuse_outside_its_role(module: Module, task_role: Path | None, places: Places) -> None:
    """A module of our own is a step in its own role only, however its name was written.

    What it is given there was read from the ledger; elsewhere somebody would have typed it.

    Args:
        module: resolved.
        task_role: folder of the role that the task stands in, if it stands in one.
        places: the project.

    Raises:
        InputError: ``module-not-allowed``.
    """
    role = OUR_STEPS.get(module.name)
    if role is None:
        return
    own = places.root / "roles" / role
    if task_role is None or task_role.resolve() != own.resolve():
        raise InputError(
            "module-not-allowed",
            f"{module.name} cannot be a step of your own. It belongs to the role {role}, which "
            "takes what it needs from the ledger.",
            "Put a copy back with restore_asset_list in restore.yml; a move has its own playbook.",
        )


def _core(given: str, leaf: str, args: Mapping[str, Any], places: Places) -> Module:
    name = _BUILTIN + leaf
    module = CORE / "modules" / f"{leaf}.py"
    action = CORE / "plugins" / "action" / f"{leaf}.py"
    why = _NO_MODULES.get(leaf)
    if why is not None:
        raise _not_allowed(given, name, why)
    has_action = action.is_file()
    # ansible-core runs ansible.legacy.x for ansible.builtin.x, which a file elsewhere can replace
    for helper in (leaf, *_HELPERS):
        for loader, folder in ((module_loader, "modules"), (action_loader, "plugins/action")):
            found = _find(loader, f"ansible.legacy.{helper}")
            if found not in (None, CORE / folder / f"{helper}.py"):
                raise _foreign(given, found)
    code = {name: file_sha256(module)}
    if has_action:
        code[f"action {leaf}"] = file_sha256(action)
    key = leaf if has_action else "normal"
    known = ACTIONS.get(key)
    if known is None:
        raise _unknown_action(given, key)
    if known.kind == "refused":
        raise _not_allowed(given, name, known.why)
    chosen = _chosen(given, args, places) if known.kind == "named by use" else None
    if chosen is not None:
        code[f"use {chosen.name}"] = chosen.code_sha256
    return Module(
        name=name,
        runs_as=name,
        handler=name if has_action else "ansible.legacy.normal",
        action=key,
        path=module,
        code_sha256=_digest(code),
        chosen=chosen,
    )


def _chosen(given: str, args: Mapping[str, Any], places: Places) -> Module:
    """The module behind ``package`` or ``service``: without ``use`` the host would choose it."""
    use = args.get("use")
    if not isinstance(use, str) or use.lower() in ("", "auto"):
        raise InputError(
            "module-left-open",
            f"{given} lets the host choose which module runs, so nobody can sign it.",
            "Name that module itself (ansible.builtin.apt, ansible.builtin.systemd_service), or "
            "name it in use.",
        )
    module = resolve(use, {}, places)
    if module.handler != "ansible.legacy.normal" and module.action != "dnf":
        raise _not_allowed(given, module.name, "It is not a module that use can name.")
    return module


def _ours(given: str, path: Path, roles: Path) -> Module:
    leaf = path.stem
    role = OUR_STEPS.get(leaf)
    library = roles / (role or "") / "library" / f"{leaf}.py"
    action = roles / (role or "") / "action_plugins" / f"{leaf}.py"
    if role is None or path != library:
        raise _not_allowed(given, leaf, "It is not a step of a change.")
    found = _find(action_loader, f"ansible.legacy.{leaf}")
    if found != action:
        raise _foreign(given, found)
    return Module(
        name=leaf,
        runs_as=leaf,
        handler=f"ansible.legacy.{leaf}",
        action="normal",
        path=path,
        code_sha256=_digest({leaf: file_sha256(path), f"action {leaf}": file_sha256(action)}),
    )


def _of_a_collection(given: str, path: Path) -> Module:
    collections = CORE.parent / "ansible_collections"
    if not path.is_relative_to(collections):
        raise _foreign(given, path)
    space, collection, *inside = path.relative_to(collections).parts
    if inside[:2] != ["plugins", "modules"]:
        raise _foreign(given, path)
    leaf = path.stem
    name = ".".join([space, collection, *inside[2:-1], leaf])
    found = module_loader.find_plugin_with_context(name)
    acts = found.action_plugin or (name if _find(action_loader, name) else None)
    prefix = leaf.split("_")[0]
    network = f"{space}.{collection}.{prefix}"
    if acts is None and prefix in constants.NETWORK_GROUP_MODULES and _find(action_loader, network):
        acts = network
    if acts is not None:
        raise _unknown_action(given, acts)
    utils = collections / space / collection / "plugins" / "module_utils"
    code = {name: file_sha256(path)} | {
        f"util {item.relative_to(utils)}": file_sha256(item)
        for item in sorted(utils.rglob("*"))
        if item.is_file() and item.suffix != ".pyc"
    }
    return Module(
        name=name,
        runs_as=name,
        handler="ansible.legacy.normal",
        action="normal",
        path=path,
        code_sha256=_digest(code),
    )


def _file_of(name: str) -> Path:
    found = None
    if _NAME.fullmatch(name):
        found = _find(module_loader, name) or _redirected(name)
    if found is None:
        raise InputError(
            "unknown-module",
            f"There is no module {name[:120]!r}.",
            "Use its full name, as installed.",
        )
    return found


def _redirected(name: str) -> Path | None:
    """A name that only the action has (``yum``): the module of the action it leads to."""
    with_action = action_loader.find_plugin_with_context(name)
    if not with_action.resolved or not with_action.plugin_resolved_path:
        return None
    path = Path(str(with_action.plugin_resolved_path)).resolve()
    if path.parent != CORE / "plugins" / "action":
        return None
    return _find(module_loader, _BUILTIN + path.stem)


def _find(loader: Any, name: str) -> Path | None:
    """The file behind a name, as Ansible's own loader finds it, links resolved."""
    try:
        found = loader.find_plugin_with_context(name)
    except AnsibleError:
        # removed, a redirect in a circle, or for another release: there is no such module
        return None
    if not found.resolved or not found.plugin_resolved_path:
        return None
    path = Path(str(found.plugin_resolved_path))
    # systemd.py of ansible-core is a link to systemd_service.py in some releases
    return path.parent.resolve() / path.name


def _digest(code: Mapping[str, str]) -> str:
    return sha256(canonical({"ansible-core": core_sha256(), "code": dict(code)}))


@functools.cache
def core_sha256() -> str:
    """Digest of the installed ansible-core: the release and every file of its package.

    A module is sent together with the parts of ansible-core that it imports, and templated,
    packed and sent by the rest. Read once in a process; Ansible's workers inherit it.
    """
    files = {}
    for folder, _, names in os.walk(CORE):  # six times as quick as paths, in every run
        for name in names:
            if not name.endswith(".pyc"):
                path = f"{folder}/{name}"
                with io.open_code(path) as stream:
                    files[path[len(str(CORE)) :]] = hashlib.sha256(stream.read()).hexdigest()
    return sha256(canonical({"release": ansible_version, "files": files}))


def _foreign(given: str, found: Path | None) -> InputError:
    return InputError(
        "foreign-module",
        f"The module {given!r} would come from {found or 'nowhere'}.",
        "Remove that file: modules come from ansible-core, its collections, or roles/.",
    )


def _not_allowed(given: str, name: str, why: str) -> InputError:
    shown = given if given == name else f"{given} ({name})"
    return InputError(
        "module-not-allowed",
        f"{shown} cannot be a step. {why}",
        "Use a module that changes a host.",
    )


def _unknown_action(given: str, action: str) -> InputError:
    return InputError(
        "unknown-action",
        f"{given} is carried out by the action {action}, and nobody knows which files of the "
        "controller that reads.",
        "Use a module of ansible-core, or one that needs no action of its own.",
    )


# Read in Ansible's main process, which imports this once, and not again in each worker.
core_sha256()
