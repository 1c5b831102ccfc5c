"""Envelope, payload, subjects: one way to write them, everything else is refused."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.dsse import Envelope

from sluis.errors import EvidenceError
from sluis.evidence.canonical import canonical, sha256
from sluis.evidence.keys import OperatorKey, new_key, verifier
from sluis.evidence.predicates import PREDICATES, Body, Discovery, Machine, Scope, Shown
from sluis.evidence.statements import (
    PAYLOAD_TYPE,
    named_objects,
    read_payload,
    seal,
    unseal,
    write_payload,
)

ONE, TWO, THREE = "1" * 64, "2" * 64, "3" * 64
SCOPE = Scope(scope_object=ONE, source_object=TWO, assets=("één",))
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> OperatorKey:
    return new_key(tmp_path_factory.mktemp("keys") / "keys", "operator-one")


def payload(body: Body = SCOPE, **changes: Any) -> bytes:
    values: dict[str, Any] = {
        "client": "practice-north",
        "change": "CHG-1",
        "number": 1,
        "previous": None,
        "recorded_at": NOW,
        "recorded_by": "operator-one",
        "subjects": {},
    }
    return write_payload(body, **{**values, **changes})


def read(data: bytes, key: OperatorKey) -> Any:
    return read_payload(unseal(seal(data, PAYLOAD_TYPE, key), PAYLOAD_TYPE))


def test_a_statement_reads_back_as_it_was_given(key: OperatorKey) -> None:
    statement = read(payload(subjects={"tree": THREE}), key)
    assert statement.body == SCOPE
    assert (statement.number, statement.previous, statement.recorded_at) == (1, None, NOW)
    assert (statement.client, statement.change, statement.kind) == (
        "practice-north",
        "CHG-1",
        "scope",
    )
    assert statement.keyid == key.keyid


def test_it_is_an_in_toto_statement_in_a_dsse_envelope(key: OperatorKey) -> None:
    data = seal(payload(), PAYLOAD_TYPE, key)
    outer = json.loads(data)
    inner = json.loads(base64.b64decode(outer["payload"]))
    assert outer["payloadType"] == "application/vnd.in-toto+json"
    assert inner["_type"] == "https://in-toto.io/Statement/v1"
    assert inner["predicateType"] == "urn:sluis:predicate:scope:v1"
    # the public library accepts it without our help
    Envelope.from_dict(outer).verify([verifier(key.public_pem)], 1)


def test_subjects_bind_the_body_and_every_object(key: OperatorKey) -> None:
    statement = read(payload(subjects={"tree": THREE}), key)
    assert statement.subjects == {
        "body": sha256(canonical(SCOPE.model_dump(mode="json"))),
        "scope_object": ONE,
        "source_object": TWO,
        "tree": THREE,
    }


def test_case_C4_a_document_handed_over_is_bound_by_its_digest(key: OperatorKey) -> None:
    shown = Shown(
        to="A. Client",
        language="nl",
        channel="file",
        documents={"Voorwaarden": ONE, "Plan": TWO},
    )
    statement = read(payload(shown), key)
    assert statement.subjects["documents/Voorwaarden"] == ONE
    assert statement.subjects["documents/Plan"] == TWO


def test_objects_are_found_however_deep(key: OperatorKey) -> None:
    body = Discovery(
        machine=Machine(host="h", target="local://h"),
        found=({"path": "/a", "listing_object": ONE, "more": [{"log_object": TWO}]},),
    )
    assert named_objects(read(payload(body, subjects={"tree": THREE}), key)) == {
        "found/0/listing_object": ONE,
        "found/0/more/0/log_object": TWO,
    }


def test_a_subject_cannot_be_given_another_digest() -> None:
    with pytest.raises(EvidenceError) as caught:
        payload(subjects={"scope_object": THREE})
    assert caught.value.code == "bad-subject"


@pytest.mark.parametrize("name", ["body", "scope_object", "source_object"])
def test_a_statement_that_leaves_a_subject_out_is_refused(key: OperatorKey, name: str) -> None:
    value = json.loads(payload())
    value["subject"] = [item for item in value["subject"] if item["name"] != name]
    with pytest.raises(EvidenceError) as caught:
        read(canonical(value), key)
    assert caught.value.code == "subject-mismatch"


def test_a_subject_named_twice_is_refused(key: OperatorKey) -> None:
    value = json.loads(payload())
    value["subject"].append({"name": "body", "digest": {"sha256": ONE}})
    with pytest.raises(EvidenceError) as caught:
        read(canonical(value), key)
    assert caught.value.code == "subject-mismatch"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda v: v.update(predicateType="urn:sluis:predicate:scope:v2"), "unknown-predicate"),
        (lambda v: v.update(predicateType="urn:other:thing:v1"), "unknown-predicate"),
        (lambda v: v.update(predicateType=["urn:sluis:predicate:scope:v1"]), "unknown-predicate"),
        (lambda v: v.pop("predicateType"), "unknown-predicate"),
        (lambda v: v.update(_type="https://in-toto.io/Statement/v0.1"), "statement-unreadable"),
        (lambda v: v.update(more=1), "statement-unreadable"),
        (lambda v: v["predicate"].update(more=1), "statement-unreadable"),
        (lambda v: v["predicate"].update(number=0), "statement-unreadable"),
        (lambda v: v["predicate"].update(number="1"), "statement-unreadable"),
        (lambda v: v["predicate"].update(previous="x"), "statement-unreadable"),
        (lambda v: v["predicate"].update(recorded_at="2026-11-20"), "statement-unreadable"),
        (lambda v: v["predicate"]["body"].update(more=1), "statement-unreadable"),
        (lambda v: v["predicate"]["body"].update(scope_object="x"), "statement-unreadable"),
        (lambda v: v["predicate"].pop("body"), "statement-unreadable"),
        (lambda v: v["subject"][0].update(digest={"md5": "x"}), "statement-unreadable"),
    ],
)
def test_what_is_not_exactly_as_it_should_be_is_refused(
    key: OperatorKey, spoil: Any, code: str
) -> None:
    value = json.loads(payload())
    spoil(value)
    with pytest.raises(EvidenceError) as caught:
        read(canonical(value), key)
    assert caught.value.code == code


@pytest.mark.parametrize("data", [b"[]", b'"text"', b"null", b"{}", b"1"])
def test_canonical_json_that_is_no_statement_is_refused(key: OperatorKey, data: bytes) -> None:
    with pytest.raises(EvidenceError):
        read(data, key)


def test_a_signed_text_in_another_spelling_is_refused(key: OperatorKey) -> None:
    with pytest.raises(EvidenceError) as caught:
        read(payload() + b"\n", key)
    assert caught.value.code == "not-canonical"


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(EvidenceError) as caught:
        payload(recorded_at=datetime(2026, 1, 1))  # noqa: DTZ001
    assert caught.value.code == "cannot-record"


@settings(max_examples=300, deadline=None)
@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_no_bit_of_an_envelope_is_without_meaning(key: OperatorKey, place: int, bit: int) -> None:
    data = bytearray(seal(payload(), PAYLOAD_TYPE, key))
    data[place % len(data)] ^= 1 << bit
    try:
        sealed = unseal(bytes(data), PAYLOAD_TYPE)
    except EvidenceError as error:
        assert error.code == "envelope-unreadable"
    else:
        assert sealed.keyid != key.keyid or not sealed.holds(verifier(key.public_pem))


@pytest.mark.parametrize("extra", [b" ", b"\n", b"\x00", b"{}"])
def test_nothing_may_stand_before_or_after_an_envelope(key: OperatorKey, extra: bytes) -> None:
    data = seal(payload(), PAYLOAD_TYPE, key)
    for other in (data + extra, extra + data):
        with pytest.raises(EvidenceError):
            unseal(other, PAYLOAD_TYPE)


def test_a_second_signature_is_refused(key: OperatorKey) -> None:
    value = json.loads(seal(payload(), PAYLOAD_TYPE, key))
    value["signatures"] *= 2
    with pytest.raises(EvidenceError):
        unseal(canonical(value), PAYLOAD_TYPE)


def test_a_signature_for_another_payload_type_does_not_count(key: OperatorKey) -> None:
    data = seal(payload(), "application/vnd.sluis.head+json", key)
    with pytest.raises(EvidenceError):
        unseal(data, PAYLOAD_TYPE)
    value = json.loads(data)
    value["payloadType"] = PAYLOAD_TYPE
    assert not unseal(canonical(value), PAYLOAD_TYPE).holds(verifier(key.public_pem))


def test_every_predicate_has_its_own_type() -> None:
    assert len(PREDICATES) == len({f"{m.kind}:v{m.version}" for m in PREDICATES.values()})


def test_a_key_is_not_shown_when_printed(key: OperatorKey) -> None:
    assert "signer" not in repr(key)


def test_the_private_key_is_nowhere_in_a_statement(key: OperatorKey, tmp_path: Path) -> None:
    private = key.signer.private_bytes
    raw = base64.b64decode(b"".join(private.splitlines()[1:-1]))[-32:]
    data = seal(payload(), PAYLOAD_TYPE, key)
    assert raw not in data
    assert raw.hex().encode() not in data
