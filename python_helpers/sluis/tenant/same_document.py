"""Whether two stored copies of one file say the same, although their bytes differ.

A document that is whole is some document. That it is *this* one can only be told from another
copy of it that was known to be right, and only for the types that the service rewrites.
"""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from .ooxml import canonical_ooxml_of, is_ooxml_name
from .promoted_text import html_says_same, pdf_says_same
from .stored_names import ExportFolder

#: what SharePoint writes into besides Office files, and how it is compared (abraunegg#2471)
PROMOTED = {".pdf": pdf_says_same, ".html": html_says_same, ".htm": html_says_same}


def says_same(folder: ExportFolder, known: str, came: str, name: str) -> bool:
    """Whether what came says what is known to be right.

    Args:
        folder: the export root.
        known: where the copy lies that was right, below it.
        came: where the other one lies.
        name: the file's own name, for its suffix.

    Raises:
        OSError: one of them cannot be opened or read.
    """
    suffix = PurePosixPath(name.lower()).suffix
    if not is_ooxml_name(name) and suffix not in PROMOTED:
        return False
    with (
        os.fdopen(folder.open_file(known), "rb") as before,
        os.fdopen(folder.open_file(came), "rb") as after,
    ):
        if suffix in PROMOTED:
            return PROMOTED[suffix](before, after)
        one, other = canonical_ooxml_of(before), canonical_ooxml_of(after)
        return one.sha256 is not None and one.sha256 == other.sha256
