"""Fresh repositories on a store, and what a snapshot is made and proven with, for (a) and (b)."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.turns import run
from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import APP1, STORE
from sluis.rehearsal.store import AppendOnlyStore, start_store

PLACE = {"site": "Data centre North", "country": "NL", "provider": "Example Hosting"}
_CHILD = Path(__file__).with_name("module_process.py")


@dataclass(frozen=True)
class Repository:
    """A repository of its own on a store, by the words of Sluis and by those of restic."""

    store: dict[str, Any]
    secrets: dict[str, str] = field(repr=False)
    environment: dict[str, str] = field(repr=False)
    options: tuple[str, ...]
    data: Path

    def restic(self, *arguments: str, cwd: Path | None = None, cache: Path | None = None) -> Any:
        """Run restic as somebody without Sluis would."""
        more = {"RESTIC_CACHE_DIR": str(cache)} if cache else {}
        return run(
            ["restic", *self.options, *arguments], cwd=cwd, environment=self.environment | more
        )


@dataclass
class Stores:
    """Stores of one kind, ``rest`` (append-only, over TLS) or ``local`` (a folder)."""

    kind: str
    folder: Path
    server: AppendOnlyStore | None = None
    _made: int = 0

    @contextlib.contextmanager
    def repository(self) -> Iterator[Repository]:
        """A new and empty place for a repository, removed with all in it at the end."""
        self._made += 1
        name = f"repository-{self._made}"
        if self.server is not None:
            made = self._on_server(self.server, name)
        else:
            made = self._in_folder(self.folder / name)
        try:
            yield made
        finally:
            shutil.rmtree(made.data, ignore_errors=True)

    def _on_server(self, server: AppendOnlyStore, name: str) -> Repository:
        assert server.certificate is not None
        parts = urlsplit(server.url)
        login = f"{server.user}:{server.password}@"
        password = secrets.token_urlsafe(18)
        return Repository(
            store={
                "id": name, "kind": "rest", "url": f"{server.url}{name}/", "machine": STORE,
                "ca_certificate": server.certificate.read_text(), **PLACE,
            },
            secrets={
                "repository_password": password, "escrow_password": secrets.token_urlsafe(18),
                "store_user": server.user, "store_password": server.password,
            },
            environment=_environment(
                password, f"rest:{parts.scheme}://{login}{parts.netloc}/{name}/"
            ),
            options=("--cacert", str(server.certificate)),
            data=server.data / name,
        )  # fmt: skip

    def _in_folder(self, path: Path) -> Repository:
        password = secrets.token_urlsafe(18)
        return Repository(
            store={"id": path.name, "kind": "local", "path": str(path), "machine": "here", **PLACE},
            secrets={
                "repository_password": password, "escrow_password": secrets.token_urlsafe(18)
            },
            environment=_environment(password, str(path)),
            options=(),
            data=path,
        )  # fmt: skip


@contextlib.contextmanager
def stores(kind: str, folder: Path) -> Iterator[Stores]:
    """Start what a kind of store needs; all of it goes at the end."""
    folder.mkdir(parents=True)
    with Keeper() as keeper:
        server = start_store(keeper, folder / "server") if kind == "rest" else None
        yield Stores(kind, folder, server)
    shutil.rmtree(folder, ignore_errors=True)


def call(verb: Any, home: Path, request: Any, secrets: Any) -> Any:
    """Let a verb be answered as one of the role's modules does.

    A process of its own, request and secrets in, the answer out. Only Ansible's own way
    there is left out.

    Args:
        verb: what is asked.
        home: the home folder of that process, where the maker keeps its cache.
        request: of the verb.
        secrets: of the verb.

    Raises:
        RunFailedError: it ended with an error.
    """
    packed = (verb.pack_request(request, host="h"), verb.pack_secrets(secrets, host="h"))
    said = "\n".join([verb.name, *(base64.b64encode(one).decode() for one in packed)])
    ended = run(
        [sys.executable, str(_CHILD)], stdin=said, environment={**os.environ, "HOME": str(home)}
    )
    return verb.read_answer(ended.output.encode(), host="h")


#: the address by which the machine with the data is reached; in the lab not the store's
HOST_ADDRESS = APP1


def _environment(password: str, repository: str) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "LC_ALL": "C.UTF-8",
        "RESTIC_PASSWORD": password,
        "RESTIC_REPOSITORY": repository,
        "RESTIC_PROGRESS_FPS": "1",
    }
