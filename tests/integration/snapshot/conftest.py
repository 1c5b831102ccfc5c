"""One append-only store for a whole worker; a repository for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import STORE
from sluis.rehearsal.sshd import new_ssh_key, start_host
from sluis.rehearsal.store import AppendOnlyStore
from support.snapshots import PASSWORD, PLACE, Stage, new_stage, start_stage_store, write_documents


@pytest.fixture(scope="session")
def snapshot_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppendOnlyStore]:
    keeper = Keeper()
    try:
        yield start_stage_store(keeper, tmp_path_factory.mktemp("store") / "store")
    finally:
        keeper.close()


@pytest.fixture
def stage(snapshot_store: AppendOnlyStore, tmp_path: Path) -> Stage:
    return new_stage(snapshot_store, tmp_path)


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    return write_documents(tmp_path / "documents")


@pytest.fixture
def sftp_store(stage: Stage, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """A store of kind sftp on the same repository folder, with its login in ``secrets``."""
    key = tmp_path / "store-key"
    public = new_ssh_key(key, "snapshots")
    keeper = Keeper()
    try:
        host = start_host(keeper, tmp_path / "store-host", "store", STORE, public)
        yield {
            "store": {
                "id": "sftp-store", "kind": "sftp", "machine": host.address, "user": host.user,
                "port": host.port, "path": str(stage.data), "host_key": host.host_key, **PLACE,
            },
            "secrets": {"repository_password": PASSWORD, "store_key": key.read_text()},
        }  # fmt: skip
    finally:
        keeper.close()
