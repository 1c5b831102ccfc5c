"""Ways to forge a finished dossier, each with the finding that must name it.

Each forgery is done to a copy of one real dossier. Some are a thief's or a clumsy hand's;
some take the operator's own key: a statement that is properly signed, and untrue.
The forgeries of answers stand in ``forged_answers``.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sluis.evidence.anchors import revoke_key, trust_key
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.keys import new_key
from sluis.evidence.predicates import Behind, Body, Check, Export, Machine
from sluis.evidence.statements import seal
from sluis.plan.behind import BehindList, behind_list
from support.dossiers import Made
from support.scopes import make_scope
from support.signed_dossier import SIGNERS, Ground, lay_down

CHECK = Check(check="web", host="h1", what="HTTP 200", passed=True)
#: the newest statement of the dossier that is forged
END = 19


@dataclass(frozen=True)
class Forgery:
    """One forgery.

    ``finding`` is the code that ``sluis verify`` gives it. ``words`` must be on the standard
    error of the page of public tools; with ``None`` the page does not look there, and lists the
    code as such. ``gate``: the gate must refuse because of it. ``always``: one of its class, so
    the page is run over it in every test run.
    """

    do: Callable[[Ground, Ground], Any]
    finding: str
    words: str | None
    gate: bool = True
    always: bool = False


def alone(do: Callable[[Ground], Any]) -> Callable[[Ground, Ground], Any]:
    """A forgery for which no other dossier is needed."""
    return lambda ground, other: do(ground)


# --- hands ------------------------------------------------------------------------------------


def put(path: Path, data: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(data)


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    put(path, bytes(data))


def edit(ground: Ground, change: Callable[[bytes], bytes], number: int = END) -> None:
    """Edit the bytes of a statement's file."""
    path = ground.made.file(number)
    data = change(path.read_bytes())
    assert data != path.read_bytes()
    put(path, data)


def envelope(ground: Ground, change: Callable[[dict[str, Any]], Any], number: int = END) -> None:
    """Edit an envelope, and spell it as it must be spelled."""

    def edited(data: bytes) -> bytes:
        value = json.loads(data)
        change(value)
        return canonical(value)

    edit(ground, edited, number)


def payload(ground: Ground, change: Callable[[bytes], bytes], number: int = END) -> None:
    """Edit what was signed; the signature stays."""

    def edited(value: dict[str, Any]) -> None:
        text = change(base64.b64decode(value["payload"]))
        value["payload"] = base64.b64encode(text).decode()

    envelope(ground, edited, number)


def signed(ground: Ground, change: Callable[[bytes], bytes]) -> None:
    """Add a statement whose text was changed before it was signed."""
    made = ground.made
    made.forge(END + 1, CHECK, previous=made.digest(END), payload=change)


def added(ground: Ground, **more: Any) -> None:
    made = ground.made
    made.forge(END + 1, more.pop("body", CHECK), previous=made.digest(END), **more)


def again(ground: Ground, name: str, **changes: Any) -> None:
    """Record a statement again with other fields, with the operator's own key."""
    ground.made.append(ground.statements[name].body.model_copy(update=changes))


def cut(ground: Ground, keep: int) -> None:
    for number in range(keep + 1, END + 1):
        ground.made.file(number).unlink()


def moved(ground: Ground, *order: int) -> None:
    """Write the files in another order: the first number's file gets the second's bytes ..."""
    data = {number: ground.made.file(number).read_bytes() for number in order}
    for number, other in zip(order, (*order[1:], order[0]), strict=True):
        put(ground.made.file(number), data[other])


def closed_up(ground: Ground) -> None:
    ground.made.file(5).unlink()
    for number in range(6, END + 1):
        ground.made.file(number).rename(ground.made.file(number - 1))


def rewritten(made: Made, changes: Callable[[int, Body, Any], tuple[Body, Any]]) -> None:
    """Sign everything anew, so that chain and witness fit again."""
    old = {s.number: s for s in made.read().statements}
    digests: dict[str, str] = {}
    for number, statement in old.items():
        body, at = changes(number, statement.body, statement.recorded_at)
        text = json.dumps(body.model_dump(mode="json"))
        for before, after in digests.items():
            text = text.replace(before, after)
        previous = made.digest(number - 1) if number > 1 else None
        made.forge(number, type(body).model_validate_json(text), previous=previous, at=at)
        digests[statement.sha256] = made.digest(number)
    made.ledger.witness.path.unlink()
    made.ledger.accept_head(made.digest(END), key=made.key, now=made.now)


