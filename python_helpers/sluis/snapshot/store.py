"""A store: where snapshots go, and whether they may and should go there.

Everything here is pure. Speaking to a store is in ``access*.py``.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any, Dict, List, Mapping, Optional, Protocol, Sequence
from urllib.parse import urlsplit

from ..border import codec
from ..border.parts import Place
from ..border.store import Store
from ..border.strict_json import WrongError
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
        if not _HOST_KEY.fullmatch(str(given.get("host_key") or "")):
            raise _bad(
                "has no host key, so anybody could be the store",
                "Write its public host key (the type and the key) as host_key.",
            )
    values = {name: given[name] for name in _FIELDS if given.get(name) is not None}
    if str(values.get("port", "")).isdigit():
        values["port"] = int(values["port"])
    try:
        return codec.load(Store, values)
    except WrongError as wrong:
        raise _bad(
            f"has a {wrong.field} that {wrong.why}",
            f"Correct its {wrong.field} in snapshot_and_verify_store.",
        ) from None


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


class Somewhere(Protocol):
    """What stands in a place: a store, or a backup of somebody else's."""

    @property
    def site(self) -> str:
        """The place it stands in."""

    @property
    def country(self) -> str:
        """Two letters."""

    @property
    def provider(self) -> str:
        """The firm that runs it."""


def place_allowed(where: Somewhere, allowed: Sequence[Place]) -> bool:
    """Whether a copy may live there: site, country and provider as the scope says (A12)."""
    return Place(where.site, where.country, where.provider) in allowed


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
    store: str,
    site: str,
    copies: Sequence[str],
    host_site: Optional[str],
    facts: Mapping[str, Optional[bool]],
) -> Dict[str, str]:
    """The five digits of 3-2-1-1-0, each in words with what is known about it.

    Args:
        store: id of the store of the verified copy.
        site: where that store stands.
        copies: every copy that was looked at, the source included.
        host_site: the site of the asset's host; ``None`` when nobody wrote it down.
        facts: ``outside`` (another machine), ``append_only``, ``no_errors``:
            ``None`` means that it could not be checked.
    """
    media: List[str] = ["the source's own disk"]
    if facts.get("outside"):
        media.append(f"the store {store}")
    return {
        "3 copies": f"{len(copies)} of 3 seen: {', '.join(copies)}",
        "2 media": f"{len(media)} of 2: {', '.join(media)}",
        "1 off-site": (
            "not verified: the site of the source is not written down"
            if host_site is None
            else f"yes: {site}, while the source is at {host_site}"
            if site != host_site
            else f"no: source and store are both at {site}"
        ),
        "1 immutable": _said(facts.get("append_only"), "the store refused to remove a snapshot"),
        "0 errors": _said(facts.get("no_errors"), "restored and compared without a difference"),
    }


def _said(fact: Optional[bool], yes: str) -> str:
    if fact is None:
        return "not verified"
    return f"yes: {yes}" if fact else "no"
