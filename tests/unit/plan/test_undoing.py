"""What becomes of a step when the change fails is said before anybody signs."""

from __future__ import annotations

from typing import Any

import pytest

from sluis.errors import InputError
from sluis.plan.annex import plan_annex
from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.text import plan_text
from sluis.plan.undoing import refuse_what_is_not_said, undoing
from support.evidence_made import EMPTY, step

WORDS = "The supplier's log stays on the server."


def swap(asset: str, host: str = "h1") -> PlanStep:
    return step(
        f"swap-{asset}", host, "192.0.2.1", module="asset_swap", args={"asset": asset},
        way_back=True,
    )  # fmt: skip


def back(name: str, *undoes: str, host: str = "h1") -> PlanStep:
    return step(name, host, "192.0.2.1", way_back=True, undoes=undoes)


def forward(name: str = "install", host: str = "h1", **more: Any) -> PlanStep:
    return step(name, host, "192.0.2.1", **more)


def plan(*steps: PlanStep, checks: tuple[PlannedCheck, ...] = ()) -> PlanDocument:
    return PlanDocument(
        client="acme", change="CHG-1", playbook="update.yml", scope_object=EMPTY,
        tree_sha256=EMPTY, hosts=("h1", "h2"), steps=steps, checks=checks,
    )  # fmt: skip


SAID: dict[str, tuple[PlanStep, ...]] = {
    "inside an asset": (forward(inside=("files",)), swap("files")),
    "inside two": (forward(inside=("files", "db")), swap("files"), swap("db", "h2")),
    "undone by a step": (forward(), back("remove", "install"), swap("files")),
    "undone by two": (forward(), back("remove", "install"), back("restart", "install")),
    "it stays": (forward(stays=WORDS), swap("files")),
    "no way back, so nothing is promised": (forward(), forward("more", "h2")),
}


@pytest.mark.parametrize("how", SAID)
def test_F6_a_plan_that_says_it_is_laid_down(how: str) -> None:
    refuse_what_is_not_said(plan(*SAID[how]))


