"""What SharePoint and OneDrive take as a name (facts/graph.md, "Names, limits").

Names that came in by older ways may break these rules; only new names are held to them.
"""

from __future__ import annotations

import re
from functools import cache

from sluis.rehearsal.tenant.api_error import ApiError

#: characters of a whole path, the site's URL included
LONGEST_PATH = 400
#: characters of one name
LONGEST_NAME = 255

_INVALID = frozenset('"*:<>?/\\|') | frozenset(map(chr, range(32)))
_RESERVED = re.compile(
    r"(?:\.lock|CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]|desktop\.ini|\.{1,2})", re.IGNORECASE
)


def fold(name: str) -> str:
    """The form in which two names of one folder are compared.

    Upper case character by character, as Windows and SharePoint do: ``ß`` stays ``ß`` and
    composed and decomposed accents stay different, so such names live side by side.
    """
    return name.upper() if name.isascii() else "".join(map(_fold_one, name))


@cache
def _fold_one(character: str) -> str:
    upper = character.upper()
    return upper if len(upper) == 1 else character


def check_name(name: object, *, in_root: bool) -> str:
    """The name, when the service takes it.

    Raises:
        ApiError: 400 ``invalidRequest`` with the reason.
    """
    if not isinstance(name, str) or not name:
        raise _refused("The name in the provided oneDriveItem is missing or not a text.")
    if _INVALID & set(name):
        raise _refused("The provided name contains characters that are not allowed.")
    if not name.isprintable() and any("\ud800" <= one <= "\udfff" for one in name):
        raise _refused("The provided name is not valid Unicode.")
    if name != name.strip(" "):
        raise _refused("The provided name starts or ends with a space.")
    if name.endswith("."):
        # skilion/onedrive#315, and rclone's page on OneDrive
        raise _refused("The provided name ends with a dot.")
    if _RESERVED.fullmatch(name):
        raise _refused("The provided name is reserved.")
    if "_vti_" in name.lower() or name.startswith("~$"):
        raise _refused("The provided name holds a text that is not allowed in names.")
    if in_root and name.lower() == "forms":
        raise _refused("The name 'forms' is not allowed at the root of a library.")
    if len(name) > LONGEST_NAME:
        raise _refused("The provided name is too long.", "nameTooLong")
    return name


def check_path(url: str, path: str) -> None:
    """Refuse a path that is too long.

    Args:
        url: the library's decoded web address.
        path: the item's path in it.

    Raises:
        ApiError: 400 ``invalidRequest``, inner ``pathIsTooLong``.
    """
    if len(url) + 1 + len(path) > LONGEST_PATH:
        raise _refused(
            "The specified file or folder name is too long. The URL path for all files and "
            f"folders must be {LONGEST_PATH} characters or less.",
            "pathIsTooLong",
        )


def _refused(message: str, inner: str = "invalidName") -> ApiError:
    return ApiError(400, "invalidRequest", message, (inner,))