def linked(path: Path, away: Path) -> None:
    """Move something elsewhere, and leave a link to it."""
    away.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, away)
    path.symlink_to(away)


def no_file(path: Path, make: Callable[[Path], Any]) -> None:
    """Put something that is no file in a file's place."""
    path.unlink()
    make(path)


def a_socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # the path of a socket may not be long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


def a_device(path: Path) -> None:
    os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero: it never ends


def an_object(ground: Ground) -> Path:
    return ground.made.objects.path(ground.statements["scope"].body.scope_object)


def a_token(ground: Ground) -> Path:
    return min((ground.made.dossier / "timestamps").iterdir())


def anchors(ground: Ground, change: Callable[[dict[str, Any]], Any]) -> None:
    """Edit the first key in keys.json."""
    path = ground.made.trust / "keys.json"
    value = json.loads(path.read_text())
    change(value["keys"][0])
    path.write_text(json.dumps(value))
    ground.made.reload()


def stranger(ground: Ground, name: str = "stranger") -> Any:
    return new_key(ground.made.root / "keys-of-others", name)


def at_statement(ground: Ground, number: int) -> Any:
    return ground.made.read().statements[number - 1].recorded_at


# --- forgeries that need more than a line -------------------------------------------------------


def signed_by_the_client(ground: Ground) -> None:
    made, key = ground.made, stranger(ground, "the-client")
    trust_key(made.trust, made.client, key, party="client", now=made.now - timedelta(minutes=1))
    made.reload()
    added(ground, key=key)


def revoked(ground: Ground, number: int) -> None:
    made = ground.made
    revoke_key(
        made.trust, made.client, made.key.keyid, now=at_statement(ground, number), why="stolen"
    )
    made.reload()


def another_dossiers_statement(ground: Ground, other: Ground) -> None:
    trust_key(ground.made.trust, ground.made.client, other.made.key, now=other.made.now)
    anchors(ground, lambda key: None)
    path = ground.made.trust / "keys.json"
    value = json.loads(path.read_text())
    value["keys"][1]["valid_from"] = value["keys"][0]["valid_from"]
    path.write_text(json.dumps(value))
    ground.made.reload()
    shutil.copy(other.made.file(1), ground.made.file(END + 1))


def other_payload_type(ground: Ground) -> None:
    made = ground.made
    text = base64.b64decode(json.loads(made.file(END).read_bytes())["payload"])
    put(made.file(END), seal(text, "application/json", made.key))


def dated_back_by_days(ground: Ground) -> None:
    """The whole ledger dated back, and signed anew; the tokens are those of today."""
    anchors(ground, lambda key: key.update(valid_from="2020-01-01T00:00:00Z"))
    rewritten(ground.made, lambda number, body, at: (body, at - timedelta(days=3)))


def dated_on_by_days(ground: Ground) -> None:
    """The clock ran days ahead when the newest statement was recorded and stamped."""
    made = ground.made
    made.now += timedelta(days=3)
    made.append(CHECK)
    made.append(
        ground.statements["timestamp"].body.model_copy(update={"head": made.digest(END + 1)})
    )


def permit_reused(ground: Ground) -> None:
    """A permit from before, for a step of a plan that nobody signed."""
    plan = lay_down(ground, make_scope({"signers": list(SIGNERS)}), "-2", 2)
    again(ground, "started", plan_object=plan.plan_object)


def applied_without_steps(ground: Ground) -> None:
    """A change is called applied, and no step of its plan was ever started."""
    plan = lay_down(ground, make_scope({"signers": list(SIGNERS)}), "-2", 2)
    again(ground, "handover", plan_object=plan.plan_object)


def taken_back(ground: Ground, name: str = "yes") -> None:
    changes: dict[str, Any] = {
        "decision": "withdrawn", "tier": "attended", "ssh_signature_object": None,
        "ssh_principal": None, "confirmed": {},
    }  # fmt: skip
    if name == "yes":
        changes["expires_at"] = None
    again(ground, name, **changes)


