"""The file that a client who is elsewhere reads, fills in and signs.

What is signed is what was read: the whole text is in the file, and the signature is
over the file. Answers stand after ``>>>``; nothing else may be changed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from sluis.errors import InputError
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.dialogue import Answers, Question, is_yes, usable_words
from sluis.signoff.ssh_signature import NAMESPACE
from sluis.signoff.texts import SENTENCES

if TYPE_CHECKING:
    from sluis.signoff.request import Request

#: what an answer is typed after
PROMPT = ">>>"
LARGEST_FORM = 16 * 1024 * 1024
_REFERENCE = re.compile(r"^    ([0-9a-f]{64})$", re.MULTILINE)


def write_form(request: Request, texts: Mapping[str, bytes]) -> bytes:
    """Write the file, with every answer empty.

    Args:
        request: what the answers are bound to; its digest is the file's reference.
        texts: what the client has to read, by title, in this order.
    """
    return "".join(f"{line}\n" for line, _ in _lines(request, texts)).encode()


def reference_in(filled: bytes) -> str:
    """The reference of the request that a filled-in file answers.

    Raises:
        InputError: ``form-unknown``.
    """
    found = _REFERENCE.search(_as_text(filled))
    if not found:
        raise InputError(
            "form-unknown",
            "The file does not name the request that it answers.",
            "Use the file that 'sluis request' wrote, with the answers filled in.",
        )
    return found[1]


def read_form(request: Request, texts: Mapping[str, bytes], filled: bytes) -> Answers:
    """Read the answers out of a file that was filled in and signed.

    Args:
        request: the request that the file names.
        texts: the texts as they were sent.
        filled: the bytes that were signed.

    Returns:
        The answers. One clear no makes the whole answer a no.

    Raises:
        InputError: ``form-changed``: something besides the answers is different;
            ``no-clear-answer``: a question has no clear yes or no; ``no-name``.
    """
    sent = _lines(request, texts)
    got = [line.rstrip() for line in _as_text(filled).split("\n")]
    while got and not got[-1]:
        got.pop()
    typed: dict[str, str] = {}
    for number, (line, question_id) in enumerate(sent):
        have = got[number] if number < len(got) else ""
        if question_id is not None and have.startswith(PROMPT):
            typed[question_id] = have.removeprefix(PROMPT).strip()
        elif have != line.rstrip():
            raise _changed(number + 1)
    if len(got) > len(sent):
        raise _changed(len(sent) + 1)
    return _answers(request.asked(), typed)


def _lines(request: Request, texts: Mapping[str, bytes]) -> list[tuple[str, str | None]]:
    """Each line of the file, and the question that is answered on it, if any."""
    voice = Voice(request.language, SENTENCES)
    until = f"{request.expires_at:%Y-%m-%d %H:%M}"
    head = [
        voice.say("form.title", change=request.change),
        "",
        voice.say("form.reference"),
        f"    {request.digest()}",
        "",
        paragraph(voice.say("form.how")),
        f"    ssh-keygen -Y sign -n {NAMESPACE} -f KEY FILE",
        paragraph(voice.say("form.send")),
        paragraph(voice.say("form.until", when=until)),
        "",
    ]
    lines: list[tuple[str, str | None]] = []
    for part in (*head, *(text.decode() for text in texts.values())):
        lines += [(line, None) for line in part.removesuffix("\n").split("\n")]
        lines += [("", None), ("=" * 78, None), ("", None)] if part.endswith("\n") else []
    lines += [(voice.say("form.questions").upper(), None), ("", None)]
    for number, question in enumerate(request.asked(), start=1):
        text = (
            voice.say("form.remarks") if question.kind == "remarks"
            else f"{question.text} {question.hint}"
        )  # fmt: skip
        asked = paragraph(f"{number}. {text}", hang=3)
        lines += [(line, None) for line in asked.split("\n")]
        lines += [(PROMPT, question.id), ("", None)]
    return [*lines, (voice.say("form.end"), None)]


def _answers(asked: tuple[Question, ...], typed: Mapping[str, str]) -> Answers:
    confirmed: dict[str, str] = {}
    unclear: list[int] = []
    said_no = False
    for number, question in enumerate(asked, start=1):
        if question.kind not in ("confirm", "decision"):
            continue
        answer = is_yes(typed[question.id])
        if answer is None:
            unclear.append(number)
            continue
        confirmed[question.id] = typed[question.id]
        said_no = said_no or not answer
    if unclear and not said_no:
        raise InputError(
            "no-clear-answer",
            f"Not answered with a yes or a no: question {', '.join(map(str, unclear))}. "
            "Nothing is signed.",
            "Ask the client to answer every question, sign the file anew and send it again.",
        )
    name, role = usable_words(typed["name"]), usable_words(typed["role"])
    if name is None or role is None:
        raise InputError(
            "no-name",
            "The file does not say who signs, by name and role. Nothing is signed.",
            "Ask the client to fill in both, sign the file anew and send it again.",
        )
    remarks = usable_words(typed["remarks"]) or ""
    return Answers("no" if said_no else "yes", confirmed, name, role, remarks, asked)


def _as_text(filled: bytes) -> str:
    if len(filled) <= LARGEST_FORM:
        try:
            # an editor may have added a mark in front, or ended lines as Windows does
            return filled.decode("utf-8-sig").replace("\r\n", "\n")
        except UnicodeDecodeError:
            pass
    raise InputError(
        "form-not-text",
        "The file that was sent back is not UTF-8 text, or is far too large.",
        "Ask the client to save it as plain text and sign it again.",
    )


def _changed(line: int) -> InputError:
    return InputError(
        "form-changed",
        f"The file differs from what was sent, at line {line}. Nothing is signed.",
        "Send the client a new request. Wishes belong under remarks, or in a new scope.",
    )
