"""A request to read servers and directories, from an Ansible module or a test, checked first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from ..errors import InputError
from .directory_source import DirectoryPolicy
from .sftp_login import SftpLogin
from .sftp_source import SftpPolicy
from .source import Source, source_from_data

_KNOWN = frozenset({"sources", "servers", "folder", "policy", "ends"})
_SERVER = frozenset(
    {
        "address", "user", "port", "known_hosts", "host_key", "key", "password", "password_file",
        "passphrase", "passphrase_file", "patience",
    }
)  # fmt: skip
_POLICY = frozenset({"connections", "readers", "read_everything", "read_twice", "only_since"})
_LARGEST_SECRET = 64 << 10


@dataclass(frozen=True)
class Read:
    """One source to read.

    Args:
        source: what it is.
        location: its folder, as the server or this machine spells it.
        login: how to get into its server; ``None`` for a directory of this machine.
        mounted: a directory that must be a mount point.
    """

    source: Source
    location: str
    login: SftpLogin | None
    mounted: bool


@dataclass(frozen=True)
class SourceRequest:
    """A checked request.

    Args:
        reads: what to read.
        folder: below which each source gets a folder.
        sftp, directory: how it is read.
        ends: source id to the moment it goes away.
    """

    reads: tuple[Read, ...]
    folder: Path
    sftp: SftpPolicy
    directory: DirectoryPolicy
    ends: dict[str, datetime]


def read_source_request(data: Mapping[str, Any]) -> SourceRequest:
    """Check a request.

    Args:
        data: JSON: ``sources`` [each a source as ``Source.as_data`` gives it, of kind ``sftp``
            or ``directory``, with ``location`` (an absolute path), ``server`` (a name, for
            ``sftp``) and ``mounted``], ``servers`` {name: {address, user, port, known_hosts |
            host_key, key | password | password_file, passphrase | passphrase_file,
            patience}}, ``folder``, ``policy`` {connections, readers, read_everything,
            read_twice, only_since}, ``ends`` {source id: ISO 8601 with a time zone}.

    Raises:
        InputError: ``source-request`` and what is wrong with it; never with a secret in it.
    """
    _no_other(data, _KNOWN, "it")
    try:
        policy = dict(data.get("policy", {}))
        _no_other(policy, _POLICY, "its policy")
        everything = _switch(policy.get("read_everything", False), "read_everything")
        twice = _switch(policy.get("read_twice", True), "read_twice")
        since = policy.get("only_since")
        since = None if since is None else str(since)
        servers = dict(data.get("servers", {}))
        logins = {name: login_of(name, dict(server)) for name, server in servers.items()}
        reads = tuple(_read(dict(one), logins) for one in data["sources"])
        request = SourceRequest(
            reads,
            Path(data["folder"]),
            SftpPolicy(_number(policy, "connections", 2, 64), everything, twice, only_since=since),
            DirectoryPolicy(
                _number(policy, "readers", 4, 64), False, everything, twice, only_since=since
            ),
            {str(one): datetime.fromisoformat(end) for one, end in data.get("ends", {}).items()},
        )
    except KeyError as error:
        raise _wrong(f"it has no {error.args[0]}") from None
    except (TypeError, ValueError, AttributeError):
        # what Python says of a value quotes it, and it may be a secret
        raise _wrong("a part of it is not of the kind that is asked for") from None
    if any(end.tzinfo is None for end in request.ends.values()):
        raise _wrong("an end date has no time zone")
    ids = [read.source.id for read in reads]
    doubles = sorted({one for one in ids if ids.count(one) > 1})
    if doubles:
        raise _wrong(f"the source {doubles[0]} is in it twice")
    return request


def _read(data: dict[str, Any], logins: Mapping[str, SftpLogin]) -> Read:
    location = str(data.pop("location"))
    server = data.pop("server", None)
    mounted = _switch(data.pop("mounted", False), "mounted")
    source = source_from_data(data)
    if source.kind not in {"sftp", "directory"}:
        raise _wrong(f"the source {source.id} is of kind {source.kind}, which is read elsewhere")
    if (source.kind == "sftp") != (server is not None):
        raise _wrong(f"the source {source.id} needs a server if it is of kind sftp, and only then")
    if server is not None and server not in logins:
        raise _wrong(f"the server of the source {source.id} is not among its servers")
    if not PurePosixPath(location).is_absolute():
        raise _wrong(f"the location of the source {source.id} is no absolute path")
    return Read(source, location, logins[server] if server is not None else None, mounted)


def login_of(name: str, data: dict[str, Any]) -> SftpLogin:
    """How to get into a server, from the part of a request that says so.

    Args:
        name: what the request calls it, for messages.
        data: see ``read_source_request``.

    Raises:
        InputError: ``source-request``, ``source-secret-file``.
    """
    _no_other(data, _SERVER, f"its server {name}")
    return SftpLogin(
        str(data["address"]),
        str(data["user"]),
        _number(data, "port", 22, 65535),
        Path(data["known_hosts"]) if data.get("known_hosts") else None,
        str(data["host_key"]) if data.get("host_key") else None,
        Path(data["key"]) if data.get("key") else None,
        _secret(data, "password"),
        _secret(data, "passphrase"),
        float(data.get("patience", 60.0)),
    )


def _secret(data: Mapping[str, Any], name: str) -> str | None:
    path = data.get(f"{name}_file")
    if not path:
        value = data.get(name)
        return str(value) if value is not None else None
    try:
        with Path(path).open("rb") as file:
            return file.read(_LARGEST_SECRET).decode().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "source-secret-file",
            f"The file {path} with a secret cannot be read ({type(error).__name__}).",
            "Give a readable file that holds the secret and nothing else.",
        ) from None


def _number(data: Mapping[str, Any], name: str, usual: int, most: int) -> int:
    value = data.get(name, usual)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise _wrong(f"{name} must be a number from 1 to {most}")
    return value


def _switch(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(f"{name} must be true or false")
    return value


def _no_other(data: Mapping[str, Any], known: frozenset[str], what: str) -> None:
    unknown = sorted(str(key) for key in set(data) - known)
    if unknown:
        raise _wrong(f"{what} has {unknown[0]}, which is not known")


def _wrong(why: str) -> InputError:
    return InputError(
        "source-request",
        f"The request to read sources cannot be used: {why}.",
        "Correct the request; nothing was done.",
    )
