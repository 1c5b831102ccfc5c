"""The lists of hosts of a client: every file in which Ansible would look for hosts and groups.

Ansible goes into each folder, takes a file without an ending for YAML when it is that, and reads
whatever else it finds as INI.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.inventory.manager import IGNORED
from ansible.parsing.dataloader import DataLoader

from sluis.evidence.files import read_through_links
from sluis.plan.faults import Fault
from sluis.plan.written_yaml import LARGEST, NotReadableError, read_written
from sluis.runbook.inventory import NO_SOURCES, NOT_READABLE
from sluis.runbook.written_files import ENDINGS, Files
from sluis.runbook.written_hosts import list_faults

_INI = ".ini"
_VARIABLES = ("group_vars", "host_vars")


def faults_of_lists(folder: Path, files: Files, groups: Collection[str]) -> Iterator[Fault]:
    """What Ansible would leave out of the lists of hosts without a word, or misunderstand.

    Args:
        folder: the client's inventory.
        files: names files for messages.
        groups: all groups, as far as they are known.
    """
    for path in _below(folder, files):
        if isinstance(path, Fault):
            yield path
            continue
        name = files.name(path)
        if path.suffix not in (*ENDINGS, _INI):
            yield Fault(
                "no-list-of-hosts", name, 0,
                f"Ansible would read hosts from it, and no list of hosts ends in {path.suffix!r}.",
                "Let its name end in .yml when it is a list of hosts. Otherwise put it into "
                "another folder.",
            )  # fmt: skip
            continue
        if path.suffix == _INI or (not path.suffix and not _is_yaml(path)):
            continue  # Ansible itself refuses what it does not know in one
        try:
            yield from list_faults(name, read_written(read_through_links(path, LARGEST)), groups)
        except NotReadableError as error:
            yield Fault(NOT_READABLE, name, error.line, error.what, error.remedy)
        except OSError:
            continue


def _below(folder: Path, files: Files) -> Iterator[Path | Fault]:
    """The files that Ansible opens, and its folders of variables where it looks for none."""
    folders, seen = [folder], set[Path]()
    while folders:
        at = folders.pop()
        if not at.is_dir() or at.resolve() in seen:
            continue
        seen.add(at.resolve())
        for path in sorted(at.iterdir()):
            if at == folder and path.name in NO_SOURCES:
                continue
            if path.name in _VARIABLES and path.is_dir():
                yield Fault(
                    "not-read", files.name(path), 0,
                    f"Nobody would read it: Ansible reads {path.name} beside the first list only.",
                    f"Move what is in it to {files.name(folder / path.name)}.",
                )  # fmt: skip
            elif IGNORED.search(path.name.encode(errors="surrogateescape")):
                continue
            elif path.is_dir():
                folders.append(path)
            elif path.is_file():
                yield path


def _is_yaml(path: Path) -> bool:
    """Whether Ansible takes a file without an ending for YAML."""
    try:
        return isinstance(DataLoader().load_from_file(str(path), cache="none"), dict)
    except (AnsibleError, OSError, ValueError):
        return False
