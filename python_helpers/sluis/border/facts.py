"""Figures of a source at the moment of its snapshot, as they travel and are kept.

The verifier works with them: it makes roles, chooses a character set and compares. They come
from a host, so each has a bound and a form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Literal, Mapping, Optional, Tuple, Type, Union

from . import codec
from .formats import Count, Digits, ExactName, Names, PlainName, Seconds, Sha256
from .marked import Annotated
from .shapes import Blob, Exact, Form, Most, Shape, Whole
from .strict_json import WrongError

_Small = Annotated[int, Whole(0, 2**31)]
_Id = Annotated[int, Whole(0, 2**32 - 1)]
#: a checksum over rows: a sum of 64-bit numbers, or a digest
Checksum = Annotated[str, Form(r"-?[0-9]{1,60}|[0-9a-f]{64}", "a checksum", 64)]
#: kind and name of an object; a function's name has its arguments in it
_ObjectName = Annotated[str, Exact(20_000)]
_Definition = Annotated[str, Form(r"[0-9a-f]{16,64}", "a digest", 64)]
_Share = Annotated[str, Form(r"[01]\.[0-9]{4}", "a share between 0 and 1", 6)]
_Mode = Annotated[str, Form(r"[0-7]{4}", "rights", 4)]


class _Rows(Shape):
    """A count of rows: a number, or its digits."""

    def load(self, value: Any) -> Any:
        """See ``Shape``."""
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
            return value
        return Whole().load(value)


@dataclass(frozen=True)
class TableFigures:
    """How many rows a table has, and a checksum over them."""

    rows: Annotated[Union[int, str], _Rows()]
    checksum: Checksum


@dataclass(frozen=True)
class SequenceFigures:
    """Where a sequence stands, in decimal digits: they may pass 2**53."""

    last: Digits
    called: bool
    step: Digits


@dataclass(frozen=True)
class LargeObjects:
    """PostgreSQL's large objects together."""

    count: Count
    bytes: Digits
    checksum: Checksum


Tables = Annotated[Mapping[ExactName, TableFigures], Most(100_000)]
Sequences = Annotated[Mapping[ExactName, SequenceFigures], Most(100_000)]
Objects = Annotated[Mapping[_ObjectName, _Definition], Most(300_000)]
Texts = Annotated[Mapping[ExactName, ExactName], Most(10_000)]
FileSizes = Annotated[Mapping[PlainName, Count], Most(100)]


@dataclass(frozen=True)
class PostgresqlDatabase:
    """What a PostgreSQL database says of itself."""

    name: ExactName
    encoding: ExactName
    collate: Optional[ExactName]
    ctype: Optional[ExactName]
    provider: ExactName
    locale: Optional[ExactName]
    owner: ExactName
    bytes: Count
    version: ExactName
    major: _Small
    first_superuser: ExactName
    on_standby: bool
    around_sha256: Optional[Sha256] = None


@dataclass(frozen=True)
class PostgresqlFacts:
    """Figures of a PostgreSQL database; `postgresql_figures` says what each is."""

    kind: Literal["postgresql"]
    database: PostgresqlDatabase
    dumped_with: _Small
    nonce_sha256: Optional[Sha256]
    files: FileSizes
    tables: Tables
    recomputed: Tables
    sequences: Sequences
    sequences_after: Sequences
    large_objects: LargeObjects
    objects: Objects
    extensions: Texts
    roles: Names
    foreign_tables: Names
    collations: Names
    probe: ExactName
    extension_owners: Optional[Texts] = None


@dataclass(frozen=True)
class MariadbDatabase:
    """What a MariaDB database says of itself."""

    name: ExactName
    character_set: PlainName
    collation: PlainName
    version: PlainName
    series: PlainName
    lower_case_table_names: _Small
    innodb_page_size: _Small
    innodb_strict_mode: _Small
    innodb_default_row_format: PlainName
    bytes: Count


@dataclass(frozen=True)
class MariadbFacts:
    """Figures of a MariaDB database; `mariadb_figures` says what each is."""

    kind: Literal["mariadb"]
    database: MariadbDatabase
    nonce_sha256: Optional[Sha256]
    files: FileSizes
    tables: Tables
    recomputed: Tables
    sequences: Sequences
    sequences_after: Sequences
    objects: Objects
    definers: Names
    engines: Names
    extensions: Texts
    foreign_tables: Names
    probe: ExactName
    float_rows: Optional[Count] = None
    held_seconds: Optional[Seconds] = None
    two_instants: Optional[bool] = None
    unlocked: Optional[Names] = None
    unseen: Optional[Names] = None


@dataclass(frozen=True)
class SqliteFacts:
    """Figures of a SQLite database."""

    tables: Tables
    objects: Objects
    settings: Texts
    foreign_key_errors: Digits
    kind: Literal["sqlite"] = "sqlite"


@dataclass(frozen=True)
class Randomness:
    """How many files were looked at, and how many of them look like random data."""

    looked_at: Count
    random: Count
    share: Optional[_Share]


@dataclass(frozen=True)
class LeftOut:
    """What was left out of a copy by agreement, and how many items that were."""

    patterns: Annotated[Tuple[ExactName, ...], Most(1000)]
    matched: Count


@dataclass(frozen=True)
class FolderRights:
    """Owner, rights and attributes of the folder itself."""

    mode: _Mode
    uid: _Id
    gid: _Id
    attributes: Annotated[Mapping[ExactName, Annotated[bytes, Blob(2**16)]], Most(1000)]


@dataclass(frozen=True)
class DirectoryFacts:
    """Figures of a folder."""

    files: Count
    empty_files: Count
    randomness: Randomness
    left_out: LeftOut
    folder: FolderRights
    kind: Literal["directory"] = "directory"


Facts = Union[DirectoryFacts, PostgresqlFacts, MariadbFacts, SqliteFacts]
_KINDS: Dict[str, Type[Any]] = {
    "directory": DirectoryFacts,
    "mariadb": MariadbFacts,
    "postgresql": PostgresqlFacts,
    "sqlite": SqliteFacts,
}


def read_facts(value: Any) -> Optional[Facts]:
    """Facts from JSON data, or ``None`` when there are none.

    Raises:
        WrongError: they are not facts.
    """
    if value is None or value == {}:
        return None
    if not isinstance(value, dict):
        raise WrongError("are not facts")
    # Those of folders and of SQLite did not say their kind before version 1 of the protocol.
    kind = value.get("kind", "sqlite" if "settings" in value else "directory")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise WrongError("is none of the kinds that have facts", ("kind",))
    facts: Facts = codec.load(_KINDS[kind], value)
    return facts


def plain_facts(facts: Optional[Facts]) -> Dict[str, Any]:
    """Facts as JSON data, as engines compare them and the object store keeps them."""
    plain: Dict[str, Any] = {} if facts is None else codec.dump(facts)
    return plain
