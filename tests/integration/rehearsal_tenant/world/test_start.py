"""The server process: it ends with its context and with its parent, and keeps its secrets."""

from __future__ import annotations

import json
import socket
import ssl
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlsplit

import psutil
import pytest

from sluis.errors import SluisError
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import start_tenant
from support.tenant_talk import Talk

SMALL = Settings(population=Population(users=1, sites=0, items_per_drive=3))


def _gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).wait(10) is not None or True
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return False


def test_it_ends_with_its_context_and_tells_no_secrets(tmp_path: Path) -> None:
    with start_tenant(tmp_path / "t", SMALL) as tenant:
        talk = Talk(tenant)
        drive = tenant.control.drives()[0]["id"]
        made = talk.put(drive, "a.txt", b"x").json()
        url = talk.good(f"/drives/{drive}/items/{made['id']}")["@microsoft.graph.downloadUrl"]
        talk.get(url)
        talk.get(url[:-5])
        secrets = [tenant.app.secret, talk.token, urlsplit(url).path, tenant.control.token]
        shown = repr(tenant) + str(tenant.control) + " ".join(psutil.Process(tenant.pid).cmdline())
        assert not [secret for secret in secrets if secret in shown]
    assert _gone(tenant.pid)
    log = tenant.log.read_text()
    assert not [secret for secret in secrets if secret in log]
    for name in ("apps.json", "tls/server.pem"):
        mode = stat.S_IMODE((tmp_path / "t" / name).stat().st_mode)
        assert mode == 0o600, name


def test_it_dies_with_its_parent(tmp_path: Path) -> None:
    program = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from sluis.rehearsal.tenant.settings import Population, Settings\n"
        "from sluis.rehearsal.tenant.start import start_tenant\n"
        "small = Settings(population=Population(users=1, sites=0, items_per_drive=3))\n"
        "with start_tenant(Path(sys.argv[1]), small) as tenant:\n"
        "    print(tenant.pid, flush=True)\n"
        "    os._exit(9)\n"
    )
    package = Path(__file__).parents[4] / "python_helpers"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "t")],
        env={"PYTHONPATH": str(package)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 9, done.stderr
    assert _gone(int(done.stdout))


def test_one_that_cannot_start_says_why(tmp_path: Path) -> None:
    settings = Settings(address="192.0.2.1", population=SMALL.population)
    with pytest.raises(SluisError) as caught, start_tenant(tmp_path / "t", settings):
        pass
    assert caught.value.code == "tenant-failed"
    assert "assign requested address" in caught.value.what


def test_the_control_port_wants_its_token_and_knows_its_verbs(talk: Talk) -> None:
    control = talk.tenant.control
    for verb, token, status in (("drives", "wrong", 401), ("none", control.token, 404)):
        asked = urllib.request.Request(
            f"http://127.0.0.1:{control.port}/{verb}",
            data=b"{}",
            headers={"Authorization": f"Bearer {token}"},
        )
        with pytest.raises(HTTPError) as caught:
            urllib.request.urlopen(asked)
        assert caught.value.code == status
        assert "error" in json.loads(caught.value.read())


def _begin(
    talk: Talk, method: str, url: str, headers: dict[str, str], part: bytes
) -> ssl.SSLSocket:
    """Send the head of a request and a part of its body."""
    target = urlsplit(url)
    context = ssl.create_default_context(cafile=str(talk.tenant.ca))
    assert target.hostname is not None and target.port is not None
    link = socket.create_connection((target.hostname, target.port), timeout=30)
    safe = context.wrap_socket(link, server_hostname=target.hostname)
    lines = [f"{method} {target.path} HTTP/1.1", f"Host: {target.netloc}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    safe.sendall("\r\n".join([*lines, "", ""]).encode() + part)
    return safe


def _cut(talk: Talk, method: str, url: str, headers: dict[str, str], part: bytes) -> None:
    """Send the head of a request and a part of its body, and hang up."""
    _begin(talk, method, url, headers, part).close()


def test_a_download_that_nobody_reads_to_its_end_harms_nobody(talk: Talk, drive: str) -> None:
    item = talk.tenant.control.add_file(drive, "long.bin", bytes(20_000_000))
    url = talk.get(f"/drives/{drive}/items/{item}/content").headers["Location"]
    _cut(talk, "GET", url, {}, b"")
    assert len(talk.fetch(drive, item)) == 20_000_000
    log = talk.tenant.log.read_text()
    assert "Traceback" not in log and urlsplit(url).path not in log


def test_two_requests_for_one_range_do_not_mix_their_bytes(talk: Talk, drive: str) -> None:
    size = 3_000_000
    opened = talk.ask("POST", f"/drives/{drive}/root:/race.bin:/createUploadSession", json_body={})
    url = opened.json()["uploadUrl"]
    headers = {"Content-Range": f"bytes 0-{size - 1}/{size}", "Content-Length": str(size)}
    slow = _begin(talk, "PUT", url, headers, b"s" * 2_000_000)
    whole = talk.ask("PUT", url, body=b"w" * size, headers=headers)
    assert whole.status == 201
    with slow:
        slow.sendall(b"s" * 1_000_000)
        assert int(slow.recv(100).split()[1]) == 416
    assert talk.fetch(drive, whole.json()["id"]) == b"w" * size


def test_a_chunk_that_did_not_come_whole_did_not_come_at_all(talk: Talk, drive: str) -> None:
    data = bytes(range(256)) * 2_560
    opened = talk.ask("POST", f"/drives/{drive}/root:/cut.bin:/createUploadSession", json_body={})
    url = opened.json()["uploadUrl"]
    headers = {
        "Content-Range": f"bytes 0-{len(data) - 1}/{len(data)}",
        "Content-Length": str(len(data)),
    }
    _cut(talk, "PUT", url, headers, data[:300_000])
    assert talk.get(url).json()["nextExpectedRanges"][0].startswith("0-")
    whole = talk.ask("PUT", url, body=data, headers={"Content-Range": headers["Content-Range"]})
    assert whole.status == 201
    assert talk.fetch(drive, whole.json()["id"]) == data


@pytest.mark.parametrize("size", [10_000, 3_000_000])
def test_a_put_that_did_not_come_whole_leaves_nothing(talk: Talk, drive: str, size: int) -> None:
    url = f"{talk.tenant.graph}/v1.0/drives/{drive}/root:/cut.bin:/content"
    headers = {"Authorization": f"Bearer {talk.token}", "Content-Length": str(size)}
    _cut(talk, "PUT", url, headers, b"x" * 5_000)
    assert talk.get(f"/drives/{drive}/root:/cut.bin").status == 404
    assert talk.ask("PUT", f"/drives/{drive}/root:/cut.bin:/content", body=b"y").status == 201
