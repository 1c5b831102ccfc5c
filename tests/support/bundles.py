"""A Python of its own that our code arrives in, as it does in a module on a host."""

from __future__ import annotations

from pathlib import Path

from sluis.border import code_bundle


def with_code(code: Path) -> str:
    """What such a Python begins with; ``sluis`` is what came along from there on.

    Args:
        code: file with the argument ``code`` of a module.
    """
    return (
        "import importlib, importlib.util, sys\n"
        f"spec = importlib.util.spec_from_file_location('door', {code_bundle.__file__!r})\n"
        "door = importlib.util.module_from_spec(spec)\n"
        "spec.loader.exec_module(door)\n"
        f"door.install(door._unpacked(open({str(code)!r}).read()))\n"
    )
