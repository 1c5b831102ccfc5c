"""Make-believe data to measure with: the same bytes on every machine, made once.

Half of the bytes are text that compresses as written words do, half are as scans and
photographs: bytes that do not compress. No part occurs twice, so that an engine which
stores equal parts once has to store all of it.
"""

from __future__ import annotations

import math
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

_SEED = 20170105
#: goes up when other bytes are made, so that a kept set is never taken for another
_VERSION = 1
#: how often each character occurs in 256 characters of text
_LETTERS = (
    b" " * 45 + b"e" * 36 + b"n" * 20 + b"a" * 16 + b"t" * 14 + b"i" * 13 + b"r" * 12 + b"o" * 12
    + b"d" * 11 + b"s" * 9 + b"l" * 8 + b"g" * 7 + b"v" * 6 + b"h" * 6 + b"k" * 5 + b"m" * 5
    + b"u" * 4 + b"b" * 4 + b"p" * 4 + b"w" * 4 + b"j" * 3 + b"z" * 3 + b"c" * 3 + b"\n" * 4
    + b",.0"[:2]
)  # fmt: skip


@dataclass(frozen=True)
class DataSet:
    """A folder of files.

    Args:
        name: short and stable.
        files: how many.
        size: bytes of all of them together.
        folders: over how many folders they are spread.
    """

    name: str
    files: int
    size: int
    folders: int

    @property
    def words(self) -> str:
        """The set in one line."""
        if self.size >= 2**30:
            return f"{self.size / 2**30:.3g} GiB in {self.files:,} files"
        return f"{self.size / 2**20:.3g} MiB in {self.files:,} files"


def provide(data: DataSet, kept: Path) -> Path:
    """The folder with a data set, made when it is not there yet.

    Args:
        kept: where sets are kept between runs.
    """
    folder = kept / f"{data.name}-{data.files}-{data.size}-{_VERSION}"
    if folder.is_dir():
        return folder
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    _write(data, unfinished)
    unfinished.rename(folder)
    return folder


def _write(data: DataSet, folder: Path) -> None:
    chance = random.Random(_SEED)
    places = [folder / f"year-{n // 40:02d}" / f"part-{n % 40:02d}" for n in range(data.folders)]
    for place in places:
        place.mkdir(parents=True)
    for number, size in enumerate(_sizes(data, chance)):
        content = chance.randbytes(size)
        name = f"scan-{number:05d}.bin"
        if number % 2:
            content, name = content.translate(_TEXT), f"brief {number:05d}.txt"
        (places[number % len(places)] / name).write_bytes(content)


def _sizes(data: DataSet, chance: random.Random) -> list[int]:
    """Many small files and a few large ones, together exactly the size of the set."""
    weights = [math.exp(chance.gauss(0, 1.2)) for _ in range(data.files)]
    # no file takes more than a fiftieth: one very large one would decide everything
    most = sum(weights) / 50
    weights = [min(weight, most) for weight in weights]
    factor = data.size / sum(weights)
    sizes = [int(weight * factor) for weight in weights]
    sizes[0] += data.size - sum(sizes)
    return sizes


_TEXT = (_LETTERS + b" " * 256)[:256]
