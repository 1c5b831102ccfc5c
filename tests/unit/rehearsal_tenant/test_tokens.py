"""The token endpoint: what it takes, and every way in which it says no."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from sluis.rehearsal.tenant.aadsts import TokenError
from sluis.rehearsal.tenant.access_token import TokenIssuer
from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.client_assertion import ASSERTION_TYPE
from sluis.rehearsal.tenant.clock import Clock
from sluis.rehearsal.tenant.credentials import Credentials, RegisteredApp, make_credentials
from sluis.rehearsal.tenant.jwt import _json_part, encode_part
from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.tokens import TokenEndpoint

TENANT = "0f0f0f0f-1111-4111-8111-0123456789ab"
GRAPH = "https://127.0.10.20:4430"
AUTHORITY = f"{GRAPH}/{TENANT}"
SCOPE = f"{GRAPH}/.default"
START = 1_800_000_000.0


@cache
def key_of(owner: str) -> rsa.RSAPrivateKey:
    """One key per owner for all tests: making one is slow."""
    del owner
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.seconds = START

    def __call__(self) -> float:
        return self.seconds


class Office:
    """A token endpoint with one app."""

    def __init__(
        self, settings: AppSettings, credentials: Credentials, key: str = "tenant"
    ) -> None:
        self.hands = Hands()
        self.clock = Clock(wall=self.hands, elapsed=self.hands)
        self.credentials = credentials
        self.app = RegisteredApp(
            credentials.client_id,
            credentials.registered.secret_sha256,
            credentials.registered.certificate_der,
            settings,
        )
        audiences = (GRAPH, "https://graph.microsoft.com")
        self.issuer = TokenIssuer(TENANT, AUTHORITY, audiences, [self.app], self.clock, key_of(key))
        self.endpoint = TokenEndpoint(self.issuer)

    def by_secret(self, **changes: str) -> dict[str, Any]:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.credentials.client_id,
            "client_secret": self.credentials.secret,
            "scope": SCOPE,
        }
        return self.endpoint.answer({k: v for k, v in {**form, **changes}.items() if v})

    def by_assertion(self, assertion: str, **changes: str) -> dict[str, Any]:
        return self.by_secret(
            client_secret="",
            client_assertion=assertion,
            client_assertion_type=ASSERTION_TYPE,
            **changes,
        )

    def assertion(
        self,
        algorithm: str = "PS256",
        header: dict[str, Any] | None = None,
        key: rsa.RSAPrivateKey | None = None,
        **claims: Any,
    ) -> str:
        pem = self.credentials.certificate.read_bytes()
        der = x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)
        named = (
            {"x5t#S256": encode_part(hashlib.sha256(der).digest())}
            if algorithm == "PS256"
            else {"x5t": encode_part(hashlib.sha1(der).digest())}
        )
        head = {"typ": "JWT", "alg": algorithm, **named, **(header or {})}
        now = self.hands.seconds
        body: dict[str, Any] = {
            "aud": f"{AUTHORITY}/oauth2/v2.0/token",
            "iss": self.credentials.client_id,
            "sub": self.credentials.client_id,
            "iat": now,
            "exp": now + 600,
            "jti": "one",
            **claims,
        }
        body = {name: value for name, value in body.items() if value is not None}
        signed = f"{_json_part(head)}.{_json_part(body)}"
        loaded = serialization.load_pem_private_key(pem, None)
        assert isinstance(loaded, rsa.RSAPrivateKey)
        scheme = (
            padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            if algorithm == "PS256"
            else padding.PKCS1v15()
        )
        signature = (key or loaded).sign(signed.encode(), scheme, hashes.SHA256())
        return f"{signed}.{encode_part(signature)}"


@pytest.fixture(scope="module")
def credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return make_credentials(tmp_path_factory.mktemp("app") / "keys", AppSettings(), seed=7)


@pytest.fixture
def office(credentials: Credentials) -> Office:
    return Office(AppSettings(), credentials)


def test_the_secret_is_nowhere_but_in_its_file(credentials: Credentials) -> None:
    assert credentials.secret_file.read_text() == credentials.secret
    assert credentials.secret_file.stat().st_mode & 0o777 == 0o600
    assert credentials.certificate.stat().st_mode & 0o777 == 0o600
    assert credentials.secret not in repr(credentials)
    assert credentials.secret not in str(credentials.registered.as_json())
    assert RegisteredApp.from_json(credentials.registered.as_json()) == credentials.registered


def test_the_client_id_follows_from_the_seed_and_the_secret_does_not(
    tmp_path: Path, credentials: Credentials
) -> None:
    again = make_credentials(tmp_path / "again", AppSettings(), seed=7)
    assert again.client_id == credentials.client_id
    assert again.secret != credentials.secret


def test_a_token_for_a_secret_is_recognised(office: Office) -> None:
    answer = office.by_secret()
    assert answer["expires_in"] == 3599
    caller = office.issuer.caller(f"Bearer {answer['access_token']}")
    assert caller.client_id == office.credentials.client_id
    assert "Sites.FullControl.All" in caller.permissions


def test_a_scope_without_a_resource_means_graph(office: Office) -> None:
    answer = office.by_secret(scope=".default")
    assert office.issuer.caller(f"Bearer {answer['access_token']}")


def test_a_secret_may_come_as_http_basic(office: Office) -> None:
    pair = f"{office.credentials.client_id}:{office.credentials.secret}".encode()
    form = {"grant_type": "client_credentials", "scope": SCOPE}
    answer = office.endpoint.answer(form, f"Basic {base64.b64encode(pair).decode()}")
    assert office.issuer.caller(f"Bearer {answer['access_token']}")


@pytest.mark.parametrize(
    ("changes", "error", "number", "status"),
    [
        ({"client_secret": "wrong"}, "invalid_client", 7000215, 401),
        ({"client_secret": ""}, "invalid_client", 7000218, 401),
        ({"client_id": "11111111-1111-4111-8111-111111111111"}, "unauthorized_client", 700016, 400),
        ({"scope": ""}, "invalid_request", 900144, 400),
        ({"scope": f"{GRAPH}/Sites.Read.All"}, "invalid_scope", 1002012, 400),
        ({"scope": "https://elsewhere.example/.default"}, "invalid_resource", 500011, 400),
        ({"grant_type": "password"}, "unsupported_grant_type", 70003, 400),
        ({"grant_type": ""}, "invalid_request", 900144, 400),
    ],
)
def test_a_bad_request_gets_the_error_of_the_service(
    office: Office, changes: dict[str, str], error: str, number: int, status: int
) -> None:
    with pytest.raises(TokenError) as refused:
        office.by_secret(**changes)
    assert (refused.value.error, refused.value.number) == (error, number)
    assert refused.value.status == status
    body = refused.value.body(START, {})
    assert body["error_codes"] == [number]
    assert body["error_description"].startswith(f"AADSTS{number}: ")
    assert office.credentials.secret not in str(body)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
@pytest.mark.parametrize("kind", [int, float])
def test_an_assertion_is_taken(office: Office, algorithm: str, kind: type) -> None:
    now = kind(START)
    answer = office.by_assertion(office.assertion(algorithm, iat=now, nbf=now, exp=now + 600))
    assert office.issuer.caller(f"Bearer {answer['access_token']}")


def test_msal_writes_the_fingerprint_with_padding_and_is_taken(office: Office) -> None:
    pem = x509.load_pem_x509_certificate(office.credentials.certificate.read_bytes())
    padded = base64.urlsafe_b64encode(pem.fingerprint(hashes.SHA256())).decode()
    assert padded.endswith("=")
    assert office.by_assertion(office.assertion(header={"x5t#S256": padded}))


@pytest.mark.parametrize(
    ("claims", "number"),
    [
        ({"aud": "https://login.microsoftonline.com/other/oauth2/v2.0/token"}, 700023),
        ({"aud": None}, 700023),
        ({"iss": "somebody"}, 700021),
        ({"sub": "somebody"}, 700021),
        ({"exp": None}, 50027),
        ({"exp": "soon"}, 50027),
        ({"exp": True}, 50027),
        ({"iat": None}, 50027),
        ({"jti": None}, 50027),
        ({"exp": START - 301.0}, 700024),
        ({"iat": START - 700, "exp": START - 300}, 700024),
        ({"iat": START + 301.5}, 700024),
        ({"nbf": START + 302}, 700024),
        ({"exp": START + 90_000}, 700024),
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    office: Office, claims: dict[str, Any], number: int
) -> None:
    with pytest.raises(TokenError) as refused:
        office.by_assertion(office.assertion(**claims))
    assert (refused.value.error, refused.value.number) == ("invalid_client", number)


def test_an_assertion_of_another_key_or_algorithm_is_refused(office: Office) -> None:
    stranger = key_of("stranger")
    good = office.assertion()
    head, payload, signature = good.split(".")
    forged = {
        "another key": office.assertion(key=stranger),
        "RS256 with the SHA-256 fingerprint only": office.assertion("RS256", header={"x5t": None}),
        "PS256 with the SHA-1 fingerprint only": office.assertion(header={"x5t#S256": None}),
        "another certificate": office.assertion(header={"x5t#S256": encode_part(b"0" * 32)}),
        "no algorithm": office.assertion(header={"alg": "none"}),
        "PS256 that says it is RS256": office.assertion(header={"alg": "RS256"}),
        "cut": f"{head}.{payload}.{signature[:-4]}",
        "two parts": f"{head}.{payload}",
        "padding": f"{head}.{payload}.{signature}=",
        "no JSON": f"{head}.{encode_part(b'[]')}.{signature}",
    }
    for why, assertion in forged.items():
        with pytest.raises(TokenError) as refused:
            office.by_assertion(assertion)
        assert refused.value.number in (700027, 50027), why
        assert refused.value.status == 401, why
    assert office.by_assertion(good)


def test_a_jti_is_good_for_one_assertion(credentials: Credentials) -> None:
    office = Office(AppSettings(), credentials)
    office.by_assertion(office.assertion(jti="a"))
    with pytest.raises(TokenError) as refused:
        office.by_assertion(office.assertion(jti="a", exp=START + 601))
    assert refused.value.number == 50013


def test_msal_sends_one_assertion_again_and_only_a_strict_app_refuses_it(
    credentials: Credentials,
) -> None:
    usual = Office(AppSettings(), credentials)
    assertion = usual.assertion(jti="b")
    assert usual.by_assertion(assertion)
    assert usual.by_assertion(assertion)
    strict = Office(AppSettings(single_use_assertions=True), credentials)
    assert strict.by_assertion(assertion)
    with pytest.raises(TokenError):
        strict.by_assertion(assertion)


def test_a_token_ends_when_it_said(office: Office) -> None:
    token = f"Bearer {office.by_secret()['access_token']}"
    office.clock.advance(3598)
    office.issuer.caller(token)
    office.clock.advance(1)
    with pytest.raises(ApiError) as refused:
        office.issuer.caller(token)
    assert (refused.value.status, refused.value.code) == (401, "InvalidAuthenticationToken")


def test_a_fast_clock_does_not_eat_tokens(credentials: Credentials) -> None:
    office = Office(AppSettings(), credentials)
    office.issuer.clock = Clock(60.0, wall=office.hands, elapsed=office.hands)
    token = f"Bearer {office.by_secret()['access_token']}"
    office.hands.seconds += 3000
    assert office.issuer.clock.now() == START + 180_000
    office.issuer.caller(token)


@pytest.mark.parametrize(("seconds", "renew"), [(299, None), (301, None), (7200, 3600)])
def test_the_life_of_a_token_is_a_setting(
    credentials: Credentials, seconds: int, renew: int | None
) -> None:
    office = Office(AppSettings(token_seconds=seconds), credentials)
    answer = office.by_secret()
    assert (answer["expires_in"], answer.get("refresh_in")) == (seconds, renew)


def test_no_bad_or_foreign_token_is_let_in(office: Office, credentials: Credentials) -> None:
    good = office.by_secret()["access_token"]
    head, payload, signature = good.split(".")
    other = Office(AppSettings(), credentials, key="other tenant")
    for authorization in (
        "",
        "Bearer",
        "Bearer ",
        f"Basic {good}",
        good,
        "Bearer abc",
        f"Bearer {head}.{payload}.",
        f"Bearer {head}.{payload}.{signature[:-2]}AA",
        f"Bearer {head}.{encode_part(b'{}')}.{signature}",
        f"Bearer {other.by_secret()['access_token']}",
    ):
        with pytest.raises(ApiError) as refused:
            office.issuer.caller(authorization)
        assert refused.value.status == 401
        assert "authorization_uri" in refused.value.headers["WWW-Authenticate"]
        assert good not in str(refused.value)
