"""A store: where snapshots go, and whether they may and should go there.

Everything here is pure. Speaking to a store is in ``access*.py``.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence
from urllib.parse import urlsplit

from ..errors import InputError

KINDS = ("rest", "sftp", "local")
_HOST_KEY = re.compile(r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?")
_NOT_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f'\"\\]")
_FIELDS = frozenset(
    {
        "id", "kind", "url", "path", "user", "port", "host_key", "ca_certificate",
        "machine", "site", "country", "provider",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Store:
    """A place for snapshots.

    Args:
        id: our own name for it.
        kind: ``rest``, ``sftp`` or ``local``.
        url: of a REST store, without user and password.
        path: folder of a local store, or on an SFTP store.
        machine: the store's own name or address; for SFTP the address to connect to.
        user: on an SFTP store.
        port: of an SFTP store.
        host_key: of an SFTP store, as one ``known_hosts`` line without the address.
        ca_certificate: PEM text of the certificate a REST store must be signed by;
            ``None``: those the system trusts.
        site: the place it stands in.
        country: two letters.
        provider: the firm that runs it.
    """

    id: str
    kind: str
    machine: str
    site: str
    country: str
    provider: str
    url: Optional[str] = None
    path: Optional[str] = None
    user: Optional[str] = None
    port: int = 22
    host_key: Optional[str] = None
    ca_certificate: Optional[str] = None

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

    def record(self) -> Dict[str, Any]:
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


def read_store(given: Mapping[str, Any]) -> Store:
    """Check and read a store as it is written in the inventory.

    Raises:
        InputError: ``bad-store``.
    """
    unknown = sorted(set(given) - _FIELDS)
    if unknown:
        raise _bad(
            f"has unknown fields: {', '.join(unknown)}", f"Use {', '.join(sorted(_FIELDS))}."
        )
    for name in ("id", "kind", "machine", "site", "country", "provider"):
        if not isinstance(given.get(name), str) or not str(given[name]).strip():
            raise _bad(f"has no {name}", f"Write its {name} in snapshot_and_verify_store.")
    kind = str(given["kind"])
    if kind not in KINDS:
        raise _bad(f"is of the unknown kind {kind!r}", f"Use one of {', '.join(KINDS)}.")
    if kind == "rest":
        _check_url(given.get("url"))
    else:
        _check_path(given.get("path"))
    if kind == "sftp":
        for name in ("user", "machine"):
            if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._:-]*", str(given.get(name) or "")):
                raise _bad(f"has no usable {name}", f"Write the {name} to connect with.")
        if not re.fullmatch(
            r"[a-z0-9@.-]+ [A-Za-z0-9+/=]+( .*)?", str(given.get("host_key") or "")
        ):
            raise _bad(
                "has no host key, so anybody could be the store",
                "Write its public host key (the type and the key) as host_key.",
            )
    values = {name: given[name] for name in _FIELDS if given.get(name) is not None}
    if "port" in values:
        values["port"] = int(values["port"])
    return Store(**values)


def _check_url(url: Any) -> None:
    parts = urlsplit(str(url or ""))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise _bad(f"has the unusable address {url!r}", "Write an http or https address as url.")
    if parts.username or parts.password:
        raise _bad(
            "has a user name or password in its address, where they would be logged",
            "Move them to snapshot_and_verify_store_secrets.",
        )


def _check_path(path: Any) -> None:
    if (
        not isinstance(path, str)
        or not path.startswith("/")
        or re.search(r"[\x00-\x1f\x7f'\"\\]", path)
    ):
        raise _bad(f"has the unusable path {path!r}", "Write an absolute path, without quotes.")


def _bad(what: str, remedy: str) -> InputError:
    return InputError("bad-store", f"The store {what}.", remedy)


def place_allowed(store: Mapping[str, Any], allowed: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a copy may live there: site, country and provider as the scope says (A12)."""
    here = tuple(store.get(name) for name in ("site", "country", "provider"))
    return any(
        here == tuple(place.get(name) for name in ("site", "country", "provider"))
        for place in allowed
    )


def why_inside(
    store: Store, host: str, host_address: Optional[str], own_addresses: Sequence[str]
) -> Optional[str]:
    """Why this store is not outside the machine of the asset; ``None`` when it is.

    A copy that dies with its source is no second copy.

    Args:
        store: the store.
        host: the asset's host, as the inventory names it.
        host_address: the address by which that host is reached; ``None`` for a local
            connection.
        own_addresses: addresses that the store's name has and that are the host's own.
    """
    if store.kind == "local":
        return "it is a folder of the machine itself"
    address = store.address or ""
    if store.machine in (host, host_address) or address in (host, host_address):
        return f"it has the name or address of {host}"
    loopback = [a for a in [address, *own_addresses] if _is_loopback(a)]
    if _is_this_machine(address) or "127.0.0.1" in own_addresses or "::1" in own_addresses:
        return f"{address} is the machine itself"
    if loopback:
        # Addresses such as 127.0.10.9 stand for other machines only in a lab, where
        # the host is reached by one of them too.
        if host_address and _is_loopback(host_address) and not _is_this_machine(host_address):
            return None
        return f"{address} is the machine itself"
    if own_addresses:
        return f"{own_addresses[0]} is an address of {host} itself"
    return None


def _is_this_machine(address: str) -> bool:
    return address in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "::", "")  # noqa: S104


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def three_two_one(
    store: Store,
    copies: Sequence[str],
    host_site: Optional[str],
    facts: Mapping[str, Optional[bool]],
) -> Dict[str, str]:
    """The five digits of 3-2-1-1-0, each in words with what is known about it.

    Args:
        store: the store of the verified copy.
        copies: every copy that was looked at, the source included.
        host_site: the site of the asset's host; ``None`` when nobody wrote it down.
        facts: ``outside`` (another machine), ``append_only``, ``no_errors``:
            ``None`` means that it could not be checked.
    """
    media: List[str] = ["the source's own disk"]
    if facts.get("outside"):
        media.append(f"the store {store.id}")
    return {
        "3 copies": f"{len(copies)} of 3 seen: {', '.join(copies)}",
        "2 media": f"{len(media)} of 2: {', '.join(media)}",
        "1 off-site": (
            "not verified: the site of the source is not written down"
            if host_site is None
            else f"yes: {store.site}, while the source is at {host_site}"
            if store.site != host_site
            else f"no: source and store are both at {store.site}"
        ),
        "1 immutable": _said(facts.get("append_only"), "the store refused to remove a snapshot"),
        "0 errors": _said(facts.get("no_errors"), "restored and compared without a difference"),
    }


def _said(fact: Optional[bool], yes: str) -> str:
    if fact is None:
        return "not verified"
    return f"yes: {yes}" if fact else "no"
