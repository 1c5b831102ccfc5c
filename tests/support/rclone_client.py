"""rclone, led to a rehearsal tenant's drive as ``R:``."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sluis.rehearsal.tenant.start import Tenant


@dataclass(frozen=True)
class RcloneClient:
    """rclone with one drive of a tenant.

    Args:
        environment: all of rclone's environment.
        seconds: that one command may take.
    """

    environment: Mapping[str, str]
    seconds: float

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command; whether it ended well is the caller's to judge."""
        return subprocess.run(
            [Path(sys.executable).parent / "rclone", *words],
            env=self.environment, capture_output=True, text=True, timeout=self.seconds,
            check=False,
        )  # fmt: skip

    def __call__(self, *words: str) -> str:
        """Run one command that must end well; what it said."""
        done = self.run(*words, "--retries", "1")
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout + done.stderr


def rclone_client(
    tenant: Tenant, drive: str, kind: str, away: Mapping[str, str], folder: Path, seconds: float
) -> RcloneClient:
    """rclone as its own settings lead it to a drive.

    Args:
        tenant: whose drive it is.
        drive: the drive's id.
        kind: of the drive, as rclone calls it: ``business`` or ``documentLibrary``.
        away: what leads a program to the tenant under the real names.
        folder: where its file of settings is.
        seconds: that one command may take.
    """
    settings = {
        "TYPE": "onedrive", "CLIENT_ID": tenant.app.client_id, "CLIENT_SECRET": tenant.app.secret,
        "CLIENT_CREDENTIALS": "true", "TENANT": tenant.tenant_id, "DRIVE_ID": drive,
        "DRIVE_TYPE": kind,
    }  # fmt: skip
    named = {f"RCLONE_CONFIG_R_{name}": value for name, value in settings.items()}
    return RcloneClient({**away, "RCLONE_CONFIG": str(folder / "rclone.conf"), **named}, seconds)
