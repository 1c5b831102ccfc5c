"""How random the files look. Encrypted files look random, and text does not.

A jump since the last snapshot can mean ransomware (case C5). Some files, such as
photos, always look random; that is why only a jump counts.
"""

from __future__ import annotations

import os
import zlib
from typing import Any, Dict, List

from ..manifest import Entry, Manifest

#: files looked at, spread evenly over the whole
_LOOKED_AT = 500
_BLOCK = 4096
#: smaller blocks compress badly whatever they hold
_SMALLEST = 512
#: random data does not become smaller than this
_RANDOM = 0.97


def measure_randomness(root: str, manifest: Manifest) -> Dict[str, Any]:
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
    return {"looked_at": len(looked), "random": sum(looked), "share": share}


def _looks_random(root: str, entry: Entry) -> bool:
    path = os.path.join(os.fsencode(root), entry.path.encode("utf-8", "surrogateescape"))
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | os.O_NONBLOCK)
    try:
        # The head can be a file format's; ransomware may also leave it alone.
        blocks = [os.read(handle, _BLOCK)]
        if entry.size > 2 * _BLOCK:
            os.lseek(handle, entry.size // 2, os.SEEK_SET)
            blocks.append(os.read(handle, _BLOCK))
    finally:
        os.close(handle)
    body = blocks[-1]
    return bool(body) and len(zlib.compress(body, 1)) >= _RANDOM * len(body)
