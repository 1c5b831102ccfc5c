"""The technical details of the scope: names of machines, paths, ids, exact figures.

They come behind everything that the client has to read, and are signed like the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sluis.scope.annex_texts import SENTENCES
from sluis.scope.model import (
    Asset,
    ClientMovesIt,
    Destroy,
    Language,
    Migrate,
    ScopeDocument,
    required_level,
)
from sluis.scope.voice import Voice, heading, paragraph


def scope_annex(document: ScopeDocument, language: Language) -> str:
    """Render what the scope says to machines and engineers.

    Args:
        document: the scope.
        language: of the labels.
    """
    voice = Voice(language, SENTENCES)
    return "\n".join([*_head(document, voice), *_assets(document, voice)]) + "\n"


def _head(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield voice.say("title").upper()
    yield ""
    yield paragraph(
        voice.say(
            "change",
            change=document.change,
            version=document.version,
            client=document.client,
            job=voice.say(f"job.{document.job}"),
        )
    )
    yield paragraph(voice.say("language", language=voice.say(f"language.{document.language}")))
    if document.time_zone is not None:
        yield voice.say("time-zone", zone=document.time_zone)
    for signer in document.signers:
        if signer.ssh_principal is not None:
            yield paragraph(
                voice.say("signer", name=signer.name, principal=signer.ssh_principal), hang=2
            )
    for entry in document.documents:
        yield voice.say("document", id=entry.id, file=entry.file)
        yield f"  {entry.sha256}"
    for risk in document.risks:
        yield paragraph(voice.say("risk", id=risk.id, asset=risk.asset), hang=2)
    for item in document.not_included:
        yield voice.say("not-included", id=item.id)


def _assets(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    for number, asset in enumerate(document.assets, start=1):
        yield from heading(voice.say("asset", number=number, id=asset.id))
        yield from _asset(document, asset, voice)


def _asset(document: ScopeDocument, asset: Asset, voice: Voice) -> Iterator[str]:
    yield voice.say("kind", kind=voice.say(f"kind.{asset.kind}"))
    if asset.host is not None:
        yield voice.say("host", host=asset.host)
    yield voice.say("location", location=asset.location)
    if asset.origin is not None:
        place = asset.origin.model_dump(exclude={"by", "versions", "as_it_came"})
        yield from _place(voice, "from", **place)
        for file in asset.origin.as_it_came:
            yield from _place(voice, "as-it-came", path=file.path, sha256=file.sha256)
    match asset.disposition:
        case Migrate(into=into) if into is not None:
            yield from _place(voice, "into", tenant=into.tenant, drive=into.drive)
        case ClientMovesIt(landing=landing) if landing is not None:
            yield from _place(voice, "into", tenant=landing.tenant, drive=landing.drive)
        case Destroy(in_change=change) if change is not None:
            yield voice.say("destroyed-by", change=change)
        case _:
            pass
    if asset.size is not None:
        yield voice.say("bytes", bytes=voice.number(asset.size))
    ends = asset.ends_on
    yield voice.say("ends", day=voice.day(ends) if isinstance(ends, date) else voice.say("no-end"))
    if asset.takes_snapshot:
        yield voice.say("level", level=required_level(asset))
    for job in ("management", "backup", "security"):
        by = voice.say(f"by.{getattr(asset, job).by}")
        yield voice.say(f"party.{job}", by=by)


def _place(voice: Voice, key: str, **parts: str) -> Iterator[str]:
    """Where something is read or put; ids may be longer than a line and stay whole."""
    yield voice.say(key)
    for name, value in parts.items():
        yield voice.say("place", name=voice.say(f"place.{name}"), value=value)
