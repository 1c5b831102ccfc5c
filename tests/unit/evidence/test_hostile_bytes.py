"""Whatever lies in a dossier, reading it ends in findings: never in a raw error, never in an
empty machine. Also when somebody with a trusted key wrote it."""

from __future__ import annotations

import base64
import json
import shutil
import time
import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sluis.errors import EvidenceError, InputError
from sluis.evidence import pages
from sluis.evidence.answers import Compared, compare_answers
from sluis.evidence.asked import Asked
from sluis.evidence.canonical import canonical
from sluis.evidence.pages import PageReader
from sluis.evidence.predicates import Shown
from sluis.evidence.signed_form import form_text, reference_in, typed_answers
from sluis.evidence.statements import PAYLOAD_TYPE, seal, unseal
from sluis.signoff.form import read_form
from sluis.signoff.request import Request
from support.dossiers import Made
from support.signed_dossier import Ground, prepared

MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["a" * 64, "yes", "no", "\x1b[31m", "\u202e", "ssh-key", "2026-11-20"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    made = prepared(tmp_path_factory.mktemp("hostile") / "one")
    made.answer("yes")
    return made


def reader(made: Made) -> PageReader:
    return PageReader({keyid: key.public_pem for keyid, key in made.anchors.keys.items()})


def read(made: Made, data: bytes) -> None:
    """Read one file's bytes: a statement, or faults with a code, a sentence and a remedy."""
    page = reader(made).page(7, data)
    assert (page.statement is None) == bool(page.faults)
    for fault in page.faults:
        assert fault.code
        assert fault.remedy
        assert len(fault.sentence) < 1000
        json.dumps([fault.code, fault.about, fault.sentence]).encode()


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            yield from places(item, (*path, key))


def with_other(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    copy = json.loads(json.dumps(value))
    inner = copy
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return copy


@MANY
@given(data=st.binary(max_size=400))
@example(b"")
@example(b"[" * 1_000_000)
@example(b'{"payload":"' * 50_000)
@example(b"\xff\xfe" + "{}".encode("utf-16"))
def test_any_bytes_are_a_statement_or_faults(ground: Ground, data: bytes) -> None:
    read(ground.made, data)


@MANY
@given(cut=st.integers(0, 10**6), length=st.integers(0, 30), put=st.binary(max_size=30))
def test_a_statement_with_any_part_replaced_is_faults(
    ground: Ground, cut: int, length: int, put: bytes
) -> None:
    data = ground.made.file(6).read_bytes()
    place = cut % len(data)
    read(ground.made, data[:place] + put + data[place + length :])


@MANY
@given(text=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
@example(b'"' + b"\\ud800" * 10 + b'"')
@example(b"-0")
@example(b"1e999999999")
def test_any_text_that_is_signed_is_a_statement_or_faults(ground: Ground, text: bytes) -> None:
    _read_signed(ground.made, text)


@pytest.mark.parametrize(
    ("part", "times"),
    [(b"[", 5_000_000), (b'{"a":', 1_000_000), (b"9", 5_000_000)],
    ids=["lists", "objects", "digits"],
)
def test_a_text_without_end_that_is_signed_is_faults(
    ground: Ground, part: bytes, times: int
) -> None:
    _read_signed(ground.made, part * times)


def _read_signed(made: Made, text: bytes) -> None:
    """By a key that is trusted: what others sign is not even parsed."""
    data = seal_bytes(made, text)
    began = time.process_time()
    read(made, data)
    assert time.process_time() - began < 5


def seal_bytes(made: Made, text: bytes) -> bytes:
    return seal(text, PAYLOAD_TYPE, made.key)


@settings(MANY, max_examples=100)
@given(number=st.integers(1, 6), which=st.integers(0, 10**6), other=JSON)
def test_any_field_that_is_replaced_and_signed_is_a_statement_or_faults(
    ground: Ground, number: int, which: int, other: Any
) -> None:
    """In its own place in a whole dossier: reading, verifying and the gate's look never fail."""
    made = ground.made
    path = made.file(number)
    before = path.read_bytes()
    value = json.loads(base64.b64decode(json.loads(before)["payload"]))
    all_places = list(places(value))
    try:
        text = canonical(with_other(value, all_places[which % len(all_places)], other))
    except EvidenceError:
        text = json.dumps(value).encode()
    try:
        path.unlink()
        path.write_bytes(seal_bytes(made, text))
        view = made.read()
        verdict = made.verify()
        json.dumps(verdict.as_dict()).encode()
        assert (view.problems == ()) <= (path.read_bytes() == before)
    finally:
        path.unlink()
        path.write_bytes(before)


OBJECTS = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())


def compared(ground: Ground, document: str | None, data: bytes, **fields: str) -> Compared:
    """The client's yes, with other bytes as one of the objects under it."""
    view, objects = ground.made.read(), ground.made.objects
    digest = objects.put(data)
    statements = list(view.statements[:6])  # the last of them is the yes
    if document is None:
        fields = dict.fromkeys(fields, digest)
        statements[-1] = replace(statements[-1], body=statements[-1].body.model_copy(update=fields))
    else:
        shown = statements[-2].body
        assert isinstance(shown, Shown)
        documents = {**shown.documents, document: digest}
        statements[-2] = replace(
            statements[-2], body=shown.model_copy(update={"documents": documents})
        )
    (found,) = compare_answers(statements, objects, ground.made.anchors)
    json.dumps([*found.differs, found.unproven, found.signature]).encode()
    return found


@settings(MANY, max_examples=50)
@given(data=OBJECTS)
@example(data=b"[" * 1_000_000)
@example(data=b'{"signers": [{"name": 1}]}')
@example(data=b'{"signers": 1}')
def test_any_object_under_an_answer_is_compared_or_named(ground: Ground, data: bytes) -> None:
    """Whoever holds the operator's key can name any object as the request or the form."""
    for found in (
        compared(ground, "form", data),
        compared(ground, "request", data),
        compared(ground, None, data, scope_object=""),
    ):
        assert found.differs


@settings(MANY, max_examples=8)  # each of them starts ssh-keygen
@given(data=OBJECTS)
def test_any_form_or_signature_under_an_answer_is_refused(ground: Ground, data: bytes) -> None:
    assert compared(ground, None, data, request_object="").signature_holds is False
    assert compared(ground, None, data, ssh_signature_object="").signature_holds is False


@MANY
@given(sent=st.binary(max_size=100), filled=st.binary(max_size=100))
@example(sent=b">>>\n" * 100_000, filled=b">>> yes\n" * 100_000)
def test_any_form_is_answers_or_an_error_of_ours(sent: bytes, filled: bytes) -> None:
    for call in (
        lambda: form_text(filled),
        lambda: reference_in(filled),
        lambda: typed_answers(sent, filled, ["a", "b"]),
    ):
        try:
            call()
        except InputError as error:
            assert error.remedy


def test_a_form_is_too_large_to_be_read(ground: Ground) -> None:
    with pytest.raises(InputError, match="form-not-text"):
        form_text(b"x" * (16 * 1024 * 1024 + 1))


@given(data=st.binary(max_size=100))
@example(b"[" * 1_000_000)
@example(b"{}")
def test_any_request_is_read_or_an_error_of_ours(data: bytes) -> None:
    for read_it in (Asked.from_bytes, Request.from_bytes):
        try:
            read_it(data)
        except EvidenceError as error:
            assert error.code == "request-unreadable"


def test_a_line_in_a_text_that_looks_like_an_answer_is_no_answer(ground: Ground) -> None:
    """A plan may hold such a line; the questions stand after it."""
    request = Request.from_bytes(ground.made.objects.get(ground.forms["yes"].reference))
    head, questions = (
        b"Reference\n>>>\n>>> yes\n",
        b"".join(
            f"{number}. {item.id}\n>>>\n\n".encode()
            for number, item in enumerate(request.questions, 1)
        ),
    )
    sent = head + questions
    filled = head + questions.replace(b">>>\n", b">>> yes\n")
    ids = [item.id for item in request.questions]
    assert typed_answers(sent, filled, ids) == dict.fromkeys(ids, "yes")
    assert read_form(request, sent, filled).decision == "yes"
    with pytest.raises(Exception, match="form-changed"):
        typed_answers(sent, filled.replace(b">>>\n", b">>> no\n", 1), ids)


def test_a_huge_file_in_an_objects_place_does_not_fill_the_memory(
    ground: Ground, tmp_path: Path
) -> None:
    shutil.copytree(ground.made.root, tmp_path / "copy", symlinks=True)
    made = ground.moved_to(tmp_path / "copy").made
    form = made.objects.path(str(ground.statements["yes"].body.request_object))  # type: ignore[attr-defined]
    form.chmod(0o600)
    with form.open("wb") as file:
        file.truncate(300 << 20)
    tracemalloc.start()
    try:
        codes = {problem.code for problem in made.read().problems}
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "answer-differs" in codes
    assert peak < 64 << 20


def test_what_a_stranger_signs_is_not_parsed(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text that unfolds in memory is a way to stop a verifier; a key comes first."""
    monkeypatch.setattr(pages, "read_payload", lambda sealed: pytest.fail("it was parsed"))
    data = seal_bytes(ground.made, b"[" * 100)
    keyid = unseal(data, PAYLOAD_TYPE).keyid.encode()
    for other in (
        data.replace(keyid, b"0" * 64),
        data.replace(b'"payload":"W1t', b'"payload":"W1s'),
    ):
        assert reader(ground.made).page(7, other).faults
