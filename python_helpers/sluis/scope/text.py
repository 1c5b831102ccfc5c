"""The scope in plain words: what the client reads before signing.

No ids, paths, codes or levels: those stand in :mod:`sluis.scope.annex`. Text and annex together
are complete: whatever can change the meaning of the signed document stands in one of them.
``tests/unit/scope/test_scope_text.py`` changes every field and expects to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from sluis.scope.aside import Aside
from sluis.scope.compared import Compared
from sluis.scope.model import (
    DATABASES,
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
    rule_sentences,
)
from sluis.scope.voice import Voice, heading, paragraph


def scope_text(
    document: ScopeDocument,
    language: Language,
    compared: Mapping[str, Compared] = MappingProxyType({}),
    aside: Sequence[Aside] = (),
) -> str:
    """Render the scope for the person who signs it; what matters first comes first.

    Args:
        document: the scope.
        language: the language of our own sentences. The client's words are shown in
            that language where the scope has them, else as they were written.
        compared: by asset, what was compared of its copy already, as far as that is known.
        aside: what changes put aside, beside what is in use.

    Returns:
        Lines of at most 78 characters, except for names, which are kept whole.
    """
    voice = Voice(language)
    return (
        "\n".join(
            [
                *_head(document, voice),
                *_succeeds(document, voice),
                *_way_back(document, voice),
                *_assets(document, voice, compared, aside),
                *_without_data(document, voice),
                *_how_we_move(document, voice),
                *_people(document, voice),
                *_freeze(document, voice),
                *_not_included(document, voice),
                *_risks(document, voice),
                *_agreements(document, voice),
                *_documents(document, voice),
            ]
        )
        + "\n"
    )


def asset_sentence(document: ScopeDocument, asset: Asset, voice: Voice) -> str:
    """What happens to one asset, in words: its name and its disposition."""
    name = asset_name(document, asset, voice)
    return f"{name}. {disposition_sentence(document, asset, voice)}"


def asset_name(document: ScopeDocument, asset: Asset, voice: Voice) -> str:
    """What the client calls an asset; two of one name are told apart by their ids."""
    name = voice.words(asset.name).rstrip(".")
    alike = [one for one in document.assets if voice.words(one.name).rstrip(".") == name]
    return name if len(alike) < 2 else f"{name} ({asset.id})"


def disposition_sentence(document: ScopeDocument, asset: Asset, voice: Voice) -> str:
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
            # an update changes data in its place; a restore replaces it there; a move leaves it
            how = {"migration": "behind", "restore": "put-back"}.get(document.job, "here")
            what = voice.words(it.what_happens)
            if isinstance(it.when, date):
                return voice.say(f"stays.{how}-until", what_happens=what, day=voice.day(it.when))
            return voice.say(f"stays.{how}", what_happens=what)
        case ClientMovesIt() as it:
            return voice.say(
                "client-moves-it",
                to=voice.words(it.to),
                owner=it.owner,
                deadline=voice.day(it.deadline),
                if_late=voice.words(it.if_late),
            )
        case Destroy() as it:
            key = "destroy-here" if it.in_change is None else "destroy-elsewhere"
            return voice.say(key, day=voice.day(it.day), words=voice.words(it.words))
        case _:
            return voice.say("undecided")


def proof_sentences(document: ScopeDocument, asset: Asset, voice: Voice) -> list[str]:
    """What is proven about a copy of one asset before anything is changed."""
    if not asset.takes_snapshot:
        return [voice.say("no-copy")]
    # of what is broken, nobody can ask that its copy passes its checks
    hours = voice.count("hours", freshness_hours(document, asset))
    if document.job == "restore":
        return [voice.say("proof.put-back"), voice.say("fresh-put-back", hours=hours)]
    return [voice.say(f"proof.{required_level(asset)}"), voice.say("fresh", hours=hours)]


def risk_sentences(document: ScopeDocument, risk: Risk, voice: Voice) -> list[str]:
    """One risk, what we do about it, and our advice."""
    asset = document.asset(risk.asset)
    name = asset_name(document, asset, voice) if asset else risk.asset
    lines = [
        voice.say("risk", name=name, words=voice.words(risk.words)),
        voice.say("we-do", words=voice.words(risk.we_do)),
    ]
    if risk.advice is not None:
        lines.append(voice.say("advice", words=voice.words(risk.advice)))
    return lines


def way_back_sentences(document: ScopeDocument, voice: Voice) -> list[str]:
    """What happens when the change fails, and what is lost by it."""
    key = "way-back-yes" if document.way_back.consent else "way-back-no"
    if document.job == "restore" and not document.way_back.consent:
        key = "way-back-none"
    said = [voice.say(key, words=voice.words(document.way_back.words))]
    copied = any(asset.takes_snapshot for asset in document.assets)
    if document.job not in ("migration", "restore") and copied:
        said.append(voice.say("lost"))
    return said


def success_sentences(document: ScopeDocument, voice: Voice) -> list[str]:
    """What is lost when the change succeeds: by a restore, all that was done since the copy."""
    return [voice.say("succeeds-lost")] if document.job == "restore" else []


def retention_sentences(document: ScopeDocument, voice: Voice) -> list[str]:
    """How long copies are kept, and what then."""
    kept = document.retention
    return [
        voice.say(
            "retention-days-put-back" if document.job == "restore" else "retention-days",
            snapshot=voice.count("days", kept.snapshot_days),
            safety=voice.count("days", kept.safety_copy_days),
        ),
        voice.say("retention-then", words=voice.words(kept.afterwards)),
    ]


def _head(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield voice.say("title").upper()
    yield ""
    yield paragraph(voice.words(document.title))
    yield paragraph(
        voice.say("for", client_name=document.client_name, provider_name=document.provider_name)
    )
    yield ""
    yield paragraph(voice.words(document.summary))
    yield ""
    yield paragraph(voice.say("valid", hours=voice.count("hours", document.signoff_valid_hours)))
    yield paragraph(voice.say("details-follow"))
    if not document.signers:
        yield paragraph(voice.say("anybody"))
        return
    yield voice.say("signers")
    for signer in document.signers:
        key = "signer" if signer.ssh_principal is None else "signer-with-key"
        yield _point(voice.say(key, name=signer.name, role=signer.role))


def _succeeds(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    sentences = success_sentences(document, voice)
    if sentences:
        yield from heading(voice.say("succeeds"))
        yield from map(paragraph, sentences)


def _way_back(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("way-back"))
    yield from map(paragraph, way_back_sentences(document, voice))


def _assets(
    document: ScopeDocument,
    voice: Voice,
    compared: Mapping[str, Compared],
    aside: Sequence[Aside],
) -> Iterator[str]:
    yield from heading(voice.say("assets"))
    count = len(document.assets)
    yield paragraph(voice.say("assets-count", places=voice.count("places", count)))
    for one in aside:
        name = voice.words(one.asset).rstrip(".")
        told = voice.say("aside", change=one.change, name=name, day=voice.day(one.day))
        until = voice.say("aside-until", day=voice.day(one.until))
        yield paragraph(f"{told} {until}")
    for number, asset in enumerate(document.assets, start=1):
        yield ""
        name = asset_name(document, asset, voice)
        yield paragraph(voice.say("asset", number=number, count=count, name=name), hang=3)
        for line in _asset(document, asset, voice, compared.get(asset.id)):
            yield line if line.startswith(" ") else paragraph(line, indent=3)


def _asset(
    document: ScopeDocument, asset: Asset, voice: Voice, known: Compared | None
) -> Iterator[str]:
    yield disposition_sentence(document, asset, voice)
    yield from origin_sentences(asset, voice)
    yield from into_sentences(asset, voice)
    yield from landing_sentences(asset, voice)
    for entry in asset.open_questions:
        yield voice.say(
            "open-question",
            who=entry.asked_of,
            day=voice.day(entry.asked_on),
            question=voice.words(entry.question),
        )
    if isinstance(asset.ends_on, date):
        yield voice.say("ends-on", day=voice.day(asset.ends_on))
    yield from _figures(asset, voice)
    yield voice.say(f"criticality.{asset.criticality}", words=voice.words(asset.matters_because))
    yield from proof_sentences(document, asset, voice)
    if known is not None and asset.takes_snapshot:
        yield _already_compared(asset, voice, known)
    if asset.exclude:
        yield voice.say("excluded")
        yield from (f"     - {pattern}" for pattern in asset.exclude)
    yield voice.say(f"class.{asset.data_class}")
    if asset.processing_agreement is not None:
        yield voice.say("agreement", name=asset.processing_agreement)
    elif asset.data_class != "ordinary":
        yield voice.say("no-agreement")


def _already_compared(asset: Asset, voice: Voice, known: Compared) -> str:
    day = voice.day(known.day)
    if known.items is None:
        return voice.say("compared-data", day=day)
    kind = "compared-files" if asset.is_exported else "compared"
    return voice.count(kind, known.items, day=day, size=voice.size(known.size))


def _figures(asset: Asset, voice: Voice) -> Iterator[str]:
    counted = voice.day(asset.counted_on)
    nothing = asset.size is None and asset.items is None and asset.newest is None
    if nothing and asset.unknown_because is not None:
        because = voice.words(asset.unknown_because)
        yield voice.say("nothing-known", day=counted, words=because)
        return
    amount = _amount(asset, voice)
    if asset.items == 0 and not asset.size:
        yield voice.say("counted-nothing", day=counted)
    elif amount:
        yield voice.say("counted", day=counted, amount=amount)
    if asset.newest is not None:
        yield voice.say("newest", day=voice.day(asset.newest))
    lacking = [name for name in ("items", "size", "newest") if getattr(asset, name) is None]
    if asset.items == 0 and "newest" in lacking:
        lacking.remove("newest")  # what is not there has no date
    if lacking:
        what = voice.say("not-known.or").join(voice.say(f"not-known.{name}") for name in lacking)
        yield voice.say("not-known" if amount else "not-known-on", day=counted, what=what)
    if asset.unknown_because is not None:
        yield voice.say("unknown-because", words=voice.words(asset.unknown_because))


def _amount(asset: Asset, voice: Voice) -> str:
    """How much it is, as far as that was counted; else nothing."""
    what = "records" if asset.kind in DATABASES else "items"
    items = "" if asset.items is None else voice.count(what, asset.items)
    size = "" if asset.size is None else voice.size(asset.size)
    return voice.say("counted-both", items=items, size=size) if items and size else items or size


def _how_we_move(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    lines = list(
        _said_once(document, voice, lambda asset: tuple(rule_sentences(document, asset, voice)))
    )
    if lines:
        yield from heading(voice.say("how-we-move"))
        yield from lines


def _agreements(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    """Who does what, where copies may be, and for how long; the same is said once."""
    yield from heading(voice.say("agreements"))
    yield from _said_once(document, voice, lambda asset: _parties(asset, voice))
    yield ""
    yield from _said_once(document, voice, lambda asset: _places(asset, voice), for_all=False)
    yield ""
    for line in retention_sentences(document, voice):
        yield paragraph(line)


def _said_once(
    document: ScopeDocument,
    voice: Voice,
    lines_of: Callable[[Asset], tuple[str, ...]],
    *,
    for_all: bool = True,
) -> Iterator[str]:
    """The lines of each asset under the names of all that have the same ones.

    Without ``for_all`` what is the same for everything stands by itself, under no names.
    """
    alike: dict[tuple[str, ...], list[str]] = {}
    for asset in document.assets:
        alike.setdefault(lines_of(asset), []).append(asset_name(document, asset, voice))
    parts = [(lines, names) for lines, names in alike.items() if lines]
    for number, (lines, names) in enumerate(parts):
        if number:
            yield ""
        if len(names) < len(document.assets):
            yield paragraph(voice.say("for-these", names=", ".join(names)))
        elif for_all:
            yield paragraph(voice.say("for-all"))
        else:
            yield from (paragraph(line) for line in lines)
            continue
        yield from (_point(line) for line in lines)


def _parties(asset: Asset, voice: Voice) -> tuple[str, ...]:
    return tuple(
        voice.say(job, party=_party(party, voice))
        for job, party in (
            ("management", asset.management),
            ("backup", asset.backup),
            ("security", asset.security),
        )
    )


def _places(asset: Asset, voice: Voice) -> tuple[str, ...]:
    if not asset.allowed_locations:  # no copy is made of it, or the rules would ask for one
        return ()
    places = (voice.say("place", **place.model_dump()) for place in asset.allowed_locations)
    only = voice.say("may-live")
    return (f"{only} {'; '.join(places)}.",)


def _party(party: Party, voice: Voice) -> str:
    if isinstance(party, ByClient):
        key = "by.client" if party.person is None else "by.client-person"
        return f"{voice.say(key, person=party.person)}."
    if isinstance(party, ByProvider):
        return f"{voice.say('by.provider', agreement=party.agreement)}."
    return f"{voice.say('by.third', name=party.name, agreement=party.agreement)}."


def _without_data(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from _listed(
        voice.say("without-data"),
        (
            voice.say("host-without-data", host=entry.host, reason=voice.words(entry.reason))
            for entry in document.hosts_without_data
        ),
    )


def _people(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from _listed(voice.say("people"), people_sentences(document, voice))


def _risks(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from heading(voice.say("risks"))
    for risk in document.risks:
        first, *rest = risk_sentences(document, risk, voice)
        yield _point(first)
        for line in rest:
            yield paragraph(line, indent=2)


def _not_included(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from _listed(
        voice.say("not-included"),
        (
            voice.say("not-included-line", words=voice.words(entry.words))
            for entry in document.not_included
        ),
    )


def _freeze(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    sentence = freeze_sentence(document, voice)
    if sentence is not None:
        yield from heading(voice.say("freeze"))
        yield paragraph(sentence)


def _documents(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    yield from _listed(
        voice.say("documents"),
        (voice.say("document", title=entry.title) for entry in document.documents),
    )


def _listed(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A heading with its points; nothing when there are none."""
    points = [_point(line) for line in lines]
    if points:
        yield from heading(title)
        yield from points


def _point(text: str) -> str:
    return paragraph(f"- {text}", hang=2)
