"""Trusted time (RFC 3161): somebody else's signed word that the chain's head existed.

An operator's clock proves nothing to a third party. A token from a time-stamping
authority (TSA) over the head fixes everything before it. When there is none, the
ledger says so and why; it never pretends.
"""

from __future__ import annotations

import contextlib
import http.client
import secrets
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from sluis.errors import EvidenceError
from sluis.evidence.anchors import Anchors, Tsa
from sluis.evidence.canonical import sha256
from sluis.evidence.chain import CLOCK_TOLERANCE
from sluis.evidence.files import make_folder, read_regular, write_new
from sluis.evidence.keys import OperatorKey
from sluis.evidence.ledger import Ledger
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Timestamp
from sluis.evidence.statements import Statement

#: seconds that one request may take in all
_PATIENCE = 20.0
_LARGEST_REPLY = 1024 * 1024
_LARGEST_CERTIFICATE = 1024 * 1024


def stamp(
    dossier: Path, ledger: Ledger, anchors: Anchors, key: OperatorKey, at_gate: str, now: datetime
) -> Statement[Timestamp]:
    """Get trusted time over the ledger's head, or record why there is none.

    The token is kept as an object and, for public tools, as a file in
    ``timestamps/``. Its imprint is the SHA-256 of the head's own file.

    Args:
        at_gate: at which point of the change this is asked.
        now: aware UTC, for the statement; the trusted time is the TSA's.

    Raises:
        EvidenceError: ``nothing-to-stamp`` for an empty ledger; also as
            :meth:`Ledger.append`. A TSA that fails is no error: it is recorded.
    """
    newest = ledger.newest()
    if newest is None:
        raise EvidenceError(
            "nothing-to-stamp",
            f"The ledger in {dossier} is empty.",
            "Record something first.",
        )
    number, head = newest
    if anchors.tsa is None:
        body = _none(head, at_gate, "no service for it is configured (tsa.json)")
    else:
        where = _without_query(anchors.tsa.url)
        try:
            token = request_token(anchors.tsa, head)
        except EvidenceError as error:
            body = _none(head, at_gate, f"{where}: {error.what}")
        else:
            digest = ObjectStore(dossier).put(token.der)
            _keep_file(dossier, number, digest, token.der)
            body = Timestamp(
                head=sha256(head), at_gate=at_gate, token_object=digest, tsa=where, time=token.time
            )
    return ledger.append(body, key=key, now=now, subjects={"head": body.head})  # type: ignore[return-value]


def demand_right_clock(anchors: Anchors, now: Callable[[], datetime]) -> None:
    """Refuse to go on by a clock that trusted time contradicts, before anything is recorded by it.

    Every time in a ledger is this machine's. By a wrong one an old copy counts as fresh and a
    sign-off that ended as valid, and nobody can set it right in the ledger afterwards.

    Args:
        anchors: with the service that we believe; without one, nobody can tell.
        now: this machine's clock, aware UTC.

    Raises:
        EvidenceError: ``clock-wrong``. A service that gives no time is no error here: what is
            recorded next says so, and why.
    """
    if anchors.tsa is None:
        return
    before = now()
    try:
        token = request_token(anchors.tsa, secrets.token_bytes(32))
    except EvidenceError:
        return
    why = clock_wrong(token.time, before, now())
    if why is not None:
        raise EvidenceError(
            "clock-wrong",
            f"{why} So nobody can say how fresh a copy is, or whether a sign-off is still valid. "
            "Nothing was changed, and nothing was recorded by that clock now.",
            "Set the clock of this machine right (timedatectl set-ntp true; timedatectl), and "
            "start with prepare again. If this machine is right, ask who runs the service.",
        )


def clock_wrong(trusted: datetime, before: datetime, after: datetime) -> str | None:
    """How far this machine's clock is off, in a sentence; ``None`` within what verify allows.

    Args:
        trusted: the time of a token.
        before: this machine's clock when it was asked for.
        after: when it had come.
    """
    if trusted + CLOCK_TOLERANCE < before:
        off, words = before - trusted, "ahead of"
    elif after + CLOCK_TOLERANCE < trusted:
        off, words = trusted - after, "behind"
    else:
        return None
    return (
        f"The clock of this machine says {after:%Y-%m-%dT%H:%M:%SZ}. That is "
        f"{off.total_seconds():,.0f} s {words} trusted time."
    )


@dataclass(frozen=True)
class Token:
    """A verified token: the whole reply (DER), and the time it vouches for."""

    der: bytes
    time: datetime


