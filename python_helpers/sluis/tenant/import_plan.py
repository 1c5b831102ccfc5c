"""What an import would do, from the manifest and the signed policy alone.

Pure. The same plan is shown before signing, carried out by the import, and held against
the target by the reconciliation, so that these three cannot mean different things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..counted import counted
from .import_policy import LEAVE_OUT, ImportPolicy
from .name_plan import Renamed, plan_names
from .rights_left import RightLeft, not_givable, not_signed
from .tenant_manifest import HAD, ManifestLine
from .user_map import Unmapped, find_unmapped, grants_in


@dataclass(frozen=True, slots=True)
class Going:
    """One item that goes over.

    Args:
        source_id: the manifest's ``item_id``; for a folder that the manifest does not list
            itself, ``path:`` and its path.
        path: original path.
        target: path in the target, below the target's folder.
        line: its line of the manifest; None for a folder that is not listed itself.
    """

    source_id: str
    path: str
    target: str
    line: ManifestLine | None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that stays behind: its path, a code out of ``LEAVE_OUT``, one sentence."""

    path: str
    code: str
    why: str


@dataclass(frozen=True)
class ImportPlan:
    """Everything that is decided before the first byte.

    Args:
        folders: parents before what lies in them.
        files: by path.
        renamed: items whose own name changes.
        left_out: items that stay behind.
        unmapped: principals that the user map does not name.
        bytes: sum of the files' sizes.
        may_be_narrower: items with rights of their own. In the target they also inherit the
            rights of what they lie in; whether these are more than at the source Graph does
            not tell, and it cannot reliably take them away (``retainInheritedPermissions`` is
            refused: microsoft-graph-docs-contrib#23).
        rights_not_had: items with rights of their own of which nobody knows whose they are.
        rights_left: rights that cannot be given in any target; those that cannot be given in this
            one are known when it was looked at (``rights_left.on_old_folders``).
        not_carried: what Graph cannot carry over: how many items have it (earlier versions,
            list columns, authorship).
    """

    folders: tuple[Going, ...]
    files: tuple[Going, ...]
    renamed: tuple[Renamed, ...]
    left_out: tuple[LeftOut, ...]
    unmapped: tuple[Unmapped, ...]
    bytes: int
    may_be_narrower: tuple[str, ...]
    rights_not_had: tuple[str, ...]
    rights_left: tuple[RightLeft, ...]
    not_carried: Mapping[str, int]

    def not_agreed(self, policy: ImportPolicy) -> dict[str, int]:
        """For which reasons something would stay behind that nobody signed for, and how much."""
        found = Counter(one.code for one in self.left_out if one.code not in policy.leave_out)
        if policy.permissions and "unmapped-principal" not in policy.leave_out and self.unmapped:
            found["unmapped-principal"] = len(self.unmapped)
        if self.may_be_narrower and "narrower-rights" not in policy.leave_out:
            found["narrower-rights"] = len(self.may_be_narrower)
        if self.rights_not_had and "rights-not-had" not in policy.leave_out:
            found["rights-not-had"] = len(self.rights_not_had)
        found.update(not_signed(self.rights_left, policy))
        return dict(sorted(found.items()))

    def as_data(self) -> dict[str, Any]:
        """The plan as plain data, for the scope and for people."""
        return {
            "folders": len(self.folders),
            "files": len(self.files),
            "bytes": self.bytes,
            "renamed": [asdict(one) for one in self.renamed],
            "left_out": [asdict(one) for one in self.left_out],
            "unmapped": [asdict(one) for one in self.unmapped],
            "may_be_narrower": list(self.may_be_narrower),
            "rights_not_had": list(self.rights_not_had),
            "rights_left": [asdict(one) for one in self.rights_left],
            "not_carried": dict(self.not_carried),
        }


