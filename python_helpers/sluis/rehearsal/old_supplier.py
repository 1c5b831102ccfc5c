"""The old supplier's file server: an I-drive and two H-drives, over SFTP and nothing else.

Its names are those of twenty years of people and programs: accents in two spellings, spaces
at the end, names that Windows made and names that are no text at all.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass
from pathlib import Path

from sluis.rehearsal.keeper import Keeper
from sluis.rehearsal.loopback import OLD_SUPPLIER
from sluis.rehearsal.sshd import SshHost, start_host

_SEED = 20190630  # the day on which the old contract ended
#: seconds since 1970: 2014-01-01 and five and a half years later
_OLDEST, _SPAN = 1_388_534_400, 173_000_000


@dataclass(frozen=True)
class OldSupplier:
    """The file server, running.

    Args:
        host: the SFTP server.
        i_drive: the shared folder, as the server spells it.
        h_drives: people's own folders, by account.
    """

    host: SshHost
    i_drive: Path
    h_drives: dict[str, Path]


@dataclass(frozen=True)
class DriveSize:
    """How much there is: files of the I-drive, files of each H-drive, bytes of an average file."""

    shared: int = 120
    own: int = 12
    file_bytes: int = 6_000


def start_old_supplier(
    keeper: Keeper, folder: Path, client_public_key: str, size: DriveSize | None = None
) -> OldSupplier:
    """Start the file server and fill it.

    Args:
        keeper: ends it with the lab.
        folder: a new folder for everything of it.
        client_public_key: the one key that may log in.
        size: how much it holds.

    Raises:
        SluisError: ``program-missing``, ``lab-part-failed``.
    """
    size = size or DriveSize()
    host = start_host(
        keeper, folder, "oldsupplier", OLD_SUPPLIER, client_public_key, sftp_only=True
    )
    shared = host.folder / "srv" / "I"
    own = {name: host.folder / "srv" / "H" / name for name in ("user01", "user02")}
    fill_drive(shared, size.shared, size.file_bytes, _SEED)
    for number, place in enumerate(own.values(), start=1):
        fill_drive(place, size.own, size.file_bytes, _SEED + number)
    return OldSupplier(host, shared, own)


def fill_drive(folder: Path, files: int, file_bytes: int, seed: int) -> None:
    """Fill a folder with files whose names, bytes and times follow from the seed."""
    chance = random.Random(seed)  # noqa: S311 - made-up data, not a secret
    folder.mkdir(parents=True)
    places = [folder / name for name in _FOLDERS]
    for place in places:
        place.mkdir(parents=True, exist_ok=True)
    names = [*_NASTY, *map(os.fsdecode, _NO_TEXT)]
    names += [f"traject {number:04d}.docx" for number in range(files - len(names))]
    for number, name in enumerate(names[:files]):
        path = places[number % len(places)] / name
        length = 0 if number % 37 == 5 else int(file_bytes * chance.expovariate(1.0)) + 1
        path.write_bytes(chance.randbytes(length))
        when = _OLDEST + chance.randrange(_SPAN)
        os.utime(path, (when, when))
    (folder / "Oud" / "snelkoppeling").symlink_to("/srv/elders/verhuisd")
    os.mkfifo(folder / "Oud" / "printer.spool")


_FOLDERS = (
    "Algemeen",
    "Cliënten/2017/Intake",
    "Cliënten/2018 ",
    "Oud",
    "Oud/Oud/Oud kopie (2)",
    "CON",
)
#: names from before UTF-8
_NO_TEXT = (b"cliented\xe9tails.doc", b"b\xff\xfe.txt")
_NASTY = (
    "desktop.ini",
    "~$verslag.docx",
    "verslag.docx",
    "VERSLAG.docx",
    "Café.txt",
    "Cafe\u0301.txt",
    "punt aan het eind.",
    "spatie aan het eind ",
    "regel een\nregel twee.txt",
    "..\\..\\windows.txt",
    "-rf",
    "100% klaar?.pdf",
    "dubbel: punt * ster.txt",
    "gpj.\u202exe",
    "AUX.txt",
    "x" * 250,
)
