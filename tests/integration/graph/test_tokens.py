"""Tokens: kept, renewed while the work goes on, and never asked for more often than they must."""

from __future__ import annotations

import asyncio
import datetime
import os

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from sluis.errors import InputError
from sluis.graph.account import Account, Cloud
from sluis.graph.connect import open_graph
from sluis.graph.errors import GraphError
from support.graph_stage import CLIENT, SECRET, TENANT, LeapingClock, connected, stage


def run(folder, story, **more):
    async def whole():
        async with connected(folder, **more) as (one, graph):
            one.on("GET", "/v1.0/a", {"id": "a"})
            return await story(one, graph)

    return asyncio.run(whole())


async def settled(graph):
    """Wait for a renewal that goes on beside the work."""
    await asyncio.wait([graph._tokens._fetching])


def test_one_token_serves_many_until_its_last_five_minutes(tmp_path):
    clock = LeapingClock()

    async def story(one, graph):
        await asyncio.gather(*(graph.get("/a") for _ in range(20)))
        assert len(one.tokens) == 1
        assert one.tokens[0]["grant_type"] == "client_credentials"
        clock.time += 3600 - 310
        await graph.get("/a")
        assert len(one.tokens) == 1
        clock.time += 20  # within MSAL's 300 s: a new one comes, and nobody waits for it
        used = await graph.get("/a")
        assert used == {"id": "a"}
        while len(one.tokens) < 2:
            await asyncio.sleep(0.01)
        await settled(graph)
        assert await graph._tokens.get() == "stage-token-2"

    run(tmp_path, story, clock=clock)


def test_a_token_of_five_minutes_is_not_fetched_for_each_call(tmp_path):
    clock = LeapingClock()

    async def story(one, graph):
        one.life = 300
        for _ in range(10):
            await graph.get("/a")
            clock.time += 10
        assert len(one.tokens) == 1
        clock.time += 250  # over
        await graph.get("/a")
        assert len(one.tokens) == 2
        assert one.seen[-1]["headers"]["Authorization"] == "Bearer stage-token-2"

    run(tmp_path, story, clock=clock)


def test_a_renewal_that_fails_is_not_tried_again_while_msal_repeats_it(tmp_path):
    clock = LeapingClock()

    async def story(one, graph):
        await graph.get("/a")
        clock.time += 3600 - 200
        one.token_answers = [(400, {"error": "invalid_request", "error_description": "odd"})] * 9
        for _ in range(30):  # the old token still works: nobody is disturbed
            await graph.get("/a")
            await asyncio.sleep(0)
            clock.time += 1
        await settled(graph)
        assert len(one.tokens) == 2
        clock.time += 62
        one.token_answers.clear()
        # MSAL would still repeat the 400 by the machine's clock; another app object does not
        graph._tokens._app = None
        await graph.get("/a")
        await settled(graph)
        assert await graph._tokens.get() == "stage-token-3"

    run(tmp_path, story, clock=clock)


@pytest.mark.parametrize("status", [400, 401])
def test_a_refused_sign_in_says_what_to_check_and_not_the_secret(tmp_path, status):
    async def story(one, graph):
        words = "AADSTS7000215: Invalid client secret provided. Trace ID: 1 x"
        one.token_answers = [(status, {"error": "invalid_client", "error_description": words})] * 9
        with pytest.raises(GraphError, match="sign-in-refused") as told:
            await graph.get("/a")
        assert "AADSTS7000215" in told.value.what
        assert SECRET not in f"{told.value!r}{told.value}{told.getrepr(showlocals=False)}"
        assert one.seen == []
        assert graph.spent.requests == 1  # it had its turn, and was not sent
        assert len(one.tokens) == 1

    run(tmp_path, story)


def test_a_sign_in_that_is_away_for_a_moment_is_waited_for(tmp_path):
    clock = LeapingClock()

    async def story(one, graph):
        one.token_answers = [(503, {"error": "temporarily_unavailable"})]
        with pytest.raises(GraphError, match="sign-in-failed"):
            await graph.get("/a")  # by the machine's clock MSAL repeats it for five seconds
        assert len(one.tokens) == 1
        assert clock.slept[:2] == [6.0, 12.0]
        graph._tokens._app = None
        clock.time += 120
        assert await graph.get("/a") == {"id": "a"}

    run(tmp_path, story, clock=clock)


def test_nobody_there_is_an_error_with_a_remedy(tmp_path):
    async def whole():
        async with stage(tmp_path) as one:
            ca = one.ca
        account = Account(TENANT, CLIENT, secret=SECRET, cloud=Cloud(one.graph, one.graph), ca=ca)
        async with open_graph(account, clock=LeapingClock()) as graph:
            with pytest.raises(GraphError, match="sign-in-failed") as told:
                await graph.get("/a")
            assert SECRET not in str(told.value)

    asyncio.run(whole())


def test_a_server_that_is_not_trusted_gets_nothing(tmp_path):
    async def whole():
        (tmp_path / "other").mkdir()
        async with stage(tmp_path) as one, stage(tmp_path / "other") as other:
            cloud = Cloud(one.graph, one.graph)
            account = Account(TENANT, CLIENT, secret=SECRET, cloud=cloud, ca=other.ca)
            async with open_graph(account, clock=LeapingClock()) as graph:
                with pytest.raises(GraphError, match="sign-in-failed"):
                    await graph.get("/a")
                graph._tokens._token, graph._tokens._renew_from = "x", float("inf")
                with pytest.raises(GraphError, match="tls-untrusted"):
                    await graph.get("/a")
            assert one.tokens == one.seen == []

    asyncio.run(whole())


