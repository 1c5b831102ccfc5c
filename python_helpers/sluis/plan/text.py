"""The plan in plain words, in Dutch and English, for the person who signs it."""

from __future__ import annotations

import json
from typing import Literal

from sluis.plan.model import PlanDocument, PlanStep

Language = Literal["nl", "en"]

_WORDS: dict[str, dict[Language, str]] = {
    "title": {"nl": "Wat er gaat gebeuren", "en": "What will happen"},
    "intro": {
        "nl": "Wijziging {change} voor {client}: {steps} stappen op {hosts}.",
        "en": "Change {change} for {client}: {steps} steps on {hosts}.",
    },
    "only": {
        "nl": "Alleen deze stappen worden uitgevoerd, in deze volgorde. Verandert er iets aan "
        "een stap, dan is uw akkoord niet meer geldig.",
        "en": "Only these steps will be carried out, in this order. If anything about a step "
        "changes, your agreement no longer counts.",
    },
    "step": {"nl": "{n}. {name} (op {host})", "en": "{n}. {name} (on {host})"},
    "module": {"nl": "Technisch: {module} ({step})", "en": "Technical: {module} ({step})"},
    "target": {"nl": "Verbinding: {target}", "en": "Connection: {target}"},
    "become": {"nl": "Met de rechten van: {user}", "en": "With the rights of: {user}"},
    "later": {"nl": "{name}: bekend bij uitvoering, volgens {value}",
              "en": "{name}: known when it runs, from {value}"},
    "secret": {"nl": "{name}: geheim, staat hier niet", "en": "{name}: secret, not shown here"},
    "file": {"nl": "Bestand {name}, vingerafdruk {digest}",
             "en": "File {name}, fingerprint {digest}"},
    "checks": {"nl": "Daarna wordt gecontroleerd", "en": "Afterwards we check"},
    "no-checks": {"nl": "Er zijn geen controles achteraf afgesproken.",
                  "en": "No checks afterwards were agreed."},
    "check": {"nl": "- {what} (op {host})", "en": "- {what} (on {host})"},
    "back": {"nl": "Alleen als het misgaat (de weg terug)",
             "en": "Only if it fails (the way back)"},
}  # fmt: skip


def plan_text(plan: PlanDocument, language: Language) -> str:
    """Render the whole plan; every signed value is in the text.

    Args:
        plan: the plan to show.
        language: ``nl`` or ``en``.
    """

    def say(key: str, **values: object) -> str:
        return _WORDS[key][language].format(**values)

    forward = [step for step in plan.steps if not step.way_back]
    back = [step for step in plan.steps if step.way_back]
    lines = [
        say("title").upper(),
        "",
        say("intro", change=plan.change, client=plan.client, steps=len(forward),
            hosts=", ".join(plan.hosts)),
        say("only"),
    ]  # fmt: skip
    lines += _steps(forward, language, 1)
    lines += ["", (say("checks") + ":") if plan.checks else say("no-checks")]
    lines += [say("check", what=item.what, host=item.host) for item in plan.checks]
    if back:
        lines += ["", say("back").upper()]
        lines += _steps(back, language, len(forward) + 1)
    return "\n".join(lines) + "\n"


def _steps(steps: list[PlanStep], language: Language, first: int) -> list[str]:
    lines = []
    for number, step in enumerate(steps, start=first):
        detail = [
            ("module", {"module": step.module, "step": step.step}),
            ("target", {"target": step.target.uri()}),
        ]
        if step.target.become:
            detail.append(("become", {"user": step.target.become_user or "root"}))
        lines += [
            "",
            _WORDS["step"][language].format(n=number, name=step.name, host=step.host),
            *(f"   {_WORDS[key][language].format(**values)}" for key, values in detail),
            *(f"   {name}: {_value(value)}" for name, value in sorted(step.args.items())),
        ]
        for name, value in sorted(step.args_at_apply.items()):
            lines.append("   " + _WORDS["later"][language].format(name=name, value=_value(value)))
        for name in step.secret_args:
            lines.append("   " + _WORDS["secret"][language].format(name=name))
        for name, digest in sorted(step.files.items()):
            lines.append("   " + _WORDS["file"][language].format(name=name, digest=digest))
    return lines


def _value(value: object) -> str:
    """A value as one visible line: control characters must not repaint a screen."""
    return json.dumps(value, ensure_ascii=True, sort_keys=True)
