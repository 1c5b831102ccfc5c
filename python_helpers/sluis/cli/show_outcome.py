"""An outcome for people: what happened, what is proven, what to do next."""

from __future__ import annotations

import re

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sluis.cli.plainly import plainly
from sluis.cli.told_commands import commands_in
from sluis.counted import counted
from sluis.dossier.lines import AssetLine, BehindLine, HandoverLine, SignoffLine
from sluis.dossier.outcome import Outcome
from sluis.dossier.state import said_no
from sluis.dossier.waiver_words import not_needed_words

_COLOURS = {0: "bold green", 75: "bold yellow", 77: "bold red", 1: "bold red"}
_STEP_COLOURS = {
    "done": "green",
    "open": "dim",
    "failed": "red",
    "maybe half run": "yellow",
    "under way": "yellow",
}
_CHECK_COLOURS = {"passed": "green", "not passed": "red", "not made": "yellow"}


#: what a line of what stays behind is about, of one and of more
_BEHIND = {
    "item": ("file or folder", "files or folders"),
    "rights": ("item without its rights", "items without their rights"),
    "open": (
        "item that more people may reach than now", "items that more people may reach than now"
    ),
    "person": (
        "person, group or link that gets no rights", "people, groups or links that get no rights"
    ),
    "access": ("right that cannot be given", "rights that cannot be given"),
    "place": ("place that could not be looked into", "places that could not be looked into"),
    "count": ("count that falls short", "counts that fall short"),
}  # fmt: skip
_DIGEST = re.compile(r"[0-9a-f]{64}")
#: so long before its deadline a landing folder is shown in red (days)
_NEAR_DAYS = 7.0


def show_outcome(console: Console, found: Outcome, going_on: str | None = None) -> None:
    """Print the whole outcome.

    Args:
        console: where to.
        found: the outcome.
        going_on: how far a run is that is going on now. Then what is half done is under way, and
            nothing is called missing or refused.
    """
    console.print(
        Text.assemble(
            (f"{found.client} {found.change}: ", "bold"),
            (
                (f"a run is going on; {going_on}", "bold yellow")
                if going_on is not None
                else (found.state, _COLOURS[found.exit_status])
            ),
        )
    )
    _assets(console, found)
    _signoff(console, found.signoff)
    _steps(console, found)
    _checks(console, found)
    for problem in found.problems:
        _line(console, "does not hold", f"{problem.about}: {problem.sentence}", "red")
    for asset in found.waivers_not_needed if going_on is None else ():
        told = not_needed_words(asset, found.client, found.change)
        _line(console, "waiver not needed", told, "yellow")
    for reason in found.unproven if going_on is None else ():
        _line(console, f"not proven ({reason.code})", reason.sentence, "red")
        _line(console, "remedy", reason.remedy)
    if found.state == "refused" and going_on is None:
        _refusal(console, found)
    if going_on is None:
        _put_back(console, found)
    if found.handover is not None:
        _handover(console, found.handover)
    if going_on is None:
        _left(console, found)
    for behind in found.stays_behind:
        signed = behind.planned or 0
        if behind.items or signed:
            told = f"{behind.asset}: {_behind(behind)}"
            _line(console, "stays behind", told, "bold red" if behind.items > signed else "")
    if found.freeze is not None:
        said = "nobody writes there" if found.freeze.state == "frozen" else "people write there"
        told = f"{said} from {found.freeze.since:%Y-%m-%d %H:%M} UTC, said {found.freeze.told_by}"
        _line(console, "freeze", told)
    for landing in found.landings:
        near = landing.late or (not landing.whole and landing.days_left <= _NEAR_DAYS)
        _line(console, "landing", landing.words, "bold red" if near else "")
    for end in found.ends:
        _line(console, "end date", end.words, "bold red")
    if found.state in ("failed", "not finished") and going_on is None:
        for sentence in found.missing:
            _line(console, "missing", sentence)
    _line(console, "next", "\n  ".join((found.next, *commands_in(found.next))), "bold")
    _line(console, "dossier", found.dossier)
    _line(console, "head", f"{found.head or 'none'} ({counted(found.statements, 'statement')})")


def _refusal(console: Console, found: Outcome) -> None:
    """Why it is refused: the client's no, and what the gate has said since."""
    no = found.signoff if found.signoff is not None and said_no(found.signoff) else None
    if no is not None:
        wrote = f", and wrote: {no.remarks}" if no.remarks else ", without saying why."
        _line(console, "refused", f"{no.signer_name} said no{wrote}", "red")
        if no.no_to:
            _line(console, "the no was to", no.no_to)
    newest = found.refusals[-1] if found.refusals else None
    if newest is None or (no is not None and newest.number < (no.number or 0)):
        return
    for reason in newest.reasons:
        # a plan has no name but its digest; in both cases the sentence says what it is about
        said = _DIGEST.fullmatch(reason.about) or reason.sentence.startswith(f"{reason.about}: ")
        named = "" if said else f"{reason.about}: "
        told = f"{named}{reason.sentence}"
        _line(console, f"refused ({reason.code})", told, "red")
        _line(console, "remedy", reason.remedy)


