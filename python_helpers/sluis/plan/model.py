"""The plan: the exact change steps that the client signs.

A step binds where it runs (the resolved connection target, privilege, interpreter
surroundings), what runs (module, the digest of the module's own code, arguments,
the digests of every controller file that it sends) and nothing secret.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.predicates import Sha256

StepId = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,79}$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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
    by name only. ``files`` maps a controller file the step reads to its digest.
    ``way_back`` marks steps that run only when the change failed; ``quiesce`` marks steps
    that only stop what writes, so that data is still as it was before the change.
    ``last_pass`` marks steps that bring over what the last pass over their asset found.
    """

    step: StepId
    host: str
    name: str
    target: Target
    module: str
    module_sha256: Sha256
    args: dict[str, Any]
    args_at_apply: dict[str, Any] = Field(default_factory=dict)
    secret_args: tuple[str, ...] = ()
    files: dict[str, Sha256] = Field(default_factory=dict)
    environment_sha256: Sha256
    way_back: bool = False
    quiesce: bool = False
    last_pass: bool = False

    def call_sha256(self) -> str:
        """Digest of everything above: two calls with the same digest are the same call."""
        return sha256(canonical(self.model_dump(mode="json")))


class PlannedCheck(_Model):
    """A check on one host that must pass after the change."""

    check: StepId
    host: str
    what: str


class PlanDocument(_Model):
    """All steps of one change over one batch of hosts, in the order they run."""

    schema_version: Literal[1] = 1
    client: str
    change: str
    playbook: str
    scope_object: Sha256
    tree_sha256: Sha256
    hosts: tuple[str, ...]
    steps: tuple[PlanStep, ...]
    checks: tuple[PlannedCheck, ...] = ()

    def find(self, step: str, host: str) -> PlanStep | None:
        """The step with this id on this host, if it is in the plan."""
        for item in self.steps:
            if item.step == step and item.host == host:
                return item
        return None

    def digest(self) -> str:
        """The ``plan_object`` digest: SHA-256 of the canonical JSON."""
        return sha256(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The plan as canonical JSON (RFC 8785), the bytes that are signed."""
        return canonical(self.model_dump(mode="json"))