def step_after_a_withdrawal(ground: Ground) -> None:
    taken_back(ground)
    again(ground, "started")


def swapped_places(ground: Ground, other: Ground) -> None:
    """Two dossiers of one client change names; each keeps its own witness."""
    mine = ground.made.dossier
    theirs = mine.with_name(other.made.change)
    mine.rename(theirs)
    shutil.copytree(other.made.dossier, mine)
    shutil.copy(other.made.ledger.witness.path, mine.parent / ".heads")
    trust_key(ground.made.trust, ground.made.client, other.made.key, now=other.made.now)
    path = ground.made.trust / "keys.json"
    value = json.loads(path.read_text())
    value["keys"][1]["valid_from"] = value["keys"][0]["valid_from"]
    path.write_text(json.dumps(value))
    for one in other.made.trust.iterdir():
        if one.name not in ("keys.json", ".lock"):
            shutil.copy(one, ground.made.trust)
    ground.made.reload()


def older_copy_behind_a_link(ground: Ground) -> None:
    """In the dossier's place lies a link to a copy from before; its witness fits it."""
    dossier = ground.made.dossier
    old = ground.made.root / "old" / dossier.parent.name / dossier.name
    shutil.copytree(dossier, old)
    for number in range(12, END + 1):
        (old / "statements" / f"{number:06d}.json").unlink()
    dossier.rename(ground.made.root / "aside")
    dossier.symlink_to(old)


def token_moved(ground: Ground, other: Ground) -> None:
    put(a_token(ground), a_token(other).read_bytes())


def token_of_another_head(ground: Ground) -> None:
    again(ground, "timestamp", head=ground.made.digest(3))
    token = ground.statements["timestamp"].body.token_object
    shutil.copy(
        ground.made.objects.path(token),
        ground.made.dossier / "timestamps" / f"000003-{token[:16]}.tsr",
    )


def token_of_another_time(ground: Ground) -> None:
    body = ground.statements["timestamp"].body
    again(ground, "timestamp", time=body.time + timedelta(days=2))


def a_second_signature(value: dict[str, Any]) -> None:
    value["signatures"].append(value["signatures"][0])


def spare_bits(data: bytes) -> bytes:
    """The same signature in another base64: the last letter before == has four spare bits."""
    place = data.rindex(b'=="}]}') - 1
    letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = letters[letters.index(data[place : place + 1]) ^ 1]
    return data[:place] + bytes([other]) + data[place + 1 :]


def a_field_more(text: bytes) -> bytes:
    """A field that the kind does not have; the subject is made to fit."""
    value = json.loads(text)
    value["predicate"]["body"]["more"] = 1
    digest = sha256(canonical(value["predicate"]["body"]))
    for subject in value["subject"]:
        if subject["name"] == "body":
            subject["digest"]["sha256"] = digest
    return canonical(value)


def deep(text: bytes) -> bytes:
    return text.replace(b'"detail":""', b'"detail":' + b"[" * 100_000 + b"]" * 100_000)


CANONICAL = "not canonical JSON"
SPELLING = "its one spelling"

