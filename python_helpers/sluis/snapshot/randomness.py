"""How random the files look. Encrypted files look random, and text does not.

A jump since the last snapshot can mean ransomware (case C5). Some files, such as
photos, always look random; that is why only a jump counts.
"""

from __future__ import annotations

import os
import zlib
from typing import List

from ..border.facts import Randomness
from ..manifest import Entry, Manifest

#: files looked at, spread evenly over the whole
_LOOKED_AT = 500
_BLOCK = 4096
#: smaller blocks compress badly whatever they hold
_SMALLEST = 512
#: random data does not become smaller than this
_RANDOM = 0.97
#: for a first impression
_FEW = 300
_FEW_OF_EACH = 50
_NEARLY_ALL = 0.9


def measure_randomness(root: str, manifest: Manifest) -> Randomness:
    """Share of files whose first and middle blocks do not compress.

    Returns:
        ``looked_at`` (files), ``random`` (files that look random), ``share`` (0 to 1, as
        text with four decimals, or ``None`` when there was nothing to look at).
    """
    files = [e for e in manifest.entries.values() if e.type == "file" and e.size >= _SMALLEST]
    chosen = files[:: max(1, len(files) // _LOOKED_AT)][: _LOOKED_AT + 1]
    looked: List[bool] = []
    for entry in chosen:
        try:
            looked.append(_looks_random(root, entry))
        except OSError:
            continue
    share = None if not looked else f"{sum(looked) / len(looked):.4f}"
    return Randomness(len(looked), sum(looked), share)


def hardly_compresses(root: str) -> bool:
    """Whether nearly all of a few hundred files that lie first look random, as photos do.

    Compressing those is work for nothing (measured: a third of the work of a copy).
    """
    looked: List[bool] = []
    for folder, _, names in os.walk(os.fsencode(root)):
        for name in names[:_FEW_OF_EACH]:
            path = os.path.join(folder, name)
            try:
                size = os.lstat(path).st_size
                if size >= _SMALLEST:
                    looked.append(_is_random(path, size))
            except OSError:
                continue
        if len(looked) >= _FEW:
            break
    return len(looked) >= _FEW // 10 and sum(looked) >= _NEARLY_ALL * len(looked)


def _looks_random(root: str, entry: Entry) -> bool:
    name = entry.path.encode("utf-8", "surrogateescape")
    return _is_random(os.path.join(os.fsencode(root), name), entry.size)


def _is_random(path: bytes, size: int) -> bool:
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    try:
        # The head can be a file format's; ransomware may also leave it alone.
        blocks = [os.read(handle, _BLOCK)]
        if size > 2 * _BLOCK:
            os.lseek(handle, size // 2, os.SEEK_SET)
            blocks.append(os.read(handle, _BLOCK))
    finally:
        os.close(handle)
    body = blocks[-1]
    return bool(body) and len(zlib.compress(body, 1)) >= _RANDOM * len(body)
