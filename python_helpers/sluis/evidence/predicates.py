"""What a statement can say: one typed, versioned model for each predicate.

Every model forbids unknown fields, so that a record from a newer version is
reported as unreadable and never half understood. Times are aware UTC. Digests
are lower-case hexadecimal SHA-256, 64 characters, without a prefix; a field that
ends in ``_object`` is the digest of something in the dossier's object store.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from sluis.errors import as_sentence

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Words = Annotated[str, Field(min_length=1, max_length=4000)]
Level = Literal["V0", "V1", "V2", "V3", "V4", "V5", "V6"]
Verdict = Literal["proven", "failed", "not verified"]
Utc = AwareDatetime


class Body(BaseModel):
    """Base of every predicate body."""

    # "constants": a NaN must be refused when it is recorded, not turned into null
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")

    kind: ClassVar[str]
    version: ClassVar[int] = 1


class Part(BaseModel):
    """Base of what predicate bodies are made of."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="constants")


class Reason(Part):
    """Why something was refused: code, about what, one sentence, the remedy."""

    code: str
    about: str
    sentence: Words
    remedy: Words


class Machine(Part):
    """Which machine this was, as far as it could be read.

    ``host`` is the inventory name; ``target`` the resolved connection
    (``ssh://user@address:port``, ``local://``); the others come from the machine.
    """

    host: str
    target: str
    machine_id: str | None = None
    host_keys: tuple[str, ...] = ()
    system_identifier: str | None = None


class Store(Part):
    """Where a snapshot lies. ``machine`` is the store's own name, not the source's."""

    id: str
    kind: Literal["rest", "sftp", "local", "folder"]
    machine: str
    location: str
    site: str
    country: str
    provider: str


#: in the detail of a level, what went well stands behind this
HOLDS = " What holds: "


class LevelResult(Part):
    """One level: what was run, how long it took (seconds), what came out."""

    level: Level
    verdict: Verdict
    ran: tuple[str, ...] = ()
    seconds: float = 0.0
    detail: str = ""

    @property
    def missing(self) -> str:
        """Of a level that is not proven: its verdict, and only what is missing."""
        said = "failed" if self.verdict == "failed" else f"is {self.verdict}"
        why = self.detail.partition(HOLDS)[0].strip()
        return as_sentence(f"{self.level} {said}: {why}" if why else f"{self.level} {said}")


class Discovery(Body):
    """What was found on one host, before anybody was asked about it."""

    kind: ClassVar[str] = "discovery"
    machine: Machine
    found: tuple[dict[str, Any], ...]
    not_verified: tuple[str, ...] = ()


class Scope(Body):
    """A scope was laid down. ``scope_object`` is its canonical JSON.

    ``workers`` are the export workers, ``given`` says which of them fetches an asset whose
    host the scope leaves open.
    """

    kind: ClassVar[str] = "scope"
    scope_object: Sha256
    source_object: Sha256
    assets: tuple[str, ...]
    workers: tuple[str, ...] = ()
    given: dict[str, str] = Field(default_factory=dict)


class Export(Body):
    """One pass over an asset that is fetched from elsewhere; its files wait on ``machine``.

    ``manifest_object`` has one line for each item, with both hashes. ``checks`` counts
    files by what the service's size and hash say of them, ``not_had`` the items that could
    not be had. ``unseen`` names what may be there and could not be looked at, ``left_out``
    what is known to be left out and is no file of the newest state. ``changes_object`` says
    what vanished, moved and changed since the pass before, ``recycle_bin_object`` lists what was
    deleted there. ``spent`` stands beside ``forecast``.
    """

    kind: ClassVar[str] = "export"
    asset: str
    origin: dict[str, Any]
    machine: Machine
    pass_number: int
    started_at: Utc
    finished_at: Utc
    items: int
    bytes: int
    complete: bool
    checks: dict[str, int] = Field(default_factory=dict)
    not_had: int = 0
    unseen: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    manifest_object: Sha256
    changes_object: Sha256 | None = None
    recycle_bin_object: Sha256 | None = None
    forecast: dict[str, Any] = Field(default_factory=dict)
    spent: dict[str, Any] = Field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Behind(Body):
    """What of one asset does not go over, as its newest pass and the new place have it.

    ``export`` is the statement of that pass, ``list_object`` names each thing (see
    ``sluis.plan.behind``), ``items`` counts them. ``earlier`` says that another import left
    something in the new place; statements of older versions do not.
    """

    kind: ClassVar[str] = "behind"
    asset: str
    export: Sha256
    items: int
    list_object: Sha256
    earlier: bool = False