STATEMENTS: dict[str, Forgery] = {
    "a bit flipped": Forgery(
        alone(lambda g: flip(g.made.file(5))), "chain-broken", "", always=True
    ),
    "a bit flipped in the newest": Forgery(
        alone(lambda g: payload(g, lambda t: t.replace(b"Z\"", b"z\"", 1))), "signature-bad",
        "",
    ),
    "a no edited into a yes": Forgery(
        alone(lambda g: payload(g, lambda t: t.replace(b'"decision":"no"', b'"decision":"yes"'),
                                9)),
        "signature-bad", "",
    ),
    "the signature of another statement": Forgery(
        alone(lambda g: envelope(g, lambda v: v.update(
            signatures=json.loads(g.made.file(4).read_bytes())["signatures"]))),
        "signature-bad", "", always=True,
    ),
    "removed": Forgery(
        alone(lambda g: g.made.file(5).unlink()), "gap", "statement 5 is missing", always=True
    ),
    "the first removed": Forgery(
        alone(lambda g: g.made.file(1).unlink()), "gap", "statement 1 is missing"
    ),
    "removed and closed up": Forgery(alone(closed_up), "reordered", "holds statement 6"),
    "two changed places": Forgery(
        alone(lambda g: moved(g, 3, 4)), "reordered", "holds statement 4", always=True
    ),
    "three moved round": Forgery(alone(lambda g: moved(g, 3, 4, 5)), "reordered", "holds"),
    "doubled": Forgery(
        alone(lambda g: shutil.copy(g.made.file(END), g.made.file(END + 1))), "duplicated",
        "holds statement 19",
    ),
    "the end cut off": Forgery(
        alone(lambda g: cut(g, 12)), "tail-removed", "the witness has seen", always=True
    ),
    "all cut off": Forgery(alone(lambda g: cut(g, 0)), "tail-removed", "no statements"),
    "one signed anew in the middle": Forgery(
        alone(lambda g: g.made.forge(5, CHECK, previous=g.made.digest(4),
                                     at=at_statement(g, 5))),
        "chain-broken", "000006.json does not follow",
    ),
    "the newest signed anew": Forgery(
        alone(lambda g: g.made.forge(END, CHECK, previous=g.made.digest(END - 1))),
        "head-differs", "the witness has seen another statement 19", always=True,
    ),
    "all signed anew from a point on": Forgery(
        alone(lambda g: rewritten(g.made, lambda n, body, at: (
            body.model_copy(update={"detail": "0.1 s"}) if n == 17 else body, at))),
        "token-bad", "timestamps/", gate=False, always=True,
    ),
    "another number claimed": Forgery(
        alone(lambda g: added(g, claimed=7)), "reordered", "holds statement 7"
    ),
    "no previous": Forgery(
        alone(lambda g: g.made.forge(END + 1, CHECK, previous=None)), "chain-broken",
        "does not follow",
    ),
    "of another change": Forgery(
        alone(lambda g: added(g, change="CHG-2")), "wrong-dossier", "another dossier"
    ),
    "of another client": Forgery(
        alone(lambda g: added(g, client="others")), "wrong-dossier", "another dossier"
    ),
    "copied from another dossier": Forgery(
        another_dossiers_statement, "wrong-dossier", "holds statement 1"
    ),
    "dated in the future": Forgery(
        alone(lambda g: added(g, at=g.made.now + timedelta(hours=1))), "future-dated",
        "dated in the future",
    ),
    "dated before the one before": Forgery(
        alone(lambda g: added(g, at=at_statement(g, 3))), "time-backwards", "dated before"
    ),
    # spelling
    "the newest spaced anew": Forgery(
        alone(lambda g: edit(g, lambda d: json.dumps(json.loads(d)).encode())),
        "envelope-unreadable", SPELLING, always=True,
    ),
    "a line break at the end": Forgery(
        alone(lambda g: edit(g, lambda d: d + b"\n")), "envelope-unreadable", SPELLING
    ),
    "a mark of byte order": Forgery(
        alone(lambda g: edit(g, lambda d: b"\xef\xbb\xbf" + d)), "envelope-unreadable", SPELLING
    ),
    "keys in another order": Forgery(
        alone(lambda g: edit(g, lambda d: json.dumps(
            dict(reversed(json.loads(d).items())), separators=(",", ":")).encode())),
        "envelope-unreadable", SPELLING,
    ),
    "a key more": Forgery(
        alone(lambda g: envelope(g, lambda v: v.update(more=1))), "envelope-unreadable", SPELLING
    ),
    "a key in front, given twice": Forgery(
        alone(lambda g: edit(g, lambda d: b'{"payload":"",' + d[1:])), "envelope-unreadable",
        SPELLING,
    ),
    "two signatures": Forgery(
        alone(lambda g: envelope(g, a_second_signature)), "envelope-unreadable", SPELLING
    ),
    "no signature at all": Forgery(
        alone(lambda g: envelope(g, lambda v: v.update(signatures=[]))), "envelope-unreadable",
        SPELLING,
    ),
    "an empty signature": Forgery(
        alone(lambda g: envelope(g, lambda v: v["signatures"][0].update(sig=""))),
        "envelope-unreadable", SPELLING,
    ),
    "base64 with spare bits": Forgery(
        alone(lambda g: edit(g, spare_bits)), "envelope-unreadable", SPELLING
    ),
    "base64 for addresses": Forgery(
        alone(lambda g: envelope(g, lambda v: v.update(
            payload=v["payload"].replace("=", "") + "_-"))),
        "envelope-unreadable", SPELLING,
    ),
    "another type, signed": Forgery(
        alone(other_payload_type), "envelope-unreadable", SPELLING
    ),
    "another type, not signed": Forgery(
        alone(lambda g: envelope(g, lambda v: v.update(payloadType="application/json"))),
        "envelope-unreadable", SPELLING,
    ),
    "an empty file": Forgery(
        alone(lambda g: edit(g, lambda d: b"")), "envelope-unreadable", SPELLING
    ),
    "a file of a terabyte": Forgery(
        alone(lambda g: (put(g.made.file(END), b""), os.truncate(g.made.file(END), 1 << 40))),
        "statement-unreadable", "far too large",
    ),
    "a text spaced anew, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: json.dumps(json.loads(t)).encode())),
        "not-canonical", CANONICAL, always=True,
    ),
    "a key given twice, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(
            b'"passed":true', b'"passed":false,"passed":true'))),
        "not-canonical", CANONICAL,
    ),
    "an escape that is not needed, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b"HTTP", b"\\u0048TTP"))),
        "not-canonical", CANONICAL,
    ),
    "a large number, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b'"number":20', b'"number":' + b"9" * 30))),
        "not-canonical", CANONICAL,
    ),
    "a number in another spelling, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b'"number":20', b'"number":20.0'))),
        "not-canonical", CANONICAL,
    ),
    "a number that is none, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b'"number":20', b'"number":NaN'))),
        "not-json", CANONICAL,
    ),
    "deep, and signed": Forgery(alone(lambda g: signed(g, deep)), "not-json", CANONICAL),
    "half a text, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t[:-9])), "not-json", CANONICAL
    ),
    "a kind more, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b":check:v1", b":spell:v1"))),
        "unknown-predicate", "unknown kind",
    ),
    "a later version, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b":check:v1", b":check:v2"))),
        "unknown-predicate", "unknown kind",
    ),
    "a kind under another name, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b":check:v1", b":told:v1"))),
        "statement-unreadable", None,
    ),
    "a field more, and signed": Forgery(
        alone(lambda g: signed(g, a_field_more)),
        "statement-unreadable", None,
    ),
    "other subjects, and signed": Forgery(
        alone(lambda g: signed(g, lambda t: t.replace(b'"detail":""', b'"detail":"x"'))),
        "subject-mismatch", "other subjects",
    ),
    # keys
    "signed by a stranger": Forgery(
        alone(lambda g: added(g, key=stranger(g))), "key-unknown", "you do not trust", always=True
    ),
    "signed by a stranger of the same name": Forgery(
        alone(lambda g: added(g, key=stranger(g, "operator-one"))), "key-unknown",
        "you do not trust",
    ),
    "signed with the client's key": Forgery(
        alone(signed_by_the_client), "key-of-another-party", "with the client's key"
    ),
    "signed after the key was revoked": Forgery(
        alone(lambda g: revoked(g, 9)), "key-revoked", "after the key", always=True
    ),
    "signed after the key ended": Forgery(
        alone(lambda g: anchors(g, lambda key: key.update(
            valid_until=at_statement(g, 9).isoformat()))),
        "key-expired", "was not valid",
    ),
    "signed before the key began": Forgery(
        alone(lambda g: anchors(g, lambda key: key.update(
            valid_from=at_statement(g, 9).isoformat()))),
        "key-not-yet-valid", "was not valid",
    ),
    # what lies in the folder
    **{
        f"named {name}": Forgery(
            alone(lambda g, name=name: (g.made.statements / name).write_bytes(
                g.made.file(END).read_bytes())),
            "foreign-file", "does not belong there", always=name == "notes.txt",
        )
        for name in ("notes.txt", "20.json", "0000020.json", "000020.JSON", "000020.json.bak",
                     "000000.json", "+00020.json", "٠٠٠٠٢٠.json", ".hidden", "000019 (1).json")
    },
    "a folder among the statements": Forgery(
        alone(lambda g: (g.made.statements / "000020.json").mkdir()), "foreign-file", ""
    ),
}  # fmt: skip

