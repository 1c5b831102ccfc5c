"""No compiled file beside a source is believed (L11)."""

from __future__ import annotations

import importlib.util
import marshal
import os
import py_compile
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sluis
from sluis import bytecode
from sluis.bytecode import planted_beside, private_folder

SOURCE = "def answer():\n    return 'as its source says'\n"
OTHER = "def answer():\n    return 'as somebody plants'\n"
TAG = sys.implementation.cache_tag


def plant(source: Path, how: str) -> Path:
    """Other code in the place of ``source``, as Python would take it without a word."""
    other = source.with_name("other.py")
    other.write_text(OTHER)
    if how in ("so", "legacy pyc"):
        source.unlink()
        cached = source.with_suffix(".pyc" if how == "legacy pyc" else ".so")
        py_compile.compile(str(other), cfile=str(cached), doraise=True)
        other.unlink()
        return cached
    os.utime(other, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
    tag = f"{TAG}.opt-1" if how == "optimised" else TAG
    cached = source.parent / "__pycache__" / f"{source.stem}.{tag}.pyc"
    mode = (
        py_compile.PycInvalidationMode.UNCHECKED_HASH
        if how == "unchecked hash"
        else py_compile.PycInvalidationMode.TIMESTAMP
    )
    assert len(OTHER) == len(SOURCE)
    py_compile.compile(str(other), cfile=str(cached), doraise=True, invalidation_mode=mode)
    other.unlink()
    return cached


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "package" / "module.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    return path


def told(source: Path, *lines: str, flags: tuple[str, ...] = ()) -> str:
    """What another Python says after it imported the module."""
    program = "\n".join(["import sys", f"sys.path.insert(0, {str(source.parent)!r})", *lines])
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, *flags, "-c", program], env=environ,
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip


HOW = ["time and size", "unchecked hash", "optimised"]
SAYS = ("import module", "print(module.answer())")
FIRST = ('sys.pycache_prefix = "/dev/null"', "from sluis.bytecode import *", "use_private_cache()")
FOUND = (
    "from pathlib import Path",
    "from sluis.bytecode import not_from_source",
    "print(*not_from_source([Path(module.__file__).parent]))",
)


@pytest.mark.parametrize("how", HOW)
def test_L11_a_planted_file_is_not_taken(source: Path, how: str) -> None:
    flags = ("-O",) if how == "optimised" else ()
    planted = plant(source, how)
    # the control: by itself Python believes it
    assert told(source, *SAYS, flags=flags) == "as somebody plants"
    assert planted.exists()
    assert told(source, *FIRST, *SAYS, flags=flags) == "as its source says"


@pytest.mark.parametrize("how", HOW)
def test_L11_a_planted_file_that_was_taken_is_found(source: Path, how: str) -> None:
    flags = ("-O",) if how == "optimised" else ()
    planted = plant(source, how)
    assert told(source, *SAYS, *FOUND, flags=flags).splitlines()[1] == str(planted)
    assert planted_beside(source) == [str(planted)]


def test_L11_code_without_a_source_is_found(source: Path) -> None:
    planted = plant(source, "legacy pyc")
    assert told(source, *FIRST, "import module", *FOUND) == str(planted)


def test_L11_what_cannot_be_read_is_not_believed(source: Path) -> None:
    cached = source.parent / "__pycache__" / f"module.{TAG}.pyc"
    cached.parent.mkdir()
    header = importlib.util.MAGIC_NUMBER + bytes(12)
    for content in (b"", header, header + b"\xff" * 20, header + marshal.dumps("no code")):
        cached.write_bytes(content)
        assert planted_beside(source) == [str(cached)], content


def test_honest_compiled_files_are_told_apart_from_others(tmp_path: Path) -> None:
    """Of every source of the package, in each way that Python compiles it."""
    package = Path(sluis.__file__).parent
    for file in list(package.rglob("*.py"))[::7]:
        for level in (0, 1, 2):
            cached = tmp_path / f"x.{TAG}{f'.opt-{level}' if level else ''}.pyc"
            py_compile.compile(str(file), str(cached), dfile="elsewhere", optimize=level)
            assert not bytecode._differs(cached, file), file


def test_L11_a_folder_that_others_write_to_is_not_used(tmp_path: Path) -> None:
    folder = private_folder(tmp_path)
    assert folder == tmp_path / ".cache/sluis/bytecode"
    (tmp_path / ".cache/sluis").chmod(0o777)
    assert private_folder(tmp_path) is None
    (tmp_path / ".cache/sluis").chmod(0o700)
    (tmp_path / "elsewhere").mkdir()
    shutil.rmtree(tmp_path / ".cache/sluis/bytecode")
    (tmp_path / ".cache/sluis/bytecode").symlink_to(tmp_path / "elsewhere")
    assert private_folder(tmp_path) is None
    (tmp_path / "file").touch()
    assert private_folder(tmp_path / "file") is None


def test_L11_the_private_folder_holds_what_the_sources_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A source that was changed behind its time and size is compiled anew."""
    package = tmp_path / "package"
    package.mkdir()
    (package / "module.py").write_text(SOURCE)
    was = (package / "module.py").stat()
    monkeypatch.setattr(bytecode, "_PACKAGE", package)
    monkeypatch.setattr(bytecode, "_home", lambda: tmp_path)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    bytecode.use_private_cache()
    prefix = str(tmp_path / ".cache/sluis/bytecode")
    assert sys.pycache_prefix == prefix
    cached = Path(importlib.util.cache_from_source(str(package / "module.py")))
    assert cached.is_relative_to(prefix) and cached.exists()
    line = f"sys.pycache_prefix = {prefix!r}"
    assert told(package / "module.py", line, *SAYS) == "as its source says"
    (package / "module.py").write_text(OTHER)
    os.utime(package / "module.py", ns=(was.st_atime_ns, was.st_mtime_ns))
    assert told(package / "module.py", line, *SAYS) == "as somebody plants"


def test_what_was_compiled_from_a_folder_that_is_gone_is_removed(tmp_path: Path) -> None:
    kept, real = tmp_path / "kept", tmp_path / "real"
    for name in ("there/deep", "gone/deep"):
        (kept / name).mkdir(parents=True)
        (kept / name / "x.pyc").touch()
    (real / "there" / "deep").mkdir(parents=True)
    bytecode._prune(kept, real)
    assert sorted(str(p.relative_to(kept)) for p in kept.rglob("*.pyc")) == ["there/deep/x.pyc"]


def test_L11_the_front_door_does_not_start_from_planted_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first lines are the only ones that Python may take from beside their source."""
    monkeypatch.setattr(sys, "pycache_prefix", None)  # beside its source, wherever ours lie
    package = tmp_path / "sluis"
    shutil.copytree(Path(sluis.__file__).parent, package, ignore=shutil.ignore_patterns("*.pyc"))
    start = package / "cli" / "start.py"
    text = start.read_text() + "\nplanted = 1\n"
    code = compile(text, str(start), "exec", dont_inherit=True)
    cached = Path(importlib.util.cache_from_source(str(start)))
    cached.parent.mkdir(exist_ok=True)
    time, size = int(start.stat().st_mtime), start.stat().st_size
    header = importlib.util.MAGIC_NUMBER + bytes(4)
    header += time.to_bytes(4, "little") + size.to_bytes(4, "little")
    cached.write_bytes(header + marshal.dumps(code))
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    program = "from sluis.cli.start import main; main()"
    found = subprocess.run(
        [sys.executable, "-c", program, "--version"], cwd=tmp_path,
        env={**environ, "PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert found.returncode == 77, found.stderr
    assert str(cached) in found.stderr
