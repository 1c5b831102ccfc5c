"""What `sluis check` shows: each thing once, where it is, and what to do about it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from sluis.cli.check import _show
from sluis.cli.checked import Checked, NotRight, _Quietly
from sluis.cli.progress import Line, progress_on

SEE = "See that it runs, and that its address, port and user in the inventory are right."


def off(host: str, remedy: str = SEE) -> NotRight:
    return NotRight(False, host, 0, "host-unreachable", f"{host} cannot be reached.", remedy)


def shown(*wrong: NotRight, not_looked_at: tuple[str, ...] = ()) -> list[str]:
    text = io.StringIO()
    _show(Console(file=text, width=400), Checked(wrong, not_looked_at, None))
    return text.getvalue().splitlines()


def test_check_what_is_to_be_done_about_several_is_said_once_below_them() -> None:
    assert shown(off("app1"), off("app2"), off("app3", "Ask."), not_looked_at=("app1",)) == [
        "What is out there",
        "  ✗ app1 cannot be reached. [host-unreachable]",
        "  ✗ app2 cannot be reached. [host-unreachable]",
        f"    {SEE}",
        "  ✗ app3 cannot be reached. [host-unreachable]",
        "    Ask.",
        "Not looked at: app1",
        "3 things are not right. Nothing was changed.",
    ]


@pytest.mark.parametrize(
    ("one", "told"),
    [
        (NotRight(True, "a.yml", 7, "x", "It is wrong.", "r"), "a.yml, line 7: It is wrong."),
        (NotRight(True, "a.yml", 0, "x", "It is wrong.", "r"), "a.yml: It is wrong."),
        (NotRight(True, "app1", 0, "x", "app1: no store.", "r"), "app1: no store."),
        (NotRight(False, "app1", 0, "x", "The clock of app1 is off.", "r"),
         "The clock of app1 is off."),
    ],
)  # fmt: skip
def test_check_where_it_is_is_said_once(one: NotRight, told: str) -> None:
    assert one.told == told
    assert shown(one)[1] == f"  ✗ {told} [x]"


def test_check_what_is_found_is_not_told_while_it_looks_as_well() -> None:
    text = io.StringIO()
    with _Quietly(progress_on(Console(file=text, width=400))) as progress:
        progress.tell(Line("play", "Check"))
        progress.tell(Line("ok", "Look at the machine", "app1"))
        progress.tell(Line("failed", "Say all that is wrong", "app1", "app1 cannot be reached."))
        progress.tell(Line("word", "The clock of app1 is off.", "app1"))
    assert text.getvalue().splitlines() == ["Check", "app1: Look at the machine"]


def test_check_a_remark_stops_nothing() -> None:
    found = Checked((), (), None, ("letters: no agreement.",))
    assert found.exit_status == 0
    text = io.StringIO()
    _show(Console(file=text, width=400), found)
    assert text.getvalue().splitlines() == [
        "Remark: letters: no agreement.",
        "Everything that was looked at is right. Nothing was changed.",
    ]
