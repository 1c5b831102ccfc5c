"""The rules by which a change gets its state. Unknown is not yes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from sluis.dossier.lines import (
    CheckLine,
    HandoverLine,
    RefusalLine,
    SignoffLine,
    StepLine,
)  # fmt: skip
from sluis.dossier.waiver_words import waiver_words
from sluis.errors import EXIT_APPLIED, EXIT_AWAITING_SIGNOFF, EXIT_FAILED, EXIT_REFUSED
from sluis.evidence.predicates import Reason
from sluis.gate.demand import judge_command
from sluis.gate.neighbours import NOT_IN_SCOPE
from sluis.gate.open_questions import OPEN_QUESTION

#: ``under way`` is said while a run goes on: what the ledger shows then is no last word
State = Literal[
    "applied and verified",
    "not proven",
    "awaiting sign-off",
    "signed",
    "awaiting freeze",
    "refused",
    "failed",
    "failed and restored",
    "failed, data restored",
    "under way",
    "not finished",
    "not prepared",
    "does not hold",
]

#: 75 means that nothing is wrong, and somebody's move or the end of a run is awaited
_EXITS: dict[State, int] = {
    "applied and verified": EXIT_APPLIED,
    "awaiting sign-off": EXIT_AWAITING_SIGNOFF,
    "signed": EXIT_AWAITING_SIGNOFF,
    "awaiting freeze": EXIT_AWAITING_SIGNOFF,
    "under way": EXIT_AWAITING_SIGNOFF,
    "refused": EXIT_REFUSED,
    "not proven": EXIT_REFUSED,
}


_PUT_BACK: dict[str, State] = {
    "failed and restored": "failed and restored",
    "failed, data restored": "failed, data restored",
}


@dataclass(frozen=True)
class Facts:
    """What the rules judge by, taken from the ledger.

    Args:
        asked: what was asked for.
        ended_well: whether the run came to a proper end.
        holds: no problem was found in the ledger.
        planned: there is a plan statement.
        documents: the plan and its scope are there and unaltered.
        scope_is_newest: no other scope was laid down after the plan.
        signoff: the client's newest answer.
        steps: the plan's steps.
        checks: the plan's checks.
        handover: the hand-over of this plan.
        refused: the newest refusal is the last word.
        last_refusal: the newest refusal of this run.
        unproven: what of the assets is not proven as the gate asks it, and not waived.
        awaits_freeze: a freeze was agreed on, and nobody has said yet that it is there.
        puts_back: the change itself puts data back, not only its way back.
        moves: it puts data into another place, and leaves it where it was.
        drafted: the assets for which a waiver is drafted.
        told: what stopped the run is said with the outcome, with what to do about it.
    """

    asked: Literal["prepare", "apply", "status"]
    ended_well: bool
    holds: bool
    planned: bool
    documents: bool
    scope_is_newest: bool
    signoff: SignoffLine | None
    steps: tuple[StepLine, ...]
    checks: tuple[CheckLine, ...]
    handover: HandoverLine | None
    refused: bool
    last_refusal: RefusalLine | None
    awaits_freeze: bool = False
    unproven: tuple[Reason, ...] = ()
    puts_back: bool = False
    moves: bool = False
    told: bool = False
    drafted: frozenset[str] = frozenset()


def exit_status(state: State) -> int:
    """The exit status of ``sluis`` for a state."""
    return _EXITS.get(state, EXIT_FAILED)


def state_of(facts: Facts) -> State:
    """The state of a change. Only an empty :func:`what_is_missing` makes it applied."""
    if facts.asked != "status" and facts.refused and not _only_asked_again(facts):
        return "refused"
    if not facts.holds:
        return "does not hold"
    prepare_failed = facts.asked == "prepare" and not facts.ended_well
    if next(what_is_missing(facts), None) is None and not prepare_failed:
        return "applied and verified"
    # what became of the plan before says nothing about a prepare that failed just now
    if not prepare_failed and facts.handover is not None and facts.handover.result in _PUT_BACK:
        return _PUT_BACK[facts.handover.result]
    if not prepare_failed and _only_the_freeze_is_missing(facts):
        return "awaiting freeze"
    if facts.asked == "apply" or prepare_failed:
        return "failed"
    return _before_the_end(facts)


def _only_asked_again(facts: Facts) -> bool:
    """Whether the gate refused because everything was done and handed over before.

    A job that lost its connection and tries again must hear that the change is applied.
    """
    refusal = facts.last_refusal
    return (
        facts.asked == "apply"
        and refusal is not None
        and all(reason.code == "change-closed" for reason in refusal.reasons)
        and next(what_is_missing(facts), None) is None
    )


def _only_the_freeze_is_missing(facts: Facts) -> bool:
    """Whether everything was moved and compared, and only the last pass is left.

    The run itself has to have ended well: one that broke off says so.
    """
    forward = [line for line in facts.steps if not line.way_back]
    moved = [line for line in forward if not line.last_pass]
    return (
        facts.awaits_freeze
        and facts.ended_well
        and facts.documents
        and facts.scope_is_newest
        and facts.handover is None
        and bool(moved)
        and all(line.state == "done" and line.signed for line in moved)
        and all(line.state == "open" for line in forward if line.last_pass)
        and all(check.state == "passed" for check in facts.checks)
    )


def what_is_missing(facts: Facts) -> Iterator[str]:
    """Everything that keeps a change from being applied and verified, in sentences."""
    if not facts.holds:
        yield "The ledger does not hold."
    if not facts.planned:
        yield "There is no plan."
        return
    if not facts.documents:
        yield "The plan or its scope is missing, altered or unreadable."
        return
    if not facts.scope_is_newest:
        yield "Another scope was laid down after the plan was made."
    forward = [line for line in facts.steps if not line.way_back]
    if not forward:
        yield "The plan has no step."
    for line in forward:
        about = f"Step {line.step} on {line.host}"
        if line.state != "done":
            yield f"{about} is {_STEP_WORDS[line.state]}."
        if not line.signed:
            yield f"{about} was started without a permit and a sign-off that stood."
    for line in facts.steps:
        if line.way_back and line.state != "open":
            yield f"The way back was taken: {line.step} on {line.host}."
    for check in facts.checks:
        if check.state != "passed":
            moment = " after the way back" if check.after == "way back" else ""
            yield f"Check {check.check} on {check.host}{moment}: {check.state}."
    yield from _handover_missing(facts)


_STEP_WORDS = {
    "open": "not done",
    "under way": "under way",
    "maybe half run": "started, and may have half run",
    "failed": "failed",
}


def _handover_missing(facts: Facts) -> Iterator[str]:
    handover = facts.handover
    if handover is None:
        yield "The change was not handed over."
        return
    if handover.result != "applied":
        yield f"The change was handed over as {handover.result}."
    numbers = [line.number for line in facts.steps] + [check.number for check in facts.checks]
    if any(number is not None and number > handover.number for number in numbers):
        yield "Something was done after the hand-over."


def _before_the_end(facts: Facts) -> State:
    """The state of a change that is not applied and whose last run did not fail."""
    if not facts.planned:
        return "failed" if facts.asked == "prepare" else "not prepared"
    if not facts.documents or not facts.scope_is_newest:
        return "failed" if facts.asked == "prepare" else "not prepared"
    if facts.handover is not None and not _judged_since(facts, facts.handover):
        return "failed"
    if any(line.state == "failed" for line in facts.steps) or any(
        check.state == "not passed" for check in facts.checks
    ):
        return "failed"
    # a step that was judged to be run again is open, and has begun all the same
    if any(line.state != "open" or line.number is not None for line in facts.steps):
        return "not finished"
    signoff = facts.signoff
    if signoff is not None and said_no(signoff):
        return "refused"
    if facts.unproven:
        return "not proven"
    if signoff is not None and signoff.stands:
        return "refused" if facts.refused else "signed"
    return "awaiting sign-off"


def _closed(facts: Facts) -> bool:
    """Whether the plan was handed over for good; one that failed can be gone on with."""
    return facts.handover is not None and facts.handover.result != "failed"


def _judged_since(facts: Facts, handover: HandoverLine) -> bool:
    """Whether somebody looked at what failed, and recorded it, so that the change goes on."""
    numbers = (line.number for line in facts.steps if line.number is not None)
    return not _closed(facts) and max(numbers, default=0) > handover.number


def said_no(signoff: SignoffLine) -> bool:
    """Whether the client's newest answer is a no to the plan that counts now."""
    return signoff.decision == "no" and signoff.this_plan


