"""What lies in a statement for good can be read for what it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sluis.border.characters import hostile
from sluis.evidence.predicates import Check, Discovery, Machine, Reason, Refusal
from sluis.evidence.readable import readable
from support.dossiers import make

ESC, RTL, ZERO = "\x1b[2J", "\u202e", "\u200b"
NASTY = f"a{ESC}b{RTL}c{ZERO}d\x9b\x7f\u2028"


def _texts(value):
    if isinstance(value, str):
        yield value
    for name, item in value.items() if isinstance(value, dict) else ():
        yield from _texts(name)
        yield from _texts(item)
    for item in value if isinstance(value, (list, tuple)) else ():
        yield from _texts(item)


MACHINE = Machine(host=f"db1{ESC}", target=NASTY, host_keys=(NASTY,))
BODIES = [
    Check(check=f"web{RTL}", host="s", what=NASTY, passed=None, detail=NASTY),
    Refusal(hosts=(NASTY,), reasons=(
        Reason(code=f"x{ZERO}", about=NASTY, sentence=NASTY, remedy=NASTY),)),
    Discovery(machine=MACHINE, found=({f"k{RTL}": [NASTY, {"deep": NASTY}]},),
              not_verified=(NASTY,)),
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=lambda body: body.kind)
def test_L25_no_text_of_a_statement_holds_what_a_reader_would_not_see(tmp_path: Path, body):
    made = make(tmp_path / "one")
    kept = made.append(body).body
    assert made.read().statements[-1].body == kept
    texts = list(_texts(kept.model_dump()))
    assert all(hostile(text, allowed="\n\t") is None for text in texts)
    assert any("\\u{001B}[2J" in text for text in texts)
    assert any("\\u{202E}" in text for text in texts)


def test_a_plain_body_is_recorded_as_it_is():
    body = Check(check="web", host="s", what="één\nregel\tén €", passed=True)
    assert readable(body) is body


def test_a_text_that_grows_is_cut_at_the_bound():
    body = Refusal(hosts=(), reasons=(Reason(code="x", about="y", sentence="\x1b" * 3999,
                                             remedy="z"),))  # fmt: skip
    sentence = readable(body).reasons[0].sentence
    assert len(sentence) == 4000
    assert sentence.endswith("…")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.characters(), max_size=40))
def test_L25_any_text_is_recorded_readable(text):
    kept = readable(Check(check="c", host="h", what=text, passed=None, detail=text))
    assert hostile(kept.detail, allowed="\n\t") is None
    assert readable(kept) is kept
    kept.model_dump_json()


def test_statements_that_are_there_already_stay_as_they_are(tmp_path: Path):
    """A signature over an older text still holds: reading changes nothing."""
    import sluis.evidence.ledger as ledger_module

    made = make(tmp_path / "one")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ledger_module, "readable", lambda body: body)
        made.append(Check(check="c", host="h", what=f"x{RTL}y", passed=None))
    view = made.read()
    assert view.problems == ()
    assert view.statements[-1].body.what == f"x{RTL}y"
