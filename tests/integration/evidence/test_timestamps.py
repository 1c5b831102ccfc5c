"""Trusted time from a real RFC 3161 service on loopback, and from hostile ones."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.errors import EvidenceError
from sluis.evidence import timestamps
from sluis.evidence.anchors import Tsa, revoke_key
from sluis.evidence.predicates import Check, Timestamp
from sluis.evidence.timestamps import check_token, request_token
from sluis.rehearsal.tsa import LocalTsa
from support.dossiers import Made, make, tell

CHECK = Check(check="web", host="server1", what="HTTP 200", passed=True)


@pytest.fixture(scope="module")
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTsa]:
    with LocalTsa(tmp_path_factory.mktemp("tsa") / "tsa") as running:
        yield running


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalTsa]:
    with LocalTsa(tmp_path_factory.mktemp("tsa") / "stranger") as running:
        yield running


@pytest.fixture
def made(tmp_path: Path) -> Made:
    made = make(tmp_path / "one", begin=datetime.now(UTC) - timedelta(minutes=12))
    tell(made)
    made.now = datetime.now(UTC)
    return made


@pytest.fixture
def answering() -> Iterator[Callable[[Callable[[bytes], tuple[int, bytes]]], str]]:
    """Start services that answer whatever the test likes."""
    servers: list[HTTPServer] = []

    def start(answer: Callable[[bytes], tuple[int, bytes]]) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                status, reply = answer(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", reply.decode())
                    reply = b""
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def body_of(made: Made) -> Timestamp:
    statement = made.stamp()
    assert isinstance(statement.body, Timestamp)
    return statement.body


def has_no_time(made: Made, *words: str) -> None:
    body = body_of(made)
    assert body.token_object is None
    assert body.time is None
    assert body.no_trusted_time is not None
    assert body.no_trusted_time.startswith("no trusted time: ")
    for word in words:
        assert word in body.no_trusted_time
    assert not (made.dossier / "timestamps").exists()
    verdicts = {f.what: f.verdict for f in made.verify().findings}
    assert verdicts["no-trusted-time"] == "could not be checked"
    assert "trusted-time" not in verdicts


def test_without_a_service_it_says_so(made: Made) -> None:
    has_no_time(made, "tsa.json")


def test_a_token_over_the_head_is_kept_and_holds(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    head = made.digest(11)
    body = body_of(made)
    assert body.head == head
    assert body.tsa == tsa.url
    assert body.time is not None
    assert abs(body.time - datetime.now(UTC)) < timedelta(minutes=5)
    assert body.no_trusted_time is None
    assert made.codes() == set()
    findings = {f.what: f for f in made.verify().findings}
    assert findings["trusted-time"].verdict == "holds"
    assert made.verify().holds


def test_openssl_agrees_with_the_token(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    made.stamp()
    (token,) = (made.dossier / "timestamps").iterdir()
    command = ["openssl", "ts", "-verify", "-in", str(token), "-CAfile", str(tsa.certificate)]
    for number, rc in ((11, 0), (10, 1)):
        done = subprocess.run(
            [*command, "-data", str(made.file(number))], capture_output=True, check=False
        )
        assert done.returncode == rc


def test_a_pinned_signer_may_change(made: Made, tsa: LocalTsa, stranger: LocalTsa) -> None:
    old, new = tsa.folder / "signer.pem", made.trust / "new-signer.pem"
    new.write_bytes((stranger.folder / "signer.pem").read_bytes())
    (made.trust / "root.pem").write_bytes(tsa.certificate.read_bytes())
    (made.trust / "signer.pem").write_bytes(old.read_bytes())
    for names, holds in (
        (["root.pem", "signer.pem"], True),
        (["root.pem", "signer.pem", "new-signer.pem"], True),
        (["root.pem", "new-signer.pem", "signer.pem"], True),
        (["root.pem", "new-signer.pem"], False),
    ):
        (made.trust / "tsa.json").write_text(json.dumps({"url": tsa.url, "certificates": names}))
        made.reload()
        assert (body_of(made).token_object is not None) == holds, names


def test_an_access_code_in_the_address_is_not_recorded(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(f"{tsa.url}?code=secret", tsa.certificate)
    assert body_of(made).token_object is not None
    assert not [p for p in made.dossier.rglob("*") if p.is_file() and b"secret" in p.read_bytes()]
    statement = made.read().latest(Timestamp)
    assert statement is not None
    assert "secret" not in str(statement.body)


def test_an_empty_ledger_cannot_be_stamped(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        make(tmp_path / "two").stamp()
    assert caught.value.code == "nothing-to-stamp"


# --- services that fail or lie ---------------------------------------------------------------


def test_nobody_there(made: Made, tsa: LocalTsa) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    made.trust_tsa(f"http://127.0.0.1:{port}/", tsa.certificate)
    has_no_time(made, "did not answer")


def test_a_service_that_never_answers(
    made: Made, tsa: LocalTsa, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamps, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        made.trust_tsa(f"http://127.0.0.1:{silent.getsockname()[1]}/", tsa.certificate)
        has_no_time(made, "did not answer", "timed out")


@pytest.mark.parametrize(
    ("status", "reply"),
    [
        (500, b""),
        (404, b"nothing here"),
        (200, b""),
        (200, b"<html>please log in</html>"),
        (200, b"\x30\x82\xff\xff" + b"\x00" * 100),
        (200, b"x" * (2 * 1024 * 1024)),
        (200, bytes.fromhex("3005300302010230")),
    ],
)
def test_nonsense_is_no_time(
    made: Made,
    tsa: LocalTsa,
    answering: Callable[..., str],
    status: int,
    reply: bytes,
) -> None:
    made.trust_tsa(answering(lambda query: (status, reply)), tsa.certificate)
    has_no_time(made)


def test_a_redirect_is_not_followed(
    made: Made, tsa: LocalTsa, answering: Callable[..., str]
) -> None:
    made.trust_tsa(answering(lambda query: (302, tsa.url.encode())), tsa.certificate)
    has_no_time(made, "302")


def test_a_service_we_do_not_believe(made: Made, tsa: LocalTsa, stranger: LocalTsa) -> None:
    made.trust_tsa(stranger.url, tsa.certificate)
    has_no_time(made, "does not hold")


def test_an_old_answer_played_again(
    made: Made, tsa: LocalTsa, answering: Callable[..., str]
) -> None:
    """The same head, a genuine token, but not made for this question."""
    head = made.file(11).read_bytes()
    old = request_token(Tsa(url=tsa.url, certificates=(tsa.certificate,)), head)
    made.trust_tsa(answering(lambda query: (200, old.der)), tsa.certificate)
    has_no_time(made, "Nonce")


def test_a_token_over_something_else(
    made: Made, tsa: LocalTsa, answering: Callable[..., str]
) -> None:
    digest = bytes.fromhex(made.digest(11))
    made.trust_tsa(
        answering(lambda query: (200, tsa.reply(query.replace(digest, b"\x01" * 32)))),
        tsa.certificate,
    )
    has_no_time(made, "Mismatch")


def test_a_service_whose_certificate_had_ended(
    made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sluis.rehearsal.tsa._LIFE", timedelta(hours=12))
    with LocalTsa(tmp_path / "ended") as ended:
        made.trust_tsa(ended.url, ended.certificate)
        has_no_time(made, "expired")


def test_a_trusted_certificate_that_is_no_certificate(made: Made, tsa: LocalTsa) -> None:
    (made.root / "root.pem").write_text("garbled")
    made.trust_tsa(tsa.url, made.root / "root.pem")
    has_no_time(made, "cannot be read")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7), cut=st.integers(0, 20))
def test_a_spoiled_token_never_gives_another_time(
    tsa: LocalTsa, token: tuple[bytes, bytes], place: int, bit: int, cut: int
) -> None:
    message, der = token
    believed = Tsa(url=tsa.url, certificates=(tsa.certificate,))
    whole = check_token(der, message, believed).time
    spoiled = bytearray(der[: len(der) - (cut if cut > 10 else 0)])
    spoiled[place % len(spoiled)] ^= 1 << bit
    try:
        assert check_token(bytes(spoiled), message, believed).time == whole
    except EvidenceError as error:
        assert error.code == "token-bad"


@pytest.fixture(scope="module")
def token(tsa: LocalTsa) -> tuple[bytes, bytes]:
    believed = Tsa(url=tsa.url, certificates=(tsa.certificate,))
    return b"message", request_token(believed, b"message").der


# --- tokens in a dossier that was tampered with ----------------------------------------------


def test_a_token_whose_file_was_altered_or_removed(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    made.stamp()
    (file,) = (made.dossier / "timestamps").iterdir()
    data = file.read_bytes()
    file.unlink()
    assert made.failures() == {"timestamp-file-missing"}
    file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert made.failures() == {"timestamp-file-altered"}
    file.write_bytes(data)
    (file.parent / "000001-0000000000000000.tsr").write_bytes(data)
    assert made.failures() == {"timestamp-file-altered"}


def test_a_token_object_that_was_altered_or_removed(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    digest = body_of(made).token_object
    assert digest is not None
    path = made.objects.path(digest)
    data = path.read_bytes()
    path.unlink()
    assert made.failures() == {"object-missing"}
    path.write_bytes(data + b"x")
    assert made.failures() == {"object-altered"}


def test_a_statement_cannot_claim_another_tokens_time(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    body = body_of(made)
    assert body.time is not None
    for changes in (
        {"time": body.time - timedelta(days=1)},
        {"time": None},
        {"head": made.digest(10)},
        {"head": "0" * 64},
    ):
        # signed by an operator who lies: the token tells
        made.forge(13, body.model_copy(update=changes), previous=made.digest(12))
        assert "token-bad" in made.failures(), changes
        made.file(13).unlink()


def test_without_certificates_a_token_is_not_checked(made: Made, tsa: LocalTsa) -> None:
    made.trust_tsa(tsa.url, tsa.certificate)
    made.stamp()
    (made.trust / "tsa.json").unlink()
    made.reload()
    verdict = made.verify()
    assert verdict.holds
    assert ("token-not-checked", "could not be checked") in {
        (f.what, f.verdict) for f in verdict.findings
    }


@pytest.mark.parametrize("behind", [True, False])
def test_a_clock_that_disagrees_with_trusted_time_is_found(
    tmp_path: Path, tsa: LocalTsa, behind: bool
) -> None:
    """An operator who dates back (or forward) is found by the token."""
    offset = timedelta(days=-30 if behind else 30)
    made = make(tmp_path / "two", begin=datetime.now(UTC) + offset)
    made.append(CHECK)
    made.trust_tsa(tsa.url, tsa.certificate)
    made.stamp()
    assert "clock-wrong" in made.failures()


@pytest.mark.parametrize("stamped", [True, False])
def test_a_key_revoked_later_and_trusted_time_before_that(
    made: Made, tsa: LocalTsa, stamped: bool
) -> None:
    if stamped:
        made.trust_tsa(tsa.url, tsa.certificate)
    made.stamp()
    later = datetime.now(UTC) + timedelta(hours=1)
    revoke_key(made.trust, made.client, made.key.keyid, now=later, why="laptop stolen")
    made.reload()
    made.now = later + timedelta(days=365)
    verdict = made.verify()
    found = {f.about: f.verdict for f in verdict.findings if f.what == "key-revoked-since"}
    assert len(found) == 12
    covered = {f"{number:06d}.json" for number in range(1, 12)}
    for about, said in found.items():
        expected = "holds" if stamped and about in covered else "could not be checked"
        assert said == expected, about
    assert verdict.holds