class Snapshot(Body):
    """A copy of one asset was made.

    ``facts_object`` holds figures read inside the snapshot (row counts, checksums,
    sequences, sizes); manifests are compressed, see ``sluis.manifest``. ``place`` is where an asset
    of files really lay, every link followed; copies of older versions have none.
    """

    kind: ClassVar[str] = "snapshot"
    asset: str
    asset_kind: str
    purpose: Literal["prepare", "catch-up", "broken state", "adopted"]
    machine: Machine
    store: Store
    engine: str
    repository_id: str | None
    snapshot_id: str
    previous_snapshot_id: str | None = None
    started_at: Utc
    finished_at: Utc
    nonce_sha256: Sha256 | None
    manifest_before_object: Sha256 | None = None
    manifest_after_object: Sha256 | None = None
    facts_object: Sha256 | None = None
    bytes: int
    items: int
    warnings: tuple[str, ...] = ()
    made_by: dict[str, Any] = Field(default_factory=dict)
    place: str | None = None


class FetchedFile(Part):
    """A file that was fetched and is not known to be right: what came, and what is wrong.

    ``doubt`` is the reason in one of a few words (``sluis.tenant.tenant_manifest.Doubt``);
    statements of older versions have none.
    """

    path: str
    sha256: Sha256
    check: str
    note: str = ""
    doubt: str | None = None


class Verification(Body):
    """What was proven about one snapshot. ``snapshot`` is that statement's digest.

    ``reached`` is the highest level up to which every level is proven, or ``None``.
    ``doubted`` names files of an export that keep V5 from being proven, the first of them;
    ``as_it_came`` those that would, were they not in the scope to be taken as they came.
    """

    kind: ClassVar[str] = "verification"
    asset: str
    snapshot: Sha256
    snapshot_id: str
    verifier: Machine
    verified_by: dict[str, Any] = Field(default_factory=dict)
    levels: tuple[LevelResult, ...]
    reached: Level | None
    compared_items: int = 0
    compared_bytes: int = 0
    changed_during: tuple[str, ...] = ()
    differences_object: Sha256 | None = None
    restored_manifest_object: Sha256 | None = None
    three_two_one: dict[str, str] = Field(default_factory=dict)
    sample: str | None = None
    doubted: tuple[FetchedFile, ...] = ()
    as_it_came: tuple[FetchedFile, ...] = ()


class Plan(Body):
    """The exact change steps of one scope. ``plan_object`` is the canonical plan.

    ``tree_object`` is the list of everything that decides what a run does, digest by name;
    plans of older versions have none.
    """

    kind: ClassVar[str] = "plan"
    plan_object: Sha256
    scope_object: Sha256
    tree_sha256: Sha256
    tree_object: Sha256 | None = None
    steps: int
    hosts: tuple[str, ...]


class Shown(Body):
    """A text was put before somebody. ``documents`` maps a title to its object."""

    kind: ClassVar[str] = "shown"
    to: str
    language: Literal["nl", "en"]
    channel: Literal["prompt", "file", "page"]
    documents: dict[str, Sha256]


