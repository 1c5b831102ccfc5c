"""The technical details of the plan: for each step and check what runs, where and with what.

Every signed value is here. It comes behind everything that the client has to read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from sluis.plan.model import PlanDocument, PlannedCheck, PlanStep
from sluis.plan.text import Language, back_number
from sluis.plan.undoing import undoing
from sluis.scope.texts import Said, said
from sluis.scope.voice import Voice
from sluis.scope.words import spoken

SENTENCES: dict[str, Said] = {
    "title": said("Technische details: de stappen", "Technical details: the steps"),
    "intro": said("Wijziging {change} voor {client}, op {hosts}.",
                  "Change {change} for {client}, on {hosts}."),
    "step": said("{n}. {step}, op {host}", "{n}. {step}, on {host}"),
    "module": said("Module: {module}", "Module: {module}"),
    "target": said("Verbinding: {target}", "Connection: {target}"),
    "become": said("Met de rechten van: {user}", "With the rights of: {user}"),
    "later": said("{name}: bekend bij uitvoering, volgens {value}",
                  "{name}: known when it runs, from {value}"),
    "secret": said("{name}: geheim, staat hier niet", "{name}: secret, not shown here"),
    "filled": said("De tekst die hieruit wordt gemaakt ligt vast en staat hier niet",
                   "The text that is made from it is fixed, and not shown here"),
    "file": said("Bestand {name}, SHA-256 {digest}", "File {name}, SHA-256 {digest}"),
    "inside": said("Verandert alleen iets in: {assets}", "Changes only: {assets}"),
    "undoes": said("Maakt ongedaan: {steps}", "Undoes: {steps}"),
    "undone-by": said("Ongedaan gemaakt door: {numbers}", "Undone by: {numbers}"),
    "after": said("Na de wijziging", "After the change"),
    "after-back": said("Na het teruggaan", "After going back"),
    "check": said("- {host}: {what}", "- {host}: {what}"),
    "looks-at": said("  {name}: {value}", "  {name}: {value}"),
    "behind": said("Wat niet meegaat, per plek", "What does not move, by place"),
    "behind-of": said("- {asset}: {count}; de lijst, SHA-256 {digest}",
                      "- {asset}: {count}; the list, SHA-256 {digest}"),
    "behind-earlier": said("  er staat iets van een eerdere verhuizing; het blijft staan",
                           "  something of an earlier move is there; it stays"),
}  # fmt: skip


def plan_annex(plan: PlanDocument, language: Language) -> str:
    """Render every signed value of the plan.

    Args:
        plan: the plan to show.
        language: ``nl`` or ``en``; of the labels.
    """
    voice = Voice(language, SENTENCES)
    lines = [
        voice.say("title").upper(),
        "",
        voice.say("intro", change=plan.change, client=plan.client, hosts=", ".join(plan.hosts)),
    ]
    for number, step in enumerate(plan.forward, start=1):
        lines += _step(plan, step, str(number), voice)
    for step in plan.way_back:
        lines += _step(plan, step, back_number(plan, step), voice)
    for key, checks in (
        ("after", plan.checks_after("change")),
        ("after-back", plan.checks_after("way_back") if plan.way_back else ()),
    ):
        if checks:
            lines += ["", voice.say(key)]
            lines += [line for check in checks for line in _check(check, voice)]
    if plan.behind:
        lines += ["", voice.say("behind")]
    for one in plan.behind:
        lines.append(
            voice.say("behind-of", asset=one.asset, count=one.items, digest=one.list_sha256)
        )
        lines += [voice.say("behind-earlier")] if one.earlier else []
    return "\n".join(lines) + "\n"


def _step(plan: PlanDocument, step: PlanStep, number: str, voice: Voice) -> Iterator[str]:
    yield ""
    yield voice.say("step", n=number, step=step.step, host=step.host)
    for line in _details(plan, step, voice):
        yield f"   {line}"


def _details(plan: PlanDocument, step: PlanStep, voice: Voice) -> Iterator[str]:
    yield voice.say("module", module=step.module)
    yield voice.say("target", target=step.target.uri())
    if step.target.become:
        yield voice.say("become", user=step.target.become_user or "root")
    if step.inside:
        yield voice.say("inside", assets=", ".join(step.inside))
    if step.undoes:
        yield voice.say("undoes", steps=", ".join(step.undoes))
    if not step.way_back and (by := undoing(plan, step).by):
        yield voice.say("undone-by", numbers=", ".join(back_number(plan, back) for back in by))
    for name, value in sorted(step.args.items()):
        yield f"{name}: {_value(value)}"
    for name, value in sorted(step.args_at_apply.items()):
        yield voice.say("later", name=name, value=_value(value))
    for name in step.secret_args:
        yield voice.say("secret", name=name)
    for name, digest in sorted(step.files.items()):
        yield voice.say("file", name=name, digest=digest)
    if "template" in step.hidden_sha256:
        yield voice.say("filled")


def _check(check: PlannedCheck, voice: Voice) -> Iterator[str]:
    yield voice.say("check", what=spoken(check.what, voice.language), host=check.host)
    for name, value in sorted(check.technical.items()):
        yield voice.say("looks-at", name=name, value=_value(value))


def _value(value: object) -> str:
    """A value as one visible line: control characters must not repaint a screen."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)
