"""JSON Web Tokens, as far as the token endpoint needs them: make, take apart, check.

Own code and not a library's, because the endpoint must be strict about what a client's
library sends: the algorithm, the certificate's fingerprint in the header, the types of
the times.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import Any, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

Algorithm = Literal["RS256", "PS256"]

#: longer than any token that is sent in earnest
_LONGEST = 16_384


class JwtError(ValueError):
    """This is not a token, or not one of the kind that is wanted."""


@dataclass(frozen=True)
class Jwt:
    """A token taken apart; nothing about it is checked yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    def __repr__(self) -> str:
        return "Jwt(…)"  # a bearer token is a secret


def encode_part(data: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode_part(text: str) -> bytes:
    """Base64url without padding, and nothing else.

    Raises:
        JwtError: for any other text.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise JwtError("not base64url") from error
    if encode_part(data) != text:
        raise JwtError("not the one base64url spelling")
    return data


def make_jwt(header: dict[str, Any], claims: dict[str, Any], key: RSAPrivateKey) -> str:
    """A token signed with RS256.

    Args:
        header: further header members; ``alg`` and ``typ`` are set here.
        claims: the payload.
        key: the issuer's key.
    """
    head = {"typ": "JWT", "alg": "RS256", **header}
    signed = f"{_json_part(head)}.{_json_part(claims)}"
    signature = key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
    return f"{signed}.{encode_part(signature)}"


def parse_jwt(token: str) -> Jwt:
    """Take a token apart.

    Raises:
        JwtError: when it is not three base64url parts of which two are JSON objects.
    """
    if len(token) > _LONGEST:
        raise JwtError("too long")
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise JwtError("not three parts")
    head, payload, signature = parts
    return Jwt(
        _object(decode_part(head)),
        _object(decode_part(payload)),
        f"{head}.{payload}".encode("ascii"),
        decode_part(signature),
    )


def signature_holds(token: Jwt, key: RSAPublicKey, algorithm: Algorithm) -> bool:
    """Whether the token was signed by the holder of this key, with this algorithm."""
    if token.header.get("alg") != algorithm:
        return False
    scheme: padding.PKCS1v15 | padding.PSS
    if algorithm == "PS256":
        # RFC 7518 3.5: the salt is as long as the hash
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256.digest_size)
    else:
        scheme = padding.PKCS1v15()
    try:
        key.verify(token.signature, token.signed, scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def numeric_date(claims: dict[str, Any], name: str) -> float | None:
    """A time claim in seconds since 1970, or ``None`` when it is not there.

    MSAL for Python sends floats, others whole numbers; both are numeric dates (RFC 7519 2).

    Raises:
        JwtError: when it is there and is no number.
    """
    if name not in claims:
        return None
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise JwtError(f"{name} is not a number")
    return float(value)


def _json_part(data: dict[str, Any]) -> str:
    return encode_part(json.dumps(data, separators=(",", ":")).encode())


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise JwtError("not JSON") from error
    if not isinstance(value, dict):
        raise JwtError("not a JSON object")
    return value
