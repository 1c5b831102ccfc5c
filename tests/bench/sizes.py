"""How much is measured: in full, or quickly to see that the bench itself works."""

from __future__ import annotations

from dataclasses import dataclass

from bench.data import DataSet
from bench.limits_on import Limited
from bench.listing import Killed
from bench.old_supplier import Load as Supplied
from bench.transfers import Load


@dataclass(frozen=True)
class Sizes:
    """Data sets, counts, and how often each pair is run.

    Args:
        sets: folders of files.
        kinds: kinds of stores for the whole gate.
        database: bytes.
        connections: over which guarded steps run.
        steps: guarded steps in one run.
        verified: statements in the dossier that is verified.
        appended: statements appended in one run.
        loads: drives that are fetched without limits.
        limited: the drive that is fetched under limits.
        listed: items of the drive that is listed.
        resumed: the transfer that is killed.
        hashed: bytes of the file that is hashed.
        supplied: what is copied from the old supplier's SFTP server.
        long_runs: counted pairs of what takes long.
        runs: counted pairs of the rest.
        warm_up: pairs before them that do not count.
    """

    sets: tuple[DataSet, ...]
    kinds: tuple[str, ...]
    database: int
    connections: tuple[str, ...]
    steps: int
    verified: int
    appended: int
    loads: tuple[Load, ...]
    limited: Limited
    listed: int
    resumed: Killed
    hashed: int
    supplied: tuple[Supplied, ...]
    long_runs: int
    runs: int
    warm_up: int


FULL = Sizes(
    sets=(
        DataSet("1g", files=3_000, size=2**30, folders=60),
        DataSet("200m", files=50_000, size=200 * 2**20, folders=500),
    ),
    kinds=("rest", "local"),
    database=2**30,
    connections=("local", "ssh"),
    steps=30,
    verified=10_000,
    appended=200,
    loads=(Load("many", 20_000, 10_000, speed=1.5), Load("large", 4, 2**30, speed=1.0)),
    limited=Limited(files=4_000, speed=1.0),
    listed=1_000_000,
    resumed=Killed(files=40, size=48 * 2**20, at=(0.2, 0.5, 0.8)),
    hashed=2**32,
    supplied=(
        Supplied("many", "20,000 files of 10 KB", 20_000, 10_000),
        Supplied("large", "one file of 1 GiB", 1, 2**30),
    ),
    long_runs=3,
    runs=5,
    warm_up=1,
)

QUICK = Sizes(
    # more files than the 200 up to which restverify hashes them all
    sets=(DataSet("quick", files=300, size=2**19, folders=10),),
    kinds=("rest",),
    database=2**20,
    connections=("ssh",),
    steps=2,
    verified=60,
    appended=5,
    loads=(Load("many", 60, 10_000, speed=1.5), Load("large", 2, 2**24, speed=1.0)),
    limited=Limited(files=60, speed=10.0),
    listed=1_000,
    resumed=Killed(files=4, size=24 * 2**20, at=(0.5,)),
    hashed=2**24,
    supplied=(
        Supplied("many", "60 files of 10 KB", 60, 10_000),
        Supplied("large", "one file of 16 MiB", 1, 2**24),
    ),
    long_runs=1,
    runs=1,
    warm_up=0,
)
