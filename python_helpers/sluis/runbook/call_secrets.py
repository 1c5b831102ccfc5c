"""A secret is a value, never what happens: which arguments may be secret, and how one is bound.

The client cannot read a secret, but it is bound all the same: by a digest under a key of the
change that stays on this machine. Without the key nobody can try out passwords against it.
"""

from __future__ import annotations

import ast
import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible.parsing.vault import VaultHelper

from sluis.errors import InputError
from sluis.evidence.canonical import canonical
from sluis.evidence.files import read_regular
from sluis.runbook.call_modules import CORE, Module
from sluis.runbook.secret_words import carries_a_secret, words_carry_a_secret
from sluis.syntax import parsed

_SECRET_NAME = re.compile(
    r"(^|_)(pass|passwd|password|passphrase|token|secret|api_?key|private_key)$", re.IGNORECASE
)

#: Never secret, whatever a module marks: these say what happens, to what, or on whose behalf.
#: The client has to be able to read them.
_NEVER = frozenset(
    {
        "_raw_params", "argv", "body", "chdir", "cmd", "command", "creates", "db", "dest",
        "executable", "host", "mode", "name", "owner", "path", "query", "remote_src", "removes",
        "script", "source", "src", "state", "stdin", "url", "use", "user", "vars",
    }
)  # fmt: skip

#: Secret although the module does not mark it, with the reason. Bound like every other.
_ALSO: Mapping[tuple[str, str], str] = {
    ("ansible.builtin.debconf", "value"): (
        "the answer to a question of type password; package and question stay in the open"
    ),
}

#: What is looked for in a file; ``^password=.*`` is no password.
_PATTERNS = frozenset(
    {"after", "before", "insertafter", "insertbefore", "pattern", "regexp", "search_string"}
)

_COST = {"n": 2**14, "r": 8, "p": 1}  # about 50 ms: guessing with a stolen key stays slow


def refuse_open_secrets(args: Any, step: str, path: str = "") -> None:
    """Refuse arguments in the open that look like secrets; a plan is kept and shown.

    Raises:
        InputError: ``secret-in-args``.
    """
    if isinstance(args, Mapping):
        for key, value in args.items():
            name = f"{path}.{key}" if path else str(key)
            if isinstance(value, str) and value and _SECRET_NAME.search(str(key)):
                raise _open_secret(step, name)
            if str(key) not in _PATTERNS:
                refuse_open_secrets(value, step, name)
    elif isinstance(args, (list, tuple)):
        if words_carry_a_secret(args):
            raise _secret_inside(step, path)
        for value in args:
            refuse_open_secrets(value, step, path)
    elif isinstance(args, str) and carries_a_secret(args):
        raise _secret_inside(step, path)
    elif VaultHelper.get_ciphertext(args, with_tags=False) is not None:
        raise _open_secret(step, path)


def refuse_hidden_acts(
    module: Module, given: Mapping[str, Any], args: Mapping[str, Any], step: str
) -> None:
    """Refuse secret arguments that are more than a value.

    Args:
        module: the resolved module.
        given: the secret arguments.
        args: the arguments in the open.
        step: the step's id.

    Raises:
        InputError: ``not-a-secret``.
    """
    marked = secret_options(module) if given else frozenset()
    for name in sorted(map(str, given)):
        if name in _NEVER or (name not in marked and (module.name, name) not in _ALSO):
            raise InputError(
                "not-a-secret",
                f"{name!r} of {module.name} cannot be secret in the step {step!r}: it says what "
                "happens, and the client signs that.",
                "Put it under args. Only what the module itself marks as secret (no_log) goes "
                f"under secret_args: {', '.join(sorted(marked - _NEVER)) or 'nothing here'}. A "
                "secret inside a file goes into a template or a file encrypted with ansible-vault.",
            )
    if "content" in given and _is_executable(args.get("mode")):
        raise InputError(
            "not-a-secret",
            f"The step {step!r} puts down a file that can be run, and hides what it does.",
            "Send a program as a file of the change, or give the file a mode without x.",
        )


