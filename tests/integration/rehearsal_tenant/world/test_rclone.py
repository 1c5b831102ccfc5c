"""A client that somebody else wrote: rclone uploads, checks by quickXorHash, lists and deletes."""

from __future__ import annotations

import os
import random
from pathlib import Path

from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
from support.rclone_client import rclone_client
from support.tenant_talk import Talk


def test_rclone_uploads_and_finds_its_own_hashes_again(
    talk: Talk, drive: str, tmp_path: Path
) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "empty").write_bytes(b"")
    (source / "small.txt").write_bytes(b"small")
    large = random.Random(1).randbytes(12_000_001)
    (source / "sub" / "in two chunks.bin").write_bytes(large)
    tenant = talk.tenant
    with cloud_proxy(tenant.graph, tenant.content) as proxy:
        away = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "HTTPS_PROXY": proxy,
            "SSL_CERT_FILE": str(tenant.ca),
        }
        rclone = rclone_client(tenant, drive, "documentLibrary", away, tmp_path, 60)
        rclone("copy", str(source), "R:Up")
        assert "0 differences found" in rclone("check", str(source), "R:Up")
        item = talk.good(f"/drives/{drive}/root:/Up/sub/in%20two%20chunks.bin")["id"]
        assert talk.fetch(drive, item) == large
        tenant.control.write(drive, item, large[:-1] + b"x")
        changed = rclone.run("check", str(source), "R:Up")
        assert changed.returncode == 1
        assert "1 differences found" in changed.stderr
        listed = rclone("lsf", "-R", "--files-only", "R:Up", "--onedrive-delta")
        assert "sub/in two chunks.bin" in listed
        rclone("purge", "R:Up")
    assert talk.get(f"/drives/{drive}/root:/Up").status == 404
