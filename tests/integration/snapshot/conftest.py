"""One append-only store for a whole worker; a repository for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.store import AppendOnlyStore
from support.snapshots import Stage, new_stage, start_stage_store, write_documents


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
