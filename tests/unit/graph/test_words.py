"""Costs, links, errors and accounts: small things that many calls rest on."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.errors import InputError, SluisError
from sluis.graph import cost
from sluis.graph.account import CHINA, GLOBAL, US_DOD, US_GOVERNMENT, Account, Cloud
from sluis.graph.errors import GraphError, answer_error, plain, plain_place
from sluis.graph.links import address, origin, relative, segment


@pytest.mark.parametrize(
    ("method", "place", "units"),
    [
        ("GET", "/drives/d/items/i", 1),
        ("GET", "/drives/d/items/i/content", 1),
        ("GET", "/drives/d/root/delta", 2),
        ("GET", "/drives/d/root/delta?$top=200", 2),
        ("GET", "/drives/d/root/delta?token=latest", 1),
        ("GET", "/drives/d/root/delta(token='abc')", 1),
        ("GET", "/drives/d/root/delta?$select=id&$skiptoken=x", 1),
        ("GET", "/drives/d/items/i/children", 2),
        ("GET", "/drives/d/items/i/versions", 2),
        ("GET", "/sites/getAllSites?$top=5", 2),
        ("GET", "/sites/s/recycleBin/items", 2),
        ("GET", "/drives/d/root/search(q='x')", 2),
        ("GET", "/drives/d/items/i/permissions", 5),
        ("GET", "/drives/d/items/i?$expand=permissions", 5),
        ("GET", "/drives/d/items/i/children?%24expand=Permissions", 5),
        ("POST", "/drives/d/items/i/invite", 5),
        ("POST", "/drives/d/items/i/createLink", 5),
        ("DELETE", "/drives/d/items/i/permissions/p", 5),
        ("POST", "/drives/d/items/i/children", 2),
        ("PATCH", "/drives/d/items/i", 2),
        ("PUT", "/drives/d/items/p:/permissions.txt:/content", 2),
        ("POST", "/drives/d/items/p:/a:/createUploadSession", 2),
    ],
)  # fmt: skip
def test_prices(method, place, units):
    assert cost.units(method, place) == units


def test_budgets_by_licences():
    tried = [1, 1_000, 1_001, 50_000, 50_001]
    assert [cost.budget(n)[0] for n in tried] == [1_250, 1_250, 2_500, 5_000, 6_250]
    assert cost.budget(600)[1] == 1_200_000


@given(st.text())
def test_a_name_stays_one_segment(name):
    made = segment(name.encode("utf-8", "replace").decode())
    assert not set(made) & set("/?#\\ \r\n&")
    made.encode("ascii")


def test_addresses():
    graph = "https://graph.microsoft.com"
    assert address(graph, "/me", {"$select": "id,name"}) == f"{graph}/v1.0/me?$select=id,name"
    assert address(graph, "beta:/me?a=b", {"$top": "5"}) == f"{graph}/beta/me?a=b&$top=5"
    link = f"{graph}:443/v1.0/x?$skiptoken=%2B"
    assert address(graph, link) == link
    assert relative(link) == "/x?$skiptoken=%2B"
    evil = (
        "https://graph.microsoft.com.evil.example/x", "https://graph.microsoft.com@evil.example/",
        "http://graph.microsoft.com/x", "https://graph.microsoft.com:8443/x", "https://[bad/x",
        "me", "",
    )  # fmt: skip
    for place in evil:
        with pytest.raises(GraphError, match="foreign-link"):
            address(graph, place)
    assert origin("HTTPS://Graph.Microsoft.com/x") == origin(graph)


@pytest.mark.parametrize(
    "said",
    [
        "see https://t.sharepoint.com/_layouts/download.aspx?UniqueId=1&tempauth=SECRET",
        "Authorization: SECRET", "access_token=SECRET&x", "Bearer SECRET", "client_secret: SECRET",
        "the token eyJSECRETSECRET.SECRET.SECRET is over", "tempauth=SECRET",
    ],
)  # fmt: skip
def test_secrets_in_the_services_words_are_hidden(said):
    assert "SECRET" not in plain(said)


@given(st.text(max_size=2_000))
def test_the_services_words_are_one_short_line(text):
    line = plain(text)
    assert len(line) <= 301
    assert line.isprintable() or not any(ord(c) < 32 or ord(c) == 127 for c in line)
    assert "\n" not in line


def test_errors_are_of_the_family_and_say_what_to_do():
    body = {
        "error": {
            "code": "activityLimitReached", "message": "throttled",
            "innerError": {"code": "throttledRequest", "innererror": {"code": "quota"}},
        }
    }  # fmt: skip
    error = answer_error(429, body, "https://g/v1.0/drives/d?token=S", method="GET", request_id="r")
    assert isinstance(error, SluisError)
    assert error.codes == ("activityLimitReached", "throttledRequest", "quota")
    assert error.request_id == "r"
    assert error.remedy
    assert "token=S" not in str(error)
    for body in (None, [], {"error": "text"}, {"error": {"code": 5}}, {"error": {"message": None}}):
        assert answer_error(500, body, "/x", method="GET").codes == ()
    assert plain_place("https://h:1/a/b?c=d") == "/a/b"


def test_an_account_shows_no_secret(tmp_path):
    account = Account("t.example", "app", secret="SECRET", proxy="http://u:SECRET@p:1")
    assert "SECRET" not in repr(account)
    assert "SECRET" not in str(account)
    assert pickle.loads(pickle.dumps(account)) == account
    for wrong in (
        {"secret": None}, {"secret": "s", "certificate": tmp_path / "c"}, {"tenant_id": "a/b"},
        {"tenant_id": ""},
    ):  # fmt: skip
        with pytest.raises(InputError):
            Account(**{"tenant_id": "t", "client_id": "c", "secret": "s", **wrong})


@pytest.mark.parametrize("url", ["http://h", "https://h/tenant", "h", "https://", "https://h/v1.0"])
def test_a_cloud_is_https_and_a_host(url):
    with pytest.raises(InputError, match="cloud-address"):
        Cloud(url, "https://h")
    assert Cloud("https://127.0.0.1:8443", "https://h").is_microsofts is False
    assert all(one.is_microsofts for one in (GLOBAL, US_GOVERNMENT, US_DOD, CHINA))
