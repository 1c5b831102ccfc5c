"""What status says of landing folders and of sources that end (B4, B5)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sluis.dossier.watching import ends_of, landings_of
from sluis.evidence.predicates import (
    Body,
    Forecast,
    Landing,
    LandingFolder,
    LandingLook,
    Machine,
    SourceEnd,
    Told,
)
from support.outcomes import BEGIN, handover, laid_down, material
from support.scopes import make_scope

DAY = datetime(2027, 1, 1, 23, 59, 59, tzinfo=UTC)
MACHINE = Machine(host="w", target="ssh://w")
PLACE = {"tenant": "new", "drive": "b!two", "folder": "Client", "account": "a@new.example"}


def scope(**more: Any) -> Any:
    return make_scope(
        {
            "job": "migration",
            "assets.1.disposition": {
                "what": "client moves it", "to": "There.", "owner": "A. Client",
                "deadline": date(2027, 1, 1), "if_late": "We call.", "landing": PLACE,
            },
            **more,
        }
    )  # fmt: skip


NAME = scope().assets[1].id


def looked(state: Any = "arriving", **more: Any) -> Landing:
    place = LandingFolder(
        tenant="new", drive="b!two", folder="Client", item_id="1", web_url="https://new/Client",
        deadline=DAY, made_at=BEGIN,
    )  # fmt: skip
    look = LandingLook(
        state=state, late=False, files=1, bytes=3, expected_from="the scope", words="One of two.",
        new_files=1, new_bytes=3,
    )  # fmt: skip
    return Landing(**{"asset": NAME, "machine": MACHINE, "place": place, "look": look, **more})


def foretold(verdict: Any, ends: datetime | None, margin: float | None = 5.0) -> Forecast:
    line = SourceEnd(
        asset=NAME, hours=3, ends=ends, margin_hours=margin, verdict=verdict, basis="counted"
    )
    return Forecast(machine=MACHINE, starts_at=BEGIN, sources=(line,))


def landing(now: datetime, *bodies: Body) -> Any:
    (line,) = landings_of(replace(material([*laid_down(), *bodies]), scope=scope()), now)
    return line


def test_case_B4_status_says_how_far_it_is_and_who_was_told() -> None:
    told = Told(asset=NAME, about="landing", who="A. Client", words="One of two.")
    line = landing(DAY - timedelta(days=5), looked(), told)
    assert (line.state, line.seen, line.whole, line.late) == ("arriving", True, False, False)
    assert line.days_left == 5
    for words in ("5.0 days left", "One of two.", "+1 file, +3 bytes", "Told: A. Client"):
        assert words in line.words
    assert "Nobody was told; its owner is A. Client." in landing(DAY, looked()).words


@pytest.mark.parametrize(
    ("bodies", "state"),
    [
        ((), "not made yet"),
        ((looked(look=None),), "not looked at yet"),
        ((looked(),), "arriving"),
        ((looked("not verified"),), "not verified"),
        ((looked("everything has arrived"), looked(look=None, not_seen="Gone.")), "could not be"),
    ],
)
def test_case_B4_past_its_deadline_only_what_is_known_to_be_whole_is_not_late(
    bodies: tuple[Body, ...], state: str
) -> None:
    line = landing(DAY + timedelta(hours=12), *bodies)
    assert line.state.startswith(state)
    assert line.late
    assert "TOO LATE" in line.words
    assert "0.5 days past" in line.words
    assert not landing(DAY + timedelta(days=9), looked("everything has arrived")).late


def ends(now: datetime, *bodies: Body, day: Any = date(2027, 6, 30)) -> list[str]:
    found = replace(material([*laid_down(), *bodies]), scope=scope(**{"assets.1.ends_on": day}))
    return [line.words for line in ends_of(found, now)]


END = datetime(2027, 6, 30, tzinfo=UTC)


def test_case_B5_an_end_that_is_near_or_past_is_said_until_it_is_handed_over() -> None:
    assert ends(END - timedelta(days=31)) == []
    (near,) = ends(END - timedelta(days=30))
    assert "in 30.0 days; no forecast was made" in near
    (past,) = ends(END + timedelta(days=2), handover("failed"))
    assert "which is 2.0 days ago" in past
    assert ends(END + timedelta(days=2), handover()) == []
    assert ends(END, day="no end date") == []


def test_case_B5_what_the_forecast_calls_too_late_is_said_however_far_off() -> None:
    far = END - timedelta(days=300)
    assert ends(far, foretold("in time", END)) == []
    (late,) = ends(far, foretold("too late", END, -7.5))
    assert "TOO LATE by 7.5 h" in late
    assert "does not know" in ends(far, foretold("not known", END, None))[0]
    # about another end date it says nothing; the newest one counts
    assert ends(far, foretold("too late", END - timedelta(days=1), -7.5)) == []
    assert ends(far, foretold("too late", END, -7.5), foretold("in time", END)) == []


def test_case_B5_before_there_is_a_scope_the_forecast_alone_is_said() -> None:
    found = material([foretold("tight", END)])
    (line,) = ends_of(found, END - timedelta(days=300))
    assert (line.asset, line.forecast) == (NAME, "tight")