def request_token(tsa: Tsa, message: bytes) -> Token:
    """Ask the TSA for a token over ``message`` and verify it at once.

    Raises:
        EvidenceError: ``tsa-unreachable`` or ``token-bad`` (refused, forged, over
            something else, another nonce, not by a certificate we believe).
    """
    request = TimestampRequestBuilder(
        data=message, hash_algorithm=HashAlgorithm.SHA256, nonce=True, cert_req=True
    ).build()
    try:
        reply = _post(tsa.url, request.as_bytes())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise EvidenceError(
            "tsa-unreachable",
            f"The trusted-time service did not answer as it should: {error}.",
            "Check its address and the network; stamp again at the next gate.",
        ) from error
    return check_token(reply, message, tsa, request.nonce)


def check_token(der: bytes, message: bytes, tsa: Tsa, nonce: int | None = None) -> Token:
    """Verify a token offline, against the certificates we believe.

    Args:
        der: the whole time-stamp reply, DER.
        message: what it must cover.
        nonce: the one that was asked with, when the answer is fresh.

    Raises:
        EvidenceError: ``token-bad``, ``certificate-bad``.
    """
    believed = _certificates(tsa.certificates)
    # a service changes its signing certificate now and then: any that we believe will do
    signers = [item for item in believed if not _is_authority(item)]
    for signer in signers[:-1]:
        with contextlib.suppress(EvidenceError):
            return _check(der, message, nonce, believed, signer)
    return _check(der, message, nonce, believed, signers[-1] if signers else None)


def _check(
    der: bytes,
    message: bytes,
    nonce: int | None,
    believed: list[x509.Certificate],
    signer: x509.Certificate | None,
) -> Token:
    roots = [item for item in believed if item.subject == item.issuer]
    try:
        builder = VerifierBuilder(
            nonce=nonce,
            roots=roots or believed,
            intermediates=[i for i in believed if i not in roots and _is_authority(i)],
            tsa_certificate=signer,
        )
        reply = decode_timestamp_response(der)
        builder.build().verify_message(reply, message)
        moment = reply.tst_info.gen_time
    except (VerificationError, ValueError, TypeError, AttributeError) as error:
        raise EvidenceError(
            "token-bad",
            f"The time-stamp token does not hold: {str(error)[:300]}.",
            "Rely on no time from it; find out who made it.",
        ) from error
    return Token(der, moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would take the request to a place nobody chose."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> None:
        return None


def _post(url: str, query: bytes) -> bytes:
    deadline = time.monotonic() + _PATIENCE
    request = urllib.request.Request(  # noqa: S310 - the model of tsa.json lets http(s) through only
        url, data=query, headers={"Content-Type": "application/timestamp-query"}, method="POST"
    )
    reply = bytearray()
    handlers: list[type[urllib.request.BaseHandler] | urllib.request.BaseHandler] = [_NoRedirect]
    if request.host.partition(":")[0] in ("127.0.0.1", "localhost"):
        handlers.append(urllib.request.ProxyHandler({}))  # no proxy reaches this machine itself
    with urllib.request.build_opener(*handlers).open(request, timeout=_PATIENCE) as answer:
        while block := answer.read1(64 * 1024):
            reply += block
            if len(reply) > _LARGEST_REPLY:
                raise ValueError("the answer is too large")
            if time.monotonic() > deadline:
                raise TimeoutError("the answer took too long")
    return bytes(reply)


def _certificates(paths: Iterable[Path]) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for path in paths:
        try:
            data = read_regular(path, _LARGEST_CERTIFICATE)
            found += x509.load_pem_x509_certificates(data)
        except (OSError, ValueError) as error:
            raise EvidenceError(
                "certificate-bad",
                f"The certificate {path} cannot be read: {error}.",
                "Put it back in the trust folder, in PEM.",
            ) from error
    return list(dict.fromkeys(found))


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _keep_file(dossier: Path, number: int, digest: str, token: bytes) -> None:
    folder = dossier / "timestamps"
    path = folder / f"{number:06d}-{digest[:16]}.tsr"
    try:
        make_folder(folder)
        write_new(path, token)
    except FileExistsError:
        return
    except OSError as error:
        raise EvidenceError(
            "cannot-write",
            f"{path} could not be kept: {error.strerror or error}.",
            "Check free space and rights of the dossier's folder, and try again.",
        ) from error


def _none(head: bytes, at_gate: str, why: str) -> Timestamp:
    return Timestamp(
        head=sha256(head), at_gate=at_gate, no_trusted_time=f"no trusted time: {why}"[:1000]
    )


def _without_query(url: str) -> str:
    """The address without what may be somebody's access code; that is no evidence."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
