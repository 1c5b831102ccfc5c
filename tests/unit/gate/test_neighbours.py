"""Case B1: what shares a server with data of the change is named, or nobody may sign."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sluis.border.found import Found
from sluis.border.own_databases import COPY, DISPLACED, is_beside, name_beside
from sluis.dossier.state import next_thing
from sluis.evidence.predicates import Discovery, Machine, Refusal
from sluis.gate.coverage import unproven
from sluis.gate.decide import decide
from sluis.gate.neighbours import NOT_IN_SCOPE, discovery_of, neighbours
from sluis.scope.model import Asset, ScopeDocument
from sluis.scope.neighbours import is_named
from support.evidence_made import NOW, Made, made, scope, step
from unit.gate.test_open_questions import PREPARED


def with_database(*more: Asset, kind: str = "postgresql") -> ScopeDocument:
    one, two = scope().assets
    books = one.model_copy(update={"kind": kind, "location": "books"})
    risks = []
    for one in (books, two, *more):
        known = next((risk for risk in scope().risks if risk.asset == one.id), scope().risks[0])
        words = known.words if known.asset == one.id else {"nl": "Weg is weg.", "en": "It is gone."}
        risks.append(
            {
                "id": f"risk-{one.id}",
                "asset": one.id,
                "words": words,
                "we_do": {"nl": f"Wij testen {one.id}.", "en": f"We test {one.id}."},
            }
        )
    return scope(assets=(books, two, *more), risks=tuple(risks))


def found(*names: str, host: str = "h1", **more: Any) -> Discovery:
    entries = [
        {"kind": "postgresql", "location": name, "bytes": 20_000_000, "in_scope": True, **more}
        for name in names
    ]
    return Discovery(machine=Machine(host=host, target="local://"), found=tuple(entries))


def change(*bodies: Discovery, **more: Any) -> Made:
    return replace(made().and_then(*bodies), scope=with_database(**more))


def about(one: Made) -> list[str]:
    return [reason.about for reason in neighbours(one.evidence())]


def test_case_B1_a_database_that_the_scope_does_not_name_is_refused_and_not_signed_for() -> None:
    one = change(found("former years"))
    (reason,) = unproven(one.evidence(), NOW)
    assert (reason.code, reason.about) == (NOT_IN_SCOPE, "h1: former years")
    assert "20,000,000 bytes" in reason.sentence
    assert 'location: "former years"' in reason.remedy
    assert "files-one" in reason.remedy
    answer = decide(one.evidence(), one.demand(), NOW)
    assert isinstance(answer, Refusal)
    assert NOT_IN_SCOPE in {item.code for item in answer.reasons}


def test_case_B1_what_is_half_changed_is_put_back_all_the_same() -> None:
    one = change(found("former years"))
    back = step("files-one-back", "h1", "192.0.2.1", way_back=True)
    answer = decide(one.evidence(), one.demand(step=back), NOW)
    assert isinstance(answer, Refusal)
    assert NOT_IN_SCOPE not in {item.code for item in answer.reasons}


def test_case_B1_a_change_that_only_puts_data_back_touches_nothing_beside_it() -> None:
    one = change(found("former years"))
    halves = tuple(
        step(f"{module}-1", "h1", "192.0.2.1", module=module,
             args={"asset": "files-one", "reached": "V6"})
        for module in ("asset_restore", "asset_swap")
    )  # fmt: skip
    assert about(one) == ["h1: former years"]
    assert about(replace(one, plan=one.plan.model_copy(update={"steps": halves}))) == []


def test_case_B1_the_scope_that_counts_is_the_one_that_would_be_signed() -> None:
    """Not the one of the moment at which the database was found."""
    one = change(found("former years", in_scope=False))
    former = scope().assets[0].model_copy(update={"id": "former", "location": "former years"})
    for kind in ("postgresql", "other"):
        named = with_database(former.model_copy(update={"kind": kind}))
        assert neighbours(replace(one, scope=named).evidence()) == []
    elsewhere = with_database(former.model_copy(update={"kind": "postgresql", "host": "h2"}))
    assert about(replace(one, scope=elsewhere)) == ["h1: former years"]
    other_server = with_database(former.model_copy(update={"kind": "mariadb"}))
    assert about(replace(one, scope=other_server)) == ["h1: former years"]


def test_case_B1_only_the_newest_look_at_a_host_counts() -> None:
    assert about(change(found("gone", "there"), found("there"))) == ["h1: there"]
    assert about(change(found("there"), found(host="h2"))) == ["h1: there"]
    # a tenant that the same machine looked at says nothing of its databases
    tenant = Discovery(
        machine=Machine(host="h1", target="local://"), found=({"tenant": "old", "kind": "drive"},)
    )
    assert about(change(found("there"), tenant)) == ["h1: there"]


def test_case_B1_what_was_not_seen_is_not_forgotten_over_a_look_at_a_tenant() -> None:
    blind = found("there").model_copy(update={"not_verified": ("databases-not-listed: h1",)})
    tenant = Discovery(
        machine=Machine(host="h1", target="local://"), found=({"tenant": "old", "kind": "drive"},)
    )
    assert discovery_of(change(blind, tenant).view(), "h1") == blind
    assert discovery_of(change(blind, tenant).view(), "h2") is None


@pytest.mark.parametrize("hostile", ["x\nid: y", "a\u202eb", 'q"; drop', "- x: {y: [z]}"], ids=repr)
def test_case_B1_a_hostile_name_is_one_quoted_value(hostile: str) -> None:
    import json

    (reason,) = neighbours(change(found(hostile)).evidence())
    line = reason.remedy.partition("'location: ")[2].rpartition("' and a disposition")[0]
    assert isinstance(json.loads(line), str)
    assert "\n" not in line
    assert "\u202e" not in reason.remedy + reason.sentence + reason.about


@pytest.mark.parametrize(
    ("location", "size", "named"),
    [
        ("postgres", 7_500_000, False),
        ("template1", None, False),
        ("books", None, True),
        ("Books", None, False),
        (name_beside("books", COPY + "CHG_1"), 1, True),
        (name_beside("books", DISPLACED + "CHG_1"), 10**9, True),
        (name_beside("letters", DISPLACED + "CHG_1"), 1, False),
        ("my_books_sluis_restored_1", 1, False),
    ],
)
def test_case_B1_what_nobody_has_to_name(location: str, size: int | None, named: bool) -> None:
    one = Found("postgresql", location, size)
    assert is_named(with_database(), "h1", one) is named


@pytest.mark.parametrize("live", ["books", "b" * 63, "é" * 31, "€" * 20])
def test_names_beside_fit_and_are_known_again(live: str) -> None:
    for mark in (COPY, DISPLACED):
        name = name_beside(live, mark + "CHG_2026_1042_patient_database")
        assert len(name.encode()) <= 63
        assert is_beside(name, live)
        assert not is_beside(name, "other")
        short = name_beside(live, mark + "CHG_1")
        assert is_beside(short, live)
    assert name_beside(live, COPY + "1") != name_beside(live, COPY + "2")


@pytest.mark.parametrize(
    "name",
    [
        "patient_data_sluis_quarantine_anything",
        "patient_data_sluis_quarantine_CHG_1_0123abcd",  # a digest, and not that of this name
        "patient_data_sluis_quarantine_" + "a" * 24 + "_0123abcz",
        "patient_data_sluis_restored_" + "é" * 13 + "_0123abcd",
        "patient_data_of_the_other_practice_sluis_restored_a b",
        "patient_data_of_the_other_practice_sluis_restored_",
    ],
)
def test_case_B1_a_name_that_no_restore_gives_is_no_copy_of_ours(name: str) -> None:
    assert not is_beside(name, "patient_data_of_the_other_practice")


def test_case_B1_the_next_thing_is_an_entry_in_the_scope_and_no_waiver() -> None:
    reasons = unproven(change(found("former years")).evidence(), NOW)
    said = next_thing("not proven", replace(PREPARED, unproven=reasons), "practice", "CHG-1")
    assert "scope.yml" in said
    assert "database" in said
    assert "waiver" not in said


def test_case_B1_a_nonce_that_was_placed_since_hides_no_database() -> None:
    """``sluis adopt --challenge`` says where it placed one, and nothing of what is beside it."""
    nonce = Discovery(
        machine=Machine(host="h1", target="local://"),
        found=({"kind": "challenge", "asset": "files-one", "nonce_sha256": "0" * 64},),
    )
    assert about(change(found("former years"), nonce)) == ["h1: former years"]
    assert discovery_of(change(nonce).view(), "h1") is None
