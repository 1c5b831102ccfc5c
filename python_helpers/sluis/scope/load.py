"""Read ``scope.yml`` strictly, and say exactly what is wrong with it.

The loader never guesses. Every problem is reported with the line, the asset, the
field and the remedy, all in one go where the file can be read at all.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from sluis.counted import counted
from sluis.errors import InputError
from sluis.evidence.canonical import sha256
from sluis.evidence.files import read_regular
from sluis.scope.broken import Path as Place
from sluis.scope.complaints import Problem, in_order, problem_of_rule, problems_of
from sluis.scope.counted_ahead import counted_ahead
from sluis.scope.inside_another import inside_another
from sluis.scope.model import ScopeDocument
from sluis.scope.rest import as_meant, rules_of_the_rest
from sluis.scope.strict_yaml import MAX_BYTES, FormError, Tree, read_tree
from sluis.scope.undescribed import how_to_write, is_missing

#: where the documents that are handed over lie, beside the scope
DOCUMENTS = "documents"
_MAX_DOCUMENT_BYTES = 64 * 1024 * 1024


class ScopeError(InputError):
    """The scope cannot be used. ``problems`` holds every reason, in file order."""

    def __init__(self, path: Path, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        if len(problems) == 1:
            (only,) = problems
            what = only.line_of_text().removesuffix(f" What to do: {only.remedy}")
            super().__init__(only.code, f"{path}: {what}", only.remedy)
            return
        lines = [
            f"{path}: {counted(len(problems), 'problem')}.",
            *(p.line_of_text() for p in problems),
        ]
        super().__init__("bad-scope", "\n".join(lines), "Put each of them right.")


@dataclass(frozen=True)
class LoadedScope:
    """A scope that holds, with the bytes it was read from.

    ``documents`` maps a digest to the bytes of a document that is handed over.
    """

    document: ScopeDocument
    source: bytes
    path: Path
    documents: dict[str, bytes]


def load_scope(path: Path) -> LoadedScope:
    """Read a scope and the documents it hands over.

    Args:
        path: ``inventories/<client>/changes/<change>/scope.yml``. In that layout the
            fields ``client`` and ``change`` must agree with the folders' names.

    Raises:
        ScopeError: the file is missing, is not a plain file, cannot be read with one
            meaning, or breaks a rule. Every problem is in ``problems``.
    """
    source = _bytes_of(path, MAX_BYTES, path)
    faults: dict[Place, FormError] = {}
    try:
        tree = read_tree(source, faults)
    except FormError as error:
        raise ScopeError(path, (Problem.from_error(error),)) from None
    problems = [Problem.from_error(error, place, tree) for place, error in faults.items()]
    value, documents = _with_digests(tree, path, problems)
    problems += _misplaced(tree, path)
    try:
        document = ScopeDocument.model_validate(value)
    except ValidationError as error:
        problems += _problems(value, tree, error, faults)
    else:
        # no rules of the document: what was signed before they were there stays readable
        rules = (*inside_another(document), *counted_ahead(document, datetime.now(UTC).date()))
        problems += [problem_of_rule(rule, tree) for rule in rules]
    if problems:
        raise ScopeError(path, in_order(problems))
    return LoadedScope(document, source, path, documents)


def _problems(
    value: Any, tree: Tree, error: ValidationError, known: Collection[Place]
) -> Iterator[Problem]:
    """What the fields say wrongly, and the rules that what can be read breaks all the same."""
    meant = as_meant(value, tree, error)
    slips = set(problems_of(error, tree, known=known))
    try:
        ScopeDocument.model_validate(meant.value)
    except ValidationError as next_error:
        rest = problems_of(next_error, meant.tree, known=known)
        if meant.slips:
            slips = {one for one in slips if one.code == "unknown-field"}
        yield from slips | set(rest)
    else:
        yield from slips
        return
    for rule in rules_of_the_rest(meant.value):
        yield problem_of_rule(rule, meant.tree)


def _bytes_of(path: Path, limit: int, blame: Path) -> bytes:
    try:
        return read_regular(path, limit)
    except OSError as error:
        code = "symlink" if path.is_symlink() else "scope-not-readable"
        code = "not-a-file" if path.is_dir() else code
        if path == blame and is_missing(path):
            raise _missing(path) from None
        raise _about_file(blame, code, f"{path} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        code = "file-too-large" if path.is_file() else "not-a-file"
        raise _about_file(blame, code, f"{error}.") from None


def _missing(path: Path) -> ScopeError:
    """The error for a change that has no scope."""
    what = f"{path} is missing: nothing says what is touched."
    remedy = "Begin one from inventories/template."
    if path.parent.parent.name == "changes":
        remedy = how_to_write(path.parent, path.name)
    return ScopeError(path, (Problem("scope-missing", 0, 0, None, None, what, remedy),))


def _about_file(blame: Path, code: str, what: str) -> ScopeError:
    remedy = "Put a plain file there, not a link; start from inventories/template."
    return ScopeError(blame, (Problem(code, 0, 0, None, None, what, remedy),))


def _with_digests(tree: Tree, path: Path, problems: list[Problem]) -> tuple[Any, dict[str, bytes]]:
    """Fill in the digest of each document that is handed over; it is part of the scope."""
    if not isinstance(tree.value, dict) or not isinstance(tree.value.get("documents"), tuple):
        return tree.value, {}
    found: dict[str, bytes] = {}
    filled: list[Any] = []
    for number, entry in enumerate(tree.value["documents"]):
        name = entry.get("file") if isinstance(entry, dict) else None
        if not isinstance(name, str) or "/" in name or name.startswith(".") or not name:
            filled.append(entry)  # the model will say what is wrong with it
            continue
        try:
            data = _bytes_of(path.parent / DOCUMENTS / name, _MAX_DOCUMENT_BYTES, path)
        except ScopeError as error:
            problems += error.problems
            filled.append({**entry, "sha256": sha256(b"")})
            continue
        digest = sha256(data)
        if entry.get("sha256", digest) != digest:
            line, column = tree.marks[("documents", number, "sha256")]
            problems.append(
                Problem(
                    "document-altered",
                    line,
                    column,
                    None,
                    f"documents.{number + 1}.sha256",
                    f"{name} is not the file whose digest is written here.",
                    "Put the right file in place, or take the line 'sha256' out.",
                )
            )
        found[digest] = data
        filled.append({**entry, "sha256": digest})
    return {**tree.value, "documents": tuple(filled)}, found


def _misplaced(tree: Tree, path: Path) -> tuple[Problem, ...]:
    absolute = path.absolute()
    change, changes, client = absolute.parent, absolute.parent.parent, absolute.parent.parent.parent
    if changes.name != "changes" or client.parent.name != "inventories":
        return ()
    said_in = tree.value if isinstance(tree.value, dict) else {}
    return tuple(
        Problem(
            "wrong-place",
            *tree.marks[(field,)],
            None,
            field,
            f"The scope says {field} {said!r}, but it lies in the folder of {folder!r}.",
            "Copying a scope? Read every line again, then correct this one.",
        )
        for field, said, folder in (
            ("client", said_in.get("client"), client.name),
            ("change", said_in.get("change"), change.name),
        )
        if isinstance(said, str) and said != folder
    )
