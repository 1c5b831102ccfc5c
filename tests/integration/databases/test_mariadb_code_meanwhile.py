"""Code that is made in a MariaDB database while its swap lies half-way is not lost (A10)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sluis.snapshot import mariadb_restore, mariadb_swap

from .test_mariadb_restore import Dumped, RealMariadb, beside, broken, differences, is_broken

__all__ = ["broken"]

MADE = """
create view new_report as select 1 as x; create procedure new_billing() select 42;
create trigger new_t after insert on later for each row set @x = 1;
create event new_e on schedule every 1 day do begin select 1; select 2; end;
create function new_f() returns text deterministic return ';;';
"""
NAMES = {"view new_report", "procedure new_billing", "event new_e", "function new_f"}


def _code(mariadb: RealMariadb, database: str) -> set[str]:
    return set(
        mariadb.sql(
            "select concat(lower(routine_type), ' ', routine_name) from"
            f" information_schema.routines where routine_schema = '{database}' union"
            f" select concat('view ', table_name) from information_schema.views"
            f" where table_schema = '{database}' union"
            f" select concat('event ', event_name) from information_schema.events"
            f" where event_schema = '{database}'"
        ).splitlines()
    )


@pytest.mark.parametrize("step", ["forward", "_rename", "_load_code"])
def test_A10_code_that_came_while_a_swap_lay_half_way_is_kept_and_comes_back(
    mariadb: RealMariadb,
    broken: Dumped,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    before = _code(mariadb, live)

    def cut(*given: Any, **more: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(mariadb_swap._Move, step, cut)
        mariadb_restore.swap(broken.asset, *names)
    made, kept = MADE, NAMES
    if step == "_load_code":  # the table that it is on lies in the quarantine
        made = MADE.replace("create trigger new_t", "-- create trigger new_t")
    else:
        kept = NAMES | {"trigger new_t"}
    for statement in made.strip().split("\n"):
        mariadb.sql(f"delimiter //\n{statement.rstrip(';')} //\n", live)
    done = mariadb_restore.swap(broken.asset, *names)
    assert set(done["kept_code"]) == kept
    assert differences(broken, folder) == []
    assert mariadb_restore.swap(broken.asset, *names)["kept_code"] == []
    mariadb_restore.undo_swap(broken.asset, *names)
    assert mariadb_restore.swap_state(broken.asset, *names) == "before"
    is_broken(mariadb, live)
    assert _code(mariadb, live) == before | NAMES
    assert mariadb.sql("call new_billing(); select new_f()", live) == "42\n;;"


def test_A10_a_swap_that_nobody_cut_off_keeps_nothing_more(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    assert mariadb_restore.swap(broken.asset, *names)["kept_code"] == []
    assert mariadb_restore.undo_swap(broken.asset, *names)["kept_code"] == []


def test_A10_code_that_fits_no_more_stays_as_text_and_stops_no_way_back(
    mariadb: RealMariadb, broken: Dumped, folder: Path
) -> None:
    live = broken.asset["location"]
    names = (f"{live}_copy", f"{live}_away", {}, str(folder))
    beside(broken, names[0])
    mariadb_restore.swap(broken.asset, *names)
    mariadb.sql(
        "create table only_here (i int); create view on_it as select * from only_here", live
    )
    mariadb.sql("create view on_v as select q from v", live)  # the broken state has no v
    undone = mariadb_restore.undo_swap(broken.asset, *names)
    assert undone["kept_code"] == ["view on_it", "view on_v"]
    assert mariadb_restore.swap_state(broken.asset, *names) == "before"
    is_broken(mariadb, live)
    text = f"select count(*) from `{names[1]}`.sluis_code where instr(body, 'on_v') > 0"
    assert mariadb.sql(text) == "1"
