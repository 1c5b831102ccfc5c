"""What the practice's data are at this moment, found out without any of the product's code.

The demo and the tests hold two fingerprints side by side: equal means that nothing
changed on the client's machines, whatever a program may have said about it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from sluis.rehearsal.lab import Lab

_TABLES = "select tablename from pg_tables where schemaname = 'public' order by 1"
_ROWS = """
set timezone = 'UTC';
set extra_float_digits = 1;
select count(*), coalesce(md5(string_agg(row, '' order by row)), '')
from (select md5(t::text) as row from public."TABLE" t) as every
"""


@dataclass(frozen=True)
class Fingerprint:
    """Digests of everything the practice has.

    ``tables`` maps a table to its row count and a digest of all rows; ``sequences`` a
    sequence to its last value; ``documents`` and ``release`` a file's name, below its
    folder, to the SHA-256 of its content.
    """

    tables: dict[str, str]
    sequences: dict[str, str]
    documents: dict[str, str]
    release: dict[str, str]

    @property
    def rows(self) -> int:
        """How many rows there are in all tables."""
        return sum(int(figure.split("|")[0]) for figure in self.tables.values())

    def differences(self, other: Fingerprint) -> list[str]:
        """Names of what is not the same in ``other``, sorted."""
        found = []
        for what in ("tables", "sequences", "documents", "release"):
            mine, theirs = getattr(self, what), getattr(other, what)
            found += [
                f"{what}: {name}"
                for name in mine.keys() | theirs.keys()
                if mine.get(name) != theirs.get(name)
            ]
        return sorted(found)


def fingerprint(lab: Lab) -> Fingerprint:
    """Read every row and every byte of the lab's practice."""
    tables = {}
    for table in lab.sql(_TABLES).splitlines():
        tables[table] = lab.sql(_ROWS.replace("TABLE", table))
    sequences = lab.sql(
        "select sequencename, last_value from pg_sequences where schemaname = 'public' order by 1"
    )
    return Fingerprint(
        tables=tables,
        sequences=dict(line.split("|") for line in sequences.splitlines()),
        documents=_files(lab.documents),
        release=_files(lab.application.current),
    )


def _files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
