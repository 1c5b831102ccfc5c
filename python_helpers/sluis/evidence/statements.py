"""A statement: one fact, signed, and bound to the statement before it.

An in-toto Statement v1 in canonical JSON, inside a DSSE envelope signed with
Ed25519. The signed bytes are kept as they are; nothing is ever encoded again.
Sources: in-toto Attestation Framework v1 (statement), DSSE v1 (envelope, PAE).
"""

from __future__ import annotations

import binascii
import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Generic, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from typing_extensions import TypeVar

from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, parse_canonical, sha256, spelled_at
from sluis.evidence.keys import OperatorKey
from sluis.evidence.predicates import PREDICATES, Body, Sha256, Shown, predicate_type
from sluis.evidence.signing_library import (
    Envelope,
    Signature,
    SSlibKey,
    UnverifiedSignatureError,
)

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
#: the subject that is always there: the digest of the body's canonical JSON
BODY_SUBJECT = "body"
_DOCUMENTS = "documents/"

B_co = TypeVar("B_co", bound=Body, default=Body, covariant=True)


@dataclass(frozen=True)
class Statement(Generic[B_co]):
    """One statement that was read and whose own signature holds.

    ``sha256`` is the digest of the envelope file's bytes: its name in the chain.
    ``previous`` is that of the statement before it. ``recorded_at`` is the
    operator's clock. ``subjects`` maps names to SHA-256 digests.
    """

    number: int
    sha256: str
    client: str
    change: str
    kind: str
    body: B_co
    previous: str | None
    recorded_at: datetime
    recorded_by: str
    keyid: str
    subjects: dict[str, str]


@dataclass(frozen=True)
class Sealed:
    """An envelope as it was found: the exact payload, who signed, the signature.

    ``sha256`` is the digest of the whole envelope's bytes.
    """

    payload: bytes
    payload_type: str
    keyid: str
    signature: bytes
    sha256: str

    def holds(self, key: SSlibKey) -> bool:
        """Whether ``key`` made this signature over exactly these bytes."""
        pae = Envelope(self.payload, self.payload_type, {}).pae()
        try:
            key.verify_signature(Signature(self.keyid, self.signature.hex()), pae)
        except UnverifiedSignatureError:
            return False
        return True


def seal(payload: bytes, payload_type: str, key: OperatorKey) -> bytes:
    """Sign ``payload``; return the envelope as it goes to disk (canonical JSON)."""
    envelope = Envelope(payload, payload_type, {})
    envelope.sign(key.signer)
    return canonical(envelope.to_dict())


def unseal(data: bytes, payload_type: str) -> Sealed:
    """Take an envelope apart. Says nothing yet about the signature.

    The envelope must be spelled the one way that :func:`seal` spells it, so that
    not one byte of the file is without meaning.

    Raises:
        EvidenceError: ``envelope-unreadable``.
    """
    start = b'{"payload":"'
    tail = data[-_TAIL_LENGTH - len(payload_type) :]
    found = _TAIL.fullmatch(tail)
    if found is None or found["type"] != payload_type.encode() or not data.startswith(start):
        raise _bad_envelope("it is not a DSSE envelope of the right kind with one signature")
    try:
        payload = _unbase64(data[len(start) : -len(tail)])
        signature = _unbase64(found["sig"])
    except binascii.Error as error:
        raise _bad_envelope(str(error)) from error
    return Sealed(payload, payload_type, found["keyid"].decode(), signature, sha256(data))


def write_payload(
    body: Body,
    *,
    client: str,
    change: str,
    number: int,
    previous: str | None,
    recorded_at: datetime,
    recorded_by: str,
    subjects: Mapping[str, str],
) -> bytes:
    """Return the in-toto Statement to be signed, as canonical JSON.

    Args:
        subjects: names and digests beyond the body and its objects.

    Raises:
        EvidenceError: ``cannot-record`` (see :func:`canonical`), ``bad-subject``.
    """
    content = body.model_dump(mode="json")
    named = dict(subjects)
    required = {BODY_SUBJECT: sha256(canonical(content)), **dict(_objects(type(body), content))}
    for name, digest in required.items():
        if named.setdefault(name, digest) != digest:
            raise EvidenceError(
                "bad-subject",
                f"The subject {name[:80]!r} is given a digest that is not its own.",
                "Leave it out; it is filled in from the body.",
            )
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {"name": name, "digest": {"sha256": digest}}
                for name, digest in sorted(named.items())
            ],
            "predicateType": predicate_type(type(body)),
            "predicate": {
                "client": client,
                "change": change,
                "number": number,
                "previous": previous,
                "recorded_at": _time(recorded_at),
                "recorded_by": recorded_by,
                "body": content,
            },
        }
    )


