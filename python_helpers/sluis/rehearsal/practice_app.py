#!/usr/bin/env python3
"""The make-believe vendor's application: a small web service on top of the database.

It is copied to a lab host and runs there, so standard library only. ``practice-app
start|stop|restart|status`` is how its operator handles it; ``GET /health`` answers 200
with its version and what it read from the database, or 503 with the reason why not.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_HOME = Path(__file__).resolve().parent.parent
_SETTINGS = _HOME / "etc" / "settings.json"
_RELEASE = _HOME / "current" / "release.json"
_PID = _HOME / "run" / "pid"
_LOG = _HOME / "run" / "log"
#: the Linux Standard Base's exit status for "program is not running"
_NOT_RUNNING = 3
_QUERY = "select (select version from schema_version), (select count(*) from patient)"


def health() -> tuple[int, dict[str, Any]]:
    """An HTTP status, and what the service knows about itself."""
    answer: dict[str, Any] = {}
    try:
        # read at every request: the vendor's installer only replaces the file
        release = json.loads(_RELEASE.read_text())
        answer = {"version": release["version"], "needs_schema": release["schema"]}
        schema, patients = _ask(_QUERY).split("|")
        answer.update(schema=int(schema), patients=int(patients))
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return 503, {**answer, "ok": False, "why": f"{type(error).__name__}: {error}"}
    if answer["schema"] != answer["needs_schema"]:
        return 503, {**answer, "ok": False, "why": "the database has another version"}
    return 200, {**answer, "ok": True}


def _ask(query: str) -> str:
    database = json.loads(_SETTINGS.read_text())["database"]
    done = subprocess.run(
        [
            database["psql"], "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", query,
            "-h", database["address"], "-p", str(database["port"]),
            "-U", database["user"], "-d", database["name"],
        ],
        env={**os.environ, "PGPASSFILE": str(_HOME / "etc" / "pgpass"), "PGCONNECT_TIMEOUT": "5"},
        capture_output=True, text=True, timeout=30, check=True,
    )  # fmt: skip
    return done.stdout.strip()


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer ``/health``; nothing else is here."""
        status, body = health() if self.path == "/health" else (404, {"ok": False})
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, form: str, *values: object) -> None:
        """One line a request, in our own log."""
        sys.stderr.write(f"{self.address_string()} {form % values}\n")
        sys.stderr.flush()


class _Server(ThreadingHTTPServer):
    allow_reuse_address = True
    daemon_threads = True


def _serve() -> None:
    settings = json.loads(_SETTINGS.read_text())
    _Server((settings["address"], settings["port"]), _Answer).serve_forever()


def _running() -> int | None:
    """The process id of the running service, if it runs."""
    try:
        pid = int(_PID.read_text())
        command = Path("/proc", str(pid), "cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if b"serve" in command.split(b"\0") else None


def start() -> int:
    """Start in the background and return when it listens."""
    if _running() is not None:
        return 0
    with _LOG.open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, str(Path(__file__).resolve()), "serve"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True,
        )  # fmt: skip
    _PID.write_text(f"{child.pid}\n")
    settings = json.loads(_SETTINGS.read_text())
    deadline = time.monotonic() + 20
    while child.poll() is None and time.monotonic() < deadline:
        if _listening(settings["address"], settings["port"]):
            return 0
        time.sleep(0.02)
    sys.stderr.write(f"The service did not start; see {_LOG}.\n")
    return 1


def _listening(address: str, port: int) -> bool:
    import socket

    with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def stop() -> int:
    """Stop, and return when it is gone."""
    pid = _running()
    if pid is not None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + 10
        while _running() is not None and time.monotonic() < deadline:
            time.sleep(0.02)
        if _running() is not None:
            os.kill(pid, signal.SIGKILL)
    _PID.unlink(missing_ok=True)
    return 0


def status() -> int:
    """Say whether it runs: 0 if so, 3 if not."""
    pid = _running()
    sys.stdout.write("stopped\n" if pid is None else f"running as {pid}\n")
    return _NOT_RUNNING if pid is None else 0


def main(words: list[str]) -> int:
    """``start``, ``stop``, ``restart`` or ``status``; ``serve`` stays in the foreground."""
    match words:
        case ["start"]:
            return start()
        case ["stop"]:
            return stop()
        case ["restart"]:
            return stop() or start()
        case ["status"]:
            return status()
        case ["serve"]:
            _serve()
            return 0
        case _:
            sys.stderr.write("usage: practice-app start|stop|restart|status\n")
            return 64


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