def next_thing(state: State, facts: Facts, client: str, change: str) -> str:
    """The next thing to do, in one sentence."""
    command = f"{client} {change}"
    half = [line for line in facts.steps if line.state == "maybe half run"]
    if half and not _closed(facts):
        step = half[0]
        return (
            f"Look at {step.host}: step {step.step} may have half run; then record what you "
            f"found with: {_judge(command, step)}"
        )
    match state:
        case "applied and verified":
            return (
                "Nothing; keep the dossier, and check it at any time with: "
                f"sluis verify dossiers/{client}/{change}."
            )
        case "not proven":
            return _after_no_proof(facts, command)
        case "awaiting sign-off":
            return _ask_to_sign(command)
        case "signed":
            return f"Carry it out: sluis apply {command}."
        case "awaiting freeze":
            return (
                "Wait until the client says that nobody writes in the old place any more; record "
                f"that with: sluis freeze {command}; then: sluis apply {command}."
            )
        case "refused" if facts.signoff is not None and said_no(facts.signoff):
            return _after_no(facts.signoff, command)
        case "refused" if facts.last_refusal and _only_unsigned(facts.last_refusal):
            return _ask_to_sign(command)
        case "refused" if facts.last_refusal and facts.last_refusal.reasons:
            return _with_command(facts.last_refusal.reasons[0].remedy, command)
        case "refused":
            return f"Prepare it again and have it signed: sluis prepare {command}."
        case "does not hold":
            return (
                "Rely on nothing in the dossier, and find out what happened to it with: "
                f"sluis verify dossiers/{client}/{change}."
            )
        case "not prepared":
            return (
                f"See whether it is described and all is right: sluis check {command}; then: sluis "
                f"prepare {command}."
            )
        case "failed, data restored":
            return _after_way_back(facts, command)
        case "failed and restored":
            why = _could_not_be_made(facts, command) or "Find out why it failed"
            return f"{why}, then prepare again: sluis prepare {command}."
        case "not finished" if facts.signoff is None or _ended(facts.signoff):
            return f"{_ask_to_sign(command)} Then go on where it stopped: sluis apply {command}."
        case "not finished":
            return f"Go on where it stopped: sluis apply {command}."
        case _:
            return _after_failure(facts, command)