LINKS: dict[str, Forgery] = {
    "an older copy behind a link": Forgery(
        alone(older_copy_behind_a_link), "linked", "the dossier is a link", always=True
    ),
    "the client's folder behind a link": Forgery(
        alone(lambda g: linked(g.made.dossier.parent, g.made.root / "old" / "practice")),
        "linked", "behind a link",
    ),
    "the witness behind a link": Forgery(
        alone(lambda g: linked(g.made.ledger.witness.path, g.made.root / "head")),
        "witness-altered", "the witness is a link",
    ),
    "all witnesses behind a link": Forgery(
        alone(lambda g: linked(g.made.dossier.parent / ".heads", g.made.root / "heads")),
        "witness-altered", "the witness is a link",
    ),
    **{
        f"{part}/ is a link": Forgery(
            alone(lambda g, part=part: linked(g.made.dossier / part, g.made.root / "away")),
            "foreign-file", "is a link", gate=part == "statements", always=part == "statements",
        )
        for part in ("statements", "objects", "timestamps")
    },
    "objects/sha256 is a link": Forgery(
        alone(lambda g: linked(g.made.objects.folder, g.made.root / "away")), "object-altered",
        "neither a file nor a folder", gate=False,
    ),
    "a folder of objects is a link": Forgery(
        alone(lambda g: linked(an_object(g).parent, g.made.root / "away")), "object-altered",
        "neither a file nor a folder", gate=False,
    ),
    "a link to a folder among the objects": Forgery(
        alone(lambda g: (g.made.objects.folder / "zz").symlink_to("/etc")), "foreign-file",
        "neither a file nor a folder", gate=False,
    ),
    "a statement is a link": Forgery(
        alone(lambda g: linked(g.made.file(END), g.made.root / "away")), "foreign-file",
        "neither a file nor a folder", always=True,
    ),
    "an object is a link": Forgery(
        alone(lambda g: linked(an_object(g), g.made.root / "away")), "object-unreadable",
        "neither a file nor a folder", gate=False,
    ),
    "a token is a link": Forgery(
        alone(lambda g: linked(a_token(g), g.made.root / "away")), "timestamp-file-altered",
        "neither a file nor a folder", gate=False,
    ),
    **{
        f"a {kind} in place of a {what}": Forgery(
            alone(lambda g, place=place, make=make: no_file(place(g), make)), finding,
            "neither a file nor a folder", gate=what == "statement",
            always=(kind, what) == ("pipe", "statement"),
        )
        for kind, make in (("pipe", os.mkfifo), ("socket", a_socket), ("device", a_device))
        for what, place, finding in (
            ("statement", lambda g: g.made.file(END), "foreign-file"),
            ("object", an_object, "object-altered"),
            ("token", a_token, "timestamp-file-altered"),
        )
    },
}  # fmt: skip

