"""Is a file there (or gone), with this content?"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import stat
from typing import Any, Mapping

from .answer import Answer, bad_check, text

_BLOCK = 1 << 20


def file(check: Mapping[str, Any]) -> Answer:
    """Look at one file; a symlink is followed.

    Args:
        check: ``path``, absolute; ``absent`` (false); ``sha256`` of the whole content;
            ``contains``, a text in it.
    """
    path = path_of(check)
    wanted, digest = check.get("contains"), check.get("sha256")
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return Answer(bool(check.get("absent")), "the file is not there")
    except OSError as error:
        return Answer(None, f"the file cannot be read: {error.strerror}", "not answered")
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            return Answer(False, "it is a folder, and not a file", "no file")
        if not stat.S_ISREG(mode):
            return Answer(False, "it is not a regular file", "no file")
        if check.get("absent"):
            return Answer(False, "the file is there")
        return _content(fd, str(wanted).encode() if wanted else b"", digest)
    except OSError as error:
        return Answer(None, f"the file cannot be read: {error.strerror}")
    finally:
        os.close(fd)


def path_of(check: Mapping[str, Any]) -> str:
    """The path that is described.

    Raises:
        InputError: ``bad-check``: there is none, or what is asked of it contradicts itself.
    """
    path = text(check, "path")
    wanted, digest = check.get("contains"), check.get("sha256")
    if not os.path.isabs(path):
        raise bad_check(check, "has no absolute path")
    if digest is not None and not re.fullmatch("[0-9a-f]{64}", str(digest)):
        raise bad_check(check, "has a sha256 that is not 64 lower-case hexadecimal characters")
    if wanted is not None and not str(wanted):
        raise bad_check(check, "has an empty text for contains, which every file contains")
    if check.get("absent") and (wanted or digest):
        raise bad_check(check, "asks for a file to be absent and to have content")
    return path


def _content(fd: int, wanted: bytes, digest: Any) -> Answer:
    if not wanted and digest is None:
        return Answer(True, "the file is there")
    total = hashlib.sha256()
    met, tail = not wanted, b""
    while True:
        block = os.read(fd, _BLOCK)
        if not block:
            break
        total.update(block)
        met = met or wanted in tail + block
        tail = (tail + block)[-len(wanted) :] if wanted else b""
    if digest is not None and not hmac.compare_digest(total.hexdigest(), str(digest)):
        return Answer(False, "the content is another one")
    if not met:
        return Answer(False, "the expected text is not in the file")
    return Answer(True, "the content is as expected")
