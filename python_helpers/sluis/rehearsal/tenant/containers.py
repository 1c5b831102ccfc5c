"""Compound files (MS-CFB), as Office keeps a document that a sensitivity label encrypts.

The package lies encrypted in a stream called ``EncryptedPackage`` (MS-OFFCRYPTO, 2.3.4.4), so a
``.docx`` is no ZIP any more. That rights management did it, and no password, stands among the
data spaces: ``DRMEncryptedDataSpace`` (MS-OFFCRYPTO, 2.2). Version 3, sectors of 512 bytes,
streams of at least 4,096 bytes.
"""

from __future__ import annotations

import struct

_SECTOR = 512
_END, _FAT, _FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_SIGNATURE = bytes.fromhex("d0cf11e0a1b11ae1")
#: a stream of fewer bytes would go into the mini stream
SMALLEST_STREAM = 4_096


def compound_file(package: bytes) -> bytes:
    """A compound file with an encrypted package.

    Args:
        package: the encrypted bytes, at least 4,096 and at most about 30 kB.

    Raises:
        ValueError: for fewer or more.
    """
    streams = {
        "EncryptedPackage": package,
        "EncryptionInfo": package[:SMALLEST_STREAM][::-1],
    }
    if any(len(data) < SMALLEST_STREAM for data in streams.values()):
        raise ValueError("a stream needs 4,096 bytes")
    fat = [_FAT, 2, _END]  # sector 0 is the table itself, sectors 1 and 2 the directory
    body, starts = b"", {}
    for name, data in streams.items():
        starts[name] = len(fat)
        sectors = -(-len(data) // _SECTOR)
        fat += [*range(len(fat) + 1, len(fat) + sectors), _END]
        body += data.ljust(sectors * _SECTOR, b"\0")
    if len(fat) > _SECTOR // 4:
        raise ValueError("the table of sectors takes one sector only")
    table = struct.pack("<128I", *fat, *[_FREE] * (128 - len(fat)))
    # names are in order of their length first (MS-CFB 2.6.4)
    entries = [
        _entry("Root Entry", 5, child=2),
        _entry("EncryptedPackage", 2, start=starts["EncryptedPackage"], size=len(package)),
        _entry(
            "EncryptionInfo", 2, left=3, right=1, start=starts["EncryptionInfo"],
            size=SMALLEST_STREAM,
        ),
        _entry("\x06DataSpaces", 1, child=4),
        _entry("DataSpaceInfo", 1, child=5),
        _entry("DRMEncryptedDataSpace", 2, start=_END),
        _entry("", 0),
        _entry("", 0),
    ]  # fmt: skip
    return _header() + table + b"".join(entries) + body


def _header() -> bytes:
    fixed = struct.pack("<HHHHH6x", 0x3E, 3, 0xFFFE, 9, 6)
    counts = struct.pack("<9I", 0, 1, 1, 0, SMALLEST_STREAM, _END, 0, _END, 0)
    return _SIGNATURE + bytes(16) + fixed + counts + struct.pack("<109I", 0, *[_FREE] * 108)


def _entry(
    name: str,
    kind: int,
    *,
    left: int = _FREE,
    right: int = _FREE,
    child: int = _FREE,
    start: int = 0,
    size: int = 0,
) -> bytes:
    text = (name + "\0").encode("utf-16-le") if name else b""
    head = text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
    links = struct.pack("<III", left, right, child)
    where = _END if kind == 5 else start
    return head + links + bytes(16) + struct.pack("<IQQIQ", 0, 0, 0, where, size)
