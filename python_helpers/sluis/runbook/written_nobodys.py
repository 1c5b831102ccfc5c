"""Files of variables that belong to no host and to no group, and which nobody would read."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from pathlib import Path

from ansible.inventory.manager import InventoryManager

from sluis.plan.faults import Fault, looks_like, nearest
from sluis.plan.role_options import Options
from sluis.runbook.connection_variables import CONNECTION
from sluis.runbook.vault_codes import NOT_OPENED
from sluis.runbook.written_files import ENDINGS, Files, files_below, files_passed_over
from sluis.runbook.written_places import NOTES
from sluis.runbook.written_settings import is_ours


class Nobodys:
    """What is said of files that Ansible passes over.

    Args:
        files: reads them.
        inventory: the client's.
        options: what our roles take.
    """

    def __init__(self, files: Files, inventory: InventoryManager, options: Options) -> None:
        self._files, self._inventory, self._options = files, inventory, options

    def faults(self, top: Path, name: str, known: Collection[str]) -> Iterator[Fault]:
        """Variables for a host or a group that is not there: a slip, or settings of ours.

        Args:
            top: file or folder below ``group_vars`` or ``host_vars``.
            name: of the host or group whose it would be.
            known: names of hosts or groups whose files are read.
        """
        if top.suffix in NOTES:
            return
        empty = name in self._inventory.groups and top.parent.name == "group_vars"
        near = None if empty else looks_like(name, known)
        if near is None and top.stem in known and looks_like(top.suffix, ENDINGS[1:]):
            near = f"{top.stem}{ENDINGS[1]}"
        if near is not None:
            yield Fault(
                "no-such-host", self._files.name(top), 0,
                f"The inventory has no {name[:80]!r}, so nobody would read this.",
                f"Did you mean {near!r}? Otherwise take it out.",
            )  # fmt: skip
            return
        nobody = f"the inventory has no {name[:80]!r}"
        if empty:
            nobody = f"nobody is in the group {name[:80]!r}"
        meant = self._at(name) or nearest(name, known)
        instead = f"Did you mean {meant!r}? Otherwise: take" if meant and not empty else "Take"
        for path in sorted({*files_below(top), *(one for one, _ in files_passed_over(top))}):
            yield from self.dropped(path, nobody, f"{instead} it out, or add it to hosts.yml")

    def beside(self, top: Path, chosen: Path) -> Fault:
        """A second file or folder for the same host or group: Ansible reads one of them.

        Args:
            top: the one that it does not read.
            chosen: the one that it reads.
        """
        mine, theirs = self._files.name(top), self._files.name(chosen)
        if chosen.is_dir() and top.is_file():
            inner = chosen / f"main{ENDINGS[1]}"
            if inner.exists():
                inner = chosen / f"{top.stem}-more{ENDINGS[1]}"
            remedy = f"Move it into that folder: mv {shlex.join([mine, self._files.name(inner)])}"
        else:
            remedy = f"Write what it holds into {theirs}, and take it out."
        kind = "the folder" if chosen.is_dir() else "the file"
        return Fault(
            "not-read", mine, 0,
            f"Nobody would read it: {kind} {theirs} is there as well, and Ansible reads that only.",
            remedy,
        )  # fmt: skip

    def dropped(self, path: Path, why: str, remedy: str) -> Iterator[Fault]:
        """A setting of ours, or a way to reach a machine, in a file that nobody reads.

        A file that holds anything else beside ``ansible_*`` may stay: it may be an old server's.

        Args:
            path: of the file.
            why: nobody reads it.
            remedy: what to do, without its full stop.
        """
        reading, item = self._files.read(path), None
        said: list[Fault] = []
        try:
            while True:
                said.append(next(reading))
        except StopIteration as end:
            item = end.value
        if path.suffix in ENDINGS[1:]:
            yield from said
        elif any(one.code == NOT_OPENED for one in said):
            # nobody encrypts what nobody is to read
            yield Fault("not-read", self._files.name(path), 0, f"Nobody would read it: {why}.",
                        f"{remedy}.")  # fmt: skip
        given = item.value if item is not None and isinstance(item.value, dict) else {}
        name = next((one for one in given if is_ours(one, self._options)), None)
        if name is None and all(one.startswith(CONNECTION) for one in given):
            name = next(iter(given), None)
        if name is not None:
            yield Fault(
                "no-such-host" if path.suffix in ENDINGS else "not-read",
                self._files.name(path), given[name].line,
                f"Nobody would read {name[:80]!r} here: {why}.", f"{remedy}.",
            )  # fmt: skip

    def _at(self, address: str) -> str | None:
        """The host that is reached at an address."""
        for name, host in self._inventory.hosts.items():
            if host.vars.get("ansible_host") == address:
                return str(name)
        return None
