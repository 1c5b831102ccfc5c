"""An archive that others made writes nowhere but into the scratch, and not more than fits."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from sluis.errors import SnapshotError
from sluis.manifest import Manifest
from sluis.snapshot import copies
from sluis.snapshot.copies import bring_back


def member(archive: tarfile.TarFile, name: str, content: bytes = b"", link: str = "") -> None:
    item = tarfile.TarInfo(name)
    item.size = len(content)
    if link:
        item.type, item.linkname = tarfile.SYMTYPE, link
    archive.addfile(item, io.BytesIO(content))


def test_a_file_does_not_go_through_a_link_of_its_own_name(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("whole")
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as archive:
        member(archive, "x", link=str(victim))
        member(archive, "x", b"overwritten")
    bring_back(str(path), str(tmp_path / "target"), Manifest({}))
    assert victim.read_text() == "whole"
    assert (tmp_path / "target" / "x").read_bytes() == b"overwritten"


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_a_bomb_does_not_fill_the_scratch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path, content = tmp_path / f"bomb.{kind}", bytes(9 << 20)
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("zeros", content)
    else:
        with tarfile.open(path, "w:gz") as archive:
            member(archive, "zeros", content)
    monkeypatch.setattr(copies, "free_in", lambda _: 5 << 20)
    with pytest.raises(SnapshotError) as raised:
        bring_back(str(path), str(tmp_path / "target"), Manifest({}))
    assert "more than the scratch can hold" in raised.value.what
    assert sum(one.stat().st_size for one in (tmp_path / "target").iterdir()) <= 5 << 20
