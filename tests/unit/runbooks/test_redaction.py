"""Secrets are taken out of the structure, whatever their characters and length."""

from __future__ import annotations

import base64
import html
import json
import re
import shlex
import unicodedata
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from ansible.module_utils._internal import _messages
from hypothesis import example, given
from hypothesis import strategies as st

from sluis.runbook.redaction import MASK, Redaction

KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gt\n"
    "ZWQyNTUxOQAAACBq/1+c7Q==\n"
    "-----END OPENSSH PRIVATE KEY-----\n"
)
#: long enough to be found wherever they stand
SECRETS = [
    'pa"ss',
    "back\\slash",
    "a'b$c",
    "пароль",
    "caf\u00e9-noir",
    "cafe\u0301-noir",
    "tab\tstop",
    "nul\x00byte",
    "50%25+off",
    "a.b*c[d",
    "{{ password }}",
    "correct horse battery",
    "<&>'\"",
    "\u2028line",
    "x/y/z=",
    "1234",
    "true",
    "failed",
    "changed",
    "\x1b[31mred",
    "emoji \U0001f511 key",
    KEY,
]

AS_WRITTEN = {
    "as it is": str,
    "in JSON": json.dumps,
    "in JSON, not ASCII": lambda s: json.dumps(s, ensure_ascii=False),
    "in JSON within JSON": lambda s: json.dumps({"stdout": json.dumps({"password": s})}),
    "as Python prints it": repr,
    "as bytes that Python prints": lambda s: repr(s.encode()),
    "quoted for a shell": shlex.quote,
    "quoted in single quotes": lambda s: "'" + s.replace("'", "'\\''") + "'",
    "in an address": lambda s: quote(s, safe=""),
    "in an address, lower case": lambda s: re.sub(
        "%..", lambda found: found[0].lower(), quote_plus(s)
    ),
    "in a page": html.escape,
    "in base64": lambda s: base64.b64encode(s.encode()).decode(),
    "in base64 with a user": lambda s: base64.b64encode(f"user:{s}".encode()).decode(),
    "in base64 with more": lambda s: base64.b64encode(f"login={s}&x".encode()).decode(),
    "in base64 for an address": lambda s: base64.urlsafe_b64encode(f"u:{s}".encode()).decode(),
    "in hexadecimal": lambda s: s.encode().hex(),
    "for PowerShell": lambda s: base64.b64encode(s.encode("utf-16-le")).decode(),
    "composed": lambda s: unicodedata.normalize("NFC", s),
    "decomposed": lambda s: unicodedata.normalize("NFD", s),
    "line by line": lambda s: "\r\n".join(s.splitlines()),
    "on one line": lambda s: " ".join(s.split()) if "\n" in s else s,
}


def _parts(secret: str) -> list[str]:
    return [line for line in secret.splitlines() if len(line) >= 6] or [secret]


@pytest.mark.parametrize("how", AS_WRITTEN)
@pytest.mark.parametrize("secret", SECRETS, ids=ascii)
def test_L7_a_secret_is_found_however_it_is_written(secret: str, how: str) -> None:
    written = AS_WRITTEN[how](secret)
    found = Redaction({"password": secret}).text(f"login failed with <{written}> for ann")
    for part in _parts(written):
        assert part not in found
    assert MASK in found
    assert found.endswith("> for ann") or "base64" in how


@pytest.mark.parametrize(
    "secret", [*SECRETS, "u", "é", '"', "'", "\\", "\n", " ", "-", "0"], ids=ascii
)
def test_L7_a_secret_is_taken_out_of_every_place(secret: str) -> None:
    answer = {
        "stdout": secret,
        "deep": [{"more": (secret, [secret.encode()])}],
        f"key {secret}": 1,
        "diff": {"after": secret, "before": ""},
        "failed": True,
    }
    found = Redaction({"a": [secret]}).value(answer)
    assert found["stdout"] == found["diff"]["after"] == MASK
    assert found["deep"] == [{"more": [MASK, [MASK]]}]
    if len(secret) >= 4:
        assert not any(secret in key for key in found if key != "failed")
    assert found["failed"] is True
    json.dumps(found)


