"""What somebody asks of the gate, and what the gate is given to judge by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from sluis.evidence.ledger import View
from sluis.evidence.predicates import Reason
from sluis.plan.behind import BehindList
from sluis.plan.model import PlanDocument, PlanStep
from sluis.scope.model import ScopeDocument


@dataclass(frozen=True)
class Demand:
    """One question: may this batch, or this one step of it, go ahead?

    Args:
        client: client id, from the inventory folder that the run really uses.
        change: change id.
        playbook: file name of the runbook, such as ``update.yml``.
        hosts: the whole batch, sorted.
        scope_object: digest of the scope as it lies on disk now.
        tree_sha256: digest of everything that decides what a run does, as it is now.
        tree_changes: what of that is not as it was when the plan was made, in words.
        step: the call that is about to happen, or ``None`` for the whole batch.
        run: the run that asks; its own steps on other hosts may be under way.
        objections: what is wrong with the run itself.
        workers: the export workers, as the inventory names them now; none when nothing was
            divided over any.
    """

    client: str
    change: str
    playbook: str
    hosts: tuple[str, ...]
    scope_object: str
    tree_sha256: str
    tree_changes: tuple[str, ...] = ()
    step: PlanStep | None = None
    run: str = ""
    objections: tuple[Reason, ...] = ()
    workers: tuple[str, ...] = ()

    @property
    def way_back(self) -> bool:
        """Whether this is a step of the way back."""
        return self.step is not None and self.step.way_back


@dataclass(frozen=True)
class Evidence:
    """What the dossier holds: the verified ledger and the two documents it names.

    ``plan`` and ``scope`` are those of the newest plan statement; ``None`` when
    there is none, or when its object is missing or altered. In ``scope`` each asset that
    was given to an export worker has that host; ``workers`` are all of them. ``lists`` are
    those of what does not go over, by digest, as far as they differ and can be read.
    """

    view: View
    scope: ScopeDocument | None
    plan: PlanDocument | None
    plan_object: str | None
    workers: tuple[str, ...] = ()
    lists: Mapping[str, BehindList] = field(default_factory=dict)


def reason(code: str, about: str, sentence: str, remedy: str) -> Reason:
    """Build one reason for a refusal."""
    return Reason(code=code, about=about or "(unnamed)", sentence=sentence, remedy=remedy)


def judge_command(client: str, change: str, step: str, host: str) -> str:
    """The command that records a judgement: it can be pasted, and asks for the rest itself."""
    return f"sluis judge {client} {change} {step} --host {host}"
