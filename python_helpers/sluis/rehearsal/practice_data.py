"""Make-believe data of a practice: the same on every machine and in every run.

A database of tens of thousands of rows and a folder of documents. Nothing in it is
about anybody: patients are codes, letters are numbered.
"""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

from sluis.rehearsal.postgres import RealPostgres

DATABASE = "practice"
_FOLDERS = ("brieven/2024", "brieven/2025", "brieven/2026", "uitslagen", "scans/ingekomen post")
_SEED = 20170105


@dataclass(frozen=True)
class DataSize:
    """How much to make: rows in the table ``patient``, documents, and bytes of documents."""

    patients: int
    documents: int
    document_bytes: int


#: enough to be real, small enough to start in a second or two
SMALL = DataSize(patients=2_000, documents=60, document_bytes=2_000_000)
#: what the demo shows: 98,000 rows and 60 MB in 1,500 files
DEMO = DataSize(patients=20_000, documents=1_500, document_bytes=60_000_000)


def fill_database(server: RealPostgres, size: DataSize, *, application_password: str) -> None:
    """Make the practice database and the user ``practice_app`` that the application has.

    Args:
        server: a running server without that database.
        size: how much.
        application_password: only letters, digits, ``-`` and ``_``.
    """
    server.sql(f"create database {DATABASE}")
    subprocess.run(
        [
            server.program("psql"), "-X", "-q", "-v", f"patients={size.patients}",
            "-h", server.host, "-p", str(server.port), "-U", server.superuser, "-d", DATABASE,
            "-f", str(Path(__file__).with_name("practice.sql")),
        ],
        check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    server.sql(
        f"create role practice_app login password '{application_password}' in role pg_read_all_data"
    )


def write_documents(folder: Path, size: DataSize) -> None:
    """Write the documents into ``folder``, which is made.

    Letters are text, scans are bytes that do not compress, sizes differ widely, and
    some names have spaces and accents.
    """
    chance = random.Random(_SEED)  # noqa: S311 - made-up data, not a secret
    average = max(size.document_bytes // max(size.documents, 1), 64)
    for name in _FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(size.documents):
        where = folder / _FOLDERS[number % len(_FOLDERS)]
        length = max(64, int(average * chance.expovariate(1.0)))
        code = f"P-{1 + chance.randrange(max(size.patients, 1)):06d}"
        if number % 5 < 3:
            line = f"Brief {number} over {code}: coördinatie van zorg, zie ook n° {number * 7}.\n"
            content = (line.encode() * (length // len(line.encode()) + 1))[:length]
            name = f"Brief {number:05d} {code}.txt" if number % 2 else f"brief_{number:05d}.txt"
        else:
            content = chance.randbytes(length)
            name = f"scan-{number:05d} geïmporteerd.bin" if number % 2 else f"scan-{number:05d}.bin"
        (where / name).write_bytes(content)
