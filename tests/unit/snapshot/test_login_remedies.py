"""What to do when a database server lets nobody in, by what was given to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.snapshot.gave_words import gave_words
from sluis.snapshot.server_login import Login, postgresql_login

PEER = 'psql: error: FATAL:  Peer authentication failed for user "dosiers"'


@pytest.mark.parametrize("password", [None, "x"])
def test_newcomer_nobody_is_told_to_leave_a_password_away_that_was_not_given(
    password: str | None,
) -> None:
    """A misspelt user, by the socket, without a password: the server says no more than this."""
    login = Login(
        "PostgreSQL", str(Path("/run/postgresql")), 5432, "dosiers", "practice",
        gave_words(password), "dossiers",
    )  # fmt: skip
    remedy = postgresql_login(login, PEER).remedy
    assert "only as the system user of that name" in remedy
    assert ("Leave the password of dossiers away" in remedy) == (password is not None)
    assert ("Correct the user of dossiers in" in remedy) == (password is None)