@pytest.mark.parametrize(
    "secret", ["u", "1", "0", "rc", "True", "true", "false", "failed", "changed", "msg", "stdout"]
)
def test_L8_a_secret_that_is_an_ordinary_word_changes_no_decision(secret: str) -> None:
    answer: dict[str, Any] = {
        "failed": True,
        "changed": False,
        "unreachable": False,
        "rc": 1,
        "skipped": False,
        "msg": "non-zero return code",
        "stdout": "you must run it",
        "mtime": 1700000000.5,
    }
    found = Redaction({"password": secret}).value(answer)
    assert list(found) == list(answer)
    for name in ("failed", "changed", "unreachable", "rc", "skipped"):
        assert found[name] is answer[name] or found[name] == answer[name]
    assert found["stdout"] == "you must run it", "a short secret is not cut out of other words"


def test_L8_a_short_secret_is_taken_out_where_it_stands_alone() -> None:
    redaction = Redaction({"password": "u", "pin": 17, "quote": '"'})
    assert redaction.text("password u is wrong (u)") == f"password {MASK} is wrong ({MASK})"
    assert redaction.text('say " twice') == f"say {MASK} twice"
    assert redaction.text('{"user": "ann"}') == '{"user": "ann"}'
    assert redaction.value({"pin": 17, "size": 170}) == {"pin": MASK, "size": 170}


def test_secrets_that_overlap_leave_nothing_of_either() -> None:
    assert Redaction(["abcdef", "defghi"]).text("<abcdefghi>") == f"<{MASK}>"
    assert Redaction(["abcd", "abcdefgh"]).text("<abcdefgh>") == f"<{MASK}>"
    assert Redaction(["aaaa"]).text("aaaaaa") == MASK


def test_asterisks_are_no_secret() -> None:
    assert not Redaction({"password": "********"})
    assert Redaction({"a": "********", "b": "secret-word"}).text("** secret-word") == f"** {MASK}"


def test_two_keys_that_become_one_are_both_kept() -> None:
    found = Redaction(["secret-one", "secret-two"]).value({"secret-one": 1, "secret-two": 2})
    assert sorted(found.values()) == [1, 2]


def test_L8_a_structure_that_holds_itself_is_cut() -> None:
    loop: dict[str, Any] = {"stdout": "secret-word"}
    loop["self"] = [loop]
    deep: list[Any] = ["secret-word"]
    for _ in range(2000):
        deep = [deep]
    found = Redaction("secret-word").value({"loop": loop, "deep": deep, "failed": True})
    assert "secret-word" not in json.dumps(found)
    assert found["failed"] is True


def test_L8_what_cannot_be_shown_is_no_obstacle() -> None:
    class Odd:
        def __str__(self) -> str:
            raise RuntimeError("secret-word")

    class Speaks:
        def __str__(self) -> str:
            return "I say secret-word"

    found = Redaction("secret-word").value({"a": Odd(), "b": Speaks(), "c": {1, 2}})
    assert found["a"] == "(a Odd that cannot be shown)"
    assert found["b"] == f"I say {MASK}"


def test_L7_ansibles_own_messages_are_cleaned_and_stay_what_they_are() -> None:
    """An error with its traceback and its causes, and a warning: all of it is shown with -vvv."""
    inner = _messages.Event(msg="inner secret-word")
    event = _messages.Event(
        msg="It said secret-word",
        formatted_traceback="File x\nsecret-word\n",
        chain=_messages.EventChain(msg_reason="r", traceback_reason="t", event=inner),
        events=(inner,),
    )
    redaction = Redaction("secret-word")
    for summary in (_messages.ErrorSummary(event=event), _messages.WarningSummary(event=event)):
        found = redaction.value({"exception": summary})["exception"]
        assert type(found) is type(summary)
        assert "secret-word" not in repr(found)
        assert found.event.chain.event.msg == f"inner {MASK}"


_TEXT = st.text(min_size=4, max_size=30).filter(lambda s: s.strip() and s.strip("*"))


@given(_TEXT, st.text(max_size=10), st.text(max_size=10))
@example("\ud800abc", "", "")
def test_no_secret_survives_in_a_text(secret: str, before: str, after: str) -> None:
    found = Redaction(secret).text(before + secret + after)
    assert secret not in found


@given(
    st.text(max_size=6),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
        ),
        max_leaves=10,
    ),
    st.booleans(),
    st.integers(),
)
def test_what_decides_is_never_touched(secret: str, rest: Any, failed: bool, rc: int) -> None:
    answer = {"stdout": rest, "failed": failed, "changed": not failed, "rc": rc}
    found = Redaction(secret).value(answer)
    assert (found["failed"], found["changed"], found["rc"]) == (failed, not failed, rc)
