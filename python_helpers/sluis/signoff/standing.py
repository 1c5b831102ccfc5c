"""Does the client's yes still stand? Pure: ledger and time in, answer out.

A sign-off is for one scope and one plan. It ends at its own time, when it is taken
back, and as soon as another scope or another plan is laid down; going back to the
signed one does not revive it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sluis.evidence.plans import closed_at, planned_at
from sluis.evidence.predicates import Plan, Reason, Scope, Shown, Signoff, Waiver
from sluis.signoff.same_data import other_data

if TYPE_CHECKING:
    from sluis.evidence.ledger import View
    from sluis.evidence.statements import Statement

_SIGN_AGAIN = "Show the client the present scope and plan, and ask them to sign."


@dataclass(frozen=True)
class Standing:
    """By which statement a scope and a plan are signed, or why they are not."""

    why_not: Reason | None
    statement: Statement[Signoff] | None

    @property
    def signed(self) -> bool:
        """Whether the client's yes counts."""
        return self.why_not is None


def standing(
    view: View, scope_object: str, plan_object: str, now: datetime, *, same_data: bool = True
) -> Standing:
    """Judge the newest answer of the client about this scope and this plan.

    Args:
        view: the ledger as read. Its problems are the gate's to judge, not ours.
        scope_object: digest of the scope that counts now.
        plan_object: digest of the plan that counts now.
        now: aware UTC time.
        same_data: whether what lies there must still be the data that was signed for. Not for the
            way back: what is half changed is put back, whatever it looks like.

    Returns:
        ``why_not`` has one of the codes ``awaiting-signoff``, ``signoff-refused``,
        ``signoff-withdrawn``, ``scope-changed``, ``plan-changed``, ``signoff-expired``,
        ``signoff-not-shown``, ``signoff-without-end``, ``signoff-from-the-future``,
        ``signoff-unproven``, ``signoff-used``, ``data-changed``.
    """
    answers = view.of(Signoff)
    if not answers:
        return _no(
            "awaiting-signoff", plan_object, "The client has not signed yet.", _SIGN_AGAIN, None
        )
    # the newest answer counts, whatever it is about: a later no beats an earlier yes
    newest = answers[-1]
    why_not = _why_not(view, newest, scope_object, plan_object, now)
    if why_not is None and same_data:
        why_not = _other_data(view, newest, plan_object)
    return why_not or Standing(None, newest)


def waivers(view: View, now: datetime) -> dict[str, Statement[Waiver]]:
    """The waivers that count now, by asset id.

    A waiver counts when it is the newest about its asset, says yes, was shown, was
    given with the scope that is the newest in the ledger, its end date is today
    (UTC) or later, and the client's signed form, if there is one, could be compared with it.
    """
    scopes = view.of(Scope)
    current = scopes[-1].body.scope_object if scopes else None
    newest = {statement.body.asset: statement for statement in view.of(Waiver)}
    return {
        asset: statement
        for asset, statement in newest.items()
        if statement.body.decision == "yes"
        and current is not None
        and statement.body.scope_object == current
        and not _changed_since(view, statement, current, None)
        and _was_shown(view, statement)
        and statement.recorded_at <= now
        and statement.body.ends_on >= now.astimezone(UTC).date()
        and not view.unproven(statement)
    }


def _why_not(
    view: View, newest: Statement[Signoff], scope_object: str, plan_object: str, now: datetime
) -> Standing | None:
    body = newest.body
    when = f"{newest.recorded_at:%Y-%m-%d %H:%M} UTC"
    if body.decision == "no":
        return _no(
            "signoff-refused",
            plan_object,
            f"The client said no on {when}" + (f": {body.remarks[:1000]}" if body.remarks else "."),
            "Settle what the client objects to. Where the scope or the steps change for it, "
            "prepare anew; the same plan may be asked again as it is.",
            newest,
        )
    if body.decision == "withdrawn":
        return _no(
            "signoff-withdrawn",
            plan_object,
            f"The client took the sign-off back on {when}.",
            _SIGN_AGAIN,
            newest,
        )
    changed = _changed_since(view, newest, body.scope_object, body.plan_object)
    if body.scope_object != scope_object or changed == "scope":
        return _no(
            "scope-changed",
            scope_object,
            f"The scope was changed after the client signed on {when}.",
            _SIGN_AGAIN,
            newest,
        )
    if body.plan_object != plan_object or changed == "plan":
        return _no(
            "plan-changed",
            plan_object,
            f"The plan was changed after the client signed on {when}.",
            _SIGN_AGAIN,
            newest,
        )
    closed = closed_at(view)
    if newest.number < closed < planned_at(view, plan_object):
        return _no(
            "signoff-used",
            plan_object,
            f"The sign-off of {when} was for a plan that has been carried out or put back. The "
            "same plan was made again since.",
            _SIGN_AGAIN,
            newest,
        )
    if newest.recorded_at > now:
        return _no(
            "signoff-from-the-future",
            plan_object,
            f"The sign-off says it was given on {when}, which is later than now.",
            "Set the clock right, find out why it was wrong, and ask the client to sign again.",
            newest,
        )
    if body.expires_at is None:
        return _no(
            "signoff-without-end",
            plan_object,
            "The sign-off does not say until when it counts.",
            _SIGN_AGAIN,
            newest,
        )
    if body.expires_at <= now:
        return _no(
            "signoff-expired",
            plan_object,
            f"The sign-off ended on {body.expires_at:%Y-%m-%d %H:%M} UTC.",
            _SIGN_AGAIN,
            newest,
        )
    if not _was_shown(view, newest):
        return _no(
            "signoff-not-shown",
            plan_object,
            "There is no record of what the client was shown before this sign-off.",
            _SIGN_AGAIN,
            newest,
        )
    unproven = view.unproven(newest)
    if unproven:
        return _no(
            "signoff-unproven",
            plan_object,
            f"The client's signed form could not be compared with the record: {unproven[:1000]}",
            "Put back what is missing, from a copy, or ask the client to sign again.",
            newest,
        )
    return None


def _other_data(view: View, newest: Statement[Signoff], plan_object: str) -> Standing | None:
    other = other_data(view, newest)
    if not other:
        return None
    return _no(
        "data-changed",
        plan_object,
        " ".join(other)[:3900],
        "Look at the data there first. If it is as it should be, ask the client to sign again; if "
        "it is not, put it right and run prepare again before you ask.",
        newest,
    )


def _changed_since(
    view: View, answer: Statement[Signoff] | Statement[Waiver], scope: str, plan: str | None
) -> str | None:
    for laid_down in view.of(Scope):
        if laid_down.number > answer.number and laid_down.body.scope_object != scope:
            return "scope"
    for made in view.of(Plan):
        if plan is not None and made.number > answer.number and made.body.plan_object != plan:
            return "plan"
    return None


def _was_shown(view: View, answer: Statement[Signoff] | Statement[Waiver]) -> bool:
    return any(
        shown.sha256 == answer.body.shown and shown.number < answer.number
        for shown in view.of(Shown)
    )


def _no(
    code: str, about: str, sentence: str, remedy: str, statement: Statement[Signoff] | None
) -> Standing:
    return Standing(Reason(code=code, about=about, sentence=sentence, remedy=remedy), statement)
