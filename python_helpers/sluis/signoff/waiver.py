"""A waiver: the client accepts less for one asset, in one change, until a date (A10).

The engineer writes it in ``inventories/<client>/changes/<change>/waivers/<asset>.yml``.
It is checked, shown in plain words, confirmed line by line and signed like a scope.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sluis.errors import InputError
from sluis.evidence.files import read_regular
from sluis.plan.faults import Fault, did_you_mean
from sluis.scope.complaints import problems_of
from sluis.scope.model import Asset, Language, ScopeDocument, required_level
from sluis.scope.strict_yaml import FormError, read_tree
from sluis.scope.text import asset_name, proof_sentences
from sluis.scope.voice import Voice, paragraph
from sluis.scope.words import Sentence, Slug
from sluis.signoff import boilerplate
from sluis.signoff.dialogue import Question, closing_questions, confirm_question
from sluis.signoff.texts import SENTENCES

#: a waiver is for one change; a date further away than this is a standing arrangement
LONGEST = timedelta(days=31)
WAIVERS = "waivers"
_HOURS = re.compile(r"\d{1,4}(\.\d{1,2})?")
_LARGEST_FILE = 64 * 1024
#: what may lie beside waivers
_NO_WAIVERS = frozenset({".example", ".md", ".txt"})
_EXAMPLE = "Look at the example of a waiver in inventories/template."


def _read_hours(value: object) -> object:
    if isinstance(value, str) and _HOURS.fullmatch(value):
        return float(value)
    return value


class WaiverDraft(BaseModel):
    """What the client is asked to accept, before it is signed.

    ``accepts`` is the level that is enough this once, or ``none``; V6, the highest, is never
    less. The words are in the scope's language. ``alternative_hours`` is the forecast (hours)
    of what was offered instead; in YAML a whole number, or text such as ``"7.5"``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    asset: Slug
    accepts: Literal["none", "V0", "V1", "V2", "V3", "V4", "V5"]
    reason: Sentence
    risk: Sentence
    alternative: Sentence
    alternative_hours: Annotated[float, Field(gt=0, le=9999), BeforeValidator(_read_hours)]
    ends_on: date


@dataclass(frozen=True)
class WaiverWords:
    """The words of an earlier waiver, to see that a new one is not a copy of it."""

    asset: str
    words: str


def load_waivers(change_folder: Path) -> tuple[WaiverDraft, ...]:
    """Read every draft waiver of a change, in the order of their file names.

    Args:
        change_folder: ``inventories/<client>/changes/<change>``.

    Raises:
        InputError: ``bad-waiver``: a file cannot be read with one meaning, or a field is
            wrong; the message names file, line and field.
    """
    return tuple(
        load_waiver(path) for path in _meant(change_folder / WAIVERS) if path.suffix == ".yml"
    )


def _meant(folder: Path) -> tuple[Path, ...]:
    """What lies in the folder of waivers, but for hidden files, an editor's, and plain texts."""
    return tuple(
        path
        for path in (sorted(folder.iterdir()) if folder.is_dir() else ())
        if not path.name.startswith(".")
        and path.suffix not in _NO_WAIVERS
        and not path.name.endswith("~")
    )


def load_waiver(path: Path) -> WaiverDraft:
    """Read one draft. The file's name is the asset's id.

    Raises:
        InputError: ``bad-waiver``; every problem is named with its line.
    """
    draft = _read(path, str(path))
    if isinstance(draft, WaiverDraft):
        return draft
    told = [f"line {fault.line}: {fault.what}" if fault.line else fault.what for fault in draft]
    raise InputError("bad-waiver", f"{draft[0].file}: {' '.join(told)}", draft[0].remedy)


