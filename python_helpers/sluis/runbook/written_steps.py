"""What is wrong with the modules of a description's steps, their arguments and their files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.utils.collection_loader import AnsibleCollectionConfig

from sluis.errors import InputError
from sluis.places import Places
from sluis.plan.faults import Fault, nearest
from sluis.plan.written_yaml import Item
from sluis.runbook.call_argument_values import wrong_values
from sluis.runbook.call_arguments import wrong_arguments
from sluis.runbook.call_files import refuse_missing_files
from sluis.runbook.call_modules import CORE, Module, resolve
from sluis.runbook.call_secrets import refuse_hidden_acts, refuse_open_secrets

STEP_LISTS = (
    "software_update_quiesce",
    "software_update_steps",
    "software_update_way_back",
)
GIVEN = ("args", "args_at_apply", "secret_args")
#: What can be said of a name alone. Whatever else is wrong with a module, prepare says.
_OF_A_NAME = frozenset({"unknown-module", "module-not-allowed", "module-left-open"})
#: what decides which files of this machine a step sends
_NAMES_FILES = frozenset(
    {"src", "cmd", "_raw_params", "remote_src", "copy", "body", "body_format", "local_follow"}
)
_ROLE = "software_update"
_BUILTIN = "ansible.builtin."
#: how it is said that a file is not there
_NO_FILE = ("There is no file '", "' to send")


class Known:
    """The variables that are the same in every run of a change, and where files are looked for.

    A text with any other variable is left to prepare: nothing is filled in by Jinja here.

    Args:
        places: the project.
        folder: of the change.
    """

    def __init__(self, places: Places, folder: Path) -> None:
        self.places = places
        self._folder = folder
        self._values = {
            "change": folder.name,
            "inventory_dir": str(folder.parents[1].absolute()),
            "playbook_dir": str(places.root / "playbooks"),
        }
        self._loader = DataLoader()
        self._loader.set_basedir(self._values["playbook_dir"])
        role = places.root / "roles" / _ROLE
        self._looked_in = [str(role), str(role / "tasks")]

    def filled_in(self, item: Item) -> Item:
        """The same with those variables filled in."""
        if isinstance(item.value, dict):
            return Item({name: self.filled_in(one) for name, one in item.value.items()}, item.line)
        if isinstance(item.value, list):
            return Item([self.filled_in(one) for one in item.value], item.line)
        if not item.is_template:
            return item
        text = re.sub(r"\{\{\s*(\w+)\s*\}\}", self._value, item.value)
        return Item(text, item.line)

    def _value(self, found: re.Match[str]) -> str:
        return self._values.get(found[1], found[0])

    def file_meant(self, what: str, otherwise: str) -> str:
        """The file of the change that a name was meant for, as it is written in a step."""
        named = what.partition(_NO_FILE[0])[2].rpartition(_NO_FILE[1])[0]
        there: dict[str, Path] = {}
        for path in sorted(self._folder.rglob("*")):
            inner = path.relative_to(self._folder)
            if path.is_file() and len(inner.parts) > 1:
                there.setdefault(path.name, inner)
        near = nearest(Path(named).name, there) if named else None
        if near is None:
            return otherwise
        place = f"{{{{ inventory_dir }}}}/changes/{{{{ change }}}}/{there[near]}"
        return f'Did you mean "{place}"? Otherwise: {otherwise}'

    def _find_needle(self, dirname: str, needle: str) -> Any:
        """As a task of the role finds a file."""
        return self._loader.path_dwim_relative_stack(self._looked_in, dirname, needle)


def module_faults(file: str, item: Item, known: Known) -> Iterator[Fault]:
    """What is wrong with the modules of a description. What is a template is left to prepare.

    Args:
        file: its path, for messages.
        item: what was read.
        known: what can be filled in beforehand.
    """
    if AnsibleCollectionConfig.collection_finder is None:
        init_plugin_loader()  # outside a run nobody did, and no module would be found
    lists = item.value if isinstance(item.value, dict) else {}
    for name in STEP_LISTS:
        steps = lists[name].value if name in lists else None
        for step in steps if isinstance(steps, list) else ():
            if isinstance(step.value, dict):
                yield from _of_step(file, step.value, known)


def _of_step(file: str, step: dict[str, Item], known: Known) -> Iterator[Fault]:
    module, called = step.get("module"), step.get("step")
    if module is None or not isinstance(module.value, str) or not module.is_known:
        return
    about = f"The step {str(called.value)[:80]!r}" if called is not None else "A step"
    args = {
        name: value.value
        for name, value in fields_of(step.get("args")).items()
        if isinstance(value.value, str) and value.is_known
    }
    try:
        found = resolve(module.value, args, known.places)
    except InputError as error:
        if error.code in _OF_A_NAME:
            remedy = error.remedy
            if error.code == "unknown-module":
                remedy = _module_meant(module.value, known.places, remedy)
            yield Fault(error.code, file, module.line, f"{about}: {error.what}", remedy)
        return
    groups = [step.get(name) for name in GIVEN]
    if any(one is not None and not isinstance(one.value, dict) for one in groups):
        return  # a template, or what the reader of steps says more of
    given = {name: value.line for one in groups for name, value in fields_of(one).items()}
    known_as_used = {
        name: value.plain()
        for name, item in fields_of(step.get("args")).items()
        if (value := known.filled_in(item)).is_known
    }
    for what, remedy in wrong_arguments(found, given, known_as_used):
        line = next((at for name, at in given.items() if repr(name) in what), module.line)
        yield Fault("bad-argument", file, line, f"{about}: {what}", remedy)
    for name, what, remedy in wrong_values(found, known_as_used):
        yield Fault("bad-argument-value", file, given[name], f"{about}: {what}", remedy)
    yield from _refused(file, about, step, found, known)


def _refused(
    file: str, about: str, step: dict[str, Item], found: Module, known: Known
) -> Iterator[Fault]:
    """What prepare would refuse of a call whose arguments stand there as they will be used."""
    called, args = str(step["step"].value) if "step" in step else "", step.get("args") or Item({})
    given = {name: known.filled_in(item) for name, item in fields_of(args).items()}
    open_args = {name: item.plain() for name, item in given.items() if item.is_known}
    secret = dict.fromkeys(fields_of(step.get("secret_args")))
    tried: list[Callable[[], None]] = [
        lambda: refuse_open_secrets({name: item.plain() for name, item in given.items()}, called),
        lambda: refuse_hidden_acts(found, secret, open_args, called),
    ]
    later = {*secret, *fields_of(step.get("args_at_apply"))}
    if not (_NAMES_FILES & (later | (set(given) - set(open_args)))):
        tried.append(lambda: refuse_missing_files(known, found, open_args))
    for refuse in tried:
        try:
            refuse()
        except InputError as error:
            what = error.what if repr(called) in error.what else f"{about}: {error.what}"
            what = what.replace(f"{known.places.root.absolute()}/", "")
            remedy = error.remedy
            if error.code == "file-not-found":
                remedy = known.file_meant(error.what, remedy)
            yield Fault(error.code, file, _line(step, args, error.what), what, remedy)


def _module_meant(name: str, places: Places, otherwise: str) -> str:
    """The module that a slip of the pen was meant for: one of ansible-core's, or of our roles."""
    core = {path.stem for path in (CORE / "modules").glob("[a-z]*.py")}
    known = {f"{_BUILTIN}{stem}": stem for stem in core}
    known |= {path.stem: path.stem for path in (places.root / "roles").glob("*/library/[a-z]*.py")}
    written = name.rpartition(".")[2]
    near = nearest(written, set(known.values()))
    whole = next((full for full, stem in sorted(known.items()) if stem == near), None)
    return f"Did you mean {whole!r}? Otherwise: {otherwise}" if whole is not None else otherwise


def _line(step: dict[str, Item], args: Item, what: str) -> int:
    """Of the argument that is spoken of, by its name or by its value."""
    for name, item in (*fields_of(args).items(), *fields_of(step.get("secret_args")).items()):
        if f"{name!r}" in what or f"'{name}." in what:
            return item.line
    for name, item in fields_of(args).items():
        if name in _NAMES_FILES:
            return item.line
    return args.line


def fields_of(item: Item | None) -> dict[str, Item]:
    """The fields of a group; none when it is no group, or not there."""
    value: Any = item.value if item is not None else None
    return value if isinstance(value, dict) else {}