#: reasons after which the same plan is shown and asked for once more
_UNSIGNED = frozenset(
    {"awaiting-signoff", "signoff-expired", "signoff-not-shown", "signoff-used",
     "signoff-withdrawn", "signoff-without-end"}
)  # fmt: skip


def _ended(signoff: SignoffLine) -> bool:
    """Whether the plan is to be shown and asked for once more before anything goes on."""
    why_not = signoff.why_not
    return not signoff.stands and why_not is not None and why_not.code in _UNSIGNED


def _ask_to_sign(command: str) -> str:
    return f"Ask the client to sign: sluis sign {command}, or sluis request {command}."


def _only_unsigned(refusal: RefusalLine) -> bool:
    """Whether nothing is wrong but that no yes stands."""
    codes = {reason.code for reason in refusal.reasons}
    return bool(codes) and codes <= _UNSIGNED


def _with_command(remedy: str, command: str) -> str:
    """A remedy that names what to do, with the command that does it."""
    words = remedy.casefold()
    for verb, asked in (("prepare", "prepare"), ("apply", "apply again"), ("sign", "signed")):
        if asked in words and f"sluis {verb}" not in words:
            full = f"sluis {verb} {command}."
            one = remedy.count(". ") == remedy.count(";") == 0
            return f"{remedy.rstrip('.')}: {full}" if one else f"{remedy} The command: {full}"
    return remedy


def _judge(command: str, step: StepLine) -> str:
    client, _, change = command.partition(" ")
    return judge_command(client, change, step.step, step.host)


#: what is missing in scope.yml itself, by the code of its reason
_IN_SCOPE = {
    OPEN_QUESTION: "the answer to each open question",
    NOT_IN_SCOPE: "an entry for each database that it does not name",
}


def _not_looked_at(facts: Facts) -> str:
    """The assets of which the newest snapshot was not proven, by name."""
    codes = ("not-verified", "no-snapshot")
    return ", ".join(dict.fromkeys(one.about for one in facts.unproven if one.code in codes))


def _after_no_proof(facts: Facts, command: str) -> str:
    """Nobody is asked to sign what is known not to hold."""
    codes = {reason.code for reason in facts.unproven}
    if codes <= set(_IN_SCOPE):
        what = ", and ".join(said for code, said in _IN_SCOPE.items() if code in codes)
        return f"Write {what} into scope.yml, then: sluis prepare {command}."
    about = list(dict.fromkeys(reason.about for reason in facts.unproven))
    names = ", ".join(about)
    return (
        f"Put right what is said of {names}, then: sluis prepare {command}. "
        f"{waiver_words(about, facts.drafted, command)}"
    )


