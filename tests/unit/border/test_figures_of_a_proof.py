"""What an engine says of a source, it says of a restored copy as well: both have to be known."""

from __future__ import annotations

from dataclasses import fields

import pytest

from sluis.border.facts import MariadbFacts, PostgresqlFacts, SqliteFacts
from sluis.border.proof import Figures

#: what is said of the source alone, or of the moment of its copy
_OF_THE_SOURCE = frozenset(
    {"kind", "database", "dumped_with", "nonce_sha256", "files", "sequences_after", "float_rows",
     "held_seconds", "two_instants", "unlocked", "unseen"}
)  # fmt: skip


@pytest.mark.parametrize("facts", [MariadbFacts, PostgresqlFacts, SqliteFacts])
def test_each_figure_of_a_source_can_be_told_of_a_restored_copy(facts: type) -> None:
    of_source = {one.name for one in fields(facts)} - _OF_THE_SOURCE
    assert of_source <= {one.name for one in fields(Figures)}
