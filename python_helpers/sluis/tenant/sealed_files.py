"""Files that rights management encrypted: bytes that are right, and that may open for nobody.

A sensitivity label can encrypt a file with a key of its tenant. Such a file moves byte for byte,
and in the new tenant it asks the old one whether it may open; when that has ended, nobody opens it
again. An Office file is then a compound file with a data space of rights management in it
(MS-OFFCRYPTO 2.2), a PDF names the filter that opens it, and a file of another kind gets a suffix
of its own. A mail message that was kept as a file has what was encrypted as an attachment of a
fixed name (MS-OXORMMS 2.2.2). One with a password of its author is none of these: somebody knows
the password.
"""

from __future__ import annotations

import os
import re
from typing import BinaryIO

from ..errors import SluisError
from ..graph.rewritten import OFFICE
from .file_forms import suffix_of
from .first_few import first_few
from .state import DriveState
from .stored_names import ExportFolder
from .tenant_manifest import HAD, SEALED

#: what is said of one of them in the new tenant
MAY_NOT_OPEN = "A label of the old tenant encrypted it; in this one it may not open."

_LABEL = "label"
#: suffixes that generic protection gives (Microsoft's page "File types supported by the Microsoft
#: Purview Information Protection client")
_GENERIC = frozenset(
    {"pfile", "ppdf", "ptxt", "pxml", "pjpg", "pjpeg", "ppng", "ptif", "ptiff", "pbmp", "pgif"}
    | {"rpmsg"}  # the encrypted part of a message, saved by itself
)
#: more that the same page has to be encrypted as a compound file, beside ``OFFICE``
_COMPOUND = frozenset(
    {"doc", "dot", "xls", "xlt", "xla", "xlam", "ppt", "pot", "pps"}
    | {"vsdx", "vsdm", "vssx", "vssm", "vstx", "vstm"}
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: of a document as of 2007, and of one from before
_DATA_SPACES = re.compile(
    b"|".join(
        re.escape(name.encode("utf-16-le"))
        for name in ("DRMEncryptedDataSpace", "\tDRMDataSpace", "\tDRMContent")
    )
)
#: the attachment's name, which a message has in either spelling
_MESSAGE = re.compile(
    b"|".join(re.escape("message.rpmsg".encode(code)) for code in ("utf-16-le", "ascii")),
    re.IGNORECASE,
)
_FILTER = re.compile(rb"/Filter\s*/MicrosoftIRMServices\b")
#: bytes at either end of a PDF in which the filter is looked for
_PDF_ENDS = 1 << 17
_PIECE = 1 << 20
_OVERLAP = 64
_LOOKED_INTO = OFFICE | _COMPOUND | _GENERIC | {"pdf", "msg"}
_BY_NAME = " OR ".join(f"i.name LIKE '%.{suffix}'" for suffix in sorted(_LOOKED_INTO))

_NOT_LOOKED = f"""
SELECT i.item_id, i.name, p.stored FROM items i JOIN places p ON p.item_id = i.item_id
JOIN contents c ON c.item_id = i.item_id
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND c.state = ? AND c.sealed IS NULL
  AND ({_BY_NAME})
"""  # noqa: S608  our own text
_FOUND = """
SELECT i.name FROM items i JOIN contents c ON c.item_id = i.item_id
WHERE i.type = 'file' AND i.gone_in_pass IS NULL AND c.state = ? AND c.sealed = ?
ORDER BY i.name, i.item_id
"""


def find_sealed(state: DriveState, folder: ExportFolder, number: int, source: str) -> int:
    """Look into what was fetched since the last time, and say how many are encrypted by a label.

    Args:
        state: with everything fetched.
        folder: the export root.
        number: of the pass.
        source: what is exported, for people.

    Returns:
        how many there are.
    """
    for item, name, stored in state.db.execute(_NOT_LOOKED, (HAD,)).fetchall():
        try:
            with os.fdopen(folder.open_file(stored), "rb") as file:
                found = _LABEL if is_sealed(file, name) else ""
        except (OSError, SluisError):
            continue  # the next pass looks again; that it cannot be read is said elsewhere
        state.db.execute("UPDATE contents SET sealed = ? WHERE item_id = ?", (found, item))
    names = [name for (name,) in state.db.execute(_FOUND, (HAD, _LABEL))]
    if names:
        why = (
            f"{len(names)} go over as they are and may not open in another tenant:"
            f" {first_few(names)}. Who set the label can take it off before."
        )
        state.could_not(number, SEALED, source, why)
    return len(names)


def is_sealed(file: BinaryIO, name: str) -> bool:
    """Whether a label encrypted a file.

    Args:
        file: open for reading, at its beginning.
        name: its own name, for its suffix.
    """
    suffix = suffix_of(name)
    if suffix in _GENERIC:
        return True
    if suffix == "pdf":
        begin = file.read(_PDF_ENDS)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(size - _PDF_ENDS, len(begin)))
        return _FILTER.search(begin + file.read()) is not None
    wanted = _MESSAGE if suffix == "msg" else _DATA_SPACES
    return file.read(len(_OLE)) == _OLE and _has(file, wanted)


def _has(file: BinaryIO, wanted: re.Pattern[bytes]) -> bool:
    """Whether a pattern of few bytes is anywhere in a file."""
    before = b""
    while piece := file.read(_PIECE):
        if wanted.search(before + piece):
            return True
        before = piece[-_OVERLAP:]
    return False
