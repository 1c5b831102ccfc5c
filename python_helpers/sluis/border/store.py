"""A store, as it is described to a host."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Literal, Optional
from urllib.parse import urlsplit

from .formats import PlainName, Port
from .marked import Annotated
from .shapes import Exact

_Pem = Annotated[str, Exact(2**20)]


@dataclass(frozen=True)
class Store:
    """A place for snapshots.

    Args:
        id: our own name for it.
        kind: ``rest``, ``sftp`` or ``local``.
        machine: the store's own name or address; for SFTP the address to connect to.
        site: the place it stands in.
        country: two letters.
        provider: the firm that runs it.
        url: of a REST store, without user and password.
        path: folder of a local store, or on an SFTP store.
        user: on an SFTP store.
        port: of an SFTP store.
        host_key: of an SFTP store, as one ``known_hosts`` line without the address.
        ca_certificate: PEM text of the certificate a REST store must be signed by;
            ``None``: those the system trusts.
    """

    id: PlainName
    kind: Literal["rest", "sftp", "local"]
    machine: PlainName
    site: PlainName
    country: PlainName
    provider: PlainName
    url: Optional[PlainName] = None
    path: Optional[PlainName] = None
    user: Optional[PlainName] = None
    port: Port = 22
    host_key: Optional[PlainName] = None
    ca_certificate: Optional[_Pem] = None

    @property
    def location(self) -> str:
        """Where it is, for records: never with a password."""
        if self.kind == "rest":
            return str(self.url)
        if self.kind == "sftp":
            return f"sftp://{self.user}@{self.machine}:{self.port}{self.path}"
        return str(self.path)

    @property
    def address(self) -> Optional[str]:
        """The host part by which it is reached; ``None`` for a local store."""
        if self.kind == "rest":
            return urlsplit(str(self.url)).hostname
        return self.machine if self.kind == "sftp" else None

    def record(self) -> Dict[str, str]:
        """The fields that go into evidence."""
        return {
            "id": self.id,
            "kind": self.kind,
            "machine": self.machine,
            "location": self.location,
            "site": self.site,
            "country": self.country,
            "provider": self.provider,
        }
