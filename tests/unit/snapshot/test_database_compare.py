"""What two sets of figures have in common, and what is said of what they have not."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.snapshot.database_compare import compare_figures
from sluis.snapshot.database_proof import without_data
from sluis.snapshot.mariadb_rights import _covers
from sluis.snapshot.postgresql_adopted import roles_in
from sluis.snapshot.postgresql_schema import bare


def figures(**changes: Any) -> dict[str, Any]:
    return {
        "tables": {"t": {"rows": 2, "checksum": "12"}},
        "recomputed": {},
        "sequences": {},
        "objects": {"table t": "aa"},
        "extensions": {},
        "foreign_tables": [],
        "probe": "1",
        **changes,
    }


def at(last: int, called: bool = True, step: int = 1) -> dict[str, Any]:
    return {"last": str(last), "called": called, "step": str(step)}


def test_equal() -> None:
    found = compare_figures(figures(), figures())
    assert (found.differences, found.unknown, found.notes) == ([], [], [])


@pytest.mark.parametrize(
    ("first", "restored", "last", "differs"),
    [
        (at(5), at(5), at(5), False),
        (at(5), at(4), at(5), True),
        (at(5), at(6), at(5), True),
        (at(5), at(7), at(9), False),
        (at(5), at(10), at(9), True),
        (at(1, called=False), at(1), at(1), False),
        (at(1), at(1, called=False), at(1), True),
        (at(-5, step=-2), at(-7, step=-2), at(-9, step=-2), False),
        (at(-5, step=-2), at(-3, step=-2), at(-9, step=-2), True),
    ],
)
def test_sequences_are_between_before_and_after(
    first: dict[str, Any], restored: dict[str, Any], last: dict[str, Any], differs: bool
) -> None:
    source = figures(sequences={"s": first}, sequences_after={"s": last})
    found = compare_figures(source, figures(sequences={"s": restored}))
    assert bool(found.differences) is differs
    assert found.unknown == []


def test_a_sequence_that_started_over_cannot_be_judged() -> None:
    source = figures(sequences={"s": at(90)}, sequences_after={"s": at(3)})
    found = compare_figures(source, figures(sequences={"s": at(50)}))
    assert (found.differences, len(found.unknown)) == ([], 1)


def test_another_hash_compares_nothing() -> None:
    other = figures(probe="2", tables={})
    found = compare_figures(figures(), other)
    assert (found.differences, len(found.unknown)) == ([], 1)


def test_two_instants_turn_differences_into_doubt() -> None:
    other = figures(tables={"t": {"rows": 3, "checksum": "15"}})
    assert len(compare_figures(figures(), other).differences) == 1
    found = compare_figures(figures(two_instants=True), other)
    assert (found.differences, len(found.unknown)) == ([], 1)
    assert compare_figures(figures(two_instants=True), figures()).unknown == []
    unlocked = figures(two_instants=True, unlocked=["t"])
    assert len(compare_figures(unlocked, figures()).unknown) == 1


def test_an_older_backup_has_no_nonce() -> None:
    nonce = {"sluis_nonce.nonce": {"rows": 1, "checksum": "7"}}
    source = figures(
        tables={**figures()["tables"], **nonce},
        objects={"table t": "aa", "schema sluis_nonce": "b"},
    )
    assert len(compare_figures(source, figures()).differences) == 2
    assert compare_figures(source, figures(), with_nonce=False).differences == []


def test_a_copy_without_its_code_yet() -> None:
    source = figures(objects={"table t": "aa", "view v": "bb", "event e": "cc"})
    assert len(compare_figures(source, figures()).differences) == 2
    assert compare_figures(source, figures(code_pending=True)).differences == []
    lost = figures(code_pending=True, objects={})
    assert compare_figures(source, lost).differences == ["table t is missing"]


#: As PostgreSQL 15 prints one and the same condition before and after a dump.
BEFORE = "((s)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))"
AFTER = "((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (BEFORE, AFTER),
        ("( a  +  b )", "a + b"),
        ("x::numeric(10,2)[]", "(x)::numeric(10,2)[]"),
        ("'1'::\"My Type\"", "'1'"),
    ],
)
def test_a_round_trip_may_print_it_otherwise(one: str, other: str) -> None:
    assert bare(one) == bare(other)


@pytest.mark.parametrize(
    ("one", "other"), [("a > 1", "a > 2"), ("'x'::text", "'y'::text"), ("a and b", "a or b")]
)
def test_another_meaning_is_seen(one: str, other: str) -> None:
    assert bare(one) != bare(other)


@pytest.mark.parametrize(
    "said",
    [
        'psql: ERROR:  invalid input syntax for type integer: "Jansen"',
        (
            'pg_restore: error: COPY failed for table "t": ERROR:  bad: "Jan "x" sen"\n'
            'CONTEXT:  COPY t, line 3, column a: "Jansen"'
        ),
        "ERROR:  duplicate key\nDETAIL:  Key (name)=(Jansen) already exists.",
        "ERROR 1062 (23000) at line 3: Duplicate entry 'Jan'sen' for key 'name'",
        "ERROR 1366 at line 1: Incorrect integer value: 'Jansen' for column `b`.`t`.`i` at row 1",
        "--------------\ninsert into t values ('Jansen')\n--------------\n\nERROR 1 at line 2: x",
    ],
)
def test_case_B8_what_a_tool_quotes_is_left_out(said: str) -> None:
    kept = without_data(said)
    assert "sen" not in kept
    assert "ERROR" in kept or "error" in kept


@pytest.mark.parametrize(
    ("pattern", "database", "covers"),
    [
        ("*", "shop", True),
        ("`shop`", "shop", True),
        ("`shop`", "shops", False),
        ("`sh_p`", "shop", True),
        ("`sh\\_p`", "shop", False),
        ("`sh\\_p`", "sh_p", True),
        ("`%`", "anything", True),
        ("`s%p`", "shoop", True),
        ("`a``b`", "a`b", True),
        ("`a.b`", "axb", False),
    ],
)
def test_schema_patterns_of_grants(pattern: str, database: str, covers: bool) -> None:
    assert _covers(pattern, database) is covers


def test_roles_that_sql_speaks_of() -> None:
    lines = [
        b'ALTER TABLE public."od;d" OWNER TO "Dr. O""x";\n',
        b"GRANT SELECT,INSERT ON TABLE public.t TO reader WITH GRANT OPTION;\n",
        b"GRANT ALL ON SCHEMA public TO PUBLIC;\n",
        b"REVOKE ALL ON TABLE t FROM old;\n",
        b"ALTER DEFAULT PRIVILEGES FOR ROLE maker IN SCHEMA s GRANT SELECT ON TABLES TO taker;\n",
        b"1\tALTER x OWNER TO nobody;\n",
        b"GRANT pg_monitor TO pg_other;\n",
    ]
    found = roles_in(lines)
    assert {'Dr. O"x', "reader", "old", "maker"} <= set(found)
    assert not {"nobody", "pg_other", "public", "PUBLIC"} & set(found)