PLACES: dict[str, Forgery] = {
    "two dossiers changed places": Forgery(
        swapped_places, "folder-name", "but the statements are about CHG-2000", gate=False,
        always=True,
    ),
}  # fmt: skip

OBJECTS: dict[str, Forgery] = {
    "an object edited": Forgery(
        alone(lambda g: flip(an_object(g))), "object-altered", "was altered", gate=False,
        always=True,
    ),
    "an object removed": Forgery(
        alone(lambda g: an_object(g).unlink()), "object-missing", "an object is missing",
        gate=False, always=True,
    ),
    "an object under another's name": Forgery(
        alone(lambda g: shutil.copy(an_object(g), put_empty(g))), "object-altered",
        "was altered", gate=False,
    ),
    "a file among the objects": Forgery(
        alone(lambda g: (g.made.objects.folder / "list").write_text("x")), "foreign-file",
        "is not an object", gate=False,
    ),
    **{
        f"a folder among the objects: {name}": Forgery(
            alone(lambda g, name=name: (g.made.objects.folder / name).mkdir(parents=True)),
            "foreign-file", "no folder belongs there", gate=False,
        )
        for name in ("notes", "zz", f"00/{'1' * 62}", "../more")
    },
    "an object of terabytes": Forgery(
        alone(lambda g: (an_object(g).chmod(0o600), os.truncate(an_object(g), 1 << 40))),
        "object-altered", "was altered", gate=False,
    ),
    "a name taken off what stays behind": Forgery(
        alone(lambda g: g.made.objects.path(stays_behind(g)).write_bytes(NOTHING_STAYS)),
        "object-altered", "was altered", gate=False, always=True,
    ),
    "a form edited": Forgery(
        alone(lambda g: flip(g.made.objects.path(g.statements["yes"].body.request_object))),
        "answer-differs", "was altered",
    ),
    "a form removed": Forgery(
        alone(lambda g: g.made.objects.path(g.statements["yes"].body.request_object).unlink()),
        "object-missing", "an object is missing", gate=False,
    ),
}  # fmt: skip


