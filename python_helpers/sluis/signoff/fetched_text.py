"""What the client reads about fetched files.

Each that is not byte for byte what was listed, and each that may not open in the new place.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sluis.border.characters import visible
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Export
from sluis.scope.model import Language, ScopeDocument
from sluis.scope.text import asset_name
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.texts import SENTENCES
from sluis.tenant.tenant_manifest import HAD, ManifestLine, read_manifest


def fetched_text(
    scope: ScopeDocument, view: View, objects: ObjectStore, language: Language
) -> str | None:
    """Name files of the newest passes: whose bytes are not those listed, and that a label locks.

    Args:
        scope: what is signed.
        view: the ledger.
        objects: where the manifests of the passes are.
        language: of our own sentences.

    Returns:
        the text; ``None`` when there are none.

    Raises:
        EvidenceError: a manifest is missing or altered.
    """
    ours, voice = Voice(language), Voice(language, SENTENCES)
    parts: list[str] = []
    sealed: list[str] = []
    for asset in scope.assets:
        if not asset.is_exported:
            continue
        newest = view.latest(Export, lambda item, one=asset.id: item.body.asset == one)  # type: ignore[misc]
        if newest is None:
            continue
        objects.check(newest.body.manifest_object)
        manifest, name = objects.path(newest.body.manifest_object), asset_name(scope, asset, ours)
        for found, files in (
            (parts, list(_named(read_manifest(manifest), voice))),
            (sealed, [f"- {_shown(one)}" for one in read_manifest(manifest) if one.sealed]),
        ):
            if files:
                head = voice.count("fetched.asset", len(files), name=name)
                found += ["", paragraph(head), *files]
    text: list[str] = []
    if parts:
        text += [voice.say("fetched.title").upper(), *parts]
    if sealed:
        between = ["", ""] if text else []
        why = paragraph(voice.say("sealed.why"))
        text += [*between, voice.say("sealed.title").upper(), "", why, *sealed]
    return "\n".join(text) + "\n" if text else None


def _named(lines: Iterable[ManifestLine], voice: Voice) -> Iterator[str]:
    for line in lines:
        if line.type != "file" or line.state != HAD or line.check == "equal":
            continue
        listed = "?" if line.listed_size is None else voice.number(line.listed_size)
        said = voice.say(
            f"fetched.{line.check or 'not verified'}", listed=listed, got=voice.number(line.size)
        )
        yield f"- {_shown(line)}\n{paragraph(said, indent=2)}"


def _shown(line: ManifestLine) -> str:
    # a name is what somebody wrote; nothing in it may repaint a screen
    return visible(line.path, allowed="")