def waiver_faults(
    change_folder: Path, scope: ScopeDocument, root: Path, now: datetime
) -> Iterator[Fault]:
    """What is wrong with the drafted waivers of a change, before anything is done for it.

    Args:
        change_folder: ``inventories/<client>/changes/<change>``.
        scope: the scope of the change.
        root: the project's folder; files are named from there.
        now: aware UTC.
    """
    drafts: list[tuple[str, WaiverDraft]] = []
    assets = [asset.id for asset in scope.assets]
    folder = change_folder / WAIVERS
    for path in _meant(folder):
        file = str(path.relative_to(root))
        if path.suffix != ".yml":
            yield Fault(
                "bad-waiver", file, 0, "Nobody would read it: the name of a waiver ends in .yml.",
                f"Call it '{path.stem[:80]}.yml', or take it out.",
            )  # fmt: skip
            continue
        if path.stem not in assets:
            yield Fault(
                "waiver-unknown-asset", file, 0,
                f"The scope has no asset {path.stem[:80]!r}.",
                did_you_mean(path.stem, assets, "name the file after an asset of the scope."),
            )  # fmt: skip
            continue
        draft = _read(path, file)
        if not isinstance(draft, WaiverDraft):
            yield from draft
            continue
        drafts.append((file, draft))
    # what the client would be asked for, held against the same rules as then
    words = [WaiverWords(one.asset, f"{one.reason} {one.risk}") for _, one in drafts]
    for file, draft in drafts:
        try:
            check_waiver(draft, scope, words, now)
        except InputError as error:
            yield Fault(error.code, file, 0, error.what, error.remedy)


def _read(path: Path, file: str) -> WaiverDraft | tuple[Fault, ...]:
    """A draft, or what is wrong with it."""
    try:
        tree = read_tree(read_regular(path, _LARGEST_FILE))
    except (OSError, ValueError) as error:
        return (Fault("bad-waiver", file, 0, f"{error}.", _EXAMPLE),)
    except FormError as error:
        return (Fault("bad-waiver", file, error.line, error.what, error.remedy),)
    try:
        draft = WaiverDraft.model_validate(tree.value)
    except ValidationError as error:
        found = problems_of(error, tree, WaiverDraft, "a waiver")
        return tuple(
            Fault("bad-waiver", file, item.line, f"field {item.field!r} {item.what}", item.remedy)
            for item in found
        )
    if path.stem != draft.asset:
        line = tree.marks[("asset",)][0]
        what = f"It is about {draft.asset!r}, not {path.stem!r}."
        return (Fault("bad-waiver", file, line, what, "Name the file after its asset."),)
    return draft


def check_waiver(
    draft: WaiverDraft, scope: ScopeDocument, others: Iterable[WaiverWords], now: datetime
) -> Asset:
    """Refuse a waiver that was not made for this asset and this change.

    Args:
        draft: what the client would be asked to accept.
        scope: the scope of the change.
        others: waivers, drafted or signed; those for this very asset do not matter.
        now: aware UTC.

    Returns:
        The asset it is about.

    Raises:
        InputError: ``waiver-unknown-asset``, ``waiver-not-less``, ``waiver-empty``,
            ``waiver-boilerplate``, ``waiver-names-no-asset``, ``waiver-copied``,
            ``waiver-end-date``.
    """
    asset = _asset(draft, scope)
    if draft.accepts != "none" and draft.accepts >= required_level(asset):
        raise _refuse(
            draft,
            "not-less",
            f"accepts {draft.accepts}, and {required_level(asset)} is what is asked anyway.",
            "A waiver is not needed; take the file away.",
        )
    _check_words(draft, asset)
    mine = f"{draft.reason} {draft.risk}"
    for other in others:
        if other.asset != draft.asset and boilerplate.copied(mine, other.words, scope):
            raise _refuse(
                draft,
                "copied",
                f"has the words of the waiver for {other.asset}.",
                "Say what this client risks with this asset.",
            )
    today = now.astimezone(UTC).date()
    if not today <= draft.ends_on <= today + LONGEST:
        raise _refuse(
            draft,
            "end-date",
            f"ends on {draft.ends_on}, which is past or more than {LONGEST.days} days away.",
            f"Choose the day on which this change is over, at most {today + LONGEST}.",
        )
    return asset


def level_words(accepts: str, lacking: Collection[str], voice: Voice) -> str:
    """What is done where less is enough, and which certainty is not there.

    Args:
        accepts: the level that is enough.
        lacking: what the proof lacks, from ``not_proven``; empty when that is not known.
        voice: with the sentences around a signature.
    """
    if accepts != "V5" or not lacking:
        return voice.say(f"level.{accepts}")
    return " ".join((voice.say("level.V5-known"), *(voice.say(f"lacks.{one}") for one in lacking)))


