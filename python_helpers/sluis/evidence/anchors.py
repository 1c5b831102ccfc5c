"""Trust anchors: whose keys and certificates we believe, per client.

They lie in ``inventories/trust/<client>/``, beside and never inside the evidence:
``keys.json`` (statement keys), ``allowed_signers`` (the client's SSH keys, OpenSSH's
format) and ``tsa.json`` (the trusted-time service). A key is never removed, only
revoked, so that old statements can still be judged.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from sluis.errors import InputError
from sluis.evidence.canonical import sha256
from sluis.evidence.files import locked, make_folder, read_regular, replace
from sluis.evidence.keys import PublicKey, public_key

_KEYS = "keys.json"
_SIGNERS = "allowed_signers"
_TSA = "tsa.json"
_LARGEST_FILE = 4 * 1024 * 1024

_MOMENT = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)

Party = Literal["operator", "client"]


class TrustedKey(BaseModel):
    """A key we believe, from when, until when, and whether it was revoked.

    ``keyid`` is the SHA-256 of the public key's DER. Times are aware UTC.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keyid: str = Field(pattern=r"^[0-9a-f]{64}$")
    name: str = Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")
    party: Party
    public_pem: str = Field(max_length=1000)
    valid_from: AwareDatetime
    valid_until: AwareDatetime | None = None
    revoked_at: AwareDatetime | None = None
    revoked_why: str | None = None