@pytest.mark.parametrize("form", ["pem", "pfx"])
def test_a_certificate_signs_and_is_named_by_sha256(tmp_path, form):
    async def whole():
        async with stage(tmp_path) as one:
            pem = _certificate(tmp_path, form)
            cloud = Cloud(one.graph, one.graph)
            account = Account(TENANT, CLIENT, certificate=pem, cloud=cloud, ca=one.ca)
            async with open_graph(account) as graph:
                one.on("GET", "/v1.0/a", {"id": "a"})
                assert await graph.get("/a") == {"id": "a"}
            (posted,) = one.tokens
            head = jwt.get_unverified_header(posted["client_assertion"])
            assert head["alg"] == "PS256"
            assert "x5t#S256" in head
            assert "client_secret" not in posted

    asyncio.run(whole())


@pytest.mark.parametrize("content", [b"", b"-----BEGIN NONSENSE-----", b"-----BEGIN"])
def test_a_file_that_is_no_certificate_is_an_input_error(tmp_path, content):
    async def whole():
        async with stage(tmp_path) as one:
            pem = tmp_path / "app.pem"
            pem.write_bytes(content)
            cloud = Cloud(one.graph, one.graph)
            account = Account(TENANT, CLIENT, certificate=pem, cloud=cloud, ca=one.ca)
            async with open_graph(account) as graph:
                with pytest.raises(InputError, match="account-certificate"):
                    await graph.get("/a")

    asyncio.run(whole())


def test_M11_an_answer_to_a_sign_in_is_not_read_without_a_bound(tmp_path):
    async def story(one, graph):
        one.token_answers = [(200, {"access_token": "x" * (2 << 20), "expires_in": 3600})] * 9
        with pytest.raises(GraphError, match=r"sign-in-failed.*LargeAnswerError"):
            await graph.get("/a")

    run(tmp_path, story, clock=LeapingClock())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_sign_in_that_is_sent_elsewhere_gives_no_secret_away(tmp_path, status):
    async def story(one, graph):
        one.token_headers = {"Location": f"{one.content}/taken"}
        one.token_answers = [(status, {})] * 9
        with pytest.raises(GraphError, match=rf"answered {status} .*127\.0\.0\.2") as told:
            await graph.get("/a")
        assert one.seen == []
        assert SECRET not in str(told.value)

    run(tmp_path, story, clock=LeapingClock())


ODD = {
    "a line of its own": {"access_token": "a\r\nX-Other: 1", "expires_in": 3600},
    "no text": {"access_token": ["x"], "expires_in": 3600},
    "nothing": {"access_token": "", "expires_in": 3600},
    "half a character": {"access_token": "a\ud800", "expires_in": 3600},
    "a life in words": {"access_token": "x", "expires_in": "abc"},
    "a life without end": {"access_token": "x", "expires_in": 10**400},
    "a life that is none": {"access_token": "x", "expires_in": {}},
    "no object": ["access_token"],
}


@pytest.mark.parametrize("odd", ODD)
def test_an_answer_to_a_sign_in_that_is_none_is_an_error_in_words(tmp_path, odd):
    async def story(one, graph):
        one.token_answers = [(200, ODD[odd])] * 9
        with pytest.raises(GraphError, match=r"sign-in-failed: The sign-in at .* answered with"):
            await graph.get("/a")
        assert one.seen == []
        one.token_answers.clear()
        graph.clock.time += 120
        assert await graph.get("/a") == {"id": "a"}

    run(tmp_path, story, clock=LeapingClock())


@pytest.mark.parametrize("life", ["3600", 3600.0])
def test_a_life_that_is_written_otherwise_counts(tmp_path, life):
    async def story(one, graph):
        one.token_answers = [(200, {"access_token": "x", "expires_in": life})]
        await graph.get("/a")
        await graph.get("/a")
        assert len(one.tokens) == 1

    run(tmp_path, story, clock=LeapingClock())


@pytest.mark.parametrize("asked", ["redirect", "endpoint"])
def test_a_sign_in_goes_nowhere_in_clear_text(tmp_path, asked):
    came = []

    async def hear(reader, writer):
        came.append(await reader.read(1))
        writer.close()

    async def story(one, graph):
        server = await asyncio.start_server(hear, "127.0.0.1", 0)
        place = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/taken"
        one.token_headers, one.token_answers = {"Location": place}, [(307, {})] * 9
        if asked == "endpoint":
            one.token_endpoint = place
        with pytest.raises(GraphError, match=r"sign-in-(failed|refused)"):
            await graph.get("/a")
        server.close()
        assert came == one.seen == []

    run(tmp_path, story, clock=LeapingClock())


def test_a_pipe_in_place_of_a_certificate_is_not_waited_for(tmp_path):
    async def whole():
        async with stage(tmp_path) as one:
            pem = tmp_path / "app.pem"
            os.mkfifo(pem)
            cloud = Cloud(one.graph, one.graph)
            account = Account(TENANT, CLIENT, certificate=pem, cloud=cloud, ca=one.ca)
            async with open_graph(account) as graph:
                with pytest.raises(InputError, match="account-certificate"):
                    await asyncio.wait_for(graph.get("/a"), 30)

    asyncio.run(whole())


def _certificate(folder, form):
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "app")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem, open_key = serialization.Encoding.PEM, serialization.NoEncryption()
    path = folder / f"app.{form}"
    if form == "pfx":
        path.write_bytes(serialize_key_and_certificates(b"app", key, certificate, None, open_key))
    else:
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, open_key)
        path.write_bytes(private + certificate.public_bytes(pem))
    return path
