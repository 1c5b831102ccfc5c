"""What to do where the client accepts less: a waiver is drafted, or asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path


def drafted_for(folder: Path) -> frozenset[str]:
    """The assets for which a waiver is drafted in a change's folder, by the names of the files.

    Args:
        folder: ``inventories/<client>/changes/<change>``.
    """
    try:
        return frozenset(path.stem for path in (folder / "waivers").glob("*.yml"))
    except OSError:
        return frozenset()


def waiver_words(assets: Sequence[str], drafted: Collection[str], command: str) -> str:
    """Which waivers are drafted and which may be, with the commands that ask for one.

    Args:
        assets: what is not proven and can be waived.
        drafted: the assets for which a waiver is drafted.
        command: client and change, as a verb takes them.
    """
    assets = list(dict.fromkeys(assets))
    there = [name for name in assets if name in drafted]
    other = [name for name in assets if name not in drafted]
    words = []
    if there:
        words.append(
            f"A waiver is drafted for {', '.join(there)}. {_ask(there[0], command, len(there))}"
        )
    if other:
        files = ", ".join(f"waivers/{name}.yml" for name in other)
        words.append(
            f"Where the client accepts less, draft a waiver ({files} beside scope.yml). "
            + ("" if there else _ask(other[0], command, len(other)))
        )
    return " ".join(words).rstrip()


def not_needed_words(asset: str, client: str, change: str) -> str:
    """That a drafted waiver asks for less than is proven, and what to do with it."""
    return (
        f"The waiver that is drafted for {asset} is not needed: what is asked of {asset} is "
        "proven. The client is not asked for it. Take the file away: "
        f"inventories/{client}/changes/{change}/waivers/{asset}.yml"
    )


def _ask(asset: str, command: str, many: int) -> str:
    each = " (one for each)" if many > 1 else ""
    return (
        f"It is asked for first: sluis sign {command}, or sluis request {command} --waiver "
        f"{asset}{each}."
    )
