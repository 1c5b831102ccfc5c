"""Our own code on its way to a host: packed once by the controller, unpacked by a module.

Ansible would follow every import of a module, parse each file for it, and pack what it found,
anew for each module of a run: half a second of processor time each. And Python compiles a
source that it reads from Ansible's archive twice. So a module brings nothing but the door, and
gets the rest as an argument; only what is imported there is compiled.

Standard library only, and Python 3.8: this file is what the host has before the rest arrives.
"""

from __future__ import annotations

import base64
import binascii
import importlib.abc
import importlib.machinery
import json
import sys
import zlib
from types import CodeType, ModuleType
from typing import Any, Callable, Dict, Mapping, Optional, Sequence

#: the arguments of each of our modules; the code is not secret, but it is too long for a log
ARGUMENTS: Dict[str, Dict[str, object]] = {
    "code": {"type": "str", "required": True, "no_log": True},
    "request": {"type": "str", "required": True, "no_log": True},
    "secrets": {"type": "str", "required": True, "no_log": True},
}
_PACKAGE = "sluis"


def pack_code(sources: Mapping[str, str]) -> str:
    """Pack sources for the argument ``code``.

    Args:
        sources: the text of each file by its path under the package, such as
            ``border/door.py``.

    Returns:
        Base64 text. The same sources give the same text.
    """
    data = json.dumps(dict(sources), sort_keys=True).encode("utf-8")
    return base64.b64encode(zlib.compress(data)).decode("ascii")


def arrive(ansible_module: Callable[..., Any]) -> Any:
    """Start an Ansible module: read its arguments, and make the code in them importable.

    Args:
        ansible_module: Ansible's class. Modules hand it in: this room does not know Ansible.

    Returns:
        The module. From now on ``sluis`` is what the controller sent, whatever is installed
        here. Code that cannot be read fails the module with a message.
    """
    module = ansible_module(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        sources = _unpacked(module.params["code"])
    except (binascii.Error, zlib.error, ValueError):
        module.fail_json(
            msg="The code that came with this call cannot be read. This module is called by an "
            "action plugin of the same project, and by nothing else."
        )
    install(sources)
    return module


def install(sources: Mapping[str, str]) -> None:
    """Make sources importable as ``sluis``, before any that is installed.

    Args:
        sources: the text of each file by its path under the package.
    """
    sys.meta_path.insert(0, _Bundle(sources))


def _unpacked(code: str) -> Dict[str, str]:
    sources = json.loads(zlib.decompress(base64.b64decode(code, validate=True)).decode("utf-8"))
    if not isinstance(sources, dict) or not all(isinstance(one, str) for one in sources.values()):
        raise ValueError("not a table of sources")
    return sources


class _Bundle(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds and loads the modules of one bundle."""

    def __init__(self, sources: Mapping[str, str]) -> None:
        self._sources = sources

    def find_spec(
        self,
        fullname: str,
        path: Optional[Sequence[str]] = None,
        target: Optional[ModuleType] = None,
    ) -> Optional[importlib.machinery.ModuleSpec]:
        """The spec of a module in the bundle, ``None`` for any other."""
        del path, target
        file = self._file(fullname)
        if file is None:
            return None
        spec = importlib.machinery.ModuleSpec(
            fullname,
            self,
            origin=f"{_PACKAGE}/{file}",
            is_package=file.endswith("__init__.py"),
        )
        spec.has_location = True  # so that a traceback shows the lines
        return spec

    def get_source(self, fullname: str) -> str:
        """The text of a module, for the compiler and for tracebacks."""
        file = self._file(fullname)
        if file is None:
            raise ImportError(f"{fullname} did not come along", name=fullname)
        return self._sources[file]

    def get_code(self, fullname: str) -> CodeType:
        """A module, compiled."""
        return self.source_to_code(self.get_source(fullname), f"{_PACKAGE}/{self._file(fullname)}")

    def _file(self, fullname: str) -> Optional[str]:
        package, *parts = fullname.split(".")
        if package != _PACKAGE:
            return None
        for file in ("/".join([*parts, "__init__.py"]), "/".join(parts) + ".py"):
            if file in self._sources:
                return file
        return None
