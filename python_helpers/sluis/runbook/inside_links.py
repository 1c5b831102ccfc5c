"""Whether a link leads a step out of the asset in which it is said to stay.

A path is held against its asset as it is written (:mod:`sluis.plan.inside`). Where a folder of it
is a link, what is written lies somewhere else, and only the machine knows. So it is asked there:
when the plan is made, and again before the step begins. A step goes by no link at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ansible.plugins.action.copy import _walk_dirs

from sluis.errors import SnapshotError
from sluis.plan.inside import (
    OR_STAYS,
    Elsewhere,
    asset_holding,
    backup_of,
    is_on,
    leave_out,
    not_inside,
    paths_written,
)
from sluis.plan.inside_modules import COPY, FILE, TEMPLATE, UNARCHIVE
from sluis.plan.model import PlanStep
from sluis.scope.model import ScopeDocument

#: the modules that look; they only read
LOOKS, FINDS = "ansible.builtin.stat", "ansible.builtin.find"

#: of a file that is made or taken away as the link that it is
_THE_LINK = frozenset({"absent", "link"})
_A_LINK = "{path} is a link there, to {to!r}"
_LINK_BELOW = "{path}, which it may go by, is a link there"
_THE_PLACE = "{path}, the place of the asset itself, is a link there, to {to!r}"
_SHARED = "{path} has another name on that machine, by a hard link, and both are one file"
_A_FOLDER = "{path} is a folder there, and it would write a file of another name in it"
_IN_NO_COPY = "it writes {path!r}"
_SENDS_LINKS = "it sends links that lead in a circle"
_UNNAMED = "what lies in the folder {path!r} of that machine, and is copied, nobody lists"

_NAME_IT = 'Write the name of the file that it writes, in full, under its "args".'

_OWN_FILE = f"Make it a file of its own there first; or {OR_STAYS}"

#: runs a module for one path on the host
Look = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class _Seen:
    there: bool
    leads_to: str | None = None
    is_folder: bool = False
    is_shared: bool = False


def refuse_links(
    step: PlanStep, scope: ScopeDocument, look: Look, args: Mapping[str, Any] | None = None
) -> None:
    """Refuse a call whose path goes by a link, or is another file there than it says.

    Args:
        step: the call, with rendered values.
        scope: with the places of the assets.
        look: runs one of the modules :data:`LOOKS` and :data:`FINDS` on the call's host with these
            arguments.
        args: the arguments with the files that are sent; the planned ones when not given.

    Raises:
        InputError: ``not-inside``.
        SnapshotError: ``link-not-looked-at``: the machine did not say it.
    """
    host = _Host(step, scope, look)
    for path in paths_written(step):
        if asset_holding(step, path, scope) is None:
            continue  # it is refused as it is written
        for one in host.led_elsewhere(path, step.args if args is None else args):
            raise not_inside(step, one)


@dataclass
class _Host:
    """What one call writes on its host."""

    step: PlanStep
    scope: ScopeDocument
    look: Look
    known: dict[tuple[str, bool], _Seen] = field(default_factory=dict)

    def led_elsewhere(self, path: str, args: Mapping[str, Any]) -> Iterator[Elsewhere]:
        yield from self._by(path)
        if self.step.module == UNARCHIVE or is_on(self.step.args.get("recurse")):
            for link in self._below(path, "link"):
                yield Elsewhere(_LINK_BELOW.format(path=link[:300]))
        if self.step.module not in (COPY, TEMPLATE):
            return
        src = args.get("src")
        if is_on(args.get("remote_src")):
            if isinstance(src, str) and self._seen(src, follow=True).is_folder:
                what = _UNNAMED.format(path=src[:300])
                yield Elsewhere(what, "remote_src", leave_out("remote_src"))
        elif self.step.module == COPY and isinstance(src, str) and Path(src).is_dir():
            yield from self._sent(path, src)
            return
        if path.endswith("/") or self._seen(path, follow=True).is_folder:
            yield Elsewhere(_A_FOLDER.format(path=path[:300]), "dest", _NAME_IT)

    def _by(self, path: str) -> Iterator[Elsewhere]:
        """Each folder of a path, and its last part unless that is changed as the link it is."""
        asset = asset_holding(self.step, path, self.scope)
        if asset is None:
            return
        at = PurePosixPath(asset.location)
        rest = PurePosixPath(path).relative_to(at).parts
        itself = self._is_about_the_link(path)
        if not rest:
            place = self._seen(str(at))
            if place.leads_to is not None and (itself or asset.kind == "sqlite"):
                what = _THE_PLACE.format(path=str(at)[:300], to=place.leads_to[:300])
                yield Elsewhere(what)
        for number, part in enumerate(rest, 1):
            at /= part
            seen = self._seen(str(at))
            if not seen.there:
                return  # what the step makes is no link
            if seen.leads_to is not None and not (itself and number == len(rest)):
                yield Elsewhere(_A_LINK.format(path=str(at)[:300], to=seen.leads_to[:300]))
                return
        if not itself and self._seen(str(at)).is_shared:
            yield Elsewhere(_SHARED.format(path=str(at)[:300]), "", _OWN_FILE)

    def _sent(self, dest: str, src: str) -> Iterator[Elsewhere]:
        """What ``copy`` puts where, of a folder of ours."""
        found = _walk_dirs(src, local_follow=True)
        if found["symlinks"]:
            yield Elsewhere(_SENDS_LINKS, "src")
        to = PurePosixPath(dest)
        files = {to / name for _, name in found["files"]}
        paths = files | {to / name for _, name in found["directories"]}
        keeps = is_on(self.step.args.get("backup"))
        written = {str(path) for path in paths} | {backup_of(str(p)) for p in files if keeps}
        for path in sorted(written):
            if asset_holding(self.step, path, self.scope) is None:
                yield Elsewhere(_IN_NO_COPY.format(path=path[:300]), "src")
        links = {PurePosixPath(one) for one in self._below(dest, "link")}
        folders = {PurePosixPath(one) for one in self._below(dest, "directory")}
        for one in sorted(paths):
            for link in links & {one, *one.parents}:
                yield Elsewhere(_LINK_BELOW.format(path=str(link)[:300]))
        for one in sorted(files & folders):
            yield Elsewhere(_A_FOLDER.format(path=str(one)[:300]), "dest", _NAME_IT)

    def _below(self, path: str, kind: str) -> list[str]:
        """All links, or all folders, below a folder; none when it is not there."""
        if not self._seen(path, follow=True).is_folder:
            return []
        answer = self.look(
            FINDS,
            {"paths": [path], "file_type": kind, "recurse": True, "hidden": True, "follow": False},
        )
        found = answer.get("files")
        if answer.get("failed") or answer.get("skipped_paths") or not isinstance(found, list):
            why = answer.get("msg") or answer.get("skipped_paths") or "no answer"
            raise self._not_looked_at(f"which links lie below {path[:300]}", why)
        return sorted(str(one["path"]) for one in found)

    def _is_about_the_link(self, path: str) -> bool:
        # with a slash at its end a path is what the link leads to
        return (
            self.step.module == FILE
            and self.step.args.get("state") in _THE_LINK
            and not path.endswith(("/", "/."))
        )

    def _seen(self, path: str, *, follow: bool = False) -> _Seen:
        if (path, follow) not in self.known:
            self.known[path, follow] = self._looked_at(path, follow=follow)
        return self.known[path, follow]

    def _looked_at(self, path: str, *, follow: bool) -> _Seen:
        answer = self.look(
            LOOKS,
            {
                "path": path, "follow": follow, "get_checksum": False, "get_mime": False,
                "get_attributes": False,
            },
        )  # fmt: skip
        found = answer.get("stat")
        if answer.get("failed") or not isinstance(found, Mapping) or "exists" not in found:
            raise self._not_looked_at(
                f"whether {path[:300]} is a link there", answer.get("msg", "no answer")
            )
        if not found["exists"]:
            return _Seen(there=False)
        if found.get("islnk"):
            to = str(found.get("lnk_source") or found.get("lnk_target"))
            return _Seen(there=True, leads_to=to)
        shared = bool(found.get("isreg")) and found.get("nlink") != 1
        return _Seen(there=True, is_folder=bool(found.get("isdir")), is_shared=shared)

    def _not_looked_at(self, what: str, why: Any) -> SnapshotError:
        return SnapshotError(
            "link-not-looked-at",
            f"{self.step.step} on {self.step.host}: {what} could not be seen: {str(why)[:300]}",
            "Put right what it says, and start again; the step was not begun.",
        )