def _after_no(signoff: SignoffLine, command: str) -> str:
    """The client's no outlives every earlier refusal: nothing else has to be settled first."""
    to = f" to: “{signoff.no_to[:300]}”" if signoff.no_to else ""
    wrote = f" They wrote: “{signoff.remarks}”." if signoff.remarks else ""
    settle = "Settle that with them" if signoff.remarks else "Ask them why"
    return (
        f"{signoff.signer_name} said no{to}.{wrote} {settle}. Where the scope or the steps change "
        f"for it, prepare anew: sluis prepare {command}; the same plan may be asked again as it "
        f"is: sluis sign {command}."
    )


def _after_way_back(facts: Facts, command: str) -> str:
    """What to do when something was not undone, or not every check passed after the way back."""
    first = []
    if facts.handover is not None and facts.handover.not_undone:
        first.append("Settle by hand what was not undone (see below the hand-over)")
    for check in facts.checks:
        if check.after == "way back" and check.state == "not passed":
            first.append(
                f"Find out why the check {check.check} on {check.host} did not pass after the way "
                "back, and put that right"
            )
            break
    not_made = _could_not_be_made(facts, command)
    first += [not_made] if not_made else []
    if not first:
        first.append("Read what the hand-over says, and put it right")
    return f"{'. '.join(first)}; then prepare again: sluis prepare {command}."


def _could_not_be_made(facts: Facts, command: str) -> str | None:
    """How to make it possible to make a check that was tried in vain; ``None``: there is none."""
    tried = [one for one in facts.checks if one.state == "not made" and one.number is not None]
    if not tried:
        return None
    names = list(dict.fromkeys(f"{one.check} on {one.host}" for one in tried))
    others = f", nor {len(names) - 1} more" if len(names) > 1 else ""
    said = f" ({tried[0].detail})" if tried[0].detail else ""
    return (
        f"The check {names[0]} could not be made{others}{said}: nobody knows whether it holds. Put "
        f"right what keeps it from being made; sluis check {command} tries every sql check"
    )


def _after_failure(facts: Facts, command: str) -> str:
    client, _, change = command.partition(" ")
    restore = (
        f"restore as a change of its own, begun with: sluis new {client} --change {change}-back"
    )
    # a move takes nothing away where the data comes from: there is nothing to put back
    or_restore = "" if facts.moves else f"; or {restore}"
    if _closed(facts) and facts.asked == "prepare":
        # the plan that the ledger shows is over: it says nothing of what stopped this run
        return f"Put right what stopped the run, as said here, then: sluis prepare {command}."
    failed = [] if _closed(facts) else [line for line in facts.steps if line.state == "failed"]
    back = [line for line in failed if line.way_back]
    if back:
        step = back[0]
        return (
            f"The way back is not finished. Put right why step {step.step} on {step.host} failed; "
            f"then record it with: {_judge(command, step)}; and go "
            f"on with the way back: sluis apply {command}."
        )
    if failed and facts.puts_back:
        step = failed[0]
        return (
            f"Put right why step {step.step} on {step.host} failed; then record it with: "
            f"{_judge(command, step)}; and go on putting back with: sluis apply {command}."
        )
    if failed:
        step = failed[0]
        return (
            f"Find out why step {step.step} on {step.host} failed; then record what you found "
            f"with: {_judge(command, step)}{or_restore}."
        )
    if _closed(facts):
        back_again = "" if facts.moves else f"; or, where data must go back, {restore}"
        return f"The change is closed. Prepare it again with: sluis prepare {command}{back_again}."
    if any(check.state == "not passed" for check in facts.checks) and facts.puts_back:
        return (
            "Find out why the check did not pass, and put it right; then go on with: "
            f"sluis apply {command}; what is back is not put back again, the checks are made "
            "again. Where the check itself is wrong, correct it in restore.yml and prepare anew: "
            f"sluis prepare {command}; the client then signs that all of it is put back once "
            "more, and what was done in it since then goes to quarantine."
        )
    if any(check.state == "not passed" for check in facts.checks):
        return (
            "Find out why the check did not pass, and put it right; then go on with: "
            f"sluis apply {command}{or_restore}."
        )
    not_made = _could_not_be_made(facts, command)
    if not_made and facts.asked == "apply":
        return f"{not_made}; then go on with: sluis apply {command}{or_restore}."
    verb = "prepare" if facts.asked == "prepare" else "apply"
    if verb == "apply" and (names := _not_looked_at(facts)):
        # a run that broke off made them, and only prepare proves them: the gate refuses till then
        first = "Put right what stopped the run, as said here"
        if not facts.told:
            first = "Read the run's log, put right what it names"
        return f"{first}, and have the newest snapshot of {names} proven: sluis prepare {command}."
    if facts.told:
        return f"Put right what stopped the run, as said here, then: sluis {verb} {command}."
    return f"Read the run's log, put right what it names, then: sluis {verb} {command}."
