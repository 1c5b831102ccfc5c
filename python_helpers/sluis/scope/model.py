"""The scope: every asset of a change, and what was agreed about each.

This is the document the client signs. A field is here because somebody lost data
over its absence; the ids in brackets (A9, B2) are court cases in ``docs``. Sizes are
in bytes. Dates are calendar days in the client's own country.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from sluis.counted import counted
from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.predicates import Level, Sha256
from sluis.scope.broken import BrokenRulesError
from sluis.scope.moving import Into, Landing, Origin, Person, WritingStops
from sluis.scope.words import (
    Country,
    Exact,
    FileName,
    Glob,
    HostName,
    Name,
    Slug,
    Text,
    TimeZone,
    read_size,
)

Language = Literal["nl", "en"]
Criticality = Literal["low", "normal", "vital"]
DataClass = Literal["ordinary", "personal", "special"]
#: kinds of which a snapshot can be made and proven
SnapshotKind = Literal["directory", "postgresql", "mariadb", "sqlite"]
#: kinds that are listed and agreed on, without a snapshot of ours (yet)
ListedKind = Literal[
    "share", "home drives", "cloud disk", "sharepoint", "onedrive", "mailbox", "other"
]
#: kinds of which the client counts records
DATABASES: tuple[SnapshotKind, ...] = ("postgresql", "mariadb", "sqlite")
SNAPSHOT_KINDS: tuple[SnapshotKind, ...] = ("directory", "postgresql", "mariadb", "sqlite")
NoEnd = Literal["no end date"]

#: what the gate asks for, by importance. The highest level is the rule; only what the
#: client calls of low importance may do with less, and then the client signs for that.
LEVEL_FOR: dict[Criticality, Level] = {"low": "V3", "normal": "V6", "vital": "V6"}
#: a vital asset's snapshot may not be older than this at the first change step (hours)
VITAL_FRESHNESS_HOURS = 4

_Bytes = Annotated[int, Field(ge=0, le=2**53 - 1), BeforeValidator(read_size)]
_Count = Annotated[int, Field(ge=0, le=2**53 - 1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class ByClient(_Model):
    """The client does it. ``person`` is who, within the client's firm."""

    by: Literal["client"]
    person: Name | None = None


class ByProvider(_Model):
    """The provider does it, under this agreement."""

    by: Literal["provider"]
    agreement: Name


class ByThird(_Model):
    """Somebody else does it: a named firm, under this agreement (C2)."""

    by: Literal["third"]
    name: Name
    agreement: Name


#: who does a job for an asset, and where that was agreed (B9)
Party = Annotated[ByClient | ByProvider | ByThird, Field(discriminator="by")]


class Migrate(_Model):
    """It goes over. ``old_copy`` says what happens to the original afterwards.

    ``into`` is for what we put there ourselves, through Graph.
    """

    what: Literal["migrate"]
    to: Text
    by: date
    old_copy: Text
    into: Into | None = None


class Stays(_Model):
    """It does not go over: what happens to it, and when (B2)."""

    what: Literal["stays"]
    what_happens: Text
    when: date | NoEnd


class ClientMovesIt(_Model):
    """The client moves it: where to, who, before when, and what if not (B4).

    ``landing`` is a folder that we make for it and watch until the deadline.
    """

    what: Literal["client moves it"]
    to: Text
    owner: Name
    deadline: date
    if_late: Text
    landing: Landing | None = None


class Destroy(_Model):
    """It is destroyed on a date, by a change of its own that the client signs (B11)."""

    what: Literal["destroy"]
    day: date
    words: Text
    in_change: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")] | None = None


Disposition = Annotated[Migrate | Stays | ClientMovesIt | Destroy, Field(discriminator="what")]


class AllowedLocation(_Model):
    """Where a copy may live (A12)."""

    site: Name
    country: Country
    provider: Name


class OpenQuestion(_Model):
    """Something about an asset that nobody has answered yet (B3)."""

    question: Text
    asked_of: Name
    asked_on: date


class Asset(_Model):
    """One thing that holds data.

    ``host`` is the inventory name of the machine it is on. ``location`` is a path, a
    database name, or an address. ``origin`` says how we reach what is fetched from elsewhere;
    ``host`` is then the machine that fetches it, or left out: the export workers divide such
    assets among them (``scope.division``). ``size`` is in bytes. A figure that is not
    known is left out, and ``unknown_because`` says why.
    """

    id: Slug
    name: Text
    host: HostName | None = None
    kind: SnapshotKind | ListedKind
    location: Exact
    origin: Origin | None = None
    exclude: tuple[Glob, ...] = Field(default=(), max_length=100)
    size: _Bytes | None = None
    items: _Count | None = None
    newest: date | None = None
    counted_on: date
    unknown_because: Text | None = None
    data_class: DataClass
    processing_agreement: Name | None = None
    criticality: Criticality
    matters_because: Text
    management: Party
    backup: Party
    security: Party
    allowed_locations: tuple[AllowedLocation, ...] = Field(default=(), max_length=50)
    ends_on: date | NoEnd
    open_questions: tuple[OpenQuestion, ...] = Field(default=(), max_length=50)
    disposition: Disposition | None = None

    @property
    def takes_snapshot(self) -> bool:
        """Whether this kind of asset is copied and proven by us before a change."""
        return self.kind in SNAPSHOT_KINDS or self.is_exported

    @property
    def is_exported(self) -> bool:
        """Whether it is fetched from elsewhere; what was fetched is its snapshot's source."""
        return self.origin is not None


