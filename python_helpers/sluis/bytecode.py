"""What runs is what its source says: no compiled file beside a source is believed.

Python takes ``__pycache__/x.cpython-311.pyc`` for ``x.py`` when time and size fit, or without a
look when the file itself says so; whoever may write there decides what runs, and the source
stays as it was signed. So compiled code of ours is kept in a folder that only its owner can
write to, and checked there against the source's content at each import.

Standard library only, and imported before anything else of this package.
"""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import marshal
import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import CodeType, ModuleType

#: a place where no file can be: Python then compiles every source itself
NOWHERE = "/dev/null"
_PLACE = (".cache", "sluis", "bytecode")
_HEADER = 16
_PACKAGE = Path(__file__).parent

#: modules that were looked at and are what their sources say
_GOOD: set[str] = set()
#: and files that lie elsewhere, by the folders that were asked about: finding out costs most
_ELSEWHERE: dict[tuple[str, ...], set[str]] = {}


def use_private_cache() -> None:
    """Take compiled code from a private folder from now on, and from nowhere else.

    That goes for every import from here on, of other packages too. The first start after a change
    compiles what it imports into that folder. Without such a folder every start does.
    """
    folder = private_folder(_home())
    sys.pycache_prefix = str(folder) if folder else NOWHERE
    sys.dont_write_bytecode = folder is None
    if folder is not None:
        _fill(folder)


def private_folder(home: Path) -> Path | None:
    """The folder for compiled code, if nobody else can write to it or to one above it.

    Args:
        home: the home folder of whoever runs this.
    """
    folder = home
    try:
        for name in _PLACE:
            folder /= name
            folder.mkdir(mode=0o700, exist_ok=True)
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
            if not ours or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return None
    except OSError:
        return None
    return folder


def not_from_source(folders: Iterable[Path]) -> list[str]:
    """Code in use that is not what its source says, as paths.

    Args:
        folders: where the sources lie; what comes from elsewhere is not looked at.
    """
    roots = tuple(f"{os.path.realpath(folder)}{os.sep}" for folder in folders)
    elsewhere = _ELSEWHERE.setdefault(roots, set())
    private = private_folder(_home())
    real: dict[str, str] = {}
    found = []
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name in _GOOD or not isinstance(file, str) or file in elsewhere:
            continue
        if not _real_path(file, real).startswith(roots):
            elsewhere.add(file)
            continue
        bad = _bad(module, file, private)
        if bad is None:
            _GOOD.add(name)
        else:
            found.append(bad)
    return sorted(set(found))


def planted_beside(source: Path) -> list[str]:
    """Compiled files beside a source that are not what it says, as paths.

    Args:
        source: a Python file that is about to be imported.
    """
    pattern = f"__pycache__/{source.stem}.{sys.implementation.cache_tag}*.pyc"
    return [str(path) for path in sorted(source.parent.glob(pattern)) if _differs(path, source)]


def _real_path(file: str, folders: dict[str, str]) -> str:
    """Where a file really lies; each folder is followed once."""
    if Path(file).is_symlink():
        return os.path.realpath(file)
    folder, name = os.path.split(file)
    if folder not in folders:
        folders[folder] = os.path.realpath(folder)
    return f"{folders[folder]}{os.sep}{name}"


def _bad(module: ModuleType, file: str, private: Path | None) -> str | None:
    loader = getattr(getattr(module, "__spec__", None), "loader", None)
    if isinstance(
        loader,
        (importlib.machinery.SourcelessFileLoader, importlib.machinery.ExtensionFileLoader),
    ):
        return file
    cached = getattr(module, "__cached__", None)
    if not isinstance(cached, str) or not Path(cached).exists():
        return None
    if private is not None and Path(cached).is_relative_to(private):
        return None
    return cached if _differs(Path(cached), Path(file)) else None


def _differs(compiled: Path, source: Path) -> bool:
    """Whether a compiled file says something else than its source; unreadable counts as that."""
    try:
        content = compiled.read_bytes()
        text = source.read_bytes()
        level = _level(compiled)
        code = compile(text, str(source), "exec", dont_inherit=True, optimize=level)
        found = marshal.loads(content[_HEADER:])  # noqa: S302 - it is never run
    except (OSError, ValueError, EOFError, TypeError, SyntaxError):
        return True
    if content[:4] != importlib.util.MAGIC_NUMBER:
        return False  # another Python's; this one does not read it
    return not isinstance(found, CodeType) or found != code


def _level(compiled: Path) -> int:
    optimised = compiled.stem.rpartition(".opt-")
    return int(optimised[2]) if optimised[1] and optimised[2].isdigit() else 0


def _fill(folder: Path) -> None:
    """Compile the package into ``folder`` unless that was done for these very sources."""
    sources = sorted(_sources(_PACKAGE))
    name = hashlib.sha256(repr((sys.version, str(_PACKAGE), sources)).encode()).hexdigest()
    own = folder / _PACKAGE.relative_to("/")
    stamp = own / f"{name}.done"
    if stamp.exists():
        return
    import compileall  # rarely needed, and slow to import
    import py_compile

    try:
        _prune(folder, Path("/"))
        compileall.compile_dir(
            _PACKAGE,
            quiet=2,
            # checked at each import against the source's content, not against its time
            invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH,
        )
        for old in own.glob("*.done"):
            old.unlink(missing_ok=True)
        stamp.touch(mode=0o600)
    except OSError:
        return  # a full disk: then it is compiled at each start


def _prune(kept: Path, real: Path) -> None:
    """Remove what was compiled from folders that are gone."""
    for item in os.scandir(kept):
        if not item.is_dir(follow_symlinks=False):
            continue
        if (real / item.name).is_dir():
            _prune(Path(item.path), real / item.name)
        else:
            shutil.rmtree(item.path, ignore_errors=True)


def _sources(folder: Path) -> Iterator[tuple[str, int, int]]:
    for item in os.scandir(folder):
        if item.is_dir():
            yield from _sources(Path(item.path))
        elif item.name.endswith(".py"):
            status = item.stat()
            yield item.path, status.st_mtime_ns, status.st_size


def _home() -> Path:
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a container may have users that are in no book
        return Path("/nonexistent")
