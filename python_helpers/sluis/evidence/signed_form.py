"""Read a form that a client filled in: the form as it was sent, with answers typed in.

The form as it was sent is an object of the dossier. So nothing has to be written anew to
read an answer, and a form can still be read when our sentences have changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluis.errors import InputError

#: what an answer is typed after
PROMPT = ">>>"
LARGEST_FORM = 16 * 1024 * 1024
_REFERENCE = re.compile(r"^    ([0-9a-f]{64})$", re.MULTILINE)


def form_text(data: bytes) -> str:
    """Decode a form.

    Raises:
        InputError: ``form-not-text``.
    """
    if len(data) <= LARGEST_FORM:
        try:
            # an editor may have added a mark in front, or ended lines as Windows does
            return data.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            pass
    raise InputError(
        "form-not-text",
        "The file that was sent back is not UTF-8 text, or is far too large.",
        "Ask the client to save it as plain text and sign it again.",
    )


def reference_in(data: bytes) -> str:
    """Find the digest of the request that a form belongs to.

    Raises:
        InputError: ``form-unknown``, ``form-not-text``.
    """
    found = _REFERENCE.search(form_text(data))
    if not found:
        raise InputError(
            "form-unknown",
            "The file does not name the request that it answers.",
            "Use the file that 'sluis request' wrote, with the answers filled in.",
        )
    return found[1]


def typed_answers(sent: bytes, filled: bytes, questions: Sequence[str]) -> dict[str, str]:
    """Return what was typed, by question.

    Args:
        sent: the form as it was sent, with every answer empty.
        filled: the form as it came back.
        questions: the ids of the questions, in the form's order.

    Raises:
        InputError: ``form-changed``: something besides the answers is different;
            ``form-not-text``.
    """
    expected = _lines(sent)
    asked = [number for number, line in enumerate(expected) if line == PROMPT]
    # the questions come last; a text before them may hold such a line of its own
    places = dict(zip(asked[-len(questions) :] if questions else (), questions, strict=False))
    if len(places) != len(questions):
        raise _changed(len(expected))
    got = _lines(filled)
    typed: dict[str, str] = {}
    for number, line in enumerate(expected):
        have = got[number] if number < len(got) else ""
        if number in places and have.startswith(PROMPT):
            typed[places[number]] = have.removeprefix(PROMPT).strip()
        elif have != line:
            raise _changed(number + 1)
    if len(got) > len(expected):
        raise _changed(len(expected) + 1)
    return typed


def _lines(data: bytes) -> list[str]:
    lines = [line.rstrip() for line in form_text(data).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _changed(line: int) -> InputError:
    return InputError(
        "form-changed",
        f"The file differs from what was sent, at line {line}. Nothing is signed.",
        "Send the client a new request. Wishes belong under remarks, or in a new scope.",
    )