def plan_import(
    lines: Iterable[ManifestLine],
    policy: ImportPolicy,
    *,
    url_length: int,
    place: str = "",
    settled: Mapping[str, str] | None = None,
) -> ImportPlan:
    """Decide what goes where and what stays behind.

    Args:
        lines: of the manifest.
        policy: as signed.
        url_length: characters of the target library's decoded URL.
        place: the target's folder.
        settled: original path to name in the target, from earlier passes.
    """
    left_out: list[LeftOut] = []
    going: dict[str, ManifestLine] = {}
    for line in lines:
        reason, why = _stays(line, policy)
        if reason:
            left_out.append(LeftOut(line.path, reason, why))
        elif not all(line.path.split("/")):
            left_out.append(LeftOut(line.path, "name-refused", "It has no name."))
        elif line.path not in going:
            going[line.path] = line
        else:
            going[line.path], other = _one_of(going[line.path], line)
            why = f"Another item has the very same path; this one is {other.item_id}."
            left_out.append(LeftOut(line.path, "same-path", why))
    names = plan_names(going, policy.names, url_length=url_length, place=place, settled=settled)
    left_out += (LeftOut(one.path, "name-refused", one.why) for one in names.refused)
    folders: list[Going] = []
    files: list[Going] = []
    for path, target in names.targets.items():
        found = going.get(path)
        source_id = found.item_id if found else f"path:{path}"
        one = Going(source_id, path, target, found)
        (files if found and found.type == "file" else folders).append(one)
    sent = [one.line for one in files if one.line]
    carried = [one for one in going.values() if one.path in names.targets]
    return ImportPlan(
        folders=tuple(folders),
        files=tuple(files),
        renamed=names.renamed,
        left_out=tuple(sorted(left_out, key=lambda one: (one.path, one.code))),
        unmapped=find_unmapped(carried, policy.users) if policy.permissions else (),
        bytes=sum(line.size for line in sent),
        may_be_narrower=tuple(line.path for line in carried if _shared_with_people(line)),
        rights_not_had=tuple(line.path for line in carried if line.rights_why),
        rights_left=not_givable(carried, policy),
        not_carried={
            "versions": sum(bool(line.versions) for line in sent),
            "list columns": sum(bool(line.fields) for line in carried),
            # createdBy and lastModifiedBy are read-only in Graph (msgraph-sdk-java#1004)
            "authorship": sum(bool(line.created_by or line.modified_by) for line in carried),
        },
    )


def _one_of(one: ManifestLine, other: ManifestLine) -> tuple[ManifestLine, ManifestLine]:
    """Of two items of one path the one that goes, and the one that does not.

    A folder goes, since other items can lie in it; else the same one every time.
    """
    first, second = sorted((one, other), key=lambda line: (line.type == "file", line.item_id))
    return first, second


def _shared_with_people(line: ManifestLine) -> bool:
    """Whether rights are somebody's; a link alone only adds to what is inherited."""
    grants = (grant for one in line.permissions for grant in grants_in(one))
    return any(grant.principal.kind not in ("link", "nobody") for grant in grants)


def _stays(line: ManifestLine, policy: ImportPolicy) -> tuple[str, str]:
    """Why an item stays behind whatever its name is; ("", "") when it does not."""
    if line.type == "shortcut":
        return "shortcut", _sentence("shortcut")
    if line.type != "file":
        # a folder that could not be had itself is made when something in it goes over
        if line.state != HAD:
            return "could-not-be-had", line.why or _sentence("could-not-be-had")
        return "", ""
    if line.state != HAD or line.stored is None or line.sha256 is None:
        return "could-not-be-had", line.why or _sentence("could-not-be-had")
    if line.check == "corrupt":
        return "corrupt", line.check_note or _sentence("corrupt")
    if line.size > policy.largest_file:
        return (
            "too-large",
            f"It has {counted(line.size, 'byte')}; {policy.largest_file:,} are taken.",
        )
    return "", ""


def _sentence(reason: str) -> str:
    text = LEAVE_OUT[reason]
    return f"{text[0].upper()}{text[1:]}."