class Signoff(Body):
    """The client's answer to one scope and one plan.

    ``confirmed`` holds a line for each disposition and each risk, by its id, with
    the answer given. ``tier`` says how we know that it was the client.
    """

    kind: ClassVar[str] = "signoff"
    decision: Literal["yes", "no", "withdrawn"]
    tier: Literal["attended", "ssh-key"]
    signer_name: Words
    signer_role: Words
    scope_object: Sha256
    plan_object: Sha256
    shown: Sha256 | None
    confirmed: dict[str, str] = Field(default_factory=dict)
    remarks: str = ""
    expires_at: Utc | None = None
    request_object: Sha256 | None = None
    ssh_signature_object: Sha256 | None = None
    ssh_principal: str | None = None


class Waiver(Body):
    """The client accepts less for one asset, in this change, until a date.

    It counts only for the scope it was given with; without ``scope_object`` it does
    not count at all. ``decision`` is the client's answer, or that they took it back.
    """

    kind: ClassVar[str] = "waiver"
    decision: Literal["yes", "no", "withdrawn"] = "yes"
    scope_object: Sha256 | None = None
    asset: str
    accepts: Level | Literal["none"]
    reason: Words
    risk: Words
    alternative: Words
    alternative_hours: float
    ends_on: date
    signer_name: Words
    signer_role: Words
    shown: Sha256 | None
    confirmed: dict[str, str] = Field(default_factory=dict)
    remarks: str = ""
    tier: Literal["attended", "ssh-key"] = "attended"
    ssh_signature_object: Sha256 | None = None
    ssh_principal: str | None = None
    request_object: Sha256 | None = None


class Permit(Body):
    """The gate said yes to a batch. ``relies_on`` are the statements that carry it."""

    kind: ClassVar[str] = "permit"
    hosts: tuple[str, ...]
    plan_object: Sha256
    scope_object: Sha256
    tree_sha256: Sha256
    relies_on: tuple[Sha256, ...]
    until: Utc


class Refusal(Body):
    """The gate said no, and why."""

    kind: ClassVar[str] = "refusal"
    hosts: tuple[str, ...]
    step: str | None = None
    reasons: tuple[Reason, ...]


class Step(Body):
    """A change step on one host.

    ``started`` comes before the host is touched; ``lost`` says that the connection
    broke before the end was known; ``judged`` is the operator's recorded decision
    about a step that may have half run. ``run`` is the run that carries the step out:
    a start without an end is a step under way only as long as that run goes on.
    """

    kind: ClassVar[str] = "step"
    step: str
    host: str
    state: Literal["started", "done", "failed", "lost", "judged"]
    plan_object: Sha256
    run: str = ""
    call_sha256: Sha256
    changed: bool | None = None
    detail: str = ""
    result_object: Sha256 | None = None
    judgement: Literal["run again", "counts as done", "failed"] | None = None


class Freeze(Body):
    """Somebody at the client said that nobody writes in the old place any more, or does again.

    It counts for the scope it was recorded with. ``since`` is the moment from which it is so.
    """

    kind: ClassVar[str] = "freeze"
    state: Literal["frozen", "lifted"]
    scope_object: Sha256
    since: Utc
    told_by: Words


class Check(Body):
    """A check after the change: ``None`` means that it could not be made."""

    kind: ClassVar[str] = "check"
    check: str
    host: str
    what: str
    passed: bool | None
    detail: str = ""
    result_object: Sha256 | None = None


class NotUndone(Part):
    """A step of a change that failed, and that nothing undid; ``name`` is what it does."""

    step: str
    host: str
    name: Words
    sentence: Words


LeftKind = Literal[
    "displaced data", "restored copy", "record of the swap", "emptied copy",
    "perhaps displaced data", "perhaps an unfinished copy",
]  # fmt: skip


class Left(Part):
    """What a restore left beside an asset's live data: a path, or a database's name.

    Of what is perhaps there, ``place`` is what its name begins with.
    """

    host: str
    asset: str
    what: LeftKind
    place: Words


