"""The check of a client assertion: a token by which an app proves that it holds its key.

Strict where the service is: the algorithm must fit the fingerprint in the header (PS256
with ``x5t#S256``; RS256 with the older SHA-1 ``x5t``), the audience must be this tenant's
token endpoint, issuer and subject must be the app, and the times must hold. Source:
learn.microsoft.com, "Microsoft identity platform application authentication certificate
credentials"; MSAL for Python 1.39 sends ``exp`` and ``iat`` as floats.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from sluis.rehearsal.tenant.aadsts import TokenError
from sluis.rehearsal.tenant.credentials import RegisteredApp
from sluis.rehearsal.tenant.jwt import (
    Algorithm,
    Jwt,
    JwtError,
    decode_part,
    numeric_date,
    parse_jwt,
    signature_holds,
)

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

#: how far the clocks of client and service may lie apart, seconds
_SKEW = 300.0
#: longest life of an assertion, seconds. The service documents none; a day is generous.
_LONGEST_LIFE = 86_400.0
#: how many used ``jti`` are remembered at most
_REMEMBERED = 100_000


class AssertionCheck:
    """Checks assertions and remembers which were used."""

    def __init__(self) -> None:
        self._used: dict[tuple[str, str], tuple[bytes, float]] = {}

    def check(
        self, assertion: str, app: RegisteredApp, audiences: Collection[str], now: float
    ) -> None:
        """Accept the assertion or say what is wrong with it.

        Args:
            assertion: the compact token.
            app: whose assertion it must be.
            audiences: addresses that mean this token endpoint.
            now: seconds since 1970 on the *wall's* clock, by which the client dates it.

        Raises:
            TokenError: ``invalid_client``, with the AADSTS number of the fault.
        """
        try:
            token = parse_jwt(assertion)
            self._check_parsed(token, app, audiences, now)
        except JwtError as error:
            raise _refused(50027, f"JWT token is invalid or malformed: {error}.") from error

    def _check_parsed(
        self, token: Jwt, app: RegisteredApp, audiences: Collection[str], now: float
    ) -> None:
        _check_signature(token, app)
        claims = token.claims
        if claims.get("iss") != app.client_id or claims.get("sub") != app.client_id:
            raise _refused(
                700021,
                "Client assertion application identifier doesn't match 'client_id' parameter.",
            )
        if claims.get("aud") not in audiences:
            raise _refused(700023, "Client assertion audience claim does not match Realm issuer.")
        expires = _check_times(token, now)
        self._check_reuse(token, app, expires, now)

    def _check_reuse(self, token: Jwt, app: RegisteredApp, expires: float, now: float) -> None:
        name = token.claims.get("jti")
        if not isinstance(name, str) or not name:
            raise _refused(50027, "JWT token is invalid or malformed: it has no jti.")
        digest = hashlib.sha256(token.signed).digest()
        used = self._used.get((app.client_id, name))
        # MSAL sends one assertion again until it expires: that alone is no attack
        if used and (app.settings.single_use_assertions or used[0] != digest):
            raise _refused(50013, "Assertion failed: its jti was used before.")
        if len(self._used) >= _REMEMBERED:
            self._used = {key: value for key, value in self._used.items() if value[1] > now}
        self._used[app.client_id, name] = (digest, expires + _SKEW)


def _check_signature(token: Jwt, app: RegisteredApp) -> None:
    certificate = x509.load_der_x509_certificate(app.certificate_der)
    algorithm = _algorithm(token, app.certificate_der)
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey) or not signature_holds(token, key, algorithm):
        raise _refused(
            700027,
            "Client assertion failed signature validation. "
            "[Reason - The key was not found or the signature does not match.]",
        )


def _algorithm(token: Jwt, certificate_der: bytes) -> Algorithm:
    algorithm = token.header.get("alg")
    if algorithm == "PS256":
        name, digest = "x5t#S256", hashlib.sha256(certificate_der).digest()
    elif algorithm == "RS256":
        # SHA-1 only names the certificate here; deprecated, and still taken
        name, digest = "x5t", hashlib.sha1(certificate_der, usedforsecurity=False).digest()
    else:
        raise _refused(50027, "JWT token is invalid or malformed: the algorithm is not taken.")
    fingerprint = token.header.get(name)
    # MSAL for Python 1.39 writes the fingerprint with padding, against RFC 7515 4.1.8
    if not isinstance(fingerprint, str) or decode_part(fingerprint.rstrip("=")) != digest:
        raise _refused(
            700027,
            "The certificate with identifier used to sign the client assertion is not "
            f"registered on application. [Reason - The key was not found by {name}.]",
        )
    return "PS256" if algorithm == "PS256" else "RS256"


def _check_times(token: Jwt, now: float) -> float:
    expires = numeric_date(token.claims, "exp")
    issued = numeric_date(token.claims, "iat")
    not_before = numeric_date(token.claims, "nbf")
    if expires is None:
        raise _refused(50027, "JWT token is invalid or malformed: it has no exp.")
    starts = [time for time in (issued, not_before) if time is not None]
    if not starts:
        raise _refused(50027, "JWT token is invalid or malformed: it has neither iat nor nbf.")
    late, early = expires + _SKEW <= now, max(starts) - _SKEW > now
    if late or early or expires <= max(starts) or expires - min(starts) > _LONGEST_LIFE:
        raise _refused(700024, "Client assertion is not within its valid time range.")
    return expires


def _refused(number: int, message: str) -> TokenError:
    return TokenError("invalid_client", number, message)
