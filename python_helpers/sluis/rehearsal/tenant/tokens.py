"""The token endpoint: OpenID discovery, keys, and tokens for client credentials.

An app proves who it is by its secret (in the form or as HTTP Basic, which Go's oauth2
tries first) or by an assertion that its certificate signed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from aiohttp import web

from sluis.rehearsal.tenant.aadsts import TokenError
from sluis.rehearsal.tenant.access_token import TokenIssuer
from sluis.rehearsal.tenant.client_assertion import ASSERTION_TYPE, AssertionCheck
from sluis.rehearsal.tenant.credentials import RegisteredApp

#: where clients that believe in the real service think that the authority is
_REAL_AUTHORITIES = (
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
)
#: the real name of Graph, the resource of a scope that names none
GRAPH = "https://graph.microsoft.com"
#: from this life on the service also says when to renew ahead of time, seconds
_LONG_LIVED = 7_200
#: largest body of a token request, bytes; an assertion takes a few thousand
_LARGEST_FORM = 64 * 1024
_MOST_FIELDS = 50


class TokenEndpoint:
    """Answers for one tenant.

    Args:
        issuer: makes the tokens and knows the apps.
    """

    def __init__(self, issuer: TokenIssuer) -> None:
        self.issuer = issuer
        self.issued = 0
        self._assertions = AssertionCheck()
        authority = f"/{issuer.tenant_id}"
        bases = [issuer.authority.removesuffix(authority), *_REAL_AUTHORITIES]
        self._audiences = frozenset(
            f"{base}{authority}{end}"
            for base in bases
            for end in ("", "/", "/v2.0", "/oauth2/v2.0/token")
        )

    def routes(self) -> list[web.RouteDef]:
        """What the server has to serve, beside Graph itself."""
        return [
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._discovery),
            web.get("/{tenant}/discovery/v2.0/keys", self._keys),
            web.post("/{tenant}/oauth2/v2.0/token", self._token),
        ]

    def discovery(self) -> dict[str, Any]:
        """The OpenID configuration."""
        authority = self.issuer.authority
        return {
            "token_endpoint": f"{authority}/oauth2/v2.0/token",
            "token_endpoint_auth_methods_supported": [
                "client_secret_post",
                "private_key_jwt",
                "client_secret_basic",
            ],
            "jwks_uri": f"{authority}/discovery/v2.0/keys",
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "issuer": self.issuer.issuer,
            "authorization_endpoint": f"{authority}/oauth2/v2.0/authorize",
            "tenant_region_scope": "EU",
        }

    def answer(self, form: Mapping[str, str], authorization: str = "") -> dict[str, Any]:
        """The answer to a token request.

        Args:
            form: the fields that were posted.
            authorization: the Authorization header, when there is one.

        Raises:
            TokenError: with the OAuth error and the AADSTS number.
        """
        if not form.get("grant_type"):
            raise _missing("grant_type")
        if form["grant_type"] != "client_credentials":
            raise TokenError(
                "unsupported_grant_type",
                70003,
                "The app requested an unsupported grant type. "
                "The rehearsal tenant knows client_credentials.",
            )
        given_id, given_secret = _basic(authorization)
        app = self._app(form.get("client_id") or given_id)
        by_certificate = self._prove(app, form, given_secret)
        audience = self._audience(form.get("scope", ""))
        seconds = app.settings.token_seconds
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "expires_in": seconds,
            "ext_expires_in": seconds,
            "access_token": self.issuer.issue(app, audience, by_certificate),
        }
        if seconds >= _LONG_LIVED:
            answer["refresh_in"] = seconds // 2
        self.issued += 1
        return answer

    def _app(self, client_id: str) -> RegisteredApp:
        app = self.issuer.apps.get(client_id.lower())
        if app is None:
            raise TokenError(
                "unauthorized_client",
                700016,
                "Application with this identifier was not found in the directory "
                f"'{self.issuer.tenant_id}'.",
            )
        return app

    def _prove(self, app: RegisteredApp, form: Mapping[str, str], basic_secret: str) -> bool:
        assertion = form.get("client_assertion", "")
        secret = form.get("client_secret") or basic_secret
        if assertion:
            if form.get("client_assertion_type") != ASSERTION_TYPE:
                raise _missing("client_assertion_type")
            self._assertions.check(assertion, app, self._audiences, self.issuer.clock.wall())
            return True
        if not secret:
            raise TokenError(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: "
                "'client_assertion' or 'client_secret'.",
            )
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
        if not hmac.compare_digest(digest, app.secret_sha256):
            raise TokenError(
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is "
                "the client secret value, not the client secret ID.",
            )
        return False

    def _audience(self, scope: str) -> str:
        scopes = [
            one for one in scope.split() if one not in ("openid", "profile", "offline_access")
        ]
        if not scopes:
            raise _missing("scope")
        if scopes == [".default"]:
            # a scope that names no resource means Graph; rclone 1.75 sends just this
            return GRAPH
        if len(scopes) != 1 or not scopes[0].endswith("/.default"):
            raise TokenError(
                "invalid_scope",
                1002012,
                "The provided value for scope is not valid. Client credential flows must have a "
                "scope value with /.default suffixed to the resource identifier.",
            )
        audience = scopes[0].removesuffix("/.default").rstrip("/")
        if audience not in self.issuer.audiences:
            raise TokenError(
                "invalid_resource",
                500011,
                "The resource principal of this scope was not found in the tenant.",
            )
        return audience

    def _right_tenant(self, request: web.Request) -> None:
        if request.match_info["tenant"].lower() != self.issuer.tenant_id:
            raise TokenError(
                "invalid_request",
                90002,
                "Tenant not found. Check to make sure you have the correct tenant ID and are "
                "signing into the correct cloud.",
            )

    async def _discovery(self, request: web.Request) -> web.Response:
        try:
            self._right_tenant(request)
        except TokenError as error:
            return self._refuse(error, request)
        return web.json_response(self.discovery())

    async def _keys(self, request: web.Request) -> web.Response:
        try:
            self._right_tenant(request)
        except TokenError as error:
            return self._refuse(error, request)
        return web.json_response(self.issuer.keys())

    async def _token(self, request: web.Request) -> web.Response:
        try:
            self._right_tenant(request)
            form = await _form(request)
            answer = self.answer(form, request.headers.get("Authorization", ""))
        except TokenError as error:
            return self._refuse(error, request)
        return web.json_response(answer, headers=_NOT_KEPT)

    def _refuse(self, error: TokenError, request: web.Request) -> web.Response:
        body = error.body(self.issuer.clock.now(), request.headers)
        return web.json_response(body, status=error.status, headers=_NOT_KEPT)


_NOT_KEPT = {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}


async def _form(request: web.Request) -> dict[str, str]:
    """The fields that were posted; none when the body is no form, or too large for one.

    Read here and not by the web server, whose errors name the line they stumble over: it
    could hold a secret.
    """
    if request.content_type != "application/x-www-form-urlencoded":
        return {}
    body = bytearray()
    async for piece in request.content.iter_chunked(_LARGEST_FORM):
        body += piece
        if len(body) > _LARGEST_FORM:
            return {}
    text = body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS))
    except ValueError:
        return {}


def _missing(name: str) -> TokenError:
    return TokenError(
        "invalid_request",
        900144,
        f"The request body must contain the following parameter: '{name}'.",
    )


def _basic(authorization: str) -> tuple[str, str]:
    """Client id and secret out of HTTP Basic (RFC 6749 2.3.1: both are form-encoded)."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(rest.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)