def read_payload(sealed: Sealed) -> Statement:
    """Read a statement from its signed bytes. Whoever calls checks the signature.

    Raises:
        EvidenceError: ``not-json``, ``not-canonical``, ``unknown-predicate``,
            ``statement-unreadable``, ``subject-mismatch``.
    """
    value = parse_canonical(sealed.payload)
    kind = value.get("predicateType") if isinstance(value, dict) else None
    model = _MODELS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise EvidenceError(
            "unknown-predicate",
            f"This version does not know statements of the kind {str(kind)[:100]!r}.",
            "Read the dossier with the version that wrote it, or a newer one.",
        )
    try:
        wire = _wire(model).model_validate_json(sealed.payload, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise EvidenceError(
            "statement-unreadable",
            f"A {model.kind} statement is not as it should be, at {place}: {first['msg']}.",
            "Read the dossier with the version that wrote it, or a newer one.",
        ) from error
    content = value["predicate"]["body"]
    named = {subject.name: subject.digest.sha256 for subject in wire.subject}
    required = {BODY_SUBJECT: sha256(spelled_at(content, sealed.payload, _BODY_STARTS))}
    if model is Shown or _NAMES_OBJECT in sealed.payload:
        required.update(_objects(model, content))
    if len(named) != len(wire.subject) or not required.items() <= named.items():
        raise EvidenceError(
            "subject-mismatch",
            f"A {model.kind} statement names other subjects than its body speaks of.",
            "Do not rely on it; the program that wrote it was not ours.",
        )
    told = wire.predicate
    return Statement(
        number=told.number,
        sha256=sealed.sha256,
        client=told.client,
        change=told.change,
        kind=model.kind,
        body=told.body,
        previous=told.previous,
        recorded_at=datetime.fromisoformat(told.recorded_at),
        recorded_by=told.recorded_by,
        keyid=sealed.keyid,
        subjects=named,
    )


def know_all_kinds() -> None:
    """Build the models of all kinds now. They are otherwise built when first needed.

    For a process that forks workers: what is built before need not be built in each.
    """
    for model in _MODELS.values():
        _wire(model)


def named_objects(statement: Statement) -> dict[str, str]:
    """Objects that a statement speaks of: by field name, and for :class:`Shown` by title.

    Taken from the subjects, which hold every one of them (:func:`read_payload`).
    """
    return {
        name: digest
        for name, digest in statement.subjects.items()
        if name.endswith("_object") or name.startswith(_DOCUMENTS)
    }


class _Exact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Digests(_Exact):
    sha256: Sha256


class _Subject(_Exact):
    name: str
    digest: _Digests


_B = TypeVar("_B", bound=Body)


class _Predicate(_Exact, Generic[_B]):
    client: str
    change: str
    number: int = Field(ge=1)
    previous: Sha256 | None
    recorded_at: str = Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
    recorded_by: str
    body: _B


class _Wire(_Exact, Generic[_B]):
    type_: Literal["https://in-toto.io/Statement/v1"] = Field(alias="_type")
    subject: tuple[_Subject, ...]
    predicate_type: str = Field(alias="predicateType")
    predicate: _Predicate[_B]


_MODELS: dict[str, type[Body]] = {predicate_type(model): model for model in PREDICATES.values()}

#: everything in an envelope after the payload; it has one length for each payload type
_TAIL = re.compile(
    rb'","payloadType":"(?P<type>[a-z0-9./+-]+)",'
    rb'"signatures":\[\{"keyid":"(?P<keyid>[0-9a-f]{64})","sig":"(?P<sig>[A-Za-z0-9+/]{86}==)"\}\]\}'
)


#: in a canonical statement the body always starts here, for keys are sorted
_BODY_STARTS = len(f'{{"_type":"{STATEMENT_TYPE}","predicate":{{"body":')


#: stands in canonical JSON wherever a field that ends in ``_object`` holds text
_NAMES_OBJECT = b'_object":"'


_TAIL_LENGTH = len('","payloadType":"","signatures":[{"keyid":"","sig":""}]}') + 64 + 88


@functools.cache
def _wire(model: type[Body]) -> type[_Wire[Any]]:
    return _Wire[model]  # type: ignore[valid-type]


def _objects(model: type[Body], content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every field that ends in ``_object``, however deep, and the documents of Shown."""
    if model is Shown:
        for title, digest in content["documents"].items():
            yield f"{_DOCUMENTS}{title}", digest
    yield from _walk("", content)


def _walk(place: str, value: Any) -> Iterator[tuple[str, str]]:
    pairs: Iterator[tuple[str, Any]]
    if isinstance(value, dict):
        pairs = iter(value.items())
    elif isinstance(value, list):
        pairs = ((str(index), item) for index, item in enumerate(value))
    else:
        return
    for name, item in pairs:
        if isinstance(item, str):
            if name.endswith("_object"):
                yield f"{place}{name}", item
        elif item is not None:
            yield from _walk(f"{place}{name}/", item)


def _unbase64(text: bytes) -> bytes:
    data = binascii.a2b_base64(text, strict_mode=True)
    # base64 has spare bits at its end; they must be nought, or a byte could differ unseen
    if binascii.b2a_base64(data, newline=False) != text:
        raise binascii.Error("base64 with spare bits")
    return data


def _time(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise EvidenceError(
            "cannot-record", "A time has no time zone.", "Give an aware time, in UTC."
        )
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _bad_envelope(why: str) -> EvidenceError:
    return EvidenceError(
        "envelope-unreadable",
        f"The statement file cannot be read: {why}.",
        "Put the original file back from a copy of the dossier.",
    )
