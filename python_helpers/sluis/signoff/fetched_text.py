"""What the client reads about fetched files: what stays behind, may be wrong, may not open.

The text says per place how many there are and names the first; the technical details name all, or
as many as a form has room for. A list that is longer is handed over whole, as a file of its own.
What stays behind is a list that the plan names by its digest, so it is signed with the plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from sluis.border.characters import visible
from sluis.evidence.canonical import sha256
from sluis.evidence.ledger import View
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Export
from sluis.plan.behind import WHYS, BehindItem, BehindList
from sluis.plan.model import PlanDocument
from sluis.scope.as_it_came import spelled
from sluis.scope.model import Asset, Language, Migrate, ScopeDocument
from sluis.scope.text import asset_name
from sluis.scope.voice import Voice, paragraph
from sluis.scope.who import in_words
from sluis.signoff.behind_texts import SENTENCES
from sluis.tenant.tenant_manifest import DOUBTS, HAD, ManifestLine, read_manifest

#: names of one kind in the text, and in a question
_FIRST, _ASKED = 5, 3
#: characters of a path in a question
_LONGEST = 70
#: lines of the technical details in all: a form has to stay one that a person can open
MOST_NAMED = 2000
#: what was wrong with a file, the worst first
_CHECKS = (
    "corrupt", "not verified", "edited meanwhile", "stale metadata", "rewritten by the service",
)  # fmt: skip
#: what says that the file is right, and that the list was not
_RIGHT = ("stale metadata", "rewritten by the service")
_ABOUTS = ("item", "rights", "open", "person", "access", "place")
#: of these there are several reasons, each with its words
_BY_REASON = ("item", "access")


@dataclass(frozen=True)
class FetchedText:
    """What is told of all places together.

    Args:
        text: for the client.
        annex: every name, for the technical details.
        asked: what has to be known before a yes: a question's id and its words.
        lists: the whole of each list for which the technical details have no room, by the name of
            the file that the client is handed.
    """

    text: str
    annex: str
    asked: dict[str, str] = field(default_factory=dict)
    lists: dict[str, bytes] = field(default_factory=dict)


def fetched_text(
    scope: ScopeDocument,
    view: View,
    objects: ObjectStore,
    language: Language,
    plan: PlanDocument | None = None,
) -> FetchedText | None:
    """Name what stays behind, what may not be right or as listed, and what a label locks.

    Args:
        scope: what is signed.
        view: the ledger.
        objects: where the manifests of the passes are, and the lists that the plan names.
        language: of our own sentences.
        plan: what is signed.

    Returns:
        ``None`` when there is nothing of the kind.

    Raises:
        EvidenceError: a manifest or a list is missing or altered.
    """
    ours, voice = Voice(language), Voice(language, SENTENCES)
    planned = plan.behind if plan else ()
    lists = {one.asset: one.list_sha256 for one in planned}
    earlier = {one.asset for one in planned if one.earlier}
    told = _Told(voice, ours)
    for asset in scope.assets:
        if not asset.is_exported:
            continue
        name = asset_name(scope, asset, ours)
        stays, digest = BehindList(asset=asset.id), lists.get(asset.id)
        if digest is not None:
            stays = BehindList.from_bytes(objects.get(digest))
        newest = view.latest(Export, lambda item, one=asset.id: item.body.asset == one)  # type: ignore[misc]
        lines: Iterable[ManifestLine] = ()
        if newest is not None:
            objects.check(newest.body.manifest_object)
            lines = read_manifest(objects.path(newest.body.manifest_object))
        seen = _Seen(lines, stays)
        told.behind(asset, name, stays, digest)
        told.fewer(asset, name, stays, newest.body if newest else None)
        if isinstance(asset.disposition, Migrate):
            told.versions(name, seen.with_versions)
            if asset.id in earlier:
                told.earlier(name)
        told.different(asset, name, seen.different)
        told.locked(asset, name, seen.sealed)
    return told.whole()


class _Seen:
    """What a manifest says: files that differ and do go over, and those with older versions."""

    def __init__(self, lines: Iterable[ManifestLine], stays: BehindList) -> None:
        behind = {one.path for one in stays.items if one.about == "item"}
        self.with_versions = 0
        self.different: list[ManifestLine] = []
        self.sealed: list[str] = []
        for line in lines:
            if line.type != "file" or line.state != HAD:
                continue
            self.with_versions += bool(line.versions)
            # what stays behind is told there, and counted once
            if spelled(line.path) in behind:
                continue
            if line.sealed:
                self.sealed.append(spelled(line.path))
            if line.check != "equal":
                self.different.append(line)
        self.different.sort(key=lambda line: (_rank(line), line.path))


class _Told:
    def __init__(self, voice: Voice, ours: Voice) -> None:
        self.voice = voice
        self.ours = ours
        self.parts: list[str] = []
        self.sealed: list[str] = []
        self.details: list[str] = []
        self.asked: dict[str, str] = {}
        self.lists: dict[str, bytes] = {}
        self.named = 0

    def behind(self, asset: Asset, name: str, stays: BehindList, digest: str | None) -> None:
        """What of one place does not go over."""
        moved = isinstance(asset.disposition, Migrate)
        for about in _ABOUTS:
            some = [one for one in stays.items if one.about == about]
            if not some:
                continue
            key = "item-fetched" if about == "item" and not moved else about
            head = self.voice.count(f"behind.{key}", len(some), name=name)
            then = "" if about == "item" else f" {self.voice.say(f'then.{about}')}"
            below = self.voice.say("behind.where" if about == "place" else "behind.these")
            self.parts += ["", paragraph(f"{head}.{then} {below}")]
            if about in _BY_REASON:
                self._by_reason(some)
            elif about != "place":  # which place it is, is said in words of the service
                self.parts += self._first(some)
            mark = "behind" if about == "item" else f"behind-{about}"
            self.asked[f"{mark}:{asset.id}"] = f"{head}{self._few(about, some)}.{then}"
        if isinstance(asset.disposition, Migrate) and any(o.about == "item" for o in stays.items):
            words = self.ours.words(asset.disposition.old_copy)
            self.parts += ["", paragraph(self.voice.say("behind.old-copy", words=words))]
        if stays.items:
            head = self.voice.count("annex.behind", len(stays.items), asset=asset.id)
            name = f"{asset.id}-behind"
            self._detail(name, head, [self._line(one) for one in stays.items], digest)

    def fewer(self, asset: Asset, name: str, stays: BehindList, newest: Export | None) -> None:
        """What was counted and did not come. The list has it roughly; the figures are said here."""
        if newest is None or not (stays.falls_short("files") or stays.falls_short("bytes")):
            return
        said = [
            self.voice.count(f"fewer.{what}", counted, got=self.voice.number(got))
            for what, counted, got in (
                ("files", asset.items, newest.items),
                ("bytes", asset.size, newest.bytes),
            )
            if counted is not None and stays.falls_short(what)
        ]
        words = f"{name}: {'; '.join(said)}. {self.voice.say('then.count')}"
        self.parts += ["", paragraph(words)]
        self.asked[f"behind-count:{asset.id}"] = words

    def versions(self, name: str, count: int) -> None:
        """Earlier versions never go over."""
        if count:
            self.parts += ["", paragraph(self.voice.count("versions", count, name=name))]

    def earlier(self, name: str) -> None:
        """What another import left in the new place is nobody's work in this change."""
        self.parts += ["", paragraph(self.voice.say("earlier", name=name))]

    def different(self, asset: Asset, name: str, lines: Sequence[ManifestLine]) -> None:
        """Files that go over and may not be right, and those of which only the list was not."""
        right = [line for line in lines if _check(line) in _RIGHT]
        doubted = [line for line in lines if _check(line) not in _RIGHT]
        for key, alike in (("doubted", doubted), ("right", right)):
            if not alike:
                continue
            head = self.voice.count(f"fetched.{key}", len(alike), name=name)
            self.parts += ["", paragraph(head)]
            for why in dict.fromkeys(_why(line) for line in alike):
                some = [line for line in alike if _why(line) == why]
                for line in some[:_FIRST]:
                    self.parts += [f"- {spelled(line.path)}", paragraph(self._said(line), indent=2)]
                self.parts += self._more(len(some))
            head = self.voice.count(f"annex.{key}", len(alike), asset=asset.id)
            said = [f"- {spelled(line.path)}: {self._said(line)}" for line in alike]
            self._detail(f"{asset.id}-{key}", head, said)

    def locked(self, asset: Asset, name: str, paths: Sequence[str]) -> None:
        """Files that go over as they are, and that a label may keep from being opened there."""
        if not paths:
            return
        self.sealed += ["", paragraph(self.voice.count("sealed.asset", len(paths), name=name))]
        self.sealed += [*(f"- {path}" for path in paths[:_FIRST]), *self._more(len(paths))]
        head = self.voice.count("annex.sealed", len(paths), asset=asset.id)
        self._detail(f"{asset.id}-locked", head, [f"- {path}" for path in paths])

    def whole(self) -> FetchedText | None:
        """All of it."""
        text: list[str] = []
        if self.parts:
            text += [self.voice.say("fetched.title").upper(), *self.parts]
        if self.sealed:
            between = ["", ""] if text else []
            why = paragraph(self.voice.say("sealed.why"))
            text += [*between, self.voice.say("sealed.title").upper(), "", why, *self.sealed]
        if not text:
            return None
        annex = [self.voice.say("annex.title").upper(), *self.details] if self.details else []
        return FetchedText(
            "".join(f"{line}\n" for line in text),
            "".join(f"{line}\n" for line in annex),
            self.asked,
            self.lists,
        )

    def _few(self, about: str, some: Sequence[BehindItem]) -> str:
        """The first names, for a question."""
        if about == "place":
            return ""
        names = ", ".join(_short(self._named(one)) for one in some[:_ASKED])
        more = len(some) - _ASKED
        rest = self.voice.say("behind.and-more", count=self.voice.number(more)) if more > 0 else ""
        return f": {names}{rest}"

    def _by_reason(self, some: Sequence[BehindItem]) -> None:
        for why in WHYS:
            alike = [one for one in some if one.why == why]
            if alike:
                self.parts += ["", paragraph(self.voice.say(f"why.{why}")), *self._first(alike)]

    def _first(self, some: Sequence[BehindItem]) -> Iterator[str]:
        yield from (f"- {self._named(one)}" for one in some[:_FIRST])
        yield from self._more(len(some))

    def _named(self, one: BehindItem) -> str:
        """An item's path; a person without the code that the signed list names them by."""
        if one.about in ("person", "access"):
            return in_words(one.path, self.ours)[0]
        return one.path

    def _more(self, count: int) -> Iterator[str]:
        if count > _FIRST:
            yield f"- {self.voice.count('more', count - _FIRST)}"

    def _line(self, one: BehindItem) -> str:
        words, key = one.path, ""
        if one.about in ("person", "access"):
            words, key = in_words(one.path, self.ours)
        which = f"{words} ({key})" if key else words
        return f"- {which}: {self.voice.say(f'short.{one.why}')}"

    def _said(self, line: ManifestLine) -> str:
        why, got = _why(line), self.voice.bytes(line.size)
        if why == "edited":  # what was listed is of before
            sizes = self.voice.say("sizes.got", got=got)
        elif line.listed_size is None:
            sizes = self.voice.say("sizes.unlisted", got=got)
        elif line.listed_size == line.size:
            sizes = self.voice.say("sizes.same", got=got)
        else:
            sizes = self.voice.say(
                "sizes.other",
                listed=self.voice.bytes(line.listed_size),
                got=self.voice.number(line.size),
            )
        return f"{sizes} {self.voice.say(f'fetched.{why}')}"

    def _detail(
        self, name: str, head: str, lines: Sequence[str], digest: str | None = None
    ) -> None:
        room = max(MOST_NAMED - self.named, 0)
        self.details += ["", head, *lines[:room]]
        self.named += len(lines[:room])
        if len(lines) > room:
            file = f"{name}.txt"
            whole = visible("".join(f"{line}\n" for line in (head, *lines))).encode()
            self.lists[file] = whole
            more = self.voice.count("annex.more", len(lines) - room)
            handed = self.voice.say("annex.handed", file=file, digest=sha256(whole))
            self.details += [f"- {more}", handed]
        if digest:
            place = f"objects/sha256/{digest[:2]}/{digest[2:]}"
            self.details.append(self.voice.say("annex.list", place=place, digest=digest))


def _rank(line: ManifestLine) -> tuple[int, int]:
    why = _why(line)
    return _CHECKS.index(_check(line)), DOUBTS.index(why) if why in DOUBTS else -1


def _check(line: ManifestLine) -> str:
    return line.check or "not verified"


def _why(line: ManifestLine) -> str:
    """What is said of a file: the reason for a doubt, else what its check says."""
    check = _check(line)
    if check == "edited meanwhile":
        return "edited"
    if check == "not verified" and line.doubt in DOUBTS:
        return line.doubt or check
    return check


def _short(path: str) -> str:
    """A path that fits into a question; its end says most."""
    return path if len(path) <= _LONGEST else f"…{path[-_LONGEST:]}"
