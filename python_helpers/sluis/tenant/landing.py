"""A landing folder: where the client puts what it moves itself, watched until its deadline (B4).

"The client would do it" is a disposition only with a place, an owner and a day; and somebody
has to look. Arrived means: a file of that path and size is there. It does not say that its
bytes are right; that is the client's, and said so in the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from ..counted import counted, plural
from ..errors import InputError, SluisError
from ..graph.connect import Graph
from ..graph.links import segment
from .give_rights import give_rights
from .import_policy import Target
from .import_report import plain_json
from .name_rules import target_key
from .target_folders import make_folder
from .target_tree import list_target, look_at
from .tenant_manifest import HAD, ManifestLine
from .user_map import Invite

State = Literal["nothing has arrived", "arriving", "everything has arrived", "not verified"]

#: how long before the deadline the owner is told, the last time when it has passed
REMINDERS = (timedelta(days=14), timedelta(days=7), timedelta(days=3), timedelta(days=1))
_MOST_NAMED = 1000


@dataclass(frozen=True)
class Landing:
    """A landing folder.

    Args:
        drive_id: the target drive.
        folder: its path there.
        item_id: its id.
        web_url: where the owner finds it.
        owner: e-mail address of who moves the data.
        deadline: when it must all be there, with a time zone.
        made: when the folder was made or taken.
    """

    drive_id: str
    folder: str
    item_id: str
    web_url: str
    owner: str
    deadline: datetime
    made: datetime


@dataclass(frozen=True)
class Expected:
    """What should arrive, as far as anybody knows.

    Args:
        files: path (parts joined by ``/``) to size in bytes; None when only counts are known.
        items: how many files; None when not known.
        bytes: sum of their sizes; None when not known.
    """

    files: Mapping[str, int] | None = None
    items: int | None = None
    bytes: int | None = None

    @classmethod
    def from_manifest(cls, lines: Iterable[ManifestLine]) -> Expected:
        """Every file of a manifest of the source."""
        files = {one.path: one.size for one in lines if one.type == "file" and one.state == HAD}
        return cls(files, len(files), sum(files.values()))


@dataclass(frozen=True)
class Arrived:
    """What is in the folder: path to size in bytes, and the newest change there."""

    files: Mapping[str, int]
    newest: str | None = None


@dataclass(frozen=True)
class Told:
    """Somebody was told something: who, when, in which words."""

    who: str
    when: datetime
    words: str


@dataclass(frozen=True)
class LandingReport:
    """How things stand.

    Args:
        state: ``not verified`` when nobody knows what should arrive.
        late: the deadline has passed and not everything is known to be there.
        left: seconds until the deadline; negative afterwards.
        arrived_files, arrived_bytes: what is there.
        expected_files, expected_bytes: what should be; None when not known.
        missing: paths that are not there; the first thousand.
        missing_files: how many are not there; None when no paths are known.
        other_size: paths that are there with another size.
        elsewhere: missing path to a path where a file of that name and size lies.
        unexpected: how many files are there that nobody named.
        new_files: how many more than at the last look; None at the first.
        words: the whole in one or two sentences, for the owner.
        reminder: whether the owner is due to be told now.
    """

    state: State
    late: bool
    left: float
    arrived_files: int
    arrived_bytes: int
    expected_files: int | None
    expected_bytes: int | None
    missing: tuple[str, ...]
    missing_files: int | None
    other_size: tuple[str, ...]
    elsewhere: Mapping[str, str]
    unexpected: int | None
    new_files: int | None
    words: str
    reminder: bool

    def as_data(self) -> dict[str, Any]:
        """The report as plain JSON data."""
        data: dict[str, Any] = plain_json(asdict(self))
        return data


async def make_landing(
    graph: Graph, target: Target, *, owner: str, deadline: datetime, now: datetime
) -> Landing:
    """Make the folder, or take the one that is there, and let its owner write in it.

    Args:
        graph: the connection to the target tenant.
        target: the drive, and the folder's path in it.
        owner: e-mail address, in the target, of who moves the data.
        deadline: with a time zone.
        now: with a time zone.

    Raises:
        InputError: ``bad-landing``: no folder, no owner, or a deadline that is no future day.
        GraphError: the service said no.
    """
    if not target.folder or "@" not in owner:
        raise _bad_landing("it needs a folder of its own and an owner's e-mail address")
    if deadline.tzinfo is None or now.tzinfo is None or deadline <= now:
        raise _bad_landing("its deadline must be in the future, with a time zone")
    place = await look_at(graph, target.drive_id)
    here = place.root_id
    for name in target.folder.split("/"):
        here, _ = await make_folder(graph, target.drive_id, here, name)
    await give_rights(graph, target.drive_id, here, (Invite(owner, "write"),))
    item = await graph.get(f"/drives/{segment(target.drive_id)}/items/{segment(here)}")
    url = item.get("webUrl")
    return Landing(
        target.drive_id, target.folder, here, url if isinstance(url, str) else "",
        owner, deadline, now,
    )  # fmt: skip


async def look_at_landing(graph: Graph, landing: Landing) -> Arrived:
    """List what is in a landing folder.

    Raises:
        SluisError: ``landing-gone``: the folder is not there any more.
        GraphError: the service said no.
    """
    place = await look_at(graph, landing.drive_id)
    tree = await list_target(graph, place)
    # by id: an owner who renames the folder has not lost what is in it
    folder = tree.get(landing.item_id) or tree.place(landing.folder)
    if folder is None or folder.kind != "folder":
        raise SluisError(
            "landing-gone",
            f"The landing folder {landing.folder!r} is not there any more.",
            "Ask its owner what happened, look in the recycle bin, and make it again.",
        )
    inside = [(path, node) for path, node in tree.below(folder.id) if node.kind == "file"]
    times = sorted(node.modified for _, node in inside if node.modified)
    return Arrived({path: node.size for path, node in inside}, times[-1] if times else None)


def judge_landing(
    landing: Landing,
    expected: Expected,
    arrived: Arrived,
    now: datetime,
    *,
    files_before: int | None = None,
    told: Sequence[Told] = (),
) -> LandingReport:
    """Say how things stand. Pure.

    Args:
        landing: the folder.
        expected: what should arrive.
        arrived: what is there.
        now: with a time zone.
        files_before: how many files the last look found.
        told: what the owner was told so far.
    """
    there = {_key(path): (path, size) for path, size in arrived.files.items()}
    size_there = sum(arrived.files.values())
    missing, other_size = _compare(expected, there)
    state = _state(expected, arrived, size_there, missing, other_size)
    left = (landing.deadline - now).total_seconds()
    late = left < 0 and state != "everything has arrived"
    unexpected = None
    if expected.files is not None:
        wanted = {_key(path) for path in expected.files}
        unexpected = sum(key not in wanted for key in there)
    return LandingReport(
        state=state,
        late=late,
        left=left,
        arrived_files=len(arrived.files),
        arrived_bytes=size_there,
        expected_files=expected.items,
        expected_bytes=expected.bytes,
        missing=tuple(missing[:_MOST_NAMED]),
        missing_files=None if expected.files is None else len(missing),
        other_size=tuple(other_size[:_MOST_NAMED]),
        elsewhere=_elsewhere(expected, missing, arrived),
        unexpected=unexpected,
        new_files=None if files_before is None else len(arrived.files) - files_before,
        words=_words(landing, state, late, expected, arrived, len(missing) + len(other_size)),
        reminder=_reminder_due(landing, state, now, told),
    )


def _compare(
    expected: Expected, there: Mapping[str, tuple[str, int]]
) -> tuple[list[str], list[str]]:
    missing: list[str] = []
    other_size: list[str] = []
    for path, size in sorted((expected.files or {}).items()):
        found = there.get(_key(path))
        if found is None:
            missing.append(path)
        elif found[1] != size:
            other_size.append(path)
    return missing, other_size


def _state(
    expected: Expected, arrived: Arrived, size: int, missing: list[str], other_size: list[str]
) -> State:
    if not arrived.files and (expected.items or expected.bytes or expected.files):
        return "nothing has arrived"
    if expected.files is not None:
        return "arriving" if missing or other_size else "everything has arrived"
    if expected.items is None or expected.bytes is None:
        return "not verified"
    enough = len(arrived.files) >= expected.items and size >= expected.bytes
    # counts that fit are no proof that these are the files
    return "not verified" if enough else "arriving"


def _elsewhere(expected: Expected, missing: list[str], arrived: Arrived) -> dict[str, str]:
    if expected.files is None:
        return {}
    places: dict[tuple[str, int], str] = {}
    for path, size in sorted(arrived.files.items()):
        places.setdefault((_key(path.rpartition("/")[2]), size), path)
    found = {}
    for path in missing[:_MOST_NAMED]:
        place = places.get((_key(path.rpartition("/")[2]), expected.files[path]))
        if place is not None:
            found[path] = place
    return found


def _reminder_due(landing: Landing, state: State, now: datetime, told: Sequence[Told]) -> bool:
    """Once in each stretch between two reminder days, and each day once it is too late."""
    if state == "everything has arrived":
        return False
    last = max((one.when for one in told if one.who == landing.owner), default=None)
    if last is None:
        return True
    if now > landing.deadline:
        return last <= landing.deadline or now - last >= timedelta(days=1)
    moments = [landing.deadline - before for before in REMINDERS]
    return any(last < moment <= now for moment in moments)


def _words(
    landing: Landing,
    state: State,
    late: bool,
    expected: Expected,
    arrived: Arrived,
    not_there: int,
) -> str:
    day = landing.deadline.date().isoformat()
    here = (
        f"In {landing.folder!r} {plural(len(arrived.files), 'is', 'are')} "
        f"{counted(len(arrived.files), 'file')}"
    )
    if state == "everything has arrived":
        return f"{here}: every file that was expected, by path and size. Their bytes are not known."
    if state == "not verified":
        said = f"{here}; what should be there is not known well enough to say whether it is all."
    elif expected.files is not None:
        said = f"{here}; {not_there} of {len(expected.files)} are not there, or not whole."
    else:
        said = f"{here} of {expected.items}."
    if late:
        return f"{said} The deadline, {day}, has passed. What is not here by now may be lost."
    return f"{said} Its owner has until {day}."


def _key(path: str) -> str:
    return "/".join(target_key(part) for part in path.split("/"))


def _bad_landing(what: str) -> InputError:
    return InputError(
        "bad-landing",
        f"The landing folder cannot be made: {what}.",
        "Correct the source's disposition in the scope.",
    )
