"""Files that SharePoint writes into when they are uploaded, by their names (rclone#9767).

Of these neither size nor hash is what was sent; of all others both are.
"""

from __future__ import annotations

#: suffixes of Office files
OFFICE = frozenset(
    f"{application}{kind}"
    for application, kinds in (
        ("doc", "x m"),
        ("dot", "x m"),
        ("xls", "x m b"),
        ("xlt", "x m"),
        ("ppt", "x m"),
        ("pot", "x m"),
        ("pps", "x m"),
    )
    for kind in kinds.split()
)
_OTHERS = frozenset({"pdf", "html", "htm", "xhtml", "aspx", "heic", "heif", "vsdx", "vsdm"})


def is_rewritten_name(name: str) -> bool:
    """Whether the service may write into a file of this name."""
    suffix = name.rpartition(".")[2].lower()
    return suffix in OFFICE or suffix in _OTHERS
