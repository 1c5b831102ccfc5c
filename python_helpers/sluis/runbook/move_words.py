"""What the steps and comparisons of a move are called, in the language that the client signs."""

from __future__ import annotations

from typing import Literal

from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.text import asset_name
from sluis.scope.texts import Said, said
from sluis.scope.voice import Voice

_SENTENCES: dict[str, Said] = {
    "first": said(
        "Wij zetten {name} in de nieuwe omgeving.", "We put {name} into the new environment."
    ),
    "last": said(
        "Nadat wij voor het laatst hebben opgehaald: wij zetten ook over wat er bij {name} nieuw "
        "of veranderd is.",
        "After we have fetched for the last time: we also move what is new or changed in {name}.",
    ),
    "check": said(
        "Alles wat van {name} meegaat, staat in de nieuwe omgeving en klopt.",
        "Everything of {name} that moves is in the new environment, and is right.",
    ),
}


def move_words(scope: ScopeDocument, asset: Asset, what: Literal["first", "last", "check"]) -> str:
    """The name of a step or a comparison.

    Args:
        scope: what the client signs.
        asset: one that is put into another tenant.
        what: the step that moves it, the one that brings what the last pass found, or the
            comparison.
    """
    voice = Voice(scope.language, _SENTENCES)
    return voice.say(what, name=asset_name(scope, asset, voice))
