"""Whether a step that is said to change only what lies in some assets writes elsewhere.

What a program changes nobody can tell from its arguments. But a module that puts a file somewhere
says where; when that is no part of the assets named by ``inside``, putting those back undoes
nothing, and the client would have been told otherwise. So a module of ansible-core passes when it
is one of a few (:mod:`sluis.plan.inside_modules`), with arguments that are known to be harmless,
and with full paths that lie in the assets. Everything else is refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sluis.errors import InputError
from sluis.manifest.exclude import matcher
from sluis.plan.inside_modules import (
    CORE,
    FILE,
    PROGRAMS,
    READERS,
    RIGHTS,
    STATES,
    UNARCHIVE,
    WRITERS,
    Writer,
)
from sluis.plan.model import PlanDocument, PlanStep
from sluis.scope.model import Asset, ScopeDocument

_NOT_CERTAIN = "{module} is none of the modules of which it is certain what they write"
_ELSEWHERE = "it writes {path!r}"
_NO_FULL_PATH = (
    "it writes {path!r}, which is no full path: nobody can tell where that lies on the machine"
)
_KNOWN_LATER = "its {name} is known only when it runs"
_NOT_GIVEN = "its {name} is not written, so it goes by what it finds there"
_ARGUMENT = "its argument {name!r} is none of those of which it is certain what they do"
_BACKUP = "with backup it leaves a copy beside {path!r}, which lies in no copy of an asset"
_NO_STATE = "with state: {state} it may change what lies elsewhere"
_SRC = "with src and state: {state} it changes another file than {path!r}"
_RIGHTS = "with {name} it changes what the link {path!r} leads to"
_ITS_PLACE = "it makes a link of the place of {path!r} itself, and what is put back lies behind it"
_LEFT_OUT = "what it writes below {path!r} may be left out of the copies of {asset}: {exclude}"
_NO_FILE = "its src {src!r} is no path"

#: what helps always
OR_STAYS = (
    'write "stays: <what stays, in the client\'s words>" under the step in place of "inside", or '
    "a step of software_update_way_back that undoes it."
)
_OTHERWISE = (
    "Put it there with ansible.builtin.copy or ansible.builtin.unarchive, or by a program whose "
    f"work you answer for (ansible.builtin.command). Or {OR_STAYS}"
)
_SEND = (
    "Unpack it on this machine and send the folder with ansible.builtin.copy, which names each "
    f"file; or {OR_STAYS}"
)


def leave_out(name: str) -> str:
    """What to do about an argument that leads elsewhere.

    Args:
        name: of the argument.
    """
    return f"Leave {name!r} out; or {OR_STAYS}"


@dataclass(frozen=True)
class Elsewhere:
    """Something that a call writes beside its assets, or of which nobody can tell where it lies.

    Args:
        what: in words.
        argument: the name by which the step says it; empty when no argument does.
        remedy: what to do about it, where that is not to name another asset or path.
    """

    what: str
    argument: str = ""
    remedy: str = ""


def refuse_what_lies_elsewhere(plan: PlanDocument, scope: ScopeDocument) -> None:
    """Refuse a plan with a step that writes beside the assets in which it is said to stay.

    Args:
        plan: the plan, before it is laid down.
        scope: with the places of the assets.

    Raises:
        InputError: ``not-inside``.
    """
    for step in plan.forward:
        for one in written_elsewhere(step, scope):
            raise not_inside(step, one)


def not_inside(step: PlanStep, one: Elsewhere) -> InputError:
    """The error for a call that writes beside its assets.

    Args:
        step: the call.
        one: what it writes there.
    """
    return InputError(
        "not-inside",
        f"{step.step} on {step.host} is said to change only what lies in "
        f"{', '.join(step.inside)}, and {one.what}.",
        one.remedy
        or 'Name the asset that it lies in under "inside", and the path in full under '
        '"args"; or write "stays: <what stays, in the client\'s words>" under the step, '
        "or a step of software_update_way_back that undoes it. A path that leads there by "
        "a link is written as it lies in the asset.",
    )


def written_elsewhere(
    step: PlanStep, scope: ScopeDocument, not_yet: Collection[str] = ()
) -> Iterator[Elsewhere]:
    """What a call writes that lies in none of its assets, or that nobody can tell.

    Args:
        step: the call, with rendered values.
        scope: with the places of the assets.
        not_yet: names of arguments that are given, and whose value prepare fills in later.
    """
    if not step.inside or not step.module.startswith(CORE) or step.module in PROGRAMS | READERS:
        return
    writer = WRITERS.get(step.module)
    if writer is None:
        yield Elsewhere(_NOT_CERTAIN.format(module=step.module), "", _OTHERWISE)
        return
    call = _Call(step, scope, frozenset(not_yet), writer)
    yield from call.paths()
    yield from call.arguments()
    yield from call.backups()
    if step.module == FILE:
        yield from call.file()
    if step.module == UNARCHIVE:
        yield from call.archive()


def paths_written(step: PlanStep) -> Iterator[str]:
    """The full paths by which a call that is said to stay in some assets says what it writes."""
    writer = WRITERS.get(step.module)
    for value in map(step.args.get, writer.path if writer and step.inside else ()):
        if isinstance(value, str) and value.startswith("/"):
            yield value


def asset_holding(step: PlanStep, path: str, scope: ScopeDocument) -> Asset | None:
    """The asset, of those in which a call is said to stay, whose copies have what lies there."""
    named = (asset for asset in scope.assets if asset.id in step.inside)
    return next((asset for asset in named if _holds(asset, step.host, path)), None)


def backup_of(path: str) -> str:
    """A name that Ansible gives to what ``backup`` keeps of a file: beside it."""
    return f"{path}.1.2026-12-01@00:00:00~"


def is_on(value: Any) -> bool:
    """Whether Ansible may read a value as yes."""
    no = ("false", "no", "off", "n", "f", "0")
    return _is_given(value) and str(value).strip().lower() not in no


@dataclass(frozen=True)
class _Call:
    step: PlanStep
    scope: ScopeDocument
    not_yet: frozenset[str]
    writer: Writer

    def paths(self) -> Iterator[Elsewhere]:
        """Each path that it writes: full, known, and in an asset."""
        names = self.writer.path
        if later := sorted(self._later() & {*names}):
            yield Elsewhere(_KNOWN_LATER.format(name=later[0]), later[0])
        elif not any(self._is_given(name) for name in names):
            yield Elsewhere(_NOT_GIVEN.format(name=names[0]))
        # where a module is given an argument by two of its names, it may take either
        for name in names:
            value = self.step.args.get(name)
            if not _is_given(value) or name in self.not_yet:
                continue
            path = str(value)
            if not (isinstance(value, str) and path.startswith("/") and "$" not in path):
                yield Elsewhere(_NO_FULL_PATH.format(path=path[:300]), name)
            elif asset_holding(self.step, path, self.scope) is None:
                yield Elsewhere(_ELSEWHERE.format(path=path[:300]), name)

    def arguments(self) -> Iterator[Elsewhere]:
        """Each other argument: one of those that are certain, and known where it decides."""
        later = self._later()
        for name in sorted({*self.step.args, *later} - {*self.writer.path}):
            if name in self.not_yet or not self._is_given(name):
                continue
            if name not in self.writer.fixed | self.writer.free:
                yield Elsewhere(_ARGUMENT.format(name=name), name, leave_out(name))
            elif name in self.writer.fixed and name in later:
                yield Elsewhere(_KNOWN_LATER.format(name=name), name, leave_out(name))

    def backups(self) -> Iterator[Elsewhere]:
        """What ``backup`` keeps lies beside the file, so it has to be in a copy as well."""
        if not self._is_on("backup"):
            return
        for path in paths_written(self.step):
            asset = asset_holding(self.step, path, self.scope)
            if asset is not None and asset.kind == "directory" and _is_its_place(path, asset):
                continue  # a folder that is filled: each name is looked at where it lies
            if asset_holding(self.step, backup_of(path), self.scope) is None:
                what = _BACKUP.format(path=path[:300])
                yield Elsewhere(what, "backup", leave_out("backup"))

    def file(self) -> Iterator[Elsewhere]:
        """``file`` does what its state says, and without one what it finds there."""
        state = self.step.args.get("state")
        if {"state", "src"} & (self.not_yet | self._later()):
            return
        path = next(paths_written(self.step), "")
        if not _is_given(state):
            remedy = f'Write "state: {"|".join(STATES)}" under its "args"; or {OR_STAYS}'
            yield Elsewhere(_NOT_GIVEN.format(name="state"), "state", remedy)
        elif state not in STATES:
            what = _NO_STATE.format(state=str(state)[:80])
            yield Elsewhere(what, "state", f"Send the file itself; or {OR_STAYS}")
        elif (state == "link") != _is_given(self.step.args.get("src")):
            if state == "link":
                yield Elsewhere(_NOT_GIVEN.format(name="src"), "state", leave_out("state"))
            else:
                what = _SRC.format(state=state, path=path[:300])
                yield Elsewhere(what, "src", leave_out("src"))
        if state == "link":
            for name in sorted(RIGHTS):
                if self._is_given(name):
                    what = _RIGHTS.format(name=name, path=path[:300])
                    yield Elsewhere(what, name, leave_out(name))
            if any(
                _is_its_place(path, asset)
                for asset in self.scope.assets
                if asset.id in self.step.inside
            ):
                yield Elsewhere(_ITS_PLACE.format(path=path[:300]), "state", leave_out("state"))
        if self._is_on("recurse"):
            yield from self._left_out("recurse", leave_out("recurse"))

    def archive(self) -> Iterator[Elsewhere]:
        """What an archive holds nobody lists; it is no address, and no option of ``tar``."""
        src = self.step.args.get("src")
        if _is_given(src) and "src" not in self.not_yet:
            text = str(src)
            if not isinstance(src, str) or "://" in text or text.startswith("-"):
                yield Elsewhere(_NO_FILE.format(src=text[:300]), "src", _SEND)
        yield from self._left_out("dest", _SEND)

    def _left_out(self, argument: str, remedy: str) -> Iterator[Elsewhere]:
        """Of what lies below a path nobody knows the names, so no pattern may leave any out."""
        for path in paths_written(self.step):
            asset = asset_holding(self.step, path, self.scope)
            if asset is not None and asset.exclude:
                exclude = ", ".join(asset.exclude)[:300]
                what = _LEFT_OUT.format(path=path[:300], asset=asset.id, exclude=exclude)
                yield Elsewhere(what, argument, remedy)

    def _is_on(self, name: str) -> bool:
        return name not in self.not_yet and is_on(self.step.args.get(name))

    def _is_given(self, name: str) -> bool:
        return name in self.not_yet | self._later() or _is_given(self.step.args.get(name))

    def _later(self) -> frozenset[str]:
        return frozenset({*self.step.args_at_apply, *self.step.secret_args})


def _is_its_place(path: str, asset: Asset) -> bool:
    return PurePosixPath(path) == PurePosixPath(asset.location)


def _is_given(value: Any) -> bool:
    return value is not None and value not in ("", [])


def _holds(asset: Asset, host: str, path: str) -> bool:
    """Whether a path lies in what a copy of the asset has."""
    if asset.host != host or asset.kind not in ("directory", "sqlite"):
        return False
    inner = PurePosixPath(path)
    if ".." in inner.parts or not inner.is_relative_to(asset.location):
        return False
    left_out = matcher(asset.exclude)
    within = inner.relative_to(asset.location)
    return not any(left_out(str(part)) for part in (within, *within.parents))
