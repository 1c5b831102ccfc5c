"""In which line of a change's scope a field of an asset stands."""

from __future__ import annotations

from functools import lru_cache

from sluis.evidence.files import read_through_links
from sluis.runbook.run import Run
from sluis.scope.strict_yaml import MAX_BYTES, FormError, Tree, read_tree


def line_in_scope(run: Run, asset: str, where: tuple[str, ...]) -> str:
    """File and line of the scope in which a field of an asset stands; without a line, the file.

    Args:
        run: the current run.
        asset: id of the asset.
        where: the field's path below the asset.
    """
    path = run.change_folder / "scope.yml"
    name = str(path.relative_to(run.places.root))
    try:
        tree = _tree(read_through_links(path, MAX_BYTES))
        number = next(n for n, one in enumerate(tree.value["assets"]) if one.get("id") == asset)
        return f"{name}, line {tree.marks[('assets', number, *where)][0]}"
    except (OSError, FormError, LookupError, TypeError, AttributeError, StopIteration):
        return name


def line_of_person(run: Run, number: int | None) -> str:
    """File and line of the scope in which it stands who gets somebody's rights.

    Args:
        run: the current run.
        number: the person's place in the list; ``None``: the list.
    """
    path = run.change_folder / "scope.yml"
    name = str(path.relative_to(run.places.root))
    where = ("people",) if number is None else ("people", number, "becomes")
    try:
        return f"{name}, line {_tree(read_through_links(path, MAX_BYTES)).marks[where][0]}"
    except (OSError, FormError, LookupError):
        return name


@lru_cache(maxsize=1)
def _tree(data: bytes) -> Tree:
    """Parsed once: a tenant that is gone has a line for each of its drives."""
    return read_tree(data)
