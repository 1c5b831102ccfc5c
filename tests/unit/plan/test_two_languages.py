"""Words of steps and checks in two languages, as scope.yml has them."""

from __future__ import annotations

import pytest

from sluis.errors import InputError
from sluis.plan.annex import plan_annex
from sluis.plan.model import PlanDocument, PlannedCheck
from sluis.plan.text import plan_text
from sluis.plan.written_words import one_language_only, words_faults
from sluis.plan.written_yaml import read_written
from sluis.runbook.checks import typed_checks
from sluis.scope.words import Both, said_in
from support.outcomes import PLAN
from support.scopes import make_scope

WORDS = {"nl": "De winkel stoppen.", "en": "Stop the shop."}
STAYS = {"nl": "Het logboek blijft staan.", "en": "The log stays there."}
CHECK = {"nl": "De winkel draait.", "en": "The shop runs."}
UPDATE = b"""\
software_update_steps:
  - step: stop
    words: {nl: De winkel stoppen., en: Stop the shop.}
    stays: The log stays there.
  - step: start
    words: "{{ later }}"
service_checks_list:
  - id: runs
    what: The shop runs.
"""


def in_two_languages() -> PlanDocument:
    step = PLAN.steps[0].model_copy(update={"name": said_in(WORDS), "stays": said_in(STAYS)})
    check = PlannedCheck(check="runs", host=step.host, what=said_in(CHECK))
    back = step.model_copy(update={"step": "back", "way_back": True, "stays": ""})
    return PLAN.model_copy(update={"steps": (step, back), "checks": (check,)})


@pytest.mark.parametrize(("language", "other"), [("nl", "en"), ("en", "nl")])
def test_newcomer_the_client_reads_steps_and_checks_in_the_language_that_they_chose(
    language: str, other: str
) -> None:
    plan = in_two_languages()
    text = " ".join(plan_text(plan, language).split())  # type: ignore[arg-type]
    for words in (WORDS, STAYS, CHECK):
        assert words[language] in text
        assert words[other] not in text
    technical = plan_annex(plan, language)  # type: ignore[arg-type]
    assert CHECK[language] in technical
    assert CHECK[other] not in technical


def test_newcomer_a_plan_in_two_languages_is_read_as_it_was_signed() -> None:
    plan = in_two_languages()
    again = PlanDocument.model_validate_json(plan.to_bytes())
    assert again.digest() == plan.digest()
    assert isinstance(again.steps[0].name, Both)
    one = plan.model_copy(update={"steps": PLAN.steps, "checks": ()})
    assert one.digest() == PLAN.model_copy(update={"checks": ()}).digest()


def test_newcomer_a_host_is_sent_a_check_without_its_two_languages() -> None:
    check = {"id": "runs", "host": "web", "what": CHECK, "type": "file", "path": "/srv/x"}
    found, unusable = typed_checks({"runs": check})
    assert unusable == {}
    assert found["runs"].what == "runs"


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("words: {nl: Zo.}", "bad-words"),
        ("words: {nl: Zo., en: ''}", "bad-words"),
        ("words: {nl: Zo., en: So., de: So.}", "bad-words"),
        ("stays: {nl: Zo., en: {}}", "bad-words"),
        ("stays: [Zo.]", "not-text"),
        ("words: {nl: Zo., en: So.}", None),
        ("words: {nl: Zo., en: '{{ later }}'}", None),
    ],
    ids=["one", "empty", "three", "group", "list", "both", "later"],
)
def test_newcomer_words_that_are_no_two_languages_are_said_with_their_line(
    field: str, code: str | None
) -> None:
    item = read_written(f"software_update_steps:\n  - step: a\n    {field}\n".encode())
    found = list(words_faults("update.yml", item))
    assert [(one.code, one.line) for one in found] == ([] if code is None else [(code, 3)])


def test_newcomer_words_in_one_language_are_a_remark_where_the_scope_speaks_two() -> None:
    item = read_written(UPDATE)
    assert list(one_language_only("update.yml", item, make_scope())) == []
    scope = make_scope({"summary": {"nl": "Wij werken bij.", "en": "We update."}})
    (said,) = one_language_only("update.yml", item, scope)
    assert "stays of the step stop (line 4), what of the check runs (line 9)" in said
    assert "2 texts are in one language only" in said
    assert '{nl: "Zo.", en: "Like this."}' in said
    both = UPDATE.replace(b"stays: The log stays there.", b"stays: {nl: Zo., en: So.}").replace(
        b"what: The shop runs.", b"what: {nl: Zo., en: So.}"
    )
    assert list(one_language_only("update.yml", read_written(both), scope)) == []


def test_newcomer_words_as_Ansible_hands_them_on_are_checked() -> None:
    assert said_in("Zo.") == "Zo."
    assert said_in(WORDS) == Both(**WORDS)
    with pytest.raises(InputError) as error:
        said_in({"nl": "Zo."})
    assert error.value.code == "bad-words"
    assert "en" in error.value.what