def secret_options(module: Module) -> frozenset[str]:
    """The options that a module marks ``no_log``, with their other names.

    Read from the source of the module and of the parts that it imports from its own collection
    or from ansible-core; nothing of it is run.
    """
    found: set[str] = set()
    for path in (module.path, *_imported(module.path)):
        found |= set(_marked(path))
    return frozenset(found)


def key_of(folder: Path, change: str) -> bytes:
    """The key of one change, made the first time. It is kept beside the dossier, not in it.

    Args:
        folder: the folder of the client's dossiers.
        change: change id.

    Raises:
        InputError: ``key-damaged``.
    """
    place = folder / ".keys"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = place / change
    if not path.exists():
        new = place / f".{change}.{secrets.token_hex(8)}"
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(secrets.token_bytes(32))
                stream.flush()
                os.fsync(stream.fileno())
            with suppress(FileExistsError):  # another host's worker was first
                path.hardlink_to(new)
        finally:
            new.unlink(missing_ok=True)
    try:
        key = read_regular(path, 32)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InputError(
            "key-damaged",
            f"{path} is not a key of 32 bytes.",
            "Remove it, run prepare again, and have the new plan signed.",
        )
    return key


def bound(key: bytes, name: str, value: Any) -> str:
    """A digest of a value that may be guessed at, under the change's key.

    Args:
        key: from :func:`key_of`.
        name: what it is the value of.
        value: anything that JSON can hold.
    """
    salt = hmac.new(key, name.encode(), hashlib.sha256).digest()
    return hashlib.scrypt(canonical(value), salt=salt, dklen=32, **_COST).hex()


def _is_executable(mode: Any) -> bool:
    if mode is None:
        return False
    if isinstance(mode, int):
        return bool(mode & 0o111)
    text = str(mode)
    if re.fullmatch(r"[0-7]+", text):
        return bool(int(text, 8) & 0o111)
    return bool(re.search(r"[+=][^,+=-]*[xXst]|=[ugo]|[+][ugo]", text)) or text == "preserve"


def _open_secret(step: str, name: str) -> InputError:
    return InputError(
        "secret-in-args",
        f"The argument {name!r} of the step {step!r} looks like a secret.",
        "Move it to secret_args; a plan is kept and shown.",
    )


def _secret_inside(step: str, name: str) -> InputError:
    return InputError(
        "secret-in-args",
        f"A password, token or key seems to stand in {name or 'an argument'!r} of the step "
        f"{step!r}. Whoever reads the plan would see it.",
        "Put it in a file encrypted with ansible-vault, send that with a step of its own, and let "
        "the program read the file (--password-file, --defaults-extra-file, PGPASSFILE).",
    )


def _imported(path: Path) -> Iterator[Path]:
    """The files of ``module_utils`` that a module imports itself."""
    package = _package(path)
    for node in ast.walk(_tree(path)):
        if not isinstance(node, ast.ImportFrom) or not node.module:
            continue
        parts = node.module.split(".")
        if node.level:
            parts = [*package[: len(package) - node.level + 1], *parts]
        for names in (parts, *([*parts, alias.name] for alias in node.names)):
            if "module_utils" in names:
                found = CORE.parent.joinpath(*names).with_suffix(".py")
                if found.is_file():
                    yield found


def _package(path: Path) -> list[str]:
    if path.is_relative_to(CORE.parent):
        return list(path.relative_to(CORE.parent).parts[:-1])
    return []


def _tree(path: Path) -> ast.Module:
    try:
        return parsed(path.read_bytes())
    except (SyntaxError, ValueError):
        return ast.Module([], [])  # not Python: it marks nothing that we could read


def _marked(path: Path) -> Iterator[str]:
    """Names given to ``dict(no_log=True)`` or ``{"no_log": True}``, with their aliases."""
    for node in ast.walk(_tree(path)):
        for name, value in _named(node):
            fields = dict(_named(value))
            mark = fields.get("no_log")
            if isinstance(mark, ast.Constant) and mark.value is True:
                yield name
                aliases = fields.get("aliases")
                for item in getattr(aliases, "elts", ()):
                    if isinstance(item, ast.Constant) and isinstance(item.value, str):
                        yield item.value


def _named(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Call):
        for keyword in node.keywords:
            if keyword.arg:
                yield keyword.arg, keyword.value
    elif isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
