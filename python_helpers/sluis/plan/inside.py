"""Whether a step that is said to change only what lies in some assets writes elsewhere.

What a program changes nobody can tell from its arguments. But a module that puts a file somewhere
says where; when that is no part of the assets named by ``inside``, putting those back undoes
nothing, and the client would have been told otherwise. The same holds where nobody can tell: a
path that begins at a home folder, or that is known only at apply. Other modules are about the
machine itself, whatever their arguments are. Arguments that start a program or lead elsewhere are
known by name (:mod:`sluis.plan.inside_arguments`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from sluis.errors import InputError
from sluis.manifest.exclude import matcher
from sluis.plan.inside_arguments import (
    ATTRIBUTES,
    FILE,
    TIMES,
    arguments_that_lead_elsewhere,
    is_given,
    is_no,
    leave_out,
)
from sluis.plan.model import PlanDocument, PlanStep
from sluis.scope.model import Asset, ScopeDocument


@dataclass(frozen=True)
class Writes:
    """An argument by which a module says what it writes.

    Args:
        names: its name, and every other name that the module takes for it.
        by_itself: whether the module writes somewhere also when it is not given.
    """

    names: tuple[str, ...]
    by_itself: bool = True


_DEST = (Writes(("dest",)),)
_LINES = (Writes(("path", "dest", "destfile", "name")),)

#: how modules of ansible-core say what they write
WRITES: Mapping[str, tuple[Writes, ...]] = {
    "ansible.builtin.assemble": _DEST,
    "ansible.builtin.blockinfile": _LINES,
    "ansible.builtin.copy": _DEST,
    FILE: (Writes(("path", "dest", "name")),),
    "ansible.builtin.get_url": (*_DEST, Writes(("tmp_dest",), by_itself=False)),
    "ansible.builtin.git": (
        *_DEST,
        Writes(("archive",), by_itself=False),
        Writes(("separate_git_dir",), by_itself=False),
    ),
    "ansible.builtin.known_hosts": (Writes(("path",)),),
    "ansible.builtin.lineinfile": _LINES,
    "ansible.builtin.pip": (Writes(("virtualenv",)), Writes(("chdir",), by_itself=False)),
    "ansible.builtin.replace": _LINES,
    "ansible.builtin.subversion": _DEST,
    "ansible.builtin.tempfile": (Writes(("path",)),),
    "ansible.builtin.template": _DEST,
    "ansible.builtin.unarchive": _DEST,
    "ansible.builtin.uri": (Writes(("dest",), by_itself=False),),
}

#: Modules of ansible-core that change the machine itself and no folder of data: packages, users,
#: services, the kernel.
BESIDE: frozenset[str] = frozenset(
    f"ansible.builtin.{name}"
    for name in (
        "apt", "apt_key", "apt_repository", "cron", "deb822_repository", "debconf", "dnf", "dnf5",
        "dpkg_selections", "group", "hostname", "iptables", "package", "reboot", "rpm_key",
        "service", "systemd", "systemd_service", "sysvinit", "user", "yum_repository",
    )
)  # fmt: skip

#: Modules that ask a server for something: the argument by which they say how, what they take when
#: it is not given, and with which values they only read.
ASKS: Mapping[str, tuple[str, str, frozenset[str]]] = {
    "ansible.builtin.uri": ("method", "GET", frozenset({"GET", "HEAD"})),
}

#: why one of these is refused, and what helps
_ELSEWHERE = "it writes {path!r}"
_NO_FULL_PATH = (
    "it writes {path!r}, which is no full path: nobody can tell where that lies on the machine"
)
_KNOWN_LATER = "where it writes ({path}) is known only when it runs"
_NOT_GIVEN = "without {path!r} it writes where the machine keeps its own"
_THE_MACHINE = "{path} changes the machine itself"
_A_SERVER = "with {path} it may change something on a server, which no copy of an asset has"
_BY_ITS_LINK = "with {how} it changes what {path!r} leads to, which lies elsewhere"
_NOT_SAID = "with {how} it changes what {path!r} leads to, and no src says what that is"
_BELOW = "with recurse it follows the links that lie below {path!r}, wherever they lead"
_TIMES_BELOW = "with recurse and {how} it changes what the links below {path!r} lead to"
_ITS_PLACE = "it makes a link of the place of {path!r} itself, and what is put back lies behind it"

_NO_FOLLOW = 'Write "follow: false" under its "args". '


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
    if not step.inside:
        return
    if step.module in BESIDE:
        yield Elsewhere(_THE_MACHINE.format(path=step.module))
    yield from _asked(step, not_yet)
    for written in WRITES.get(step.module, ()):
        # where a module is given an argument by two of its names, it may take either
        given = {name: step.args[name] for name in written.names if name in step.args}
        later = sorted({*step.args_at_apply, *step.secret_args} & {*written.names})
        if later:
            yield Elsewhere(_KNOWN_LATER.format(path=later[0]), later[0])
        elif (
            not any(_is_given(value) for value in given.values())
            and written.by_itself
            and not {*written.names} & {*not_yet}
        ):
            yield Elsewhere(_NOT_GIVEN.format(path=written.names[0]))
        for name, value in given.items():
            if not _is_given(value):
                continue
            path = str(value)
            if not _is_full(value):
                yield Elsewhere(_NO_FULL_PATH.format(path=path[:300]), name)
            elif asset_holding(step, path, scope) is None:
                yield Elsewhere(_ELSEWHERE.format(path=path[:300]), name)
    paths = {name for written in WRITES.get(step.module, ()) for name in written.names}
    for what, argument in arguments_that_lead_elsewhere(step, paths, not_yet):
        yield Elsewhere(what, argument, leave_out(argument))
    if step.module == FILE:
        yield from _of_links(step, scope, not_yet)


def paths_written(step: PlanStep) -> Iterator[str]:
    """The full paths by which a call that is said to stay in some assets says what it writes."""
    names = [name for written in WRITES.get(step.module, ()) for name in written.names]
    for value in map(step.args.get, names if step.inside else ()):
        if isinstance(value, str) and value.startswith("/"):
            yield value


def changes_behind_the_link(step: PlanStep, not_yet: Collection[str] = ()) -> str:
    """By which argument a call of ``file`` changes what its link leads to; empty when it does not.

    Args:
        step: the call, said to stay in some assets.
        not_yet: names of arguments whose value prepare fills in later.
    """
    given = {name for name in step.args if name in not_yet or is_given(step.args[name])}
    given |= {*step.args_at_apply, *step.secret_args}
    if step.module != FILE:
        return ""
    if step.args.get("state") == "hard":
        return "state: hard"
    if step.args.get("state") != "link":
        return ""
    if times := sorted(given & TIMES):
        return times[0]
    if is_no(step.args.get("follow")) or "follow" in not_yet:
        return ""
    return min(given & ATTRIBUTES, default="")


def _of_links(
    step: PlanStep, scope: ScopeDocument, not_yet: Collection[str]
) -> Iterator[Elsewhere]:
    """What ``file`` changes by a link: what it leads to, or what lies below a folder."""
    later = {*step.args_at_apply, *step.secret_args}
    for name in ("state", "recurse", "follow"):
        if name in later:
            yield Elsewhere(f"its {name} is known only when it runs", name, leave_out(name))
    if later & {"state"}:
        return
    path = next((str(step.args[n]) for n in ("path", "dest", "name") if n in step.args), "")
    how, src = changes_behind_the_link(step, not_yet), step.args.get("src")
    remedy = leave_out(how) if how != "state: hard" else leave_out("state")
    if how in ATTRIBUTES:
        remedy = _NO_FOLLOW + remedy
    if "src" in later and how:
        yield Elsewhere(_KNOWN_LATER.format(path="src"), "src", remedy)
    elif how and not is_given(src) and "src" not in not_yet:
        yield Elsewhere(_NOT_SAID.format(how=how, path=path[:300]), how, remedy)
    elif how and is_given(src) and not _is_held(step, src, scope):
        yield Elsewhere(_BY_ITS_LINK.format(how=how, path=str(src)[:300]), "src", remedy)
    if step.args.get("state") in ("link", "hard") and any(
        PurePosixPath(path) == PurePosixPath(asset.location)
        for asset in scope.assets
        if asset.id in step.inside
    ):
        yield Elsewhere(_ITS_PLACE.format(path=path[:300]), "state", leave_out("state"))
    recurse = step.args.get("recurse")
    if is_given(recurse) and not is_no(recurse) and "recurse" not in not_yet:
        times = sorted(name for name in TIMES if name in later or is_given(step.args.get(name)))
        if times:
            what = _TIMES_BELOW.format(how=times[0], path=path[:300])
            yield Elsewhere(what, times[0], leave_out(times[0]))
        elif not is_no(step.args.get("follow")) and "follow" not in not_yet:
            remedy = _NO_FOLLOW + leave_out("recurse")
            yield Elsewhere(_BELOW.format(path=path[:300]), "recurse", remedy)


def _is_held(step: PlanStep, value: Any, scope: ScopeDocument) -> bool:
    return _is_full(value) and asset_holding(step, value, scope) is not None


def _is_full(value: Any) -> bool:
    return isinstance(value, str) and value.startswith("/") and "$" not in value


def asset_holding(step: PlanStep, path: str, scope: ScopeDocument) -> Asset | None:
    """The asset, of those in which a call is said to stay, whose copies have what lies there."""
    named = (asset for asset in scope.assets if asset.id in step.inside)
    return next((asset for asset in named if _holds(asset, step.host, path)), None)


def _asked(step: PlanStep, not_yet: Collection[str]) -> Iterator[Elsewhere]:
    """What a call that asks a server may change there."""
    if step.module not in ASKS:
        return
    name, without, reads = ASKS[step.module]
    if name in {*step.args_at_apply, *step.secret_args}:
        yield Elsewhere(_KNOWN_LATER.format(path=name), name)
    elif name not in not_yet:
        value = step.args.get(name)
        how = str(value) if _is_given(value) else without
        if how.upper() not in reads:
            yield Elsewhere(_A_SERVER.format(path=f"{name}: {how[:80]}"), name)


def _is_given(value: Any) -> bool:
    return value is not None and value != ""


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