def waiver_text(
    draft: WaiverDraft, scope: ScopeDocument, language: Language, lacking: Collection[str] = ()
) -> str:
    """The whole waiver in plain words. ``check_waiver`` comes first.

    Args:
        draft: what the client is asked to accept.
        scope: the scope of the change.
        language: of our own sentences.
        lacking: what the proof lacks, as far as it is known.
    """
    voice, ours = Voice(language, SENTENCES), Voice(language)
    asset = _asset(draft, scope)
    name = asset_name(scope, asset, ours)
    lines = [
        voice.say("waiver.title", name=name),
        "",
        voice.say("waiver.only"),
        voice.say("waiver.normally", words=" ".join(proof_sentences(scope, asset, ours))),
        voice.say("waiver.instead", words=level_words(draft.accepts, lacking, voice)),
        voice.say("waiver.reason", words=ours.words(draft.reason)),
        voice.say("waiver.risk", words=ours.words(draft.risk)),
        voice.say(
            "waiver.alternative", words=ours.words(draft.alternative), hours=_hours(draft, ours)
        ),
        voice.say("waiver.ends", day=ours.day(draft.ends_on)),
        voice.say(
            "waiver.details",
            id=asset.id,
            location=asset.location,
            level=draft.accepts,
            change=scope.change,
            version=scope.version,
        ),
    ]
    return "\n".join(paragraph(line) for line in lines) + "\n"


def waiver_questions(
    draft: WaiverDraft, scope: ScopeDocument, language: Language, lacking: Collection[str] = ()
) -> tuple[Question, ...]:
    """What has to be confirmed one by one before a waiver is signed; as :func:`waiver_text`."""
    voice, ours = Voice(language, SENTENCES), Voice(language)
    asset = _asset(draft, scope)
    texts = {
        "less": voice.say(
            "q.waiver-less",
            name=asset_name(scope, asset, ours),
            level=level_words(draft.accepts, lacking, voice),
        ),
        "reason": voice.say("q.waiver-reason", words=ours.words(draft.reason)),
        "risk": voice.say("q.waiver-risk", words=ours.words(draft.risk)),
        "alternative": voice.say(
            "q.waiver-alternative",
            words=ours.words(draft.alternative),
            hours=_hours(draft, ours),
        ),
        "ends": voice.say("q.waiver-ends", day=ours.day(draft.ends_on)),
    }
    asked = [confirm_question(f"waiver-{key}", text, language) for key, text in texts.items()]
    decision = confirm_question("decision", voice.say("q.waiver-decision"), language)
    return (*asked, replace(decision, kind="decision"), *closing_questions(language))


def _check_words(draft: WaiverDraft, asset: Asset) -> None:
    for field in ("reason", "risk", "alternative"):
        words = getattr(draft, field)
        if boilerplate.says_nothing(words):
            raise _refuse(
                draft,
                "empty",
                f"says too little in {field!r}.",
                "Write it out for this client: what, why, and what it can cost them.",
            )
        phrase = boilerplate.general_term(words)
        if phrase is not None:
            raise _refuse(
                draft,
                "boilerplate",
                f"uses {phrase!r} in {field!r}. General terms do not warn anybody.",
                "Say in plain words what can happen to this asset.",
            )
    if not boilerplate.names_asset(draft.risk, asset):
        raise _refuse(
            draft,
            "names-no-asset",
            "does not name the asset in its risk, so it could be about anything.",
            f"Write what can happen to {asset.id}, by its name, host or location.",
        )


def _asset(draft: WaiverDraft, scope: ScopeDocument) -> Asset:
    asset = scope.asset(draft.asset)
    if asset is None:
        raise _refuse(
            draft, "unknown-asset", "is not in the scope.", "Name an asset of the scope by its id."
        )
    return asset


def _hours(draft: WaiverDraft, voice: Voice) -> str:
    text = f"{draft.alternative_hours:.2f}".rstrip("0").rstrip(".")
    said = text.replace(".", ",") if voice.language == "nl" else text
    return voice.say("hours.one" if said == "1" else "hours.more", count=said)


def _refuse(draft: WaiverDraft, code: str, what: str, remedy: str) -> InputError:
    return InputError(f"waiver-{code}", f"The waiver for {draft.asset} {what}", remedy)