def _behind(line: BehindLine) -> str:
    """How much stays behind of what, and how much of it is in the plan."""
    signed = line.planned or 0
    if not (line.kinds or not line.items) or not (line.planned_kinds or not signed):
        lines = counted(line.items, "thing")
        return f"{lines} now, {signed} in the plan; the lists of them cannot be read"
    told = []
    for kind, words in _BEHIND.items():
        now, then = line.kinds.get(kind, 0), line.planned_kinds.get(kind, 0)
        if now or then:
            told.append(f"{counted(now, *words)} ({then} in the plan)")
    return "; ".join(told)


def _handover(console: Console, line: HandoverLine) -> None:
    _line(console, "hand-over", line.sentence, "" if line.result == "applied" else "red")
    for left in line.not_undone:
        what = f"{left.step} on {left.host} ({left.name}): {left.sentence}"
        _line(console, "not undone", what, "bold red")
    if line.after_way_back == "not checked":
        _line(console, "after the way back", "nothing was checked", "yellow")


def _put_back(console: Console, found: Outcome) -> None:
    """Which assets are back, which are not, and where the copies are; all is well: nothing."""
    if all(line.state == "back" for line in found.put_back):
        return
    for line in found.put_back:
        style = "" if line.state == "back" else "bold red"
        _line(console, f"{line.asset} on {line.host}", f"{line.state}. {line.sentence}", style)
        if line.before is not None:
            _line(console, f"{line.asset} before the change", f"snapshot {line.before}")
        if line.broken is not None:
            _line(console, f"{line.asset} as it broke", f"snapshot {line.broken}")


def _left(console: Console, found: Outcome) -> None:
    """What restores left on the hosts; what to do with each kind once."""
    shown = {line.place for line in found.left}
    for what, place in (found.handover.quarantine if found.handover else {}).items():
        if place not in shown:
            _line(console, "displaced data", f"{what}: {place}")
    for line in found.left:
        _line(console, f"left on {line.host}", f"{line.place} ({line.what} of {line.asset})")
    for what, words in dict.fromkeys((line.what, line.words) for line in found.left):
        _line(console, f"about {what}", words)
    if found.left:
        _line(console, "how", "docs/examples.md, under: Removing what a restore left")


def _assets(console: Console, found: Outcome) -> None:
    if not found.assets:
        return
    table = _table("asset", "kind", "asked", "proven", "age", "store")
    for line in found.assets:
        table.add_row(
            _text(line.asset),
            _text(line.kind),
            _text(line.required or "none"),
            _proven(line),
            _text("" if line.age_hours is None else f"{line.age_hours:.1f} h"),
            _text(line.store or ""),
        )
    console.print(table)
    for line in found.assets:
        if line.asks_less:
            _line(console, f"asked of {line.asset}", f"{line.asks_less}.")


def _proven(line: AssetLine) -> Text:
    if line.required is None:
        return Text("not asked", style="dim")
    if line.waived_to is not None:
        return Text(f"{line.reached or 'nothing'} (waiver: {line.waived_to})", style="yellow")
    enough = line.reached is not None and line.reached >= line.required
    return Text(line.reached or "not verified", style="green" if enough else "red")


def _signoff(console: Console, line: SignoffLine | None) -> None:
    if line is None:
        _line(console, "sign-off", "none")
        return
    until = f", until {line.expires_at:%Y-%m-%d %H:%M} UTC" if line.expires_at else ""
    said = (
        f"{line.decision} by {line.signer_name} ({line.signer_role}), "
        f"{line.signed_at:%Y-%m-%d %H:%M} UTC{until}"
    )
    if not line.stands and line.why_not is not None:
        said += f". {line.why_not.sentence}"
    _line(console, "sign-off", said, "" if line.stands else "yellow")


def _steps(console: Console, found: Outcome) -> None:
    lines = [line for line in found.steps if not line.way_back or line.state != "open"]
    if not lines:
        return
    table = _table("step", "host", "state", "what")
    for line in lines:
        state: str = line.state
        state = state if line.signed else f"{state}, not signed"
        what = f"(way back) {line.name}" if line.way_back else line.name
        if line.detail:
            what += f": {line.detail}"
        table.add_row(
            _text(line.step),
            _text(line.host),
            Text(state, style=_STEP_COLOURS[line.state]),
            _text(what),
        )
    console.print(table)
    for line in lines:
        for number, said in enumerate(line.said):
            about = f"{line.step} on {line.host} wrote" if number == 0 else "…"
            _line(console, about, said, "red" if line.state == "failed" else "yellow")


def _checks(console: Console, found: Outcome) -> None:
    if not found.checks:
        return
    table = _table("check", "host", "state", "what")
    for line in found.checks:
        what = f"{line.what.rstrip('.')}: {line.detail}" if line.detail else line.what
        if line.after == "way back":
            what = f"(after the way back) {what}"
        table.add_row(
            _text(line.check),
            _text(line.host),
            Text(line.state, style=_CHECK_COLOURS[line.state]),
            _text(what),
        )
    console.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _text(words: str) -> Text:
    return Text(plainly(words, limit=500))


def _line(console: Console, what: str, words: str, style: str = "") -> None:
    console.print(
        Text.assemble((f"{what}: ", "dim"), (plainly(words, limit=4000), style)), soft_wrap=True
    )
