"""Microsoft's own token library against the token endpoint, over TLS with the local CA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msal
import pytest
import requests

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Settings
from sluis.rehearsal.tenant.start import App, Tenant, start_tenant

#: lives of tokens on both sides of the 300 seconds below which MSAL never reuses one
LONG, SHORT, HALF_LEFT = 3_599, 299, 301


@pytest.fixture(scope="module")
def tenant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    apps = tuple(AppSettings(token_seconds=seconds) for seconds in (LONG, SHORT, HALF_LEFT))
    strict = AppSettings(name="Strict", token_seconds=SHORT, single_use_assertions=True)
    with start_tenant(tmp_path_factory.mktemp("tenant"), Settings(apps=(*apps, strict))) as started:
        yield started


def session(tenant: Tenant) -> requests.Session:
    made = requests.Session()
    made.verify = str(tenant.ca)
    made.trust_env = False  # REQUESTS_CA_BUNDLE would win over the CA given here
    return made


def client(tenant: Tenant, app: App, credential: Any) -> msal.ConfidentialClientApplication:
    return msal.ConfidentialClientApplication(
        app.client_id,
        authority=tenant.authority,
        client_credential=credential,
        instance_discovery=False,
        http_client=session(tenant),
    )


def certificate(app: App, kind: str) -> dict[str, str]:
    pem = app.certificate.read_text()
    if kind == "RS256":
        return {"private_key": pem, "thumbprint": app.thumbprint}
    return {"private_key": pem, "public_certificate": pem[pem.index("-----BEGIN CERTIFICATE") :]}


def ask(tenant: Tenant, made: msal.ConfidentialClientApplication) -> dict[str, Any]:
    answer: dict[str, Any] = made.acquire_token_for_client([f"{tenant.graph}/.default"])
    return answer


def reaches_graph(tenant: Tenant, answer: dict[str, Any]) -> bool:
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    return session(tenant).get(f"{tenant.graph}/v1.0/sites/root", headers=headers).ok


@pytest.mark.parametrize("kind", ["secret", "PS256", "RS256"])
def test_msal_gets_a_token_that_opens_graph(tenant: Tenant, kind: str) -> None:
    credential = tenant.app.secret if kind == "secret" else certificate(tenant.app, kind)
    answer = ask(tenant, client(tenant, tenant.app, credential))
    assert answer["token_source"] == "identity_provider"
    assert reaches_graph(tenant, answer)


def test_msal_reuses_a_long_lived_token_and_never_a_short_lived_one(tenant: Tenant) -> None:
    sources = {}
    for app, seconds in zip(tenant.apps, (LONG, SHORT, HALF_LEFT), strict=False):
        made = client(tenant, app, app.secret)
        assert ask(tenant, made)["expires_in"] == seconds
        sources[seconds] = ask(tenant, made)["token_source"]
    assert sources[LONG] == sources[HALF_LEFT] == "cache"
    assert sources[SHORT] == "identity_provider"


def test_msal_sends_one_assertion_twice_and_only_the_strict_app_refuses_it(tenant: Tenant) -> None:
    usual = client(tenant, tenant.apps[1], certificate(tenant.apps[1], "PS256"))
    assert "access_token" in ask(tenant, usual)
    assert "access_token" in ask(tenant, usual)
    strict = client(tenant, tenant.apps[3], certificate(tenant.apps[3], "PS256"))
    assert "access_token" in ask(tenant, strict)
    assert ask(tenant, strict)["error_codes"] == [50013]


def test_msal_reads_the_errors(tenant: Tenant) -> None:
    wrong = ask(tenant, client(tenant, tenant.app, "wrong"))
    assert wrong["error"] == "invalid_client"
    assert wrong["error_description"].startswith("AADSTS7000215: ")
    foreign = client(tenant, tenant.app, certificate(tenant.apps[1], "PS256"))
    assert ask(tenant, foreign)["error_codes"] == [700027]
    scope = client(tenant, tenant.app, tenant.app.secret)
    answer = scope.acquire_token_for_client(["https://elsewhere.example/.default"])
    assert answer["error_codes"] == [500011]


def test_discovery_of_another_tenant_is_refused(tenant: Tenant) -> None:
    other = "11111111-1111-4111-8111-111111111111"
    address = f"{tenant.graph}/{other}/v2.0/.well-known/openid-configuration"
    answer = session(tenant).get(address)
    assert answer.status_code == 400
    assert answer.json()["error_codes"] == [90002]


def test_the_keys_verify_the_token(tenant: Tenant) -> None:
    import jwt  # msal brings it

    found = session(tenant).get(f"{tenant.authority}/v2.0/.well-known/openid-configuration").json()
    keys = session(tenant).get(found["jwks_uri"]).json()
    answer = ask(tenant, client(tenant, tenant.app, tenant.app.secret))
    key = jwt.PyJWKSet.from_dict(keys).keys[0]
    claims = jwt.decode(
        answer["access_token"],
        key,
        algorithms=["RS256"],
        audience=tenant.graph,
        issuer=found["issuer"],
    )
    assert claims["tid"] == tenant.tenant_id
    assert "Sites.FullControl.All" in claims["roles"]


def test_graph_takes_no_token_that_is_missing_bad_expired_or_foreign(
    tenant: Tenant, tmp_path: Path
) -> None:
    address = f"{tenant.graph}/v1.0/sites/root"
    with start_tenant(tmp_path, Settings(seed=2)) as other:
        foreign = ask(other, client(other, other.app, other.app.secret))["access_token"]
    expired = ask(tenant, client(tenant, tenant.apps[1], tenant.apps[1].secret))["access_token"]
    tenant.control.advance_clock(SHORT + 1)
    for token in (None, "", "abc", foreign, expired):
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = session(tenant).get(address, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
        assert answer.headers["request-id"] == answer.json()["error"]["innerError"]["request-id"]


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data; boundary=x", b"--x\r\nclient_secret: hush"),
        ("multipart/form-data", b"--x"),
        ("application/json", b"{}"),
        (f"{FORM}; charset=nonsense", b"grant_type=\xff"),
        (FORM, b"grant_type=client_credentials&client_id=%ff&client_secret=\xff"),
        (FORM, b"a=" + b"x" * 100_000),
        (FORM, b"&".join(b"a=1" for _ in range(60))),
        (FORM, b"client_id=%ED%A0%80&grant_type=client_credentials&client_secret=%ED%A0%80"),
    ],
)
def test_a_token_request_that_is_no_form_is_refused_in_the_usual_shape(
    tenant: Tenant, kind: str, body: bytes
) -> None:
    address = f"{tenant.authority}/oauth2/v2.0/token"
    answer = session(tenant).post(address, data=body, headers={"Content-Type": kind})
    assert answer.status_code == 400
    assert answer.json()["error_codes"][0] in (900144, 70003, 700016)
    assert "hush" not in tenant.log.read_text()


def test_no_secret_reaches_the_log(tenant: Tenant) -> None:
    answer = ask(tenant, client(tenant, tenant.app, tenant.app.secret))
    text = tenant.log.read_text()
    for secret in (tenant.app.secret, answer["access_token"]):
        assert secret not in text
        assert secret not in repr(tenant)
