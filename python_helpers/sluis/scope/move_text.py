"""What moves, in plain words: from where, to where, under which rules, for whom."""

from __future__ import annotations

from collections.abc import Iterator

from sluis.scope.model import Asset, ClientMovesIt, Migrate, ScopeDocument
from sluis.scope.moving import FromTenant
from sluis.scope.voice import Voice, paragraph
from sluis.scope.who import who


def origin_sentences(asset: Asset, voice: Voice) -> Iterator[str]:
    """How we reach what is fetched from elsewhere."""
    if asset.origin is not None:
        yield voice.say(f"origin.{asset.origin.by}")
    if asset.origin is not None and asset.origin.as_it_came:
        yield voice.say("as-it-came")
        for file in asset.origin.as_it_came:
            yield f"     - {file.path}"
            yield paragraph(voice.words(file.words), indent=7)


def into_sentences(asset: Asset, voice: Voice) -> Iterator[str]:
    """Where we put it."""
    if not isinstance(asset.disposition, Migrate) or asset.disposition.into is None:
        return
    into = asset.disposition.into
    yield voice.say("into-top" if into.folder is None else "into", folder=into.folder)


def rule_sentences(document: ScopeDocument, asset: Asset, voice: Voice) -> Iterator[str]:
    """How we move it: what is there already, refused names, rights, what may stay behind."""
    if isinstance(asset.origin, FromTenant):
        yield voice.say(f"versions.{asset.origin.versions}")
    if not isinstance(asset.disposition, Migrate) or asset.disposition.into is None:
        return
    into = asset.disposition.into
    yield voice.say(f"conflicts.{into.conflicts}")
    names = into.names
    for what, rule in (
        ("characters", names.characters),
        ("reserved", names.reserved),
        ("shorten", names.shorten),
        ("tell-apart", names.tell_apart),
    ):
        yield voice.say(f"names.{what}" if rule else f"names.no-{what}", mark=rule)
    # without a list of people nobody is known there
    given = "yes" if document.people else "nobody"
    yield voice.say(f"rights.{given}" if into.rights else "rights.no")
    if into.leave_out:
        reasons = "; ".join(
            voice.say(
                "leave-out.unmapped-principal-nobody"
                if reason == "unmapped-principal" and not document.people
                else f"leave-out.{reason}"
            )
            for reason in into.leave_out
        )
        yield f"{voice.say('leave-out')} {reasons}."
    else:
        yield voice.say("leave-out-nothing")
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
    landing = asset.disposition.landing
    yield voice.say("landing", folder=landing.folder, account=landing.account)
    yield voice.say("landing-files" if asset.is_exported else "landing-counts")


def people_sentences(document: ScopeDocument, voice: Voice) -> Iterator[str]:
    """Whose rights become whose."""
    for person in document.people:
        if person.becomes is not None:
            was, becomes = who(person.was, voice), who(person.becomes, voice)
            yield voice.say("person", was=was, becomes=becomes)
        elif person.because is not None:
            because = voice.words(person.because)
            yield voice.say("person-ends", was=who(person.was, voice), because=because)
