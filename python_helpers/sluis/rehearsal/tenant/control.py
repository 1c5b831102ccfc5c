"""The client of a tenant's control port: synchronous, for tests, demo and bench."""

from __future__ import annotations

import base64
import dataclasses
import http.client
import json
from dataclasses import dataclass, field
from typing import Any

from sluis.rehearsal.tenant.weather import Weather


class ControlError(RuntimeError):
    """The tenant did not do what was asked; the message says why."""


@dataclass(frozen=True)
class Control:
    """Does to a tenant what its users, its operator or a tamperer would do.

    ``drive`` is a drive's id; ``item`` an item's id, or its path in the drive.

    Args:
        port: the control port on 127.0.0.1.
        token: what it wants to see.
    """

    port: int
    token: str = field(repr=False)

    def counters(self) -> dict[str, Any]:
        """``requests`` (by kind), ``units``, ``throttled``, ``bytes_out``, ``cpu_seconds``,
        ``peak_memory`` (bytes).
        """
        return dict(self._ask("counters"))

    def drives(self) -> list[dict[str, Any]]:
        """All drives: ``id``, ``name``, ``site``, ``owner`` (mail), ``items``, ``bytes``."""
        return list(self._ask("drives"))

    def items(self, drive: str) -> list[dict[str, Any]]:
        """All live items but the root, as Graph writes them, with ``path`` below the root."""
        return list(self._ask("items", drive=drive))

    def bytes_of(self, drive: str, item: str) -> bytes:
        """What a download of the item gives."""
        return base64.b64decode(self._ask("bytes_of", drive=drive, item=item))

    def add_file(self, drive: str, path: str, content: bytes) -> str:
        """A new file, by any name; folders on the way are made. Returns its id."""
        text = base64.b64encode(content).decode("ascii")
        return str(self._ask("add_file", drive=drive, path=path, content=text))

    def add_folder(self, drive: str, path: str) -> str:
        """A folder, with those above it. Returns its id."""
        return str(self._ask("add_folder", drive=drive, path=path))

    def write(self, drive: str, item: str, content: bytes) -> None:
        """New content of a file; what it had becomes a version."""
        text = base64.b64encode(content).decode("ascii")
        self._ask("write", drive=drive, item=item, content=text)

    def rename(self, drive: str, item: str, name: str) -> None:
        """Another name in the same folder."""
        self._ask("rename", drive=drive, item=item, name=name)

    def move(self, drive: str, item: str, parent: str) -> None:
        """Another folder, the same name."""
        self._ask("move", drive=drive, item=item, parent=parent)

    def delete(self, drive: str, item: str) -> None:
        """To the recycle bin."""
        self._ask("delete", drive=drive, item=item)

    def recreate_folder(self, drive: str, item: str) -> str:
        """Delete a folder and make an empty one of its name. Returns the new one's id."""
        return str(self._ask("recreate_folder", drive=drive, item=item))

    def purge_bin(self, drive: str) -> int:
        """Empty the recycle bin for good. Returns how many entries it had."""
        return int(self._ask("purge_bin", drive=drive))

    def tamper(self, drive: str, item: str, offset: int, byte: int) -> None:
        """Change one served byte; hash, size and tags stay."""
        self._ask("tamper", drive=drive, item=item, offset=offset, byte=byte)

    def set_weather(self, weather: Weather) -> None:
        """Other weather from now on."""
        self._ask("set_weather", weather=dataclasses.asdict(weather))

    def advance_clock(self, seconds: float) -> None:
        """Put the tenant's clock forward."""
        self._ask("advance_clock", seconds=seconds)

    def set_quota(self, drive: str, size: int) -> None:
        """How many bytes a drive may hold."""
        self._ask("set_quota", drive=drive, size=size)

    def grant(self, site: str, app: str, role: str | None) -> None:
        """Give an app (client id) a role on a site (Sites.Selected); ``None`` takes it away."""
        self._ask("grant", site=site, app=app, role=role)

    def expire_tokens(self, drive: str, kind: str = "resyncChangesApplyDifferences") -> None:
        """Refuse all delta tokens given so far: 410 with this kind of resync."""
        self._ask("expire_tokens", drive=drive, kind=kind)

    def _ask(self, verb: str, **given: Any) -> Any:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        try:
            link.request(
                "POST",
                f"/{verb}",
                json.dumps(given),
                {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            )
            answer = json.loads(link.getresponse().read())
        finally:
            link.close()
        if "error" in answer:
            raise ControlError(f"{verb}: {answer['error']}")
        return answer["value"]
