"""The parts of an outcome document: one line for each step, check, asset and refusal."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from sluis.evidence.predicates import LeftKind, Level, NotUndone, Reason

#: ``under way`` is said while a run goes on, by ``sluis status`` alone
StepState = Literal["open", "under way", "done", "maybe half run", "failed"]
CheckState = Literal["passed", "not passed", "not made"]


class Part(BaseModel):
    """Base of everything in an outcome document. Times are aware UTC."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SignoffLine(Part):
    """The client's newest answer, and whether it counts for the plan that counts now.

    ``number`` is the statement that says so; ``remarks`` is what they wrote with it;
    ``this_plan`` whether it was given to the scope and the plan that count now. ``no_to`` is
    the question, as they read it, that got the no; empty when that is not known.
    """

    decision: Literal["yes", "no", "withdrawn"]
    signer_name: str
    signer_role: str
    tier: str
    signed_at: datetime
    expires_at: datetime | None
    stands: bool
    why_not: Reason | None
    number: int | None = None
    remarks: str = ""
    this_plan: bool = True
    no_to: str = ""


class FreezeLine(Part):
    """The newest word on whether people write in the old place, and who at the client said it.

    ``number`` is the statement that says so.
    """

    state: Literal["frozen", "lifted"]
    since: datetime
    told_by: str
    number: int


class BehindLine(Part):
    """How much of one asset does not go over in a move, and where that is named.

    ``planned`` is what the plan says that the client signs, with its list; ``items`` is what the
    newest pass left behind, with its own. The lists are objects of the dossier. ``kinds`` and
    ``planned_kinds`` say how many lines are about an ``item``, the ``rights`` on one, a ``person``
    whose rights are not given, one ``access`` that is not, a ``place`` that nobody could look
    into, or a ``count``; empty when the list cannot be read.
    """

    asset: str
    planned: int | None
    planned_list: str | None
    items: int
    list_object: str
    kinds: dict[str, int] = {}
    planned_kinds: dict[str, int] = {}


class StepLine(Part):
    """Where one step of the plan stands on one host.

    ``number`` is the statement that says so, ``at`` its time. ``signed`` says whether
    every start of this step came under a sign-off that stood, with a permit. ``said`` are the
    last lines that its program wrote, of a step that was not done.
    """

    step: str
    host: str
    name: str
    way_back: bool
    last_pass: bool = False
    state: StepState
    signed: bool
    number: int | None = None
    at: datetime | None = None
    detail: str = ""
    said: tuple[str, ...] = ()


class CheckLine(Part):
    """A check that the plan promises, and what came of it after the last step.

    ``after`` says after what: the change, or its way back. A check for both has two lines
    once a way back was taken.
    """

    check: str
    host: str
    what: str
    state: CheckState
    number: int | None = None
    detail: str = ""
    after: Literal["change", "way back"] = "change"


class AssetLine(Part):
    """What is proven about the newest snapshot of one asset.

    ``reached`` is the level that was proven, ``required`` the level the gate asks;
    ``age_hours`` counts from the end of the snapshot to the time of this document.
    ``waived_to`` is what the client accepted instead. ``asks_less`` says why the gate asks less
    than the scope does; empty when it does not.
    """

    asset: str
    kind: str
    host: str | None
    required: Level | None
    reached: Level | None
    snapshot_id: str | None = None
    finished_at: datetime | None = None
    age_hours: float | None = None
    store: str | None = None
    waived_to: Level | Literal["none"] | None = None
    asks_less: str = ""


class RefusalLine(Part):
    """The gate said no: when, to which step if it was one, and every reason."""

    number: int
    at: datetime
    step: str | None
    hosts: tuple[str, ...]
    reasons: tuple[Reason, ...]


class HandoverLine(Part):
    """The change's last word in the ledger.

    ``not_undone`` are the steps of a failed change that ran and that nothing undid;
    ``after_way_back`` is what came of the checks made then.
    """

    number: int
    at: datetime
    result: Literal["applied", "failed", "failed and restored", "failed, data restored"]
    sentence: str
    quarantine: dict[str, str]
    not_undone: tuple[NotUndone, ...] = ()
    after_way_back: Literal["passed", "not passed", "not checked"] | None = None


class LeftLine(Part):
    """What a restore left beside live data, and when and how it may be removed."""

    host: str
    asset: str
    what: LeftKind
    place: str
    words: str


class PutBackLine(Part):
    """How far one asset is that the plan puts back.

    ``to be put back again``: an earlier plan of the change had put it back.

    ``before`` and ``broken`` name the newest snapshots of the state before the change and of the
    broken one, each with its store.
    """

    asset: str
    host: str
    state: Literal["back", "not back", "perhaps half back", "to be put back again"]
    sentence: str
    before: str | None = None
    broken: str | None = None


class ProblemLine(Part):
    """Something about the ledger that does not hold."""

    code: str
    about: str
    sentence: str
    remedy: str
