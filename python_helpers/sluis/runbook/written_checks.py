"""What is wrong in each check of a description, by the rules that the host's own program has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from posixpath import normpath

from sluis.plan.faults import Fault
from sluis.plan.written_yaml import Item
from sluis.runbook.checks import typed_checks
from sluis.runbook.written_steps import Known
from sluis.scope.model import ScopeDocument

_LIST = "service_checks_list"


@dataclass(frozen=True)
class Folder:
    """A folder that there is once the data of an asset is in its place.

    Args:
        host: where.
        path: of the folder.
        asset: the asset's id.
    """

    host: str
    path: str
    asset: str


def folders_of(scope: ScopeDocument) -> tuple[Folder, ...]:
    """The folders of a scope: those that are assets.

    Args:
        scope: the scope of the change.
    """
    return tuple(
        Folder(asset.host, normpath(asset.location), asset.id)
        for asset in scope.assets
        if asset.kind == "directory" and asset.host is not None and not asset.is_exported
    )


def check_faults(
    file: str, item: Item, known: Known, said: Collection[int], folders: Sequence[Folder] = ()
) -> Iterator[Fault]:
    """What would keep a check from being made. What is filled in later is left to prepare.

    Args:
        file: its path, for messages.
        item: what was read.
        known: what can be filled in beforehand.
        said: lines of which something is said already.
        folders: those that the change's scope names.
    """
    lists = item.value if isinstance(item.value, dict) else {}
    checks = lists[_LIST].value if _LIST in lists else None
    for element in checks if isinstance(checks, list) else ():
        check = known.filled_in(element)
        if not isinstance(check.value, dict) or not check.is_known or "id" not in check.value:
            continue
        lines = {element.line, *(given.line for given in check.value.values())}
        if lines & set(said):
            continue
        name = str(check.value["id"].value)
        yield from _of_a_folder(file, name, check.value, folders)
        for why in typed_checks({name: check.plain()})[1].values():
            line = next(
                (
                    given.line
                    for field, given in check.value.items()
                    if re.search(rf"(?<!\w){re.escape(str(field))}(?!\w)", why)
                ),
                element.line,
            )
            yield Fault(
                "bad-checks", file, line, f"The check {name} cannot be made: {why}.",
                "Correct it; ansible-doc -t role -r roles service_checks describes each field.",
            )  # fmt: skip


def _of_a_folder(
    file: str, name: str, check: Mapping[str, Item], folders: Sequence[Folder]
) -> Iterator[Fault]:
    """A check of one file that names a folder never passes, and says so after the last step."""
    kind, host, path = (check.get(field) for field in ("type", "host", "path"))
    if kind is None or kind.value != "file" or host is None or path is None:
        return
    plain = normpath(str(path.value))
    for folder in folders:
        above = folder.path.startswith(f"{plain.rstrip('/')}/")
        if folder.host == host.value and (above or folder.path == plain):
            yield Fault(
                "bad-checks", file, path.line,
                f"The check {name} is of the type file, and {plain!r} is a folder: the asset "
                f"{folder.asset} is {'in it' if above else 'there'}.",
                f"Name one file that has to be there, as: path: {folder.path}/FILE.",
            )  # fmt: skip
            return
