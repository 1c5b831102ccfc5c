"""Access tokens: issued for an app, and recognised when they come back."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.credentials import RegisteredApp
from sluis.rehearsal.tenant.jwt import (
    JwtError,
    encode_part,
    make_jwt,
    numeric_date,
    parse_jwt,
    signature_holds,
)
from sluis.rehearsal.tenant.rights import Caller

#: how many checked tokens are remembered; checking a signature costs more than most answers
_REMEMBERED = 1_000


class TokenIssuer:
    """Issues and recognises the tenant's access tokens.

    Args:
        tenant_id: the tenant.
        authority: ``https://host:port/<tenant id>``, without a slash at its end.
        audiences: addresses of Graph for which tokens are issued, without a slash.
        apps: the registered apps.
        clock: the tenant's clock; tokens go by its steady time.
        key: signs the tokens; a fresh one by default.
    """

    def __init__(
        self,
        tenant_id: str,
        authority: str,
        audiences: Iterable[str],
        apps: Iterable[RegisteredApp],
        clock: Clock,
        key: rsa.RSAPrivateKey | None = None,
    ) -> None:
        self.tenant_id = tenant_id
        self.authority = authority
        self.issuer = f"{authority}/v2.0"
        self.audiences = frozenset(audiences)
        self.apps = {app.client_id: app for app in apps}
        self.clock = clock
        self._key = key or rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = self._key.public_key()
        self._checked: OrderedDict[str, tuple[Caller, float, float]] = OrderedDict()

    def issue(self, app: RegisteredApp, audience: str, by_certificate: bool) -> str:
        """An access token for this app.

        Args:
            app: for whom.
            audience: one of ``audiences``.
            by_certificate: how the app proved who it is; told in ``appidacr``.
        """
        now = int(self.clock.steady())
        claims: dict[str, Any] = {
            "aud": audience,
            "iss": self.issuer,
            "iat": now,
            "nbf": now,
            "exp": now + app.settings.token_seconds,
            "app_displayname": app.settings.name,
            "appid": app.client_id,
            "appidacr": "2" if by_certificate else "1",
            "idtyp": "app",
            "oid": _object_id(app.client_id),
            "sub": _object_id(app.client_id),
            "roles": sorted(app.settings.permissions),
            "tid": self.tenant_id,
            "uti": encode_part(uuid.uuid4().bytes),
            "ver": "1.0",
        }
        return make_jwt({"kid": self._key_id(), "x5t": self._key_id()}, claims, self._key)

    def caller(self, authorization: str) -> Caller:
        """Whose token this is.

        Args:
            authorization: the request's Authorization header.

        Raises:
            ApiError: 401 for no token, a bad, an expired or a foreign one.
        """
        scheme, _, token = authorization.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise self._unauthorized("Access token is empty.")
        now = self.clock.steady()
        known = self._checked.get(token)
        if known is None:
            known = self._check(token)
            self._checked[token] = known
            if len(self._checked) > _REMEMBERED:
                self._checked.popitem(last=False)
        caller, starts, expires = known
        if now >= expires:
            raise self._unauthorized("Lifetime validation failed, the token is expired.")
        if now < starts - 1:
            raise self._unauthorized("Lifetime validation failed, the token is not yet valid.")
        return caller

    def keys(self) -> dict[str, Any]:
        """The public keys, as a JWK set."""
        numbers = self._public.public_numbers()
        return {
            "keys": [
                {
                    "kty": "RSA",
                    "use": "sig",
                    "alg": "RS256",
                    "kid": self._key_id(),
                    "x5t": self._key_id(),
                    "n": encode_part(_big_endian(numbers.n)),
                    "e": encode_part(_big_endian(numbers.e)),
                    "issuer": self.issuer,
                }
            ]
        }

    def _check(self, text: str) -> tuple[Caller, float, float]:
        try:
            token = parse_jwt(text)
            starts = numeric_date(token.claims, "nbf")
            expires = numeric_date(token.claims, "exp")
        except JwtError as error:
            raise self._unauthorized("IDX14100: JWT is not well formed.") from error
        if not signature_holds(token, self._public, "RS256"):
            raise self._unauthorized("Access token validation failure. Invalid signature.")
        claims = token.claims
        if claims.get("iss") != self.issuer or claims.get("tid") != self.tenant_id:
            raise self._unauthorized("Access token validation failure. Invalid issuer.")
        if claims.get("aud") not in self.audiences:
            raise self._unauthorized("Access token validation failure. Invalid audience.")
        app = self.apps.get(str(claims.get("appid")))
        if app is None or starts is None or expires is None:
            raise self._unauthorized("Access token validation failure.")
        return Caller(app.client_id, frozenset(claims.get("roles", ()))), starts, expires

    def challenged(self) -> ApiError:
        """The answer to a token that was good until something changed (claims challenge)."""
        wanted = base64.b64encode(
            json.dumps(
                {
                    "access_token": {
                        "nbf": {"essential": True, "value": str(int(self.clock.steady()))}
                    }
                }
            ).encode()
        ).decode("ascii")
        error = self._unauthorized(
            "Continuous access evaluation resulted in challenge with result: InteractionRequired "
            "and code: TokenIssuedBeforeRevocationTimestamp"
        )
        error.headers["WWW-Authenticate"] += f', error="insufficient_claims", claims="{wanted}"'
        return error

    def _unauthorized(self, message: str) -> ApiError:
        challenge = (
            f'Bearer realm="", authorization_uri="{self.authority}/oauth2/v2.0/authorize", '
            'client_id="00000003-0000-0000-c000-000000000000"'
        )
        return ApiError(
            401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge}
        )

    def _key_id(self) -> str:
        digest = hashlib.sha256(_big_endian(self._public.public_numbers().n)).digest()
        return base64.urlsafe_b64encode(digest[:20]).rstrip(b"=").decode("ascii")


def _object_id(client_id: str) -> str:
    return str(uuid.uuid5(uuid.UUID(client_id), "service principal"))


def _big_endian(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
