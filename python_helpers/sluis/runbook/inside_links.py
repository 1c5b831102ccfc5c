"""Whether a link leads a step out of the asset in which it is said to stay.

A path is held against its asset as it is written (:mod:`sluis.plan.inside`). Where a folder of it
is a link, what is written lies somewhere else, and only the machine knows. So it is asked there:
when the plan is made, and again before the step begins. A module that fills a folder writes below
its path, so the links that lie there are looked at as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from ansible.plugins.action.copy import _walk_dirs

from sluis.errors import SnapshotError
from sluis.plan.inside import (
    Elsewhere,
    asset_holding,
    changes_behind_the_link,
    not_inside,
    paths_written,
)
from sluis.plan.inside_arguments import ATTRIBUTES, FILE, is_given, is_no, leave_out
from sluis.plan.model import PlanStep
from sluis.scope.model import ScopeDocument

#: the modules that look; they only read
LOOKS, FINDS = "ansible.builtin.stat", "ansible.builtin.find"
#: below a folder that an archive fills each link is looked at, of so many at most
MOST_LINKS = 200

#: of a file that is made, changed or taken away as the link that it is
_THE_LINK = frozenset({"absent", "link"})
_A_LINK = "{path} is a link there, to {to!r}"
_THE_PLACE = "{path}, the place of the asset itself, is a link there, to {to!r}, and it is changed"
_TOO_MANY = "below {path!r} lie more than {most} links, and nobody looked where each one leads"
_IN_NO_COPY = "it writes {path!r}"
_SENDS_LINKS = "it sends links, and with {name} it changes what they lead to"

_COPY, _TEMPLATE = "ansible.builtin.copy", "ansible.builtin.template"
_UNARCHIVE = "ansible.builtin.unarchive"
#: what these write in the folder that they are given, whatever else they write there
_OF_THEIR_OWN: Mapping[str, tuple[str, ...]] = {
    "ansible.builtin.git": (".git",),
    "ansible.builtin.pip": ("bin", "lib"),
    "ansible.builtin.subversion": (".svn",),
}

#: runs a module for one path on the host
Look = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True)
class _Seen:
    there: bool
    leads_to: str | None
    is_folder: bool = False


def refuse_links(
    step: PlanStep, scope: ScopeDocument, look: Look, args: Mapping[str, Any] | None = None
) -> None:
    """Refuse a call whose path goes by a link to what none of its assets has.

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
    if not step.inside:
        return
    host = _Host(step, scope, look)
    for one in host.led_elsewhere(step.args if args is None else args):
        raise not_inside(step, one)


