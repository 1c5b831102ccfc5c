"""Keeping that somebody was told how things stand: who, when, in which words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from sluis.cli.one_run import OneRun
from sluis.cli.plainly import plainly
from sluis.errors import InputError
from sluis.evidence.anchors import load_anchors
from sluis.evidence.ledger import Ledger
from sluis.evidence.predicates import Told

ToldOption = Annotated[
    str | None,
    typer.Option("--told", help="Record that you told this person.", show_default=False),
]


def record_told(
    held: OneRun, about: Literal["landing", "end date"], who: str, words: Mapping[str, str]
) -> list[dict[str, str]]:
    """Record one statement for each asset.

    Args:
        held: the change, with its lock.
        about: what it was about.
        who: who was told, as the operator writes it.
        words: asset id to what was said.

    Returns:
        What was recorded, as plain JSON data.

    Raises:
        InputError: ``nobody-told`` or ``nothing-to-tell``; nothing was recorded.
    """
    if not who.strip():
        raise InputError("nobody-told", "Nobody is named.", "Write --told with a name.")
    if not words:
        verb = "landing" if about == "landing" else "forecast"
        raise InputError(
            "nothing-to-tell",
            f"Nothing is recorded about a {about} that anybody could have been told.",
            f"Find out first: sluis {verb} {held.client} {held.change}.",
        )
    session = held.session
    key, places = session.operator().key, session.places
    ledger = Ledger(
        places.dossier(held.client, held.change),
        load_anchors(places.trust(held.client), held.client),
        held.client,
        held.change,
    )
    told = []
    for asset, said in words.items():
        body = Told(asset=asset, about=about, who=who.strip()[:200], words=said)
        ledger.append(body, key=key, now=session.now())
        told.append({"asset": asset, "who": body.who, "words": said})
    return told


def show_told(console: Console, told: list[dict[str, str]]) -> None:
    """Print what was recorded."""
    for one in told:
        said = plainly(f"{one['who']} was told: {one['words']}", limit=4000)
        console.print(Text(said), soft_wrap=True)