class Tsa(BaseModel):
    """A trusted-time service (RFC 3161): its address, and certificates we believe.

    The address holds no login: these files lie in version control. The certificates
    are PEM files in the trust folder: the root, any intermediates, and, to believe
    only that one, the service's own.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(pattern=r"^https?://[^\s@]+$", max_length=2000)
    certificates: tuple[Path, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Anchors:
    """What we believe for one client.

    ``keys`` is by key id. ``sha256`` changes whenever any anchor changes.
    """

    client: str
    keys: dict[str, TrustedKey]
    allowed_signers: Path | None
    tsa: Tsa | None
    sha256: str


class _KeysFile(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1]
    client: str
    keys: tuple[TrustedKey, ...]


def load_anchors(trust: Path, client: str) -> Anchors:
    """Read a client's trust anchors.

    Args:
        trust: the client's own folder, ``inventories/trust/<client>``.
        client: whose they must be.

    Raises:
        InputError: ``no-anchors`` when ``keys.json`` is not there, ``anchors-of-another-client``,
            ``bad-anchors`` for anything that is not exactly as it should be.
    """
    keys_file = _load_keys(trust, client)
    if keys_file is None:
        raise InputError(
            "no-anchors",
            f"There are no trusted keys for {client} in {trust}.",
            f"Trust your key: sluis keys trust {client}",
        )
    seen = [_read(trust / _KEYS)]
    signers = trust / _SIGNERS
    if signers.is_symlink() or signers.exists():
        seen.append(_read(signers))
    tsa = None
    if (trust / _TSA).is_symlink() or (trust / _TSA).exists():
        seen.append(_read(trust / _TSA))
        tsa = _parse(trust / _TSA, seen[-1], Tsa)
        tsa = tsa.model_copy(
            update={"certificates": tuple(_inside(trust, path) for path in tsa.certificates)}
        )
        seen.extend(_read(path) for path in tsa.certificates)
    return Anchors(
        client=client,
        keys={key.keyid: key for key in keys_file.keys},
        allowed_signers=signers if signers.exists() else None,
        tsa=tsa,
        sha256=sha256(b"".join(sha256(data).encode() for data in seen)),
    )


def trust_key(
    trust: Path, client: str, key: PublicKey, *, party: Party = "operator", now: datetime
) -> TrustedKey:
    """Believe a key from ``now`` on (whole seconds, as many clocks are read).

    A key that is already believed stays as it is.

    Raises:
        InputError: ``key-was-revoked``: a revoked key never comes back; also as
            :func:`load_anchors`.
    """
    make_folder(trust)
    with locked(trust / ".lock"):
        file = _load_keys(trust, client) or _KeysFile(version=1, client=client, keys=())
        for known in file.keys:
            if known.keyid != key.keyid:
                continue
            if known.revoked_at is not None:
                raise InputError(
                    "key-was-revoked",
                    f"The key {known.name} was revoked on {known.revoked_at.date()}.",
                    "Make a new key with: sluis keys new NAME",
                )
            return known
        trusted = TrustedKey(
            keyid=key.keyid,
            name=key.name,
            party=party,
            public_pem=key.public_pem,
            valid_from=now.replace(microsecond=0),
        )
        _check_pem(trust / _KEYS, trusted)
        _save(trust, file.model_copy(update={"keys": (*file.keys, trusted)}))
    return trusted


def revoke_key(trust: Path, client: str, keyid: str, *, now: datetime, why: str) -> TrustedKey:
    """Believe a key no more from ``now`` on. The first revocation stands.

    Raises:
        InputError: ``unknown-key``; also as :func:`load_anchors`.
    """
    make_folder(trust)
    with locked(trust / ".lock"):
        file = _load_keys(trust, client)
        for known in file.keys if file else ():
            if known.keyid == keyid:
                break
        else:
            raise InputError(
                "unknown-key",
                f"No key {keyid[:80]!r} is trusted for {client}.",
                "Look up its id in keys.json.",
            )
        if file is None or known.revoked_at is not None:
            return known
        revoked = known.model_copy(update={"revoked_at": now, "revoked_why": why})
        keys = tuple(revoked if key.keyid == keyid else key for key in file.keys)
        _save(trust, file.model_copy(update={"keys": keys}))
    return revoked


_M = TypeVar("_M", bound=BaseModel)


def _load_keys(trust: Path, client: str) -> _KeysFile | None:
    path = trust / _KEYS
    if not path.exists() and not path.is_symlink():
        return None
    data = _read(path)
    file = _parse(path, data, _KeysFile)
    for raw in json.loads(data)["keys"]:
        for name in ("valid_from", "valid_until", "revoked_at"):
            # other spellings would be read differently by other tools
            if raw.get(name) is not None and not re.fullmatch(_MOMENT, raw[name]):
                raise _bad(path, f"{name} is not a moment such as 2026-11-21T12:00:00Z")
    if file.client != client:
        raise InputError(
            "anchors-of-another-client",
            f"{path} holds the keys of {file.client[:80]!r}, not of {client!r}.",
            f"If that is whose dossier it is, say so with --client {file.client[:80]}; otherwise "
            f"name the folder with the keys of {client}.",
        )
    if len({key.keyid for key in file.keys}) != len(file.keys):
        raise _bad(path, "a key is in it twice")
    for key in file.keys:
        _check_pem(path, key)
    return file


def _check_pem(path: Path, key: TrustedKey) -> None:
    """The id must follow from the key: otherwise one key could be passed off as another."""
    try:
        found = public_key(key.public_pem, key.name)
    except InputError as error:
        raise _bad(path, f"the key {key.name[:80]!r} is not an Ed25519 public key") from error
    if found.keyid != key.keyid:
        raise _bad(path, f"the id of key {key.name[:80]!r} does not belong to it")


def _save(trust: Path, file: _KeysFile) -> None:
    text = json.dumps(file.model_dump(mode="json"), indent=2, ensure_ascii=False)
    replace(trust / _KEYS, (text + "\n").encode(), mode=0o644)


def _parse(path: Path, data: bytes, model: type[_M]) -> _M:
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_no_duplicates)
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top"
        raise _bad(path, f"at {place}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise _bad(path, str(error)[:200] or "it is not JSON") from error


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is given twice")
    return found


def _read(path: Path) -> bytes:
    try:
        return read_regular(path, _LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise _bad(path, getattr(error, "strerror", None) or str(error)) from error


def _inside(trust: Path, path: Path) -> Path:
    """Certificates lie in the trust folder, so that one folder holds all we believe."""
    if path.is_absolute() or ".." in path.parts:
        raise _bad(trust / _TSA, f"{str(path)[:80]!r} is outside the trust folder")
    return trust / path


def _bad(path: Path, why: str) -> InputError:
    return InputError(
        "bad-anchors",
        f"{path} cannot be used: {why}.",
        "Put it right, or put it back from version control; nothing was trusted.",
    )
