"""Lays the make-believe vendor's application on a lab host and says where all of it is."""

from __future__ import annotations

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from sluis.rehearsal.postgres import RealPostgres
from sluis.rehearsal.practice_data import DATABASE


@dataclass(frozen=True)
class Application:
    """The application on its host.

    ``current`` is the folder with the installed release, which an update replaces;
    ``control`` is the program that starts and stops it; ``url`` answers when it runs.
    """

    folder: Path
    current: Path
    control: Path
    address: str
    port: int

    @property
    def url(self) -> str:
        """Where the service says how it is."""
        return f"http://{self.address}:{self.port}/health"


def install_application(
    folder: Path, address: str, port: int, database: RealPostgres, password: str
) -> Application:
    """Install version 5.0, not started.

    Args:
        folder: a new folder on the host.
        address: where it is to listen.
        port: a free port there.
        database: the running server with the practice database.
        password: that of the database user ``practice_app``.
    """
    application = Application(
        folder=folder,
        current=folder / "current",
        control=folder / "bin" / "practice-app",
        address=address,
        port=port,
    )
    for name in ("bin", "current", "etc", "run"):
        (folder / name).mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("practice_app.py"), folder / "bin" / "practice_app.py")
    # our own interpreter may be out of reach for the host's user, Debian's never is
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    application.control.write_text(
        f'#!/bin/sh\nexec {python} "$(dirname "$0")/practice_app.py" "$@"\n'
    )
    application.control.chmod(0o755)
    (application.current / "release.json").write_text(release(version="5.0", schema=50))
    (application.current / "NEWS.txt").write_text("5.0: the first version of this practice.\n")
    (folder / "etc" / "settings.json").write_text(
        json.dumps(
            {
                "address": address,
                "port": port,
                "database": {
                    "address": database.address,
                    "port": database.port,
                    "name": DATABASE,
                    "user": "practice_app",
                    "psql": database.program("psql"),
                },
            },
            indent=2,
        )
        + "\n"
    )
    secret = folder / "etc" / "pgpass"
    secret.touch(mode=0o600)
    secret.write_text(f"{database.address}:{database.port}:{DATABASE}:practice_app:{password}\n")
    return application


def release(*, version: str, schema: int) -> str:
    """A release file: the version, and the version of the database that it needs."""
    return json.dumps({"version": version, "schema": schema}, indent=2) + "\n"