@dataclass
class _Host:
    """What one call writes on its host."""

    step: PlanStep
    scope: ScopeDocument
    look: Look
    known: dict[tuple[str, bool], _Seen] = field(default_factory=dict)

    def led_elsewhere(self, args: Mapping[str, Any]) -> Iterator[Elsewhere]:
        for path in paths_written(self.step):
            yield from self.by(path, is_itself=self._is_about_the_link())
        src = self.step.args.get("src")
        if changes_behind_the_link(self.step) and isinstance(src, str):
            yield from self.by(src)
        yield from self._filled(args)

    def by(self, path: str, *, is_itself: bool = False) -> Iterator[Elsewhere]:
        """Each folder of a path, and its last part unless that is changed as the link it is."""
        asset = asset_holding(self.step, path, self.scope)
        if asset is None:
            return  # it is refused as it is written
        at = PurePosixPath(asset.location)
        rest = list(PurePosixPath(path).relative_to(at).parts)
        if not rest and is_itself and (to := self._seen(str(at)).leads_to) is not None:
            yield Elsewhere(_THE_PLACE.format(path=str(at)[:300], to=to[:300]))
        while rest:
            at = at / rest.pop(0)
            seen = self._seen(str(at))
            if not seen.there:
                return  # what the step makes is no link
            if seen.leads_to is None or (not rest and is_itself):
                continue
            real = PurePosixPath(seen.leads_to)
            if not self._is_held(str(real.joinpath(*rest))):
                yield Elsewhere(_A_LINK.format(path=str(at)[:300], to=seen.leads_to[:300]))
                return
            at = real

    def _filled(self, args: Mapping[str, Any]) -> Iterator[Elsewhere]:
        """What is written below the path of a module that puts files into a folder."""
        for name in _OF_THEIR_OWN.get(self.step.module, ()):
            for path in paths_written(self.step):
                if self._seen(path, follow=True).is_folder:
                    yield from self.by(f"{path}/{name}")
        dest, src = self.step.args.get("dest"), args.get("src")
        if not (isinstance(dest, str) and dest.startswith("/")):
            return
        if self.step.module == _UNARCHIVE:
            yield from self._anything_below(dest)
        if self.step.module not in (_COPY, _TEMPLATE) or not isinstance(src, str):
            return
        on_the_host = is_given(args.get("remote_src")) and not is_no(args["remote_src"])
        if self.step.module == _COPY and on_the_host:
            if self._seen(src, follow=True).is_folder:
                yield from self._anything_below(dest)
            else:
                yield from self._named_below(dest, src)
        elif self.step.module == _COPY and Path(src).is_dir():
            yield from self._sent(dest, src, args)
        else:
            yield from self._named_below(dest, src)

    def _named_below(self, dest: str, src: str) -> Iterator[Elsewhere]:
        """A file that is copied to a folder lies in it by its own name; twice, if that is one."""
        at = dest
        for _ in range(2):
            if not self._seen(at, follow=True).is_folder:
                return
            at = str(PurePosixPath(at) / PurePosixPath(src).name)
            yield from self.by(at)

    def _sent(self, dest: str, src: str, args: Mapping[str, Any]) -> Iterator[Elsewhere]:
        """What ``copy`` puts where, of a folder of ours."""
        found = _walk_dirs(src, local_follow=not is_no(args.get("local_follow", True)))
        given = sorted(name for name in ATTRIBUTES if is_given(args.get(name)))
        if found["symlinks"] and given:
            # the module file does it, which follows them unless it is told not to
            yield Elsewhere(_SENDS_LINKS.format(name=given[0]), given[0], leave_out(given[0]))
        to = PurePosixPath(dest)
        paths = {to / name for kind in found.values() for _, name in kind}
        for path in sorted(paths):
            if not self._is_held(str(path)):
                yield Elsewhere(_IN_NO_COPY.format(path=str(path)[:300]), "src")
        names = {name for _, name in found["files"]}
        twice = {to / name / PurePosixPath(name).name for name in names}
        links = {PurePosixPath(link) for link in self._links_below(dest)}
        for path in sorted(paths | twice):
            if links.isdisjoint({path, *path.parents}):
                continue
            if path in paths or self._seen(str(path.parent), follow=True).is_folder:
                yield from self.by(str(path))

    def _anything_below(self, dest: str) -> Iterator[Elsewhere]:
        """Of what fills a folder nobody knows the names: each link below it is looked at."""
        to_do, walked, looked_at = [dest], set[PurePosixPath](), 0
        while to_do:
            at = to_do.pop()
            if any(PurePosixPath(at).is_relative_to(one) for one in walked):
                continue
            walked.add(PurePosixPath(at))
            for link in self._links_below(at):
                looked_at += 1
                if looked_at > MOST_LINKS:
                    yield Elsewhere(_TOO_MANY.format(path=dest[:300], most=MOST_LINKS))
                    return
                to = self._seen(link).leads_to
                if to is None:
                    continue
                if not self._is_held(to):
                    yield Elsewhere(_A_LINK.format(path=link[:300], to=to[:300]))
                to_do.append(to)

    def _links_below(self, path: str) -> Collection[str]:
        if not self._seen(path, follow=True).is_folder:
            return ()
        answer = self.look(
            FINDS,
            {
                "paths": [path],
                "file_type": "link",
                "recurse": True,
                "hidden": True,
                "follow": False,
            },
        )
        found = answer.get("files")
        if answer.get("failed") or answer.get("skipped_paths") or not isinstance(found, list):
            why = answer.get("msg") or answer.get("skipped_paths") or "no answer"
            raise self._not_looked_at(f"which links lie below {path[:300]}", why)
        return sorted(str(one["path"]) for one in found)

    def _is_held(self, path: str) -> bool:
        return asset_holding(self.step, path, self.scope) is not None

    def _is_about_the_link(self) -> bool:
        if self.step.module != FILE or self.step.args.get("state") not in _THE_LINK:
            return False
        # without a src it is what the link leads to by now
        return not changes_behind_the_link(self.step) or is_given(self.step.args.get("src"))

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
            return _Seen(there=False, leads_to=None)
        if not found.get("islnk"):
            return _Seen(there=True, leads_to=None, is_folder=bool(found.get("isdir")))
        return _Seen(there=True, leads_to=str(found.get("lnk_source") or found.get("lnk_target")))

    def _not_looked_at(self, what: str, why: Any) -> SnapshotError:
        return SnapshotError(
            "link-not-looked-at",
            f"{self.step.step} on {self.step.host}: {what} could not be seen: {str(why)[:300]}",
            "Put right what it says, and start again; the step was not begun.",
        )
