"""L1: an export worker may be in strange hands. Every field of every answer is tried.

An answer is typed when it has come over, or it is a ``bad-answer`` that names host, module and
field. Whatever was accepted holds no text that an operator could misread.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any, Literal, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sluis.border import codec, moving
from sluis.border.strict_json import WrongError
from sluis.border.verb import PROTOCOL, Verb
from sluis.border.verbs.tenant_check import TENANT_CHECK
from sluis.border.verbs.tenant_discover import TENANT_DISCOVER
from sluis.border.verbs.tenant_export import TENANT_EXPORT
from sluis.border.verbs.tenant_forecast import TENANT_FORECAST
from sluis.border.verbs.tenant_import import TENANT_IMPORT
from sluis.border.verbs.tenant_landing import TENANT_LANDING
from sluis.border.verbs.tenant_landing_look import TENANT_LANDING_LOOK
from sluis.border.verbs.tenant_reconcile import TENANT_RECONCILE, Objection
from sluis.errors import BorderError
from sluis.scope.moving import LeaveOut
from sluis.tenant.import_policy import LEAVE_OUT

SHA = "ab" * 32
GAP = {"what": "permissions", "subject": "a/b.txt", "why": "The app may not."}
STAYS = {"path": "a/b.txt", "code": "too-large", "why": "It has 5 bytes."}
TROUBLE = {"code": "disk-full", "what": "The disk is full.", "remedy": "Make room.", "path": ""}
FAILURE = {
    "family": "GraphError", "code": "sign-in-refused", "what": "No token.", "remedy": "Look there.",
}  # fmt: skip
RIGHT = {"path": "a", "who": "p@x.example", "role": "write", "why": "it is not there"}
#: one good answer of each kind, with something in every list
GOOD: dict[str, tuple[Verb[Any, Any, Any], dict[str, Any]]] = {
    "discover": (TENANT_DISCOVER, {
        "sources": [{
            "kind": "sharepoint", "id": "b!A-_1", "name": "Team", "drive_id": "b!A-_1",
            "site_id": "x.sharepoint.com,1-2,3-4", "list_id": "1-2", "owner": "o",
            "web_url": "https://x.example/t", "items": 3, "bytes": 9, "folders": 1, "shared": 0,
            "newest": "2026-01-01T00:00:00Z", "system": False,
        }],
        "parts": [{
            "kind": "list", "id": "1-2-3", "name": "Team / Stock", "site_id": "x,1,2",
            "site_url": "https://x.example/t", "web_url": "https://x.example/t/Lists/Stock",
            "items": 4,
        }],
        "workloads": [{
            "kind": "mailboxes", "count": 2, "seen": True, "how": "listed", "names": ["a"],
        }],
        "could_not": [GAP],
    }),
    "check": (TENANT_CHECK, {
        "tenants": [{
            "tenant": "old", "side": "from",
            "tenant_id": "53ed189b-8ba7-479f-bf8b-047c8e4f5fe2", "roles": ["Sites.Read.All"],
            "drives": [{"name": "b!1", "state": "gone", "why": "404"}],
            "people": [{"name": "p@x.example", "state": "there", "why": ""}],
            "listings": [{"name": "sites", "state": "refused", "why": "403"}],
            "elsewhere": ["b!2"],
        }, {
            "tenant": "new", "side": "into",
            "refused": {"why": "secret wrong", "failure": FAILURE},
            "drives": [], "people": [], "listings": [], "elsewhere": [],
        }],
        "servers": [{
            "server": "old-files", "failure": FAILURE,
            "shown": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
            "folders": [{"folder": "/srv/I"}],
        }],
        "folders": [{"folder": "/mnt/scans", "failure": FAILURE}],
    }),
    "export": (TENANT_EXPORT, {
        "done": {
            "seen_in_pass": 2, "manifest_sha256": SHA, "files": 3, "bytes": 9,
            "checks": {"equal": 2, "corrupt": 1}, "not_had": 1,
            "not_had_named": [{"path": "a", "why": "b"}], "gaps": [GAP],
            "changes": {"vanished": 1}, "notes": ["A note."],
        },
        "failed": None,
        "plan": {"units": 5, "bytes": 9, "hours": 0.1, "throttled": 0},
        "used": {"units": 5, "bytes": 9, "hours": 0.1, "throttled": 0},
        "beside": [{"what": "units", "planned": 5.0, "actual": 5.0}],
    }),
    "export, failed": (TENANT_EXPORT, {
        "done": None, "failed": TROUBLE, "beside": [],
    }),
    "forecast": (TENANT_FORECAST, {
        "bytes": 9, "hours": 0.5, "failed": "", "could_not": 0, "why": "",
    }),
    "import": (TENANT_IMPORT, {
        "outcome": "incomplete", "counts": {"sent": 3}, "bytes_sent": 9, "reasons": [TROUBLE],
        "reasons_in_all": 1, "left_out": [STAYS], "left_out_in_all": 1, "renamed_in_all": 0,
    }),
    "compared": (TENANT_RECONCILE, {"found": {
        "kind": "compared", "sound": False, "target": {"drive_id": "b!2", "folder": "In/here"},
        "manifest_sha256": SHA, "trust": "every byte", "items": 3,
        "counts": {"equal": 2, "differs": 1}, "files_by_basis": {"every byte": 3},
        "lines": [{
            "path": "a", "target": "a", "type": "file", "category": "differs",
            "basis": "every byte", "why": "other bytes", "notes": ["a date"],
        }],
        "lines_sha256": SHA, "left_out": [STAYS], "left_out_in_all": 1,
        "rights_missing": [RIGHT], "rights_missing_in_all": 1, "rights_surplus": [RIGHT],
        "rights_surplus_in_all": 1, "rights_left_in_all": 2,
        "rights_left": [{"path": "c", "who": "d@x.example", "role": "write", "why": "no"}],
        "rights_looked_at": 3, "there_before": 0, "reused": 0,
    }}),
    "ahead": (TENANT_RECONCILE, {"found": {
        "kind": "ahead", "files": 3, "to_send": 3, "bytes_to_send": 9,
        "renamed": [{"path": "a", "target": "b"}], "renamed_in_all": 1,
        "left_out": [{"path": "a", "why": "b"}], "left_out_in_all": 1,
        "behind_sha256": SHA, "behind_in_all": 1,
        "refusals": [{"code": "quota", "what": "No room.", "examples": ["a"]}],
        "earlier": [
            {"change": "MOVE-1", "target": {"drive_id": "b!1", "folder": "a"}, "files": 2,
             "begun": 1},
            {"change": None, "target": None, "files": 0, "begun": 0},
        ],
        "earlier_in_all": 2,
    }}),
    "landing": (TENANT_LANDING, {
        "item_id": "01ABC", "web_url": "https://x.example/f", "made": "2026-01-01T00:00:00+00:00",
    }),
    "look": (TENANT_LANDING_LOOK, {
        "state": "arriving", "late": False, "left": 100.5, "arrived_files": 1, "arrived_bytes": 3,
        "expected_files": 2, "expected_bytes": 6, "missing": ["a"], "missing_files": 1,
        "other_size": ["b"], "elsewhere": [{"path": "a", "lies_at": "c"}], "unexpected": 0,
        "new_files": -1, "words": "One of two.", "reminder": True,
    }),
}  # fmt: skip
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 1 << 70, 1.5, float("nan"), float("inf"), "", "x", [], {}, [[]], {"a": 1},
    "--password-command=id", "\x1b[2Jdone", "a\nb", "\u202egpj.exe", "\ud800", "/etc/passwd\n!id\n",
    "../../x", "x" * 100_000, ["x"] * 2000, "{{ lookup('pipe', 'id') }}", "\x00",
)  # fmt: skip


def packed(verb: Verb[Any, Any, Any], body: Any) -> bytes:
    whole = {"sluis": PROTOCOL, "verb": verb.name, "part": "answer", "body": body}
    return json.dumps(whole).encode("ascii")


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in an answer: each field, each item, each list and object as a whole."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, (*path, name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from leaves(one, (*path, number))


def changed(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(body)
    place = made
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return made


def without(body: Any, path: tuple[Any, ...]) -> Any:
    made = copy.deepcopy(body)
    place = made
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return made


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from (*texts(name), *texts(one))
    elif isinstance(value, tuple):
        for one in value:
            yield from texts(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts(getattr(value, one.name))


def survived(verb: Verb[Any, Any, Any], body: Any) -> bool:
    """Whether it was accepted; a refusal must say who, what and where."""
    try:
        answer = verb.read_answer(packed(verb, body), host="worker7")
    except BorderError as error:
        assert error.code == "bad-answer"
        assert "worker7" in error.what
        assert verb.name in error.what
        assert error.what.isprintable()
        return False
    assert all(text.isprintable() for text in texts(answer))
    return True


@pytest.mark.parametrize("name", GOOD)
def test_a_good_answer_comes_over_as_it_is(name: str) -> None:
    verb, body = GOOD[name]
    answer = verb.read_answer(packed(verb, body), host="w")
    assert codec.dump(answer) == body
    assert verb.read_answer(verb.pack_answer(answer), host="w") == answer


@pytest.mark.parametrize("name", GOOD)
def test_L1_every_field_of_a_workers_answer_may_lie(name: str) -> None:
    verb, body = GOOD[name]
    refused = 0
    for path in leaves(body):
        for value in HOSTILE:
            refused += not survived(verb, changed(body, path, value))
        survived(verb, without(body, path))
    assert refused > 5 * len(body)


@pytest.mark.parametrize("name", GOOD)
def test_L1_a_field_that_nobody_knows_is_refused_by_name(name: str) -> None:
    verb, body = GOOD[name]
    with pytest.raises(BorderError, match="folder_of_mine"):
        verb.read_answer(packed(verb, {**body, "folder_of_mine": "/"}), host="w")


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("export", ("done", "seen_in_pass"), "2/../../x"),
        ("export", ("done", "seen_in_pass"), 0),
        ("export", ("done", "manifest_sha256"), SHA.upper()),
        ("export", ("done", "checks"), {"equal": 4}),
        ("export", ("done", "not_had"), 0),
        ("export", ("failed",), TROUBLE),
        ("export, failed", ("failed",), None),
        ("import", ("outcome",), "done"),
        ("import", ("left_out", 0, "code"), "Too Large"),
        ("compared", ("found", "sound"), True),
        ("compared", ("found", "items"), 4),
        ("compared", ("found", "rights_missing_in_all"), 0),
        ("compared", ("found", "kind"), "ahead"),
        ("ahead", ("found", "refusals", 0, "code"), "signed-already"),
        ("ahead", ("found", "earlier", 0, "change"), "../MOVE"),
        ("ahead", ("found", "earlier", 0, "target", "drive_id"), "b!1/../../me"),
        ("discover", ("sources", 0, "drive_id"), "b!1/../../me"),
        ("discover", ("sources", 0, "id"), "-x"),
        ("check", ("tenants", 0, "roles", 0), "Sites.Read.All; id"),
        ("check", ("tenants", 0, "side"), "both"),
        ("check", ("servers", 0, "shown"), "ssh-ed25519 AAAA\nevil.example ssh-rsa AAAA"),
        ("check", ("servers", 0, "shown"), "ssh-ed25519 $(id)AAAAAAAAAAAAAAA"),
        ("landing", ("item_id",), "a/b"),
        ("landing", ("made",), "soon"),
        ("look", ("state",), "everything has arrived"),
    ],
)
def test_L1_what_is_impossible_is_a_bad_answer(
    name: str, path: tuple[Any, ...], value: Any
) -> None:
    verb, body = GOOD[name]
    assert not survived(verb, changed(body, path, value))


@settings(max_examples=50)
@given(
    name=st.sampled_from(sorted(GOOD)),
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    ),
)
def test_L1_no_answer_at_all_brings_the_controller_down(name: str, body: Any) -> None:
    survived(GOOD[name][0], body)


@pytest.mark.parametrize("code", [*get_args(LeaveOut), "conflicts", "quota"])
def test_an_import_can_be_stopped_for_whatever_a_scope_can_sign(code: str) -> None:
    """One list of reasons: a new one in the scope is a code that a worker may answer with."""
    said = {"code": code, "what": "It is so.", "examples": []}
    assert codec.load(Objection, said).code == code
    assert LEAVE_OUT.keys() == {*get_args(moving.LeaveOut)} == {*get_args(LeaveOut)}


def test_a_word_that_no_reason_has_is_no_answer() -> None:
    with pytest.raises(WrongError):
        codec.load(Objection, {"code": "other", "what": "x", "examples": []})


def test_a_choice_within_a_choice_is_one_list_of_words_in_python_3_8_too() -> None:
    assert codec._words((Literal["a", "b"], "c")) == ("a", "b", "c")