#: what somebody would like the client to have signed
NOTHING_STAYS = BehindList(asset="files").to_bytes()


def stays_behind(ground: Ground, of: str | None = None) -> str:
    """Record what of a pass does not go over, as prepare does; the digest of its list.

    Args:
        ground: the finished change.
        of: the statement of the pass; default: one that is recorded here.
    """
    made = ground.made
    listed = behind_list("files", [("a.docx", "could-not-be-had"), ("Team.lnk", "shortcut")])
    if of is None:
        passed = Export(
            asset="files", origin={}, machine=Machine(host="h1", target="ssh://h1"),
            pass_number=1, started_at=made.now, finished_at=made.now, items=1, bytes=1,
            complete=True, manifest_object=made.objects.put(b"a manifest"),
        )  # fmt: skip
        of = made.append(passed).sha256
    kept = made.objects.put(listed.to_bytes())
    made.append(Behind(asset="files", export=of, items=2, list_object=kept))
    made.objects.path(kept).chmod(0o600)
    return kept


def put_empty(ground: Ground) -> Path:
    path = ground.made.objects.path("ab" * 32)
    path.parent.mkdir(exist_ok=True)
    return path


TIME: dict[str, Forgery] = {
    "a token removed": Forgery(
        alone(lambda g: a_token(g).unlink()), "timestamp-file-missing", "is missing", gate=False,
        always=True,
    ),
    "all tokens removed": Forgery(
        alone(lambda g: shutil.rmtree(g.made.dossier / "timestamps")), "timestamp-file-missing",
        "is missing", gate=False,
    ),
    "a token edited": Forgery(
        alone(lambda g: flip(a_token(g))), "timestamp-file-altered", "is not the token",
        gate=False,
    ),
    "a token of another dossier": Forgery(
        token_moved, "timestamp-file-altered", "is not the token", gate=False
    ),
    "a token under another number": Forgery(
        alone(lambda g: a_token(g).rename(a_token(g).with_name("000011-0000000000000000.tsr"))),
        "timestamp-file-missing", "is missing", gate=False,
    ),
    "a file among the tokens": Forgery(
        alone(lambda g: (g.made.dossier / "timestamps" / "x.tsr").write_text("x")),
        "timestamp-file-altered", "is not a token", gate=False,
    ),
    "a token over another statement": Forgery(
        alone(token_of_another_head), "token-bad", "timestamps/000003", gate=False, always=True
    ),
    "a token with another time": Forgery(
        alone(token_of_another_time), "token-bad", "another time than its statement", gate=False
    ),
    "everything dated back by days": Forgery(
        alone(dated_back_by_days), "token-bad", "timestamps/", gate=False
    ),
}  # fmt: skip