class Handover(Body):
    """The change ended: what was reached, and where displaced data was put.

    ``landings`` is the newest look at each landing folder, by asset. ``failed and restored``
    means that everything is as it was; ``failed, data restored`` that the data is, while
    ``not_undone`` or ``after_way_back`` says what is not. ``after_way_back`` is what came of the
    checks made then; ``None`` when no way back was taken. ``left`` is all that restores of this
    change left beside live data.
    """

    kind: ClassVar[str] = "handover"
    result: Literal["applied", "failed", "failed and restored", "failed, data restored"]
    sentence: Words
    plan_object: Sha256 | None = None
    quarantine: dict[str, str] = Field(default_factory=dict)
    landings: dict[str, Sha256] = Field(default_factory=dict)
    not_undone: tuple[NotUndone, ...] = ()
    after_way_back: Literal["passed", "not passed", "not checked"] | None = None
    left: tuple[Left, ...] = ()


class SourceEnd(Part):
    """When one source will have been fetched, beside the day on which it ends (B5).

    ``hours`` is what it takes by itself, ``done`` when its turn is over, ``start_by`` the last
    moment to begin with it and all before it. ``basis`` says where the figures come from.
    """

    asset: str
    units: int | None = None
    bytes: int | None = None
    hours: float | None = None
    done: Utc | None = None
    ends: Utc | None = None
    margin_hours: float | None = None
    start_by: Utc | None = None
    verdict: Literal["in time", "tight", "too late", "no end date", "not known"]
    basis: str


class Forecast(Body):
    """How long one worker takes to fetch its sources, and which of them end before that."""

    kind: ClassVar[str] = "forecast"
    machine: Machine
    starts_at: Utc
    sources: tuple[SourceEnd, ...]
    warnings: tuple[str, ...] = ()


class LandingFolder(Part):
    """The folder that was made for what the client moves itself, and until when."""

    tenant: str
    drive: str
    folder: str
    item_id: str
    web_url: str
    deadline: Utc
    made_at: Utc


class LandingLook(Part):
    """What had arrived by then. ``not_there`` counts what is missing or has another size.

    ``expected_from`` is what the files were held against.
    """

    state: Literal["nothing has arrived", "arriving", "everything has arrived", "not verified"]
    late: bool
    files: int
    bytes: int
    expected_from: Literal["the manifest", "the scope", "nothing"]
    expected_files: int | None = None
    expected_bytes: int | None = None
    not_there: int | None = None
    new_files: int | None = None
    new_bytes: int | None = None
    words: Words


class Landing(Body):
    """A landing folder was made (``look`` is ``None``), or somebody looked in it (B4).

    ``not_seen`` says why a look could not be made; ``report_object`` names the files.
    """

    kind: ClassVar[str] = "landing"
    asset: str
    machine: Machine
    place: LandingFolder
    look: LandingLook | None = None
    report_object: Sha256 | None = None
    not_seen: str = ""


class Told(Body):
    """Somebody was told how an asset stands: who, in which words. The operator says so."""

    kind: ClassVar[str] = "told"
    asset: str
    about: Literal["landing", "end date"]
    who: Words
    words: Words


class Timestamp(Body):
    """Trusted time over the chain's head, or the reason why there is none."""

    kind: ClassVar[str] = "timestamp"
    head: Sha256
    at_gate: str
    token_object: Sha256 | None = None
    tsa: str | None = None
    time: datetime | None = None
    no_trusted_time: str | None = None


class Erasure(Body):
    """Objects were erased on purpose; the ledger still holds their digests."""

    kind: ClassVar[str] = "erasure"
    objects: tuple[Sha256, ...]
    reason: Words
    asked_by: Words


#: every predicate, by kind
PREDICATES: dict[str, type[Body]] = {
    model.kind: model
    for model in (
        Discovery, Scope, Export, Snapshot, Verification, Plan, Shown, Signoff, Waiver,
        Permit, Refusal, Freeze, Step, Check, Handover, Timestamp, Erasure, Forecast, Landing,
        Told, Behind,
    )
}  # fmt: skip


def predicate_type(model: type[Body]) -> str:
    """The in-toto ``predicateType`` of a model: a URI with kind and version."""
    return f"urn:sluis:predicate:{model.kind}:v{model.version}"
