"""The scope in plain words: what the client reads before signing.

Complete: whatever can change the meaning of the signed document stands in the text.
``tests/unit/scope/test_scope_text.py`` changes every field and expects to see it.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from sluis.scope.model import (
    Asset,
    ByClient,
    ByProvider,
    ClientMovesIt,
    Destroy,
    Language,
    Migrate,
    Party,
    Risk,
    ScopeDocument,
    Stays,
    freshness_hours,
    required_level,
)
from sluis.scope.move_text import (
    freeze_sentence,
    into_sentences,
    landing_sentences,
    origin_sentences,
    people_sentences,
)
from sluis.scope.voice import Voice, paragraph


def scope_text(document: ScopeDocument, language: Language) -> str:
    """Render the whole scope for the person who signs it.

    Args:
        document: the scope.
        language: the language of our own sentences. The client's words are shown in
            that language where the scope has them, else as they were written.

    Returns:
        Lines of at most 78 characters, except for paths and names, which are kept whole.
    """
    voice = Voice(language)
    return (
        "\n".join(
            [
                *_head(document, voice),
                *_assets(document, voice),
                *_without_data(document, voice),
                *_people(document, voice),
                *_freeze(document, voice),
                *_risks(document, voice),
                *_not_included(document, voice),
                *_retention(document, voice),
                *_way_back(document, voice),
                *_documents(document, voice),
            ]
        )
        + "\n"
    )


def asset_sentence(document: ScopeDocument, asset: Asset, voice: Voice) -> str:
    """What happens to one asset, in words: its name and its disposition."""
    return f"{voice.words(asset.name)} {disposition_sentence(asset, voice)}"


def disposition_sentence(asset: Asset, voice: Voice) -> str:
    """What happens to one asset, in words."""
    match asset.disposition:
        case Migrate() as it:
            return voice.say(
                "migrate",
                to=voice.words(it.to),
                by=voice.day(it.by),
                old_copy=voice.words(it.old_copy),
            )
        case Stays() as it:
            return voice.say(
                "stays", what_happens=voice.words(it.what_happens), when=_when(it.when, voice)
            )
        case ClientMovesIt() as it:
            return voice.say(
                "client-moves-it",
                to=voice.words(it.to),
                owner=it.owner,
                deadline=voice.day(it.deadline),
                if_late=voice.words(it.if_late),
            )
        case Destroy(in_change=None) as it:
            return voice.say("destroy-here", day=voice.day(it.day), words=voice.words(it.words))
        case Destroy() as it:
            return voice.say(
                "destroy-elsewhere",
                day=voice.day(it.day),
                words=voice.words(it.words),
                in_change=it.in_change,
            )
        case _:
            return voice.say("undecided")


def proof_sentences(document: ScopeDocument, asset: Asset, voice: Voice) -> list[str]:
    """What is proven about a copy of one asset before anything is changed."""
    if not asset.takes_snapshot:
        return [voice.say("no-copy")]
    level = required_level(asset)
    return [
        voice.say(f"proof.{level}", level=level),
        voice.say("fresh", hours=freshness_hours(document, asset)),
    ]


def risk_sentences(document: ScopeDocument, risk: Risk, voice: Voice) -> list[str]:
    """One risk, what we do about it, and our advice."""
    asset = document.asset(risk.asset)
    name = voice.words(asset.name).rstrip(".") if asset else risk.asset
    lines = [
        voice.say(
            "risk", asset=f"{name} ({risk.asset})", id=risk.id, words=voice.words(risk.words)
        ),
        voice.say("we-do", words=voice.words(risk.we_do)),
    ]
    if risk.advice is not None:
        lines.append(voice.say("advice", words=voice.words(risk.advice)))
    return lines


def way_back_sentence(document: ScopeDocument, voice: Voice) -> str:
    """What happens when the change fails."""
    key = "way-back-yes" if document.way_back.consent else "way-back-no"
    return voice.say(key, words=voice.words(document.way_back.words))


def retention_sentences(document: ScopeDocument, voice: Voice) -> list[str]:
    """How long copies are kept, and what then."""
    kept = document.retention
    return [
        voice.say(
            "retention-days",
            snapshot=voice.number(kept.snapshot_days),
            safety=voice.number(kept.safety_copy_days),
        ),
        voice.say("retention-then", words=voice.words(kept.afterwards)),
    ]


def heading(text: str) -> list[str]:
    """A line that stands out on any screen."""
    return ["", text.upper(), ""]


def _head(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield paragraph(voice.say("title", change=document.change, version=document.version))
    yield ""
    yield paragraph(
        voice.say(
            "for",
            client_name=document.client_name,
            client=document.client,
            provider_name=document.provider_name,
        )
    )
    yield paragraph(
        voice.say(
            "what",
            title=voice.words(document.title).rstrip("."),
            job=voice.say(f"job.{document.job}"),
        )
    )
    yield paragraph(voice.words(document.summary))
    yield ""
    yield paragraph(voice.say("sign-in", language=voice.say(f"language.{document.language}")))
    yield paragraph(voice.say("valid", hours=voice.number(document.signoff_valid_hours)))
    if not document.signers:
        yield paragraph(voice.say("anybody"))
        return
    yield voice.say("signers")
    for signer in document.signers:
        key = "signer" if signer.ssh_principal is None else "signer-with-key"
        yield _point(
            voice.say(key, name=signer.name, role=signer.role, principal=signer.ssh_principal)
        )


def _assets(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("assets"))
    yield paragraph(voice.say("assets-count", count=len(document.assets)))
    for number, asset in enumerate(document.assets, start=1):
        yield ""
        name = voice.words(asset.name).rstrip(".")
        yield paragraph(voice.say("asset", number=number, name=name, id=asset.id), hang=3)
        for line in _asset(document, asset, voice):
            yield line if line.startswith(" ") else paragraph(line, indent=3)


def _asset(document: ScopeDocument, asset: Asset, voice: Voice) -> Iterator[str]:
    kind = voice.say(f"kind.{asset.kind}")
    if asset.host is None:
        yield voice.say("kind", kind=kind)
    else:
        yield voice.say("kind-on-host", kind=kind, host=asset.host)
    yield "   " + voice.say("location", location=asset.location)
    yield from origin_sentences(asset, voice)
    yield from _figures(asset, voice)
    yield voice.say("disposition", words=disposition_sentence(asset, voice))
    yield from into_sentences(asset, voice)
    yield from landing_sentences(asset, voice)
    for entry in asset.open_questions:
        yield voice.say(
            "open-question",
            who=entry.asked_of,
            day=voice.day(entry.asked_on),
            question=voice.words(entry.question),
        )
    yield (
        voice.say("ends-on", day=voice.day(asset.ends_on))
        if isinstance(asset.ends_on, date)
        else voice.say("no-end")
    )
    yield voice.say(f"class.{asset.data_class}")
    if asset.processing_agreement is not None:
        yield voice.say("agreement", name=asset.processing_agreement)
    elif asset.data_class != "ordinary":
        yield voice.say("no-agreement")
    yield voice.say(f"criticality.{asset.criticality}", words=voice.words(asset.matters_because))
    yield from proof_sentences(document, asset, voice)
    if asset.exclude:
        yield voice.say("excluded")
        yield from (f"     - {pattern}" for pattern in asset.exclude)
    if asset.allowed_locations:
        yield voice.say("may-live")
        for place in asset.allowed_locations:
            yield _point(voice.say("place", **place.model_dump()), indent=5)
    else:
        yield voice.say("may-live-nowhere")
    for job, party in (
        ("management", asset.management),
        ("backup", asset.backup),
        ("security", asset.security),
    ):
        yield voice.say(job, party=_party(document, party, voice))


def _figures(asset: Asset, voice: Voice) -> Iterator[str]:
    if asset.newest is not None:
        newest = voice.say("newest", day=voice.day(asset.newest))
    else:
        newest = voice.say("newest-none" if asset.items == 0 else "newest-unknown")
    yield (
        voice.say("counted", day=voice.day(asset.counted_on))
        + " "
        + "; ".join(
            [
                voice.say("size-unknown")
                if asset.size is None
                else voice.say("size", size=voice.size(asset.size)),
                voice.say("items-unknown")
                if asset.items is None
                else voice.say("items", count=voice.number(asset.items)),
                newest,
            ]
        )
        + "."
    )
    if asset.unknown_because is not None:
        yield voice.say("unknown-because", words=voice.words(asset.unknown_because))


def _party(document: ScopeDocument, party: Party, voice: Voice) -> str:
    if isinstance(party, ByClient):
        key = "by.client" if party.person is None else "by.client-person"
        said = voice.say(key, client_name=document.client_name, person=party.person)
    elif isinstance(party, ByProvider):
        said = voice.say(
            "by.provider", provider_name=document.provider_name, agreement=party.agreement
        )
    else:
        said = voice.say("by.third", name=party.name, agreement=party.agreement)
    return f"{said}."


def _without_data(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    if document.hosts_without_data:
        yield from heading(voice.say("without-data"))
        for entry in document.hosts_without_data:
            yield _point(
                voice.say("host-without-data", host=entry.host, reason=voice.words(entry.reason))
            )


def _people(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    if document.people:
        yield from heading(voice.say("people"))
        yield from (_point(line) for line in people_sentences(document, voice))


def _risks(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("risks"))
    for risk in document.risks:
        first, *rest = risk_sentences(document, risk, voice)
        yield _point(first)
        for line in rest:
            yield paragraph(line, indent=2)


def _not_included(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("not-included"))
    for entry in document.not_included:
        yield _point(voice.say("not-included-line", words=voice.words(entry.words), id=entry.id))


def _retention(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("retention"))
    for line in retention_sentences(document, voice):
        yield paragraph(line)


def _way_back(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("way-back"))
    yield paragraph(way_back_sentence(document, voice))


def _freeze(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    sentence = freeze_sentence(document, voice)
    if sentence is not None:
        yield from heading(voice.say("freeze"))
        yield paragraph(sentence)


def _documents(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    if document.documents:
        yield from heading(voice.say("documents"))
        for entry in document.documents:
            yield _point(voice.say("document", title=entry.title, id=entry.id, file=entry.file))
            yield voice.say("fingerprint", sha256=entry.sha256)


def _when(when: date | str, voice: Voice) -> str:
    return voice.day(when) if isinstance(when, date) else voice.say("no-end-date")


def _point(text: str, *, indent: int = 0) -> str:
    return paragraph(f"- {text}", indent=indent, hang=2)
