"""Measure and export servers and directories as JSON in and JSON out, for an Ansible module.

The answers have the shape of those for drives (``run_export``), so that a playbook need not
know where a source lived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import SluisError
from .directory_source import export_directory, measure_directory
from .sftp_source import export_sftp, measure_sftp
from .source_forecast import Speed, forecast_reading
from .source_listing import Measured
from .source_pass import SourceReport
from .source_request import Read, SourceRequest, read_source_request
from .source_speed import directory_speed, sftp_speed
from .stored_names import safe_name

#: called with {"source", "name", "stage", "items", "bytes"}
Progress = Callable[[dict[str, Any]], None]
Now = Callable[[], datetime]

#: what is no fault of one source and would meet the next one too
_STOPS_ALL = frozenset({"disk-full", "export-disk", "disk-keeps-damaging"})


def measure_sources(
    request: Mapping[str, Any], progress: Progress | None = None, *, now: Now | None = None
) -> dict[str, Any]:
    """Count every source of a request and measure how fast it can be read; nothing is written.

    Args:
        request: see ``source_request.read_source_request``.
        progress: called before each source.
        now: the calendar; the system's when None.

    Returns:
        ``measured``: for each source ``source`` (with its figures), ``could_not`` and
        ``why``; ``failed``: source and error of each that cannot be counted at all;
        ``plan``: for each source ``ReadingTime.as_data``, what ends first first.

    Raises:
        InputError: the request cannot be used.
    """
    checked = read_source_request(request)
    measured: list[Measured] = []
    failed: list[dict[str, Any]] = []
    speeds: dict[str, Speed] = {}
    for read in checked.reads:
        tell = _told(progress, read)
        try:
            tell("measuring", 0, 0)
            measured.append(_measure(read))
            tell("measuring speed", measured[-1].source.items or 0, measured[-1].source.bytes or 0)
            speeds[read.source.id] = _speed(read)
        except SluisError as error:
            failed.append(_failure(read, error))
    counted = {one.source.id: one.source for one in measured}
    plan = forecast_reading(
        [counted.get(read.source.id, read.source) for read in checked.reads],
        speeds,
        (now or _now)(),
        checked.ends,
        readings=2 if checked.sftp.read_twice else 1,
    )
    return {
        "measured": [one.as_data() for one in measured],
        "failed": failed,
        "plan": [line.as_data() for line in plan],
    }


def export_sources(
    request: Mapping[str, Any], progress: Progress | None = None, *, now: Now | None = None
) -> dict[str, Any]:
    """Make a pass over every source of a request, one after the other.

    Args:
        request: see ``source_request.read_source_request``.
        progress: called as things get done.
        now: the calendar; the system's when None.

    Returns:
        ``drives``: reports (``SourceReport.as_data``) with ``folder``; ``failed``: source
        and error of each that could not be finished; ``not_begun``: ids of sources that were
        left because of one of those; ``complete``: whether every source was finished.

    Raises:
        InputError: the request cannot be used; nothing was done.
    """
    checked = read_source_request(request)
    waiting = list(checked.reads)
    drives: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    while waiting:
        read = waiting.pop(0)
        # where ``discover.folder_of`` puts a drive's
        folder = checked.folder / safe_name(read.source.id)
        try:
            report = _export(checked, read, folder, _told(progress, read), now or _now)
        except SluisError as error:
            failed.append(_failure(read, error))
            if error.code in _STOPS_ALL:
                break
            continue
        drives.append({**report.as_data(), "folder": str(folder)})
    return {
        "drives": drives,
        "failed": failed,
        "not_begun": [read.source.id for read in waiting],
        "complete": not failed and not waiting,
    }


def _measure(read: Read) -> Measured:
    if read.login is not None:
        return measure_sftp(read.login, read.location, read.source)
    return measure_directory(Path(read.location), read.source, mounted=read.mounted)


def _speed(read: Read) -> Speed:
    if read.login is not None:
        return sftp_speed(read.login, read.location)
    return directory_speed(Path(read.location))


def _export(
    request: SourceRequest,
    read: Read,
    folder: Path,
    told: Callable[[str, int, int], None],
    now: Now,
) -> SourceReport:
    def moment() -> str:
        return now().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    if read.login is not None:
        return export_sftp(
            read.login, read.location, read.source, folder, request.sftp, moment, told
        )
    policy = request.directory if not read.mounted else replace(request.directory, mounted=True)
    return export_directory(Path(read.location), read.source, folder, policy, moment, told)


def _told(progress: Progress | None, read: Read) -> Callable[[str, int, int], None]:
    def tell(stage: str, items: int, size: int) -> None:
        if progress is not None:
            progress(
                {"source": read.source.id, "name": read.source.name, "stage": stage,
                 "items": items, "bytes": size}
            )  # fmt: skip

    return tell


def _failure(read: Read, error: SluisError) -> dict[str, Any]:
    return {"source": read.source.id, "name": read.source.name, "error": error.as_dict()}


def _now() -> datetime:
    return datetime.now(UTC)
