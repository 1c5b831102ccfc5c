"""What the client reads about fetched files: each that is not byte for byte what was listed."""

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
    """Name every file of the newest passes whose bytes are not those that were listed.

    Args:
        scope: what is signed.
        view: the ledger.
        objects: where the manifests of the passes are.
        language: of our own sentences.

    Returns:
        the text; ``None`` when every file is byte for byte what was listed.

    Raises:
        EvidenceError: a manifest is missing or altered.
    """
    ours, voice = Voice(language), Voice(language, SENTENCES)
    parts: list[str] = []
    for asset in scope.assets:
        if not asset.is_exported:
            continue
        newest = view.latest(Export, lambda item, one=asset.id: item.body.asset == one)  # type: ignore[misc]
        if newest is None:
            continue
        objects.check(newest.body.manifest_object)
        files = list(_named(read_manifest(objects.path(newest.body.manifest_object)), voice))
        if files:
            name = asset_name(scope, asset, ours)
            head = voice.count("fetched.asset", len(files), name=name)
            parts += ["", paragraph(head), *files]
    if not parts:
        return None
    return "\n".join([voice.say("fetched.title").upper(), *parts]) + "\n"


def _named(lines: Iterable[ManifestLine], voice: Voice) -> Iterator[str]:
    for line in lines:
        if line.type != "file" or line.state != HAD or line.check == "equal":
            continue
        listed = "?" if line.listed_size is None else voice.number(line.listed_size)
        said = voice.say(
            f"fetched.{line.check or 'not verified'}", listed=listed, got=voice.number(line.size)
        )
        # a name is what somebody wrote; nothing in it may repaint a screen
        yield f"- {visible(line.path, allowed='')}\n{paragraph(said, indent=2)}"