class Risk(_Model):
    """What can go wrong for one asset, what it would mean, and what we do about it (A9)."""

    id: Slug
    asset: Slug
    words: Text
    we_do: Text
    advice: Text | None = None


class NotIncluded(_Model):
    """Something the client might expect and will not get (C3)."""

    id: Slug
    words: Text


class HostWithoutData(_Model):
    """A host of the inventory that holds nothing to lose, and why that is so."""

    host: HostName
    reason: Text


class Signer(_Model):
    """Somebody who may sign for the client.

    ``ssh_principal`` binds the person to one key in ``allowed_signers``.
    """

    name: Name
    role: Name
    ssh_principal: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}$")] | None = (
        None
    )


class WayBack(_Model):
    """Whether we may put the snapshot back at once when the change fails."""

    consent: bool
    words: Text


class Retention(_Model):
    """How long copies are kept, in days, and what then (B11)."""

    snapshot_days: Annotated[int, Field(ge=1, le=36500)]
    safety_copy_days: Annotated[int, Field(ge=1, le=36500)]
    afterwards: Text


class HandedOver(_Model):
    """A document that the client is handed with this scope (C4).

    ``file`` lies in the folder ``documents`` beside ``scope.yml``; ``sha256`` is the
    digest of its bytes and is filled in when the scope is read.
    """

    id: Slug
    title: Name
    file: FileName
    sha256: Sha256


class ScopeDocument(_Model):
    """Everything the client signs about the data of one change.

    ``time_zone`` is where the client's clock hangs, such as ``Europe/Amsterdam``; times are
    told in it, and without it in UTC.
    """

    schema_version: Literal[1] = 1
    client: Annotated[str, Field(pattern=r"^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$")]
    change: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")]
    version: Annotated[int, Field(ge=1, le=100_000)]
    title: Text
    job: Literal["update", "migration", "restore", "vendor session", "decommission"]
    summary: Text
    language: Language
    time_zone: TimeZone | None = None
    client_name: Name
    provider_name: Name
    signers: tuple[Signer, ...] = Field(default=(), max_length=50)
    freshness_hours: Annotated[int, Field(ge=1, le=168)] = 24
    signoff_valid_hours: Annotated[int, Field(ge=1, le=2160)] = 72
    assets: tuple[Asset, ...] = Field(min_length=1, max_length=2000)
    hosts_without_data: tuple[HostWithoutData, ...] = Field(default=(), max_length=2000)
    risks: tuple[Risk, ...] = Field(min_length=1, max_length=4000)
    not_included: tuple[NotIncluded, ...] = Field(min_length=1, max_length=500)
    people: tuple[Person, ...] = Field(default=(), max_length=20_000)
    freeze: WritingStops | None = None
    retention: Retention
    way_back: WayBack
    documents: tuple[HandedOver, ...] = Field(default=(), max_length=50)

    @model_validator(mode="after")
    def _keep_the_rules(self) -> ScopeDocument:
        # not at the top of the file: the rules import this model
        from sluis.scope.rules import broken_rules

        problems = broken_rules(self)
        if problems:
            raise BrokenRulesError(problems)
        return self

    def asset(self, asset_id: str) -> Asset | None:
        """The asset with this id, if the scope names it."""
        return next((asset for asset in self.assets if asset.id == asset_id), None)

    def assets_on(self, host: str) -> tuple[Asset, ...]:
        """All assets on one host of the inventory."""
        return tuple(asset for asset in self.assets if asset.host == host)

    def risks_of(self, asset_id: str) -> tuple[Risk, ...]:
        """All risks that are tied to one asset."""
        return tuple(risk for risk in self.risks if risk.asset == asset_id)

    def open_questions(self) -> tuple[tuple[Asset, OpenQuestion], ...]:
        """What still has to be answered. Until then the scope cannot be signed (B3)."""
        return tuple(
            (asset, question) for asset in self.assets for question in asset.open_questions
        )

    def to_bytes(self) -> bytes:
        """The scope as canonical JSON (RFC 8785), the bytes that are signed."""
        # a scope without a time zone stays what an older version wrote: its digest is its name
        left_out = {"time_zone"} if self.time_zone is None else None
        return canonical(self.model_dump(mode="json", exclude=left_out))

    def digest(self) -> str:
        """The ``scope_object`` digest: SHA-256 of the canonical JSON."""
        return sha256(self.to_bytes())

    @classmethod
    def from_bytes(cls, data: bytes) -> ScopeDocument:
        """Read a scope back from its canonical JSON.

        Raises:
            EvidenceError: ``scope-unreadable``.
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise EvidenceError(
                "scope-unreadable",
                "The recorded scope cannot be read: "
                f"{counted(error.error_count(), 'problem')}, the first "
                f"at {'.'.join(map(str, error.errors()[0]['loc'])) or 'its top'}.",
                "Check the dossier with 'sluis verify'; a newer version may have written it.",
            ) from None


def required_level(asset: Asset) -> Level:
    """The level the gate asks for an asset, from its criticality alone (D2).

    ``V6`` means V5 and V6: levels are cumulative. Only ``low`` asks less (``V3``:
    restored elsewhere by another process). Going lower than this takes a waiver.
    """
    return LEVEL_FOR[asset.criticality]


def freshness_hours(document: ScopeDocument, asset: Asset) -> int:
    """How old (hours) the snapshot of ``asset`` may be when its host is changed (A1, D2)."""
    if asset.criticality == "vital":
        return min(document.freshness_hours, VITAL_FRESHNESS_HOURS)
    return document.freshness_hours
