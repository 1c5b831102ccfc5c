"""The plan: the exact change steps that the client signs.

A step binds where it runs (the resolved connection target, privilege, interpreter
surroundings), what runs (module, the digest of the module's own code, arguments,
the digests of every controller file that it sends) and nothing secret.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
)

from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.predicates import Sha256
from sluis.scope.words import Both

STEP_ID = re.compile(r"[a-z0-9][a-z0-9_.:-]{0,79}")
StepId = Annotated[str, Field(pattern=f"^{STEP_ID.pattern}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Fields that came later. With their default they are left out of the JSON, so that plans
    #: from before they existed keep their digests.
    came_later: ClassVar[frozenset[str]] = frozenset()

    @model_serializer(mode="wrap")
    def _as_it_was_signed(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        fields = type(self).model_fields
        for name in self.came_later:
            if getattr(self, name) == fields[name].get_default(call_default_factory=True):
                del data[name]
        return data


class Target(_Model):
    """Where a connection really goes, after every variable was resolved.

    ``options_sha256`` covers the connection options that can send it elsewhere
    (ssh arguments, proxies, executables, known_hosts files).
    """

    connection: str
    address: str
    port: int | None
    user: str | None
    become: bool
    become_method: str | None
    become_user: str | None
    options_sha256: Sha256

    def uri(self) -> str:
        """The target as one readable line, for records and screens."""
        user = f"{self.user}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        return f"{self.connection}://{user}{self.address}{port}"


class PlanStep(_Model):
    """One module call on one host.

    ``args`` are rendered values. ``args_at_apply`` are templates whose value comes
    from an earlier step; the template is what is signed. ``secret_args`` are bound
    by name here. ``files`` maps a controller file the step reads to its digest.
    ``hidden_sha256`` binds what the plan does not show, under a key that stays with the
    provider: each secret argument, and the filled-in text of a ``template``.
    ``way_back`` marks steps that run only when the change failed; ``quiesce`` marks steps
    that only stop what writes, so that data is still as it was before the change.
    ``last_pass`` marks steps that bring over what the last pass over their asset found.

    What the client reads (``name``, ``stays``) is one text, or the same in both languages.

    What becomes of the step when the change is put back: ``inside`` names the assets that hold
    everything it changes, so that putting those back undoes it; ``stays`` says in the client's
    words what stays; ``undoes``, of a step of the way back, names the steps that it undoes.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"hidden_sha256", "inside", "stays", "undoes"})

    step: StepId
    host: str
    name: str | Both
    target: Target
    module: str
    module_sha256: Sha256
    args: dict[str, Any]
    args_at_apply: dict[str, Any] = Field(default_factory=dict)
    secret_args: tuple[str, ...] = ()
    files: dict[str, Sha256] = Field(default_factory=dict)
    hidden_sha256: dict[str, Sha256] = Field(default_factory=dict)
    environment_sha256: Sha256
    way_back: bool = False
    quiesce: bool = False
    last_pass: bool = False
    inside: tuple[str, ...] = ()
    stays: str | Both = ""
    undoes: tuple[str, ...] = ()

    def call_sha256(self) -> str:
        """Digest of everything above: two calls with the same digest are the same call."""
        return sha256(canonical(self.model_dump(mode="json")))


#: A value of a check's description. A mapping (headers) is bound by its names only.
CheckValue = str | int | float | bool | tuple[str, ...]


class PlannedCheck(_Model):
    """A check on one host that must pass after the change, after the way back, or after both.

    ``technical`` is what is looked at, field by field: the query, the address, the path. It is
    empty in plans from before it was signed.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"technical", "after"})

    check: StepId
    host: str
    what: str | Both
    technical: dict[str, CheckValue] = Field(default_factory=dict)
    after: Literal["change", "way_back", "both"] = "change"


class BehindOf(_Model):
    """What of one asset does not go over: how much, and the list of it (:mod:`sluis.plan.behind`).

    ``list_sha256`` is the digest of that list, which is an object of the dossier. ``earlier`` says
    that another import of the asset left something in the new place, which stays there.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"earlier"})

    asset: str
    items: int
    list_sha256: Sha256
    earlier: bool = False


#: What a plan of today binds. A plan of another version can be read and not be applied.
PLAN_VERSION: Literal[2] = 2


class PlanDocument(_Model):
    """All steps of one change over one batch of hosts, in the order they run.

    ``behind`` says of each asset that is fetched what does not go over.
    """

    came_later: ClassVar[frozenset[str]] = frozenset({"behind"})

    schema_version: Literal[1, 2] = PLAN_VERSION
    client: str
    change: str
    playbook: str
    scope_object: Sha256
    tree_sha256: Sha256
    hosts: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    checks: tuple[PlannedCheck, ...] = ()
    behind: tuple[BehindOf, ...] = ()

    def find(self, step: str, host: str) -> PlanStep | None:
        """The step with this id on this host, if it is in the plan."""
        for item in self.steps:
            if item.step == step and item.host == host:
                return item
        return None

    @property
    def forward(self) -> tuple[PlanStep, ...]:
        """The steps of the change itself."""
        return tuple(step for step in self.steps if not step.way_back)

    @property
    def way_back(self) -> tuple[PlanStep, ...]:
        """The steps that run only when the change failed."""
        return tuple(step for step in self.steps if step.way_back)

    def checks_after(self, what: Literal["change", "way_back"]) -> tuple[PlannedCheck, ...]:
        """The checks that are made after the change, or after the way back."""
        return tuple(check for check in self.checks if check.after in (what, "both"))

    def digest(self) -> str:
        """The ``plan_object`` digest: SHA-256 of the canonical JSON."""
        return sha256(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The plan as canonical JSON (RFC 8785), the bytes that are signed."""
        return canonical(self.model_dump(mode="json"))