NOT_SAID: dict[str, tuple[tuple[PlanStep, ...], str]] = {
    "nothing at all": ((forward(), swap("files")), "way-back-unknown"),
    "one of several": (
        (forward(stays=WORDS), forward("more"), swap("files")), "way-back-unknown",
    ),
    "a step that only quiesces": (
        (forward(quiesce=True), swap("files")), "way-back-unknown",
    ),
    "a quiesce step inside an asset, whose copy is made after it": (
        (forward(quiesce=True, inside=("files",)), swap("files")), "bad-way-back",
    ),
    "undone on another host": (
        (forward(), forward(host="h2"), back("remove", "install"), swap("files")),
        "way-back-unknown",
    ),
    "an asset that is not put back": (
        (forward(inside=("files", "mail")), swap("files")), "bad-way-back",
    ),
    "an asset that is only restored beside": (
        (forward(inside=("files",)),
         step("restore-files", "h1", "192.0.2.1", module="asset_restore",
              args={"asset": "files"}, way_back=True)), "bad-way-back",
    ),
    "a step that is not there": (
        (forward(stays=WORDS), back("remove", "instal")), "bad-way-back",
    ),
    "a forward step that undoes": (
        (forward(stays=WORDS), forward("more", undoes=("install",), stays=WORDS), swap("files")),
        "bad-way-back",
    ),
    "a way back that stays": (
        (forward(stays=WORDS), back("remove").model_copy(update={"stays": WORDS})),
        "bad-way-back",
    ),
    "words that say nothing": ((forward(stays="yes"), swap("files")), "bad-way-back"),
    "spaces for words": ((forward(stays=" " * 40), swap("files")), "bad-way-back"),
    "two answers": (
        (forward(stays=WORDS, inside=("files",)), swap("files")), "way-back-unknown",
    ),
    "undone and it stays": (
        (forward(stays=WORDS), back("remove", "install")), "way-back-unknown",
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", NOT_SAID)
def test_F6_a_plan_that_leaves_it_open_is_refused(how: str) -> None:
    steps, code = NOT_SAID[how]
    with pytest.raises(InputError) as refused:
        refuse_what_is_not_said(plan(*steps))
    assert refused.value.code == code


def test_F6_the_refusal_names_each_step_and_the_lines_to_write() -> None:
    with pytest.raises(InputError) as refused:
        refuse_what_is_not_said(plan(forward(), forward("more", "h2"), swap("files")))
    told = str(refused.value)
    for part in ("install on h1", "more on h2", "inside: [", "undoes: [install]", "stays: <"):
        assert part in told


def test_what_undoes_a_step_is_all_of_it() -> None:
    whole = plan(*SAID["inside two"])
    assert [item.step for item in undoing(whole, whole.steps[0]).by] == ["swap-files", "swap-db"]
    # with one of them missing, putting back the other one does not undo it
    half = plan(*whole.steps[:2])
    assert undoing(half, half.steps[0]).by == ()


def test_F6_an_old_plan_does_not_say_that_a_quiesce_step_is_undone_by_a_later_copy() -> None:
    old = plan(forward(quiesce=True, inside=("files",)), swap("files"))
    assert undoing(old, old.steps[0]).by == ()


def test_F6_the_client_reads_what_is_undone_and_what_stays() -> None:
    shown = plan(
        forward("migrate", inside=("files",)), forward(), forward("log", stays=WORDS),
        swap("files"), back("remove", "install"),
        checks=(
            PlannedCheck(check="new", host="h1", what="The new version answers"),
            PlannedCheck(check="old", host="h1", what="The old version answers", after="way_back"),
            PlannedCheck(check="rows", host="h1", what="Every patient is there", after="both"),
        ),
    )  # fmt: skip
    text = plan_text(shown, "en")
    change, _, way_back = text.partition("ONLY IF ANYTHING FAILS")
    assert change.count("If anything fails, we undo this.") == 2
    assert f"If anything fails, this stays as it is. {WORDS}" in " ".join(change.split())
    assert f"This we cannot undo then: - 3. Do log {WORDS}" in " ".join(way_back.split())
    annex = plan_annex(shown, "en")
    assert "Undone by: B1\n" in annex
    assert "Undone by: B2\n" in annex
    assert "The new version answers" in change
    assert "The old version answers" not in change
    assert "The new version answers" not in way_back
    assert "The old version answers" in way_back
    assert text.count("Every patient is there") == 2


@pytest.mark.parametrize(("language", "words"), [
    ("nl", ("dan draaien wij dit NIET terug", "Na het teruggaan kijken wij niets na.")),
    ("en", ("we do NOT undo this", "We check nothing after going back.")),
])  # fmt: skip
def test_F6_a_plan_from_before_says_that_nothing_undoes_it(
    language: Any, words: tuple[str, str]
) -> None:
    text = plan_text(plan(forward(), swap("files")), language)
    assert all(part in text for part in words)


def test_an_old_plan_keeps_its_digests() -> None:
    """Plans that were signed before these fields existed are read as they were."""
    old = plan(forward(), checks=(PlannedCheck(check="a", host="h1", what="It answers"),))
    data = old.model_dump(mode="json")
    assert not {"inside", "stays", "undoes"} & set(data["steps"][0])
    assert set(data["checks"][0]) == {"check", "host", "what"}
    assert PlanDocument.model_validate(data) == old
    told = forward(stays=WORDS)
    assert told.model_dump(mode="json")["stays"] == WORDS
    assert told.call_sha256() != forward().call_sha256()


def test_newcomer_the_client_reads_that_untouched_data_goes_back_too() -> None:
    both = plan(forward(inside=("files",)), swap("files"), swap("db", "h2"))
    assert "also of data that we had not touched yet" in " ".join(plan_text(both, "en").split())
    assert "waar wij nog niets aan deden" in " ".join(plan_text(both, "nl").split())


def test_newcomer_one_copy_goes_back_with_no_other() -> None:
    one = plan(forward(inside=("files",)), back("remove", "install"), swap("files"))
    assert "go back together" not in plan_text(one, "en")
