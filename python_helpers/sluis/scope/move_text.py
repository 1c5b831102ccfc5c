"""What moves, in plain words: from where, to where, under which rules, for whom."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.scope.model import Asset, ClientMovesIt, Migrate, ScopeDocument
from sluis.scope.moving import FromTenant
from sluis.scope.voice import Voice


def origin_sentences(asset: Asset, voice: Voice) -> Iterator[str]:
    """How we reach what is fetched from elsewhere."""
    if asset.origin is not None:
        yield voice.say(f"origin.{asset.origin.by}", **asset.origin.model_dump(exclude={"by"}))
    if isinstance(asset.origin, FromTenant):
        yield voice.say(f"versions.{asset.origin.versions}")


def into_sentences(asset: Asset, voice: Voice) -> Iterator[str]:
    """Where we put it, and what happens to what is there and to names it refuses."""
    if not isinstance(asset.disposition, Migrate) or asset.disposition.into is None:
        return
    into = asset.disposition.into
    place = {"tenant": into.tenant, "drive": into.drive, "folder": into.folder}
    yield voice.say("into-top" if into.folder is None else "into", **place)
    yield voice.say(f"conflicts.{into.conflicts}")
    names = into.names
    for what, rule in (
        ("characters", names.characters),
        ("reserved", names.reserved),
        ("shorten", names.shorten),
        ("tell-apart", names.tell_apart),
    ):
        yield voice.say(f"names.{what}" if rule else f"names.no-{what}", mark=rule)
    yield voice.say("rights.yes" if into.rights else "rights.no")
    yield voice.say("leave-out" if into.leave_out else "leave-out-nothing")
    for reason in into.leave_out:
        yield "     - " + voice.say(f"leave-out.{reason}")
    yield voice.say(f"gone.{into.gone}")
    yield voice.say(f"check.{into.check}")


def freeze_sentence(document: ScopeDocument, voice: Voice) -> str | None:
    """From when nobody writes where the data comes from; ``None`` when nothing moves."""
    if document.freeze is not None:
        words = voice.words(document.freeze.words)
        return voice.say("freeze-yes", who=document.freeze.who, words=words)
    moves = any(asset.is_exported for asset in document.assets)
    return voice.say("freeze-no") if moves else None


def landing_sentences(asset: Asset, voice: Voice) -> Iterator[str]:
    """The folder that we make for what the client moves, and that we look and do no more."""
    if not isinstance(asset.disposition, ClientMovesIt) or asset.disposition.landing is None:
        return
    yield voice.say("landing", **asset.disposition.landing.model_dump())
    yield voice.say("landing-files" if asset.is_exported else "landing-counts")


def people_sentences(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    """Whose rights become whose."""
    for person in document.people:
        if person.becomes is not None:
            yield voice.say("person", was=person.was, becomes=person.becomes)
        elif person.because is not None:
            yield voice.say("person-ends", was=person.was, because=voice.words(person.because))
