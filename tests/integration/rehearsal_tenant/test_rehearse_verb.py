"""``sluis rehearse``: started as a person or a program does, used with curl, ended by Ctrl-C."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from sluis.cli import app as front
from sluis.runbook.tenant_settings import read_tenant_settings
from sluis.tenant.run_export import discover_tenant

SMALL = ("--users", "1", "--sites", "1", "--items", "3", "--weather", "calm")


@contextlib.contextmanager
def rehearsal(temporary: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "sluis.cli.app", "rehearse", *arguments],
        env={**os.environ, "TMPDIR": str(temporary)},
        cwd=Path(__file__).parents[3],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_document(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    text = ""
    while not text.endswith("\n}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr else ""
        text += line
    found: dict[str, Any] = json.loads(text)
    return found


def test_a_program_starts_it_uses_it_and_stops_it(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *SMALL, "--json") as process:
        told = first_document(process)
        folder = Path(told["folder"])
        app = told["apps"][0]
        secret = Path(app["secret_file"]).read_text()
        token = Path(told["control"]["token_file"]).read_text()
        for name in (app["secret_file"], app["certificate_file"], told["control"]["token_file"]):
            assert Path(name).stat().st_mode & 0o777 == 0o600
        assert folder.stat().st_mode & 0o777 == 0o700
        assert len(told["drives"]) == 2  # one OneDrive, one library
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=30)
    assert process.returncode == 0
    assert rest == ""
    assert not folder.exists()
    for hidden in (secret, token):
        assert hidden not in json.dumps(told) + said
    with pytest.raises(ProcessLookupError):
        os.kill(told["pid"], 0)


def test_a_person_pastes_the_lines_that_it_prints(tmp_path: Path) -> None:
    temporary = tmp_path / "it's a folder; really"
    temporary.mkdir()
    with rehearsal(temporary, *SMALL, "--licences", "1000") as process:
        assert process.stdout is not None
        printed: list[str] = []
        while "Ctrl-C" not in (printed[-1] if printed else ""):
            printed.append(process.stdout.readline())
            assert printed[-1], process.stderr.read() if process.stderr else ""
        lines = [line.strip() for line in printed]
        enter = next(line for line in lines if line.startswith(". "))
        by_hand = [line for line in lines if line.startswith(("(umask", "curl "))]
        secret_file = next(line for line in lines if line.startswith("secret file"))
        secret = Path(secret_file.removeprefix("secret file").strip()).read_text()
        assert secret not in "".join(printed)
        # nobody sees the secret in the list of processes
        assert all("client_secret@" in line for line in by_hand if "client_secret" in line)
        graph_word = f"{enter}\ngraph /v1.0/sites/getAllSites"
        for script in (graph_word, "\n".join(by_hand)):
            done = subprocess.run(
                ["bash", "-euc", script],
                env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stderr
            assert len(json.loads(done.stdout)["value"]) == 3
            assert secret not in done.stdout + done.stderr
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
    assert process.returncode == 0
    assert not list(temporary.iterdir())


def test_the_account_that_it_writes_is_one_that_sluis_takes(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *SMALL, "--json", "--name", "oldfirm", "--licences", "300") as process:
        told = first_document(process)
        text = Path(told["account_file"]).read_text()
        accounts = yaml.safe_load(text)
        assert Path(told["apps"][0]["secret_file"]).read_text() not in text
        settings = read_tenant_settings(
            "tenant_export", {"tenant_export_accounts": accounts}, AsIs(), {}
        )
        found = discover_tenant(
            {
                "account": asdict(settings.account("oldfirm")),
                "budget": asdict(settings.budget("oldfirm")) | {"state": str(tmp_path / "budget")},
                "folder": str(tmp_path / "exports"),
            }
        )
    assert settings.budget("oldfirm").licences == 300
    assert {one["drive_id"] for one in found["sources"]} == {one["id"] for one in told["drives"]}


class AsIs:
    """A templar for values without templates."""

    def template(self, value: Any) -> Any:
        return value


def test_a_large_tenant_can_be_stopped_while_it_is_being_filled(tmp_path: Path) -> None:
    with rehearsal(tmp_path, "--users", "1", "--sites", "0", "--items", "900000") as process:
        assert process.stderr is not None
        assert "being filled" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        printed, said = process.communicate(timeout=60)
    assert process.returncode == 0
    assert printed == ""  # it never came to say where it is
    assert "nothing of it is left" in said
    assert not list(tmp_path.iterdir())


def test_it_says_so_when_the_tenant_dies(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *SMALL, "--json") as process:
        told = first_document(process)
        os.kill(told["pid"], signal.SIGKILL)
        rest, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert json.loads(rest)["error"]["code"] == "tenant-died"
    assert "ended by itself" in said
    assert not Path(told["folder"]).exists()


def test_tenant_13_traits_and_contents_are_said_on_the_command_line(tmp_path: Path) -> None:
    wishes = ("--trait", "no-quota=zeros", "--trait", "locked=1", "--with", "groups=2")
    with rehearsal(tmp_path, *SMALL, *wishes, "--json") as process:
        told = first_document(process)
        app = told["apps"][0]
        session = requests.Session()
        session.verify, session.trust_env = told["ca_file"], False
        token = session.post(
            f"{told['authority']}/oauth2/v2.0/token",
            data={
                "grant_type": "client_credentials",
                "client_id": app["client_id"],
                "client_secret": Path(app["secret_file"]).read_text(),
                "scope": f"{told['graph']}/.default",
            },
        ).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        base = f"{told['graph']}/v1.0"
        assert len(session.get(f"{base}/groups").json()["value"]) == 2
        drive = told["drives"][0]["id"]
        assert session.get(f"{base}/drives/{drive}").json()["quota"]["total"] == 0
        items = session.get(f"{base}/drives/{drive}/root/delta").json()["value"]
        file = next(one["id"] for one in items if "file" in one)
        assert session.delete(f"{base}/drives/{drive}/items/{file}").status_code == 423


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    with rehearsal(tmp_path, *SMALL, "--json") as first:
        port = first_document(first)["graph"].rpartition(":")[2]
        with rehearsal(tmp_path, *SMALL, "--json", "--port", port) as second:
            rest, _ = second.communicate(timeout=60)
    assert second.returncode == 1
    assert json.loads(rest)["error"]["code"] == "tenant-failed"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--items", "600000", "--users", "2"], "too-many-items"),
        (["--permission", "Sites.Everything"], "unknown-permission"),
        (["--name", "../x"], "bad-tenant-name"),
        (["--weather", "hurricane"], "usage"),
        (["--port", "70000"], "usage"),
        (["--trait", "loked=0.1"], "unknown-trait"),
        (["--trait", "locked=2"], "bad-trait"),
        (["--trait", "locked=nan"], "bad-trait"),
        (["--trait", "no-quota=none"], "bad-trait"),
        (["--with", "grups=1"], "unknown-trait"),
        (["--with", "groups=-1"], "bad-trait"),
        (["--with", "users=1"], "unknown-trait"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_starts(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert front.run(["rehearse", "--json", *arguments]) == 64
    assert json.loads(capsys.readouterr().out)["error"]["code"] == code
