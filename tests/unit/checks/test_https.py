"""An encrypted page: whose certificate is trusted, and a server that keeps us waiting."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from sluis.checks.run import run_checks
from support.graph_stage import GRAPH_HOST, certificates


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"Welkom " * 40_000 + self.headers["Host"].encode())

    def log_message(self, *arguments: object) -> None:
        pass


def ask(url: str, **more: Any) -> dict[str, Any]:
    (answer,) = run_checks([{"id": "it", "type": "http", "url": url, "timeout": 5, **more}], {})
    return answer


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Its address, and the file with who signed for it."""
    authority, own = certificates(tmp_path)
    server = ThreadingHTTPServer((GRAPH_HOST, 0), _Page)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(own)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"https://{GRAPH_HOST}:{server.server_port}/", str(authority)
    server.shutdown()
    server.server_close()


def test_https_of_a_certificate_that_is_trusted(page: tuple[str, str]) -> None:
    url, authority = page
    host = url.split("/")[2]
    assert ask(url, ca_file=authority, contains=f"Welkom {host}")["passed"] is True
    unknown = ask(url)
    assert unknown["passed"] is False
    assert "encrypted connection failed" in unknown["detail"]


def test_https_that_never_shakes_hands_is_a_no() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        answer = ask(f"https://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3)
    assert answer["passed"] is False
    assert "no whole answer within 0.3 s" in answer["detail"]