REFERENCES: dict[str, Forgery] = {
    "a proof of no snapshot": Forgery(
        alone(lambda g: again(g, "verification", snapshot="2" * 64)), "reference-broken",
        "its snapshot was never recorded", gate=False, always=True,
    ),
    "a proof of another snapshot": Forgery(
        alone(lambda g: again(g, "verification", snapshot_id="other")), "reference-broken",
        "another snapshot", gate=False,
    ),
    "what stays behind of no pass": Forgery(
        alone(lambda g: stays_behind(g, of=g.statements["scope"].sha256)), "reference-broken",
        "the pass that it is about was never recorded", gate=False, always=True,
    ),
    "a permit on the no": Forgery(
        alone(lambda g: again(g, "permit", relies_on=(g.statements["no"].sha256,))),
        "reference-broken", "no yes to this scope", gate=False,
    ),
    "a permit on nothing": Forgery(
        alone(lambda g: again(g, "permit", relies_on=())), "reference-broken",
        "no yes to this scope", gate=False,
    ),
    "a permit used for another plan": Forgery(
        alone(permit_reused), "reference-broken", "no permit counted", gate=False, always=True
    ),
    "a permit used on another host": Forgery(
        alone(lambda g: again(g, "started", host="h9")), "reference-broken", "no permit counted",
        gate=False,
    ),
    "a permit used after a withdrawal": Forgery(
        alone(step_after_a_withdrawal), "reference-broken", "no permit counted", gate=False
    ),
    "a permit after a withdrawal": Forgery(
        alone(lambda g: (taken_back(g), again(g, "permit"))), "reference-broken",
        "was no yes", gate=False,
    ),
    "an end of a step that never began": Forgery(
        alone(lambda g: again(g, "done", call_sha256="2" * 64)), "reference-broken",
        "never started", gate=False,
    ),
    "a step that is in no plan": Forgery(
        alone(lambda g: again(g, "started", step="format-disks")), "reference-broken",
        "its plan has no such step", gate=False, always=True,
    ),
    "a step on a host that is in no plan": Forgery(
        alone(lambda g: (again(g, "permit", hosts=("h1", "h9")), again(g, "started", host="h9"))),
        "reference-broken", "its plan has no such step", gate=False,
    ),
    "applied without one step": Forgery(
        alone(applied_without_steps), "reference-broken", "a step of its plan was not done",
        gate=False, always=True,
    ),
    "applied after a failed step": Forgery(
        alone(lambda g: (again(g, "started"), again(g, "done", state="failed", changed=None),
                         again(g, "handover"))),
        "reference-broken", "a step of its plan was not done", gate=False,
    ),
    "applied of no plan at all": Forgery(
        alone(lambda g: again(g, "handover", plan_object=None)), "reference-broken",
        "it names no plan", gate=False,
    ),
    "a hand-over of no plan": Forgery(
        alone(lambda g: again(g, "handover", plan_object=g.statements["scope"].body.scope_object)),
        "reference-broken", "its plan was never recorded", gate=False,
    ),
}  # fmt: skip

#: what is noted and is no proof of anything wrong: finding, and what the page prints
NOTED: dict[str, tuple[Callable[[Ground], Any], str, str]] = {
    "a file with another name elsewhere": (
        lambda g: os.link(g.made.file(4), g.made.root / "again"), "hard-links",
        "000004.json' has another name elsewhere",
    ),
    "an object with another name elsewhere": (
        lambda g: os.link(an_object(g), g.made.root / "again-too"), "hard-links",
        "has another name elsewhere",
    ),
    "a note beside the evidence": (
        lambda g: (g.made.dossier / "READ ME FIRST.txt").write_text("All is well."),
        "foreign-file", "'READ ME FIRST.txt' is no part of the evidence",
    ),
    "an object nobody speaks of": (
        lambda g: g.made.objects.put(b"stray"), "object-unspoken-of",
        "no statement speaks of the object",
    ),
    "what a killed writer left": (
        lambda g: (g.made.statements / ".new-0123").write_bytes(b"x"), "", "a killed process left"
    ),
    "a name that is not the key's": (
        lambda g: g.made.forge(20, CHECK, previous=g.made.digest(19), by="the-boss"),
        "name-differs", "operator-one (says: 'the-boss')",
    ),
    "a log of a run": (
        lambda g: ((g.made.dossier / "runs").mkdir(),
                   (g.made.dossier / "runs" / "apply.log").write_text("all went well\n")),
        "runs-unbound", "nothing binds the logs in runs/",
    ),
    "no witness": (
        lambda g: g.made.ledger.witness.path.unlink(), "head", "there is no witness"
    ),
}  # fmt: skip
