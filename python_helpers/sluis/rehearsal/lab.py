"""The lab: a small practice on loopback, made of real parts, gone when the block ends.

``app1`` holds the documents and the application, ``db1`` the database; a store and a
time-stamping service stand on machines of their own. Several labs run side by side.

with Lab() as lab:
    lab.run("app1", "uptime")
"""

from __future__ import annotations

import json
import secrets
import shlex
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sluis.errors import SluisError
from sluis.rehearsal.application import Application, install_application
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import APP1, DB1, TSA, free_port
from sluis.rehearsal.postgres import RealPostgres
from sluis.rehearsal.practice_data import (
    DATABASE,
    SMALL,
    DataSize,
    fill_database,
    write_documents,
)
from sluis.rehearsal.server_process import server_folder
from sluis.rehearsal.sshd import SshHost, new_ssh_key, start_host
from sluis.rehearsal.store import AppendOnlyStore, start_store
from sluis.rehearsal.tsa import LocalTsa


class Lab:
    """A running lab. Everything it started dies with it, or with us.

    Args:
        folder: where to put it; a new temporary one when left out. As root the system
            user ``postgres`` must be able to reach it. It is removed at the end.
        size: how much data the practice has.

    Attributes:
        hosts: ``app1`` and ``db1``, by inventory name.
        documents: the folder of documents, on ``app1``.
        application: the vendor's application, on ``app1``, running.
        postgres: the database server, on ``db1``.
        store: the append-only store.
        tsa: the time-stamping service.
        client_key: the private key that may log in to the hosts.
        known_hosts: the hosts' keys.
    """

    hosts: Mapping[str, SshHost]
    documents: Path
    application: Application
    postgres: RealPostgres
    store: AppendOnlyStore
    tsa: LocalTsa
    client_key: Path
    known_hosts: Path

    def __init__(self, folder: Path | None = None, *, size: DataSize = SMALL) -> None:
        self.folder = server_folder("sluis-lab-") if folder is None else folder.absolute()
        self.size = size
        self._keeper: Keeper | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._keeper = Keeper()
        self._keeper.remove_at_end(self.folder)
        try:
            self._start(self._keeper)
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End everything and remove the folder."""
        if self._keeper is not None:
            self._keeper.close()
            self._stack.close()

    def run(
        self, host: str, command: str, *, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a shell command on a host, over SSH, as an operator would.

        Args:
            host: ``app1`` or ``db1``.
            command: for the host's shell.
            check: raise when it fails.
            stdin: what it reads.

        Raises:
            subprocess.CalledProcessError: it ended with another status than 0.
        """
        target = self.hosts[host]
        return subprocess.run(
            [
                "ssh", "-i", str(self.client_key), *shlex.split(self.ssh_options),
                "-p", str(target.port), f"{target.user}@{target.address}", command,
            ],
            capture_output=True, text=True, check=check, input=stdin or "",
        )  # fmt: skip

    @property
    def ssh_options(self) -> str:
        """Options with which the OpenSSH client believes these hosts' keys and no others."""
        return (
            f"-F none -o UserKnownHostsFile={self.known_hosts} -o GlobalKnownHostsFile=/dev/null "
            "-o StrictHostKeyChecking=yes -o IdentitiesOnly=yes -o BatchMode=yes"
        )

    def health(self) -> dict[str, Any]:
        """What the application answers, with its HTTP ``status``; 0 when nothing answers."""
        try:
            with urllib.request.urlopen(self.application.url, timeout=30) as answer:  # noqa: S310
                return {"status": answer.status, **json.load(answer)}
        except urllib.error.HTTPError as refused:
            return {"status": refused.code, **json.load(refused)}
        except OSError as error:
            return {"status": 0, "ok": False, "why": str(error)}

    def sql(self, statements: str) -> str:
        """Run SQL in the practice database as its superuser; the output, unaligned."""
        return self.postgres.sql(statements, database=DATABASE)

    def _start(self, keeper: Keeper) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        self.client_key = self.folder / "client_key"
        public = new_ssh_key(self.client_key, "operator of the lab")
        hosts = {
            name: start_host(keeper, self.folder / name, name, address, public)
            for name, address in (("app1", APP1), ("db1", DB1))
        }
        self.hosts = hosts
        self.known_hosts = self.folder / "known_hosts"
        self.known_hosts.write_text("".join(host.known_hosts_line() for host in hosts.values()))
        self.store = start_store(keeper, self.folder / "store")
        # in our own process, so it needs no keeper
        self.tsa = self._stack.enter_context(LocalTsa(self.folder / "tsa", TSA))
        self._start_database(keeper, hosts["db1"])
        self.documents = hosts["app1"].folder / "srv" / "documents"
        write_documents(self.documents, self.size)
        self._start_application(hosts["app1"])

    def _start_database(self, keeper: Keeper, host: SshHost) -> None:
        self.postgres = RealPostgres(host.folder / "postgresql", address=host.address)
        self.postgres.start()
        self._stack.callback(self.postgres.stop)
        assert self.postgres.pid is not None  # noqa: S101
        # SIGINT is PostgreSQL's fast shutdown
        keeper.watch(self.postgres.pid, stop_signal=signal.SIGINT)
        keeper.remove_at_end(Path(self.postgres.host))
        self._password = secrets.token_urlsafe(18)
        fill_database(self.postgres, self.size, application_password=self._password)

    def _start_application(self, host: SshHost) -> None:
        self.application = install_application(
            host.folder / "opt" / "practice",
            host.address,
            free_port(host.address),
            self.postgres,
            self._password,
        )
        started = self.run("app1", f"{self.application.control} start", check=False)
        health = self.health()
        if started.returncode != 0 or health["status"] != 200:
            raise SluisError(
                "lab-part-failed",
                f"The application did not start: {health} {started.stderr}",
                f"Look in the folder {self.application.folder / 'run'} on app1.",
            )
