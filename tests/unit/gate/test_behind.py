"""Nothing stays behind in a move that the client did not sign; fewer is fine."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sluis.evidence.predicates import Behind, Body, Export, Machine, Refusal, Step
from sluis.gate.behind import more_behind
from sluis.gate.decide import decide
from sluis.gate.demand import Evidence
from sluis.plan.behind import WHYS, BehindItem, BehindList, Why, behind_list, shortfall
from sluis.plan.model import BehindOf
from support.evidence_made import EMPTY, NOW, Made, digest_of, made, step

ASSET = "files-one"
Found = tuple[tuple[str, Why], ...]
SIGNED: Found = (("a.docx", "could-not-be-had"), ("Team.lnk", "shortcut"))
LISTS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(WHYS)), max_size=6)


def fetched(asset: str = ASSET) -> Export:
    return Export(
        asset=asset, origin={}, machine=Machine(host="h1", target="ssh://h1"), pass_number=2,
        started_at=NOW, finished_at=NOW, items=1, bytes=1, complete=True, manifest_object=EMPTY,
    )  # fmt: skip


def story(signed: Found | None, *later: Found, way_back: bool = False) -> Evidence:
    """A signed plan that names what stays behind, and what passes since leave behind."""
    first = behind_list(ASSET, signed or ())
    change: Made = made((step("import-files-one", "h1", "192.0.2.1", args={"asset": ASSET}),))
    named = (BehindOf(asset=ASSET, items=len(first.items), list_sha256=first.digest()),)
    plan = change.plan.model_copy(update={"behind": named if signed is not None else ()})
    lists = {first.digest(): first}
    for found in later:
        listed = behind_list(ASSET, found)
        lists[listed.digest()] = listed
        export = digest_of(len(change.bodies) + 1)
        look = Behind(
            asset=ASSET, export=export, items=len(listed.items), list_object=listed.digest()
        )
        change = change.and_then(fetched(), look)
    return replace(change.evidence(), plan=plan, lists=lists)


@pytest.mark.parametrize(
    "now",
    [SIGNED, SIGNED[:1], (), (("a.docx", "corrupt"),)],
    ids=["the same", "fewer", "none", "for another reason"],
)
def test_M1_what_was_signed_and_less_than_that_goes_on(now: Found) -> None:
    assert more_behind(story(SIGNED, now)) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("b.docx", "could-not-be-had"), "b.docx (could-not-be-had)"),
        (("a.docx", "could-not-be-had"), "a.docx (could-not-be-had)"),
        (("a.docx", "rights-not-had"), "a.docx goes, and who may reach it is not known"),
        (("a.docx", "narrower-rights"), "a.docx goes, and more people may reach it than now"),
        (("A. Former", "unmapped-principal"), "the rights of A. Former"),
        (("plan.docx: a@x", "right-not-givable"), "a right on plan.docx: a@x (right-not-givable)"),
        (("hidden items: Team", "not-seen"), "hidden items: Team (could not be looked at)"),
    ],
    ids=[
        "another file",
        "a second one of that path",
        "its rights",
        "who else may open it",
        "a person",
        "a right",
        "a place",
    ],
)
def test_M1_more_than_was_signed_is_refused_by_name(more: tuple[str, Why], said: str) -> None:
    (reason,) = more_behind(story(SIGNED, (*SIGNED, more)))
    assert (reason.code, reason.about) == ("more-stays-behind", ASSET)
    assert reason.sentence.endswith(f"1 more of {ASSET} would stay behind than the client signed "
                                    f"for: {said}.")  # fmt: skip
    assert "sign anew" in reason.remedy


LESS: Found = (("bytes: less than 60 % of 9,000,000", "fewer-than-counted"),)


@pytest.mark.parametrize(
    ("signed", "now", "of", "more"),
    [
        (80, 95, "3,000", 0), (80, 80, "3,000", 0), (80, 75, "3,000", 0), (80, 70, "3,000", 1),
        (None, 95, "3,000", 0), (None, 90, "3,000", 1), (10, 5, "3,000", 0),
        # one of four, which its owner threw away
        (None, 80, "4", 0), (80, 55, "40", 0), (80, 50, "40", 1),
    ],
)  # fmt: skip
def test_M1_clearly_fewer_than_was_signed_is_more_that_is_missing(
    signed: int | None, now: int, of: str, more: int
) -> None:
    def fewer(percent: int) -> Found:
        return ((f"files: less than {percent} % of {of}", "fewer-than-counted"),)

    found = more_behind(story(SIGNED + (fewer(signed) if signed else ()), SIGNED + fewer(now)))
    assert len(found) == more
    assert all(f"files: less than {now} % of {of} that the scope counts" in one.sentence
               for one in found)  # fmt: skip
    # files are counted by themselves
    other = more_behind(story(SIGNED + LESS, SIGNED + LESS + fewer(now)))
    assert len(other) == len(more_behind(story(SIGNED, SIGNED + fewer(now))))
    assert [one.code for one in more_behind(story(SIGNED, SIGNED + LESS))] == ["more-stays-behind"]


@given(came=st.integers(0, 10_000), counted=st.integers(0, 10_000))
def test_M1_a_shortfall_is_true_and_as_near_as_its_steps(came: int, counted: int) -> None:
    said = shortfall("files", came, counted)
    assert (said is None) == (came * 100 >= counted * 95)
    if said is not None:
        percent = int(said.split()[3])
        assert came * 100 < counted * percent
        assert came * 100 >= counted * (percent - 5)
        assert said.endswith(f"of {counted:,}")


def test_M1_where_nothing_was_signed_nothing_stays_behind() -> None:
    (reason,) = more_behind(story(None, SIGNED))
    assert reason.code == "more-stays-behind"
    assert reason.sentence.startswith(f"2 more of {ASSET}")
    assert more_behind(story(None, ())) == []


def test_the_newest_look_counts() -> None:
    more: Found = (*SIGNED, ("b", "shortcut"))
    assert more_behind(story(SIGNED, more, SIGNED)) == []
    assert [one.code for one in more_behind(story(SIGNED, SIGNED, more))] == ["more-stays-behind"]


@pytest.mark.parametrize("lost", [0, 1], ids=["what was signed", "what is now"])
def test_a_list_that_cannot_be_read_is_no_yes(lost: int) -> None:
    evidence = story(SIGNED, SIGNED[:1])
    digest = behind_list(ASSET, (SIGNED, SIGNED[:1])[lost]).digest()
    lists = {name: one for name, one in evidence.lists.items() if name != digest}
    (reason,) = more_behind(replace(evidence, lists=lists))
    assert (reason.code, reason.about) == ("behind-unreadable", ASSET)


def test_a_refusal_names_twenty_and_counts_the_others() -> None:
    many: Found = tuple((f"{number:02}.txt", "too-large") for number in range(27))
    (reason,) = more_behind(story((), many))
    assert reason.sentence.startswith("27 more")
    assert reason.sentence.count("(too-large)") == 20
    assert reason.sentence.endswith("and 7 others.")


@pytest.mark.parametrize(("more", "ends"), [(20, "19.txt (too-large)."), (21, "; and 1 other.")])
def test_twenty_are_named_without_counting_others(more: int, ends: str) -> None:
    many: Found = tuple((f"{number:02}.txt", "too-large") for number in range(more))
    (reason,) = more_behind(story((), many))
    assert reason.sentence.endswith(ends)


def test_of_a_long_name_a_refusal_says_the_beginning() -> None:
    (reason,) = more_behind(story((), (("x" * 400, "too-large"),)))
    assert f" {'x' * 300} (too-large)" in reason.sentence


def test_a_list_that_is_the_signed_one_need_not_be_read() -> None:
    assert more_behind(replace(story(SIGNED, SIGNED), lists={})) == []


def and_then(evidence: Evidence, *bodies: Body) -> Evidence:
    """The same story, in which something was recorded after it."""
    statements = evidence.view.statements
    for body in bodies:
        number = len(statements) + 1
        last = replace(
            statements[-1], number=number, sha256=digest_of(number), kind=body.kind, body=body
        )
        statements = (*statements, last)
    return replace(evidence, view=replace(evidence.view, statements=statements))


def test_an_asset_of_which_no_more_stays_behind_hides_no_other() -> None:
    listed = behind_list("files-two", SIGNED)
    look = Behind(asset="files-two", export=EMPTY, items=2, list_object=listed.digest())
    evidence = and_then(story(SIGNED, SIGNED), look)
    lists = {**evidence.lists, listed.digest(): listed}
    (reason,) = more_behind(replace(evidence, lists=lists))
    assert (reason.code, reason.about) == ("more-stays-behind", "files-two")


def about(evidence: Evidence, *, of_step: bool) -> set[tuple[str, str]]:
    change = made()
    assert evidence.plan is not None
    assert evidence.scope is not None
    demand = change.demand(
        step=evidence.plan.steps[0] if of_step else None, scope_object=evidence.scope.digest()
    )
    answer = decide(evidence, demand, NOW)
    reasons = answer.reasons if isinstance(answer, Refusal) else ()
    return {(one.code, one.about) for one in reasons}


def codes(evidence: Evidence, *, of_step: bool) -> set[str]:
    return {code for code, _ in about(evidence, of_step=of_step)}


@pytest.mark.parametrize("of_step", [True, False], ids=["a step", "the batch"])
def test_M1_the_gate_asks_it_of_the_batch_and_of_each_step(of_step: bool) -> None:
    more: Found = (*SIGNED, ("b", "shortcut"))
    assert "more-stays-behind" in codes(story(SIGNED, more), of_step=of_step)
    assert "more-stays-behind" not in codes(story(SIGNED, SIGNED), of_step=of_step)


def test_M1_a_pass_that_nobody_looked_through_is_put_nowhere() -> None:
    evidence = story(SIGNED, SIGNED)
    later = and_then(evidence, fetched())
    assert ("pass-not-looked-through", ASSET) in about(later, of_step=True)
    assert "pass-not-looked-through" not in codes(later, of_step=False)
    assert "pass-not-looked-through" not in codes(evidence, of_step=True)


def said(evidence: Evidence, state: Any, plan_object: str | None = None) -> Step:
    return Step(
        step="import-files-one", host="h1", state=state, call_sha256=EMPTY,
        plan_object=plan_object or evidence.plan_object or "",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("state", "plan_object", "asked"),
    [("done", None, False), ("failed", None, True), ("started", None, True),
     ("done", "f" * 64, True)],
    ids=["done", "failed", "started", "done under another plan"],
)  # fmt: skip
def test_M1_only_a_step_that_is_done_asks_for_no_look(
    state: str, plan_object: str | None, asked: bool
) -> None:
    evidence = story(SIGNED, SIGNED)
    evidence = and_then(evidence, fetched(), said(evidence, state, plan_object))
    assert ("pass-not-looked-through" in codes(evidence, of_step=True)) == asked


def test_M1_a_pass_and_a_look_of_another_asset_say_nothing_of_this_one() -> None:
    evidence = story(SIGNED, SIGNED)
    other = fetched("files-two")
    assert "pass-not-looked-through" not in codes(and_then(evidence, other), of_step=True)
    nothing = BehindList(asset="files-two").digest()
    look = Behind(asset="files-two", export=EMPTY, items=0, list_object=nothing)
    assert "pass-not-looked-through" not in codes(and_then(evidence, look), of_step=True)
    # nor does the look at the other pass stand for one at this one's
    number = len(evidence.view.statements) + 1
    look = look.model_copy(update={"export": digest_of(number)})
    assert "pass-not-looked-through" in codes(and_then(evidence, fetched(), look), of_step=True)


@given(LISTS, LISTS)
def test_M1_more_and_what_was_signed_are_never_less_than_what_is(
    signed: list[tuple[str, Why]], now: list[tuple[str, Why]]
) -> None:
    before, after = behind_list(ASSET, signed), behind_list(ASSET, now)
    more = after.more_than(before)
    assert len(more) >= len(after.items) - len(before.items)
    together = BehindList(asset=ASSET, items=(*before.items, *more))
    assert after.more_than(together) == ()
    assert before.more_than(before) == ()


def test_a_name_in_the_list_has_nothing_that_a_reader_would_not_see() -> None:
    listed = behind_list(ASSET, [("a\u202egpj.exe\n", "too-large"), ("b\x1b[2J", "shortcut")])
    assert [one.path for one in listed.items] == [
        "a\\u{202E}gpj.exe\\u{000A}", "b\\u{001B}[2J",
    ]  # fmt: skip
    assert BehindList.from_bytes(listed.to_bytes()) == listed
    assert listed.items[0] == BehindItem(path="a\\u{202E}gpj.exe\\u{000A}", why="too-large")
