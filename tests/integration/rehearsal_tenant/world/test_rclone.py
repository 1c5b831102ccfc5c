"""A client that somebody else wrote: rclone uploads, checks by quickXorHash, lists and deletes."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from sluis.rehearsal.tenant.cloud_proxy import cloud_proxy
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
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "HTTPS_PROXY": proxy,
            "SSL_CERT_FILE": str(tenant.ca),
            "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
            "RCLONE_CONFIG_R_TYPE": "onedrive",
            "RCLONE_CONFIG_R_CLIENT_ID": tenant.app.client_id,
            "RCLONE_CONFIG_R_CLIENT_SECRET": tenant.app.secret,
            "RCLONE_CONFIG_R_CLIENT_CREDENTIALS": "true",
            "RCLONE_CONFIG_R_TENANT": tenant.tenant_id,
            "RCLONE_CONFIG_R_DRIVE_ID": drive,
            "RCLONE_CONFIG_R_DRIVE_TYPE": "documentLibrary",
        }

        def rclone(*words: str) -> str:
            done = subprocess.run(
                [Path(sys.executable).parent / "rclone", *words, "--retries", "1"],
                env=environment,
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == 0, done.stderr
            return done.stdout + done.stderr

        rclone("copy", str(source), "R:Up")
        assert "0 differences found" in rclone("check", str(source), "R:Up")
        item = talk.good(f"/drives/{drive}/root:/Up/sub/in%20two%20chunks.bin")["id"]
        assert talk.fetch(drive, item) == large
        tenant.control.write(drive, item, large[:-1] + b"x")
        changed = subprocess.run(
            [Path(sys.executable).parent / "rclone", "check", str(source), "R:Up"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert changed.returncode == 1
        assert "1 differences found" in changed.stderr
        listed = rclone("lsf", "-R", "--files-only", "R:Up", "--onedrive-delta")
        assert "sub/in two chunks.bin" in listed
        rclone("purge", "R:Up")
    assert talk.get(f"/drives/{drive}/root:/Up").status == 404
