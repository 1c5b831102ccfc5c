"""Everything that engineers wrote for a change, read strictly before anything is done.

``scope.yml`` has a reader of its own. Here are ``update.yml`` or ``restore.yml``, the waivers,
and the settings of our roles in the client's inventory.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.inventory.host import Host
from ansible.inventory.manager import InventoryManager, split_host_pattern
from ansible.parsing.dataloader import DataLoader

from sluis.evidence.files import read_through_links
from sluis.places import Places
from sluis.plan.described import Reachable, description_faults
from sluis.plan.faults import Fault, WrittenError, did_you_mean
from sluis.plan.role_options import Options, read_options
from sluis.plan.written_yaml import LARGEST, NotReadableError, item_of, read_written
from sluis.runbook.inventory import NO_SOURCES, NOT_READABLE
from sluis.runbook.run import now
from sluis.runbook.written_checks import check_faults, folders_of
from sluis.runbook.written_choice import chosen_faults
from sluis.runbook.written_files import (
    ENDINGS,
    Files,
    chosen_by_ansible,
    files_below,
    files_passed_over,
)
from sluis.runbook.written_hosts import both_host_and_group, group_faults
from sluis.runbook.written_inside import inside_faults
from sluis.runbook.written_lists import faults_of_lists
from sluis.runbook.written_nobodys import Nobodys
from sluis.runbook.written_places import OF_CHANGE, OF_CLIENT, place_faults, trust_faults
from sluis.runbook.written_settings import Assets, setting_faults
from sluis.runbook.written_signers import signer_faults
from sluis.runbook.written_steps import Known, module_faults
from sluis.runbook.written_to_sign import not_to_be_signed
from sluis.runbook.written_way_back import way_back_faults
from sluis.scope.complaints import Problem, in_order
from sluis.scope.load import LoadedScope, ScopeError, load_scope
from sluis.scope.model import SNAPSHOT_KINDS, ScopeDocument
from sluis.scope.strict_yaml import read_tree
from sluis.scope.unanswered import unanswered
from sluis.scope.undescribed import how_to_write
from sluis.signoff.waiver import waiver_faults

#: playbooks whose change an engineer describes in a file of the same name
_DESCRIBED = ("update.yml", "restore.yml")
#: playbooks of a change that gets signed
_SIGNED = (*_DESCRIBED, "tenant_migration.yml")
#: what our playbooks do not reach, see their ``hosts``
_NOT_IN_BATCH = "verifiers"
_READABLE_NAME = f"Let it end in {ENDINGS[1]}, in a folder without a dot in its name"
#: hosts and groups that Ansible adds by itself
_ALWAYS_GROUPS = frozenset({"all", "ungrouped"})
_ALWAYS_HOSTS = frozenset({"localhost"})


def read_what_was_written(
    places: Places, client: str, change: str, playbook: str, loader: DataLoader
) -> None:
    """Refuse a change in which anything that was written would be left out, or misunderstood.

    Args:
        places: the project.
        client: client id.
        change: change id.
        playbook: file name of the runbook.
        loader: opens what ansible-vault encrypted.

    Raises:
        WrittenError: everything that is wrong, each with file, line and remedy.
        ScopeError: the scope cannot be read; nothing can be held against it.
    """
    faults, unread = written_faults(places, client, change, playbook, loader)
    if unread is not None and len(faults) == len(unread.problems):
        raise unread
    if faults:
        raise WrittenError(faults)


def written_faults(
    places: Places,
    client: str,
    change: str | None,
    playbook: str,
    loader: DataLoader,
    *,
    unseal: bool = False,
) -> tuple[list[Fault], ScopeError | None]:
    """Everything that is wrong in what was written for a client, or for one change of it.

    Args:
        places: the project.
        client: client id.
        change: change id; ``None``: only what is written for the client as a whole.
        playbook: file name of the runbook.
        loader: opens what ansible-vault encrypted.
        unseal: whether values that are encrypted by themselves are opened, too.

    Returns:
        The faults, those of the scope among them, and the error of a scope that cannot be used.

    """
    faults: list[Fault] = []
    scope: ScopeDocument | None = None
    loaded: LoadedScope | None = None
    unread: ScopeError | None = None
    if change is not None and playbook in _SIGNED:
        path = places.change(client, change) / "scope.yml"
        try:
            loaded = load_scope(path)
            scope = loaded.document
            problems = (*unanswered(loaded), *not_to_be_signed(places, client, change, loaded))
            faults += _of_scope(str(path.relative_to(places.root)), in_order(problems))
        except ScopeError as error:
            unread = error
            faults += _of_scope(str(path.relative_to(places.root)), error.problems)
    try:
        reading = _Reading(places, client, loader, unseal=unseal)
    except WrittenError as error:
        return [*faults, *error.faults], unread
    if loaded is not None:
        faults += reading.hosts_of(loaded)
    here = {asset.id for asset in scope.assets} if scope is not None else set()
    if change is not None and playbook in _SIGNED:
        folder = places.change(client, change)
        if scope is not None:
            faults += waiver_faults(folder, scope, places.root, now())
            faults += way_back_faults(places, folder, playbook, scope)
        if playbook in _DESCRIBED:
            faults += reading.description(folder / playbook, scope)
        faults += place_faults(folder, OF_CHANGE, places.root)
    faults += place_faults(places.inventory(client), OF_CLIENT, places.root)
    faults += trust_faults(places.trust(client), places.root)
    faults += signer_faults(places.trust(client), places.root, scope)
    faults += reading.lists()
    faults += reading.settings(Assets(here, _assets_of(places.inventory(client))))
    return faults, unread


def _of_scope(file: str, problems: tuple[Problem, ...]) -> Iterator[Fault]:
    for problem in problems:
        about = f"asset {problem.asset!r}: " if problem.asset else ""
        field = f"{problem.field!r} " if problem.field else ""
        yield Fault(problem.code, file, problem.line, f"{about}{field}{problem.what}",
                    problem.remedy)  # fmt: skip


class _Reading:
    def __init__(
        self, places: Places, client: str, loader: DataLoader, *, unseal: bool = False
    ) -> None:
        self._places = places
        self._files = Files(places.root, loader, unseal=unseal)
        self._folder = places.inventory(client)
        self._options: Options = read_options(places.root / "roles")
        try:
            # of its own: what ours has read would be kept in the run's loader
            self._inventory = InventoryManager(loader=DataLoader(), sources=[str(self._folder)])
        except (AnsibleError, OSError, ValueError) as error:
            whole = Fault(
                NOT_READABLE, self._files.name(self._folder), 0,
                f"The inventory cannot be read: {error}"[:1000],
                "Write it as YAML or INI. Secrets go into host_vars or group_vars.",
            )  # fmt: skip
            found = list(faults_of_lists(self._folder, self._files, ()))
            raise WrittenError(found or [whole]) from None

    def lists(self) -> Iterator[Fault]:
        """What is left out in the lists of hosts without a word."""
        groups, whole = self._inventory.groups, self._files.name(self._folder)
        found = list(faults_of_lists(self._folder, self._files, groups))
        yield from found
        if not any(one.code == "host-and-group" for one in found):  # in INI it has no line
            for name in sorted({*groups} & {*self._inventory.hosts}):
                yield both_host_and_group(whole, 0, name)
        members = {name: [host.name for host in one.get_hosts()] for name, one in groups.items()}
        yield from group_faults(whole, members)

    def hosts_of(self, loaded: LoadedScope) -> Iterator[Fault]:
        """Assets of the scope whose host the inventory does not have."""
        known, marks = self._inventory.hosts, read_tree(loaded.source).marks
        for number, asset in enumerate(loaded.document.assets):
            ours = asset.kind in SNAPSHOT_KINDS and not asset.is_exported
            if ours and asset.host is not None and asset.host not in known:
                yield Fault(
                    "no-such-host", self._files.name(loaded.path),
                    marks.get(("assets", number, "host"), (0, 0))[0],
                    f"asset {asset.id!r}: its host {asset.host!r} is not in the inventory.",
                    did_you_mean(asset.host, known, "add that host to hosts.yml."),
                )  # fmt: skip

    def description(self, path: Path, scope: ScopeDocument | None) -> Iterator[Fault]:
        """What is wrong with ``update.yml`` or ``restore.yml``.

        Without a scope nothing is said of the assets that it names: it could not be read.
        """
        file = self._files.name(path)
        if not path.is_file():
            yield Fault(
                "not-described", file, 0,
                "It is missing, so nothing says what is to be carried out.",
                how_to_write(path.parent, path.name),
            )  # fmt: skip
            return
        item = yield from self._files.read(path)
        if item is None:
            return
        everyone = {*self._inventory.hosts, *self._inventory.groups}
        batch = self._batch()
        reachable = Reachable(
            hosts=batch,
            others=frozenset(everyone - batch),
            assets=None if scope is None else frozenset(asset.id for asset in scope.assets),
            put_back=_put_back(scope) if path.name == "update.yml" else None,
            why_nothing=self._why_nothing,
        )
        known = Known(self._places, path.parent)
        faults = list(description_faults(file, path.name, item, self._options, reachable))
        yield from faults
        if path.name == "restore.yml" and isinstance(item.value, dict):
            chosen = item.value.get("restore_asset_list")
            yield from chosen_faults(file, chosen, self._places, self._folder.name)
        yield from module_faults(file, item, known)
        if scope is not None:
            yield from inside_faults(
                file, item, known, scope, lambda hosts: self._why_nothing(hosts)[1]
            )
        folders = () if scope is None else folders_of(scope)
        yield from check_faults(file, item, known, {fault.line for fault in faults}, folders)

    def settings(self, assets: Assets) -> Iterator[Fault]:
        """What is wrong with the variables of the inventory."""
        groups = {name for name, one in self._inventory.groups.items() if one.get_hosts()}
        yield from self._variables("group_vars", groups | _ALWAYS_GROUPS, assets)
        yield from self._variables("host_vars", set(self._inventory.hosts) | _ALWAYS_HOSTS, assets)
        for owner in (*self._inventory.groups.values(), *self._inventory.hosts.values()):
            for name, value in owner.vars.items():
                file, line = self._where(str(name))
                item = item_of(value, line)
                yield from setting_faults(file, str(name), item, self._options, assets)

    def _variables(self, folder: str, known: Collection[str], assets: Assets) -> Iterator[Fault]:
        nobodys = Nobodys(self._files, self._inventory, self._options)
        place = self._folder / folder
        for top in sorted(place.iterdir()) if place.is_dir() else ():
            if top.name.startswith(".") or top.name.endswith("~"):
                continue
            name = top.stem if top.suffix in ENDINGS[1:] else top.name
            if name not in known:
                yield from nobodys.faults(top, name, known)
                continue
            chosen = chosen_by_ansible(place, name)
            if chosen is not None and chosen != top:
                yield nobodys.beside(top, chosen)
                continue
            for path, why in sorted(files_passed_over(top)):
                yield from nobodys.dropped(path, why, _READABLE_NAME)
            for path in sorted(files_below(top)):
                item = yield from self._files.read(path)
                if item is None or not isinstance(item.value, dict):
                    continue
                for variable, given in item.value.items():
                    yield from setting_faults(
                        self._files.name(path), variable, given, self._options, assets
                    )

    def _batch(self) -> frozenset[str]:
        left_out = self._inventory.groups.get(_NOT_IN_BATCH)
        gone = {host.name for host in left_out.get_hosts()} if left_out else set()
        return frozenset(self._inventory.hosts) - gone

    def _why_nothing(self, pattern: str) -> tuple[str | None, frozenset[str]]:
        """Whether each part of a pattern names somebody; and the hosts of the batch it names."""
        batch = self._batch()
        parts = split_host_pattern(pattern)
        matched = frozenset(host.name for host in self._hosts(parts)) & batch
        for part in parts:
            word = part.lstrip("!&")
            found = {host.name for host in self._hosts([word])}
            if not found:
                return f"{word[:80]!r} is no host and no group of the inventory.", matched
            if word == part and not found & batch:
                return f"no change reaches {word[:80]!r}.", matched
        if not matched:
            return f"{pattern[:80]!r} leaves no host over.", matched
        return None, matched

    def _hosts(self, parts: list[str]) -> list[Host]:
        known = {*self._inventory.hosts, *self._inventory.groups}
        if len(parts) == 1 and re.fullmatch(r"[\w.-]+", parts[0]) and parts[0] not in known:
            return []  # Ansible would warn of it, or make up a localhost
        try:
            return list(self._inventory.get_hosts(list(parts)))
        except AnsibleError:
            return []

    def _where(self, variable: str) -> tuple[str, int]:
        """File and line of the inventory in which a variable is set, as well as can be told."""
        wanted = re.compile(rf"(?<![\w-]){re.escape(variable)}[\"']?\s*[:=]")
        for path in sorted(self._folder.rglob("*")):
            inner = path.relative_to(self._folder).parts
            if inner[0] in NO_SOURCES or not path.is_file():
                continue
            try:
                lines = read_through_links(path, LARGEST).decode().splitlines()
            except (OSError, UnicodeDecodeError):
                continue
            for number, line in enumerate(lines, 1):
                if wanted.search(line):
                    return self._files.name(path), number
        return self._files.name(self._folder), 0


def _assets_of(folder: Path) -> frozenset[str] | None:
    """The assets in all scopes of a client; ``None``: there is no scope, or one is not readable."""
    found: set[str] = set()
    for path in sorted((folder / "changes").glob("*/scope.yml")):
        try:
            scope = read_written(read_through_links(path, LARGEST)).plain()
            found |= {str(asset["id"]) for asset in scope["assets"]}
        except (OSError, NotReadableError, LookupError, TypeError):
            return None
    return frozenset(found) or None


def _put_back(scope: ScopeDocument | None) -> frozenset[str] | None:
    """The assets that the way back puts back, when the client agrees to one."""
    if scope is None or not scope.way_back.consent:
        return None
    return frozenset(asset.id for asset in scope.assets if asset.takes_snapshot)
