"""The template that a new client starts from is right from the first minute."""

from __future__ import annotations

from pathlib import Path

import yaml

from sluis.scope.load import load_scope
from sluis.scope.model import SNAPSHOT_KINDS
from sluis.scope.text import scope_text

TEMPLATE = Path(__file__).parents[3] / "inventories" / "template"
SCOPE = TEMPLATE / "changes" / "CHG-TEMPLATE" / "scope.yml"


def test_the_template_loads_cleanly() -> None:
    document = load_scope(SCOPE).document
    assert scope_text(document, document.language)
    assert any(asset.kind in SNAPSHOT_KINDS for asset in document.assets)


def test_the_template_covers_its_own_inventory() -> None:
    document = load_scope(SCOPE).document
    inventory = yaml.safe_load((TEMPLATE / "hosts.yml").read_text())
    hosts = set(inventory["all"]["children"]["clients"]["hosts"])
    assert hosts == {asset.host for asset in document.assets} | {
        entry.host for entry in document.hosts_without_data
    }


def test_the_store_of_the_template_is_where_the_scope_allows_it() -> None:
    """Case A12: the two files of the template agree with each other."""
    store = yaml.safe_load((TEMPLATE / "group_vars" / "all.yml").read_text())[
        "snapshot_and_verify_store"
    ]
    for asset in load_scope(SCOPE).document.assets:
        assert (store["site"], store["country"], store["provider"]) in {
            (place.site, place.country, place.provider) for place in asset.allowed_locations
        }


def test_the_template_cannot_be_signed_as_it_is() -> None:
    """Case B3: an example that nobody filled in has an open question, and that blocks."""
    assert load_scope(SCOPE).document.open_questions()


def test_every_choice_is_explained_in_the_template() -> None:
    text = SCOPE.read_text()
    for words in ("client moves it", "destroy", "migrate", "stays", "decommission", "special"):
        assert words in text
