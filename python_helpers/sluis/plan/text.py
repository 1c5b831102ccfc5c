"""The plan in plain words, in Dutch and English, for the person who signs it.

What each step is made of stands in :mod:`sluis.plan.annex`, under the same numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.undoing import put_back, undoing
from sluis.scope.texts import Said, said
from sluis.scope.voice import Voice, heading, paragraph
from sluis.scope.words import spoken

Language = Literal["nl", "en"]

SENTENCES: dict[str, Said] = {
    "title": said("Wat er gaat gebeuren", "What will happen"),
    "intro": said("Dit doen wij, in deze volgorde: {steps} stappen.",
                  "This is what we do, in this order: {steps} steps."),
    "intro-one": said("Dit doen wij: één stap.", "This is what we do: one step."),
    "only": said("Iets anders doen wij niet.", "We do nothing else."),
    "on": said("{words} (op {host})", "{words} (on {host})"),
    "undone": said("Gaat er iets mis, dan draaien wij dit terug.",
                   "If anything fails, we undo this."),
    "stays": said("Gaat er iets mis, dan blijft dit zo. {words}",
                  "If anything fails, this stays as it is. {words}"),
    "not-undone": said("Gaat er iets mis, dan draaien wij dit NIET terug.",
                       "If anything fails, we do NOT undo this."),
    "again": said(
        "Dit hebben wij in deze wijziging al eens gedaan, op {when}. Wij doen het nu opnieuw: ook "
        "wat er daarna in is gewerkt, gaat eruit, en bewaren wij apart.",
        "We did this before in this change, on {when}. We now do it once more: what was done in it "
        "after that goes out as well, and we keep it apart."),
    "checks": said("Wat wij daarna nakijken", "What we check afterwards"),
    "no-checks": said("Daarna kijken wij niets na.", "We check nothing afterwards."),
    "back": said("Alleen als er iets misgaat", "Only if anything fails"),
    "back-intro": said("Dan gaan wij terug, met deze {steps} stappen.",
                       "Then we go back, in these {steps} steps."),
    "back-intro-one": said("Dan gaan wij terug, met één stap.", "Then we go back, in one step."),
    "back-together": said(
        "Alle kopieën gaan samen terug, ook van gegevens waar wij nog niets aan deden. Zo past "
        "alles weer bij elkaar.",
        "All copies go back together, also of data that we had not touched yet. So everything "
        "fits together again."),
    "all-undone": said("Daarmee is alles teruggedraaid wat wij deden.",
                       "With that, everything that we did is undone."),
    "left": said("Dit kunnen wij dan niet terugdraaien:", "This we cannot undo then:"),
    "checks-back": said("Wat wij na het teruggaan nakijken", "What we check after going back"),
    "no-checks-back": said("Na het teruggaan kijken wij niets na.",
                           "We check nothing after going back."),
}  # fmt: skip


def plan_text(
    plan: PlanDocument,
    language: Language,
    before: Mapping[tuple[str, str], datetime] = MappingProxyType({}),
    zone: str | None = None,
) -> str:
    """Render what will happen, without names of machines, modules and files.

    Args:
        plan: the plan to show.
        language: ``nl`` or ``en``.
        before: when a step was done under an earlier plan, from ``swapped_before``.
        zone: the client's time zone.
    """
    voice = Voice(language, SENTENCES)
    forward, back = plan.forward, plan.way_back
    lines = [
        voice.say("title").upper(),
        "",
        paragraph(f"{_intro('intro', forward, voice)} {voice.say('only')}"),
        *_forward(plan, voice, before, zone),
        *_checks(plan.checks_after("change"), "checks", voice),
    ]
    if back:
        lines += heading(voice.say("back"))
        told = _intro("back-intro", back, voice)
        if len(put_back(plan)) > 1:
            told += f" {voice.say('back-together')}"
        lines += [paragraph(told), ""]
        lines += _numbered(_step_words(back, voice), "B")
        lines += ["", *_left(plan, voice)]
        lines += _checks(plan.checks_after("way_back"), "checks-back", voice)
    return "\n".join(lines) + "\n"


def back_number(plan: PlanDocument, step: PlanStep) -> str:
    """How a step of the way back is numbered: ``B1`` is the first."""
    return f"B{plan.way_back.index(step) + 1}"


def _intro(key: str, steps: Sequence[PlanStep], voice: Voice) -> str:
    return voice.say(f"{key}-one" if len(steps) == 1 else key, steps=len(steps))


def _forward(
    plan: PlanDocument,
    voice: Voice,
    before: Mapping[tuple[str, str], datetime],
    zone: str | None,
) -> Iterator[str]:
    for number, (step, words) in enumerate(
        zip(plan.forward, _step_words(plan.forward, voice), strict=True), start=1
    ):
        yield ""
        yield paragraph(f"{number}. {words}", hang=len(f"{number}. "))
        done = before.get((step.step, step.host))
        if done is not None:
            yield paragraph(voice.say("again", when=voice.moment(done, zone)), indent=3)
        if plan.way_back:
            yield paragraph(_if_it_fails(plan, step, voice), indent=3)


def _told(items: Sequence[tuple[str, str]], voice: Voice) -> list[str]:
    """Words of ``(words, host)``; those that are there twice are told apart by the machine."""
    often = Counter(words for words, _ in items)
    return [
        voice.say("on", words=words, host=host) if often[words] > 1 else words
        for words, host in items
    ]


def _step_words(steps: Sequence[PlanStep], voice: Voice) -> list[str]:
    return _told([(spoken(step.name, voice.language), step.host) for step in steps], voice)


def _numbered(words: Sequence[str], letter: str) -> Iterator[str]:
    for number, text in enumerate(words, start=1):
        yield paragraph(f"{letter}{number}. {text}", hang=len(f"{letter}{number}. "))


def _if_it_fails(plan: PlanDocument, step: PlanStep, voice: Voice) -> str:
    if undoing(plan, step).by:
        return voice.say("undone")
    if step.stays:
        return voice.say("stays", words=spoken(step.stays, voice.language))
    return voice.say("not-undone")


def _left(plan: PlanDocument, voice: Voice) -> Iterator[str]:
    """What the way back leaves as the change made it, in one place."""
    told = _step_words(plan.forward, voice)
    left = [
        (number, words, spoken(step.stays, voice.language))
        for number, (step, words) in enumerate(zip(plan.forward, told, strict=True), start=1)
        if not undoing(plan, step).by
    ]
    if not left:
        yield paragraph(voice.say("all-undone"))
        return
    yield paragraph(voice.say("left"))
    for number, words, stays in left:
        yield paragraph(f"- {number}. {words} {stays}".rstrip(), hang=2)


def _checks(checks: tuple[PlannedCheck, ...], key: str, voice: Voice) -> Iterator[str]:
    if not checks:
        yield ""
        yield paragraph(voice.say(f"no-{key}"))
        return
    yield from heading(voice.say(key))
    for words in _told(
        [(spoken(check.what, voice.language), check.host) for check in checks], voice
    ):
        yield paragraph(f"- {words}", hang=2)
