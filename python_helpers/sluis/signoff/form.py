"""The file that a client who is elsewhere reads, fills in and signs.

What is signed is what was read: the whole text is in the file, and the signature is
over the file. Answers stand after ``>>>``; nothing else may be changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from sluis.border.characters import clean_text
from sluis.errors import InputError
from sluis.evidence.signed_form import PROMPT, typed_answers
from sluis.evidence.typed_words import is_yes, usable_words
from sluis.scope.voice import Voice, paragraph
from sluis.signoff.dialogue import Answers, Question
from sluis.signoff.ssh_signature import NAMESPACE
from sluis.signoff.texts import SENTENCES

#: characters of an answer that are shown when it is none
_SHOWN = 60

if TYPE_CHECKING:
    from sluis.signoff.request import Request


def write_form(
    request: Request, texts: Mapping[str, bytes], *, annex: str, zone: str | None
) -> bytes:
    """Write the file, with every answer empty.

    Args:
        request: what the answers are bound to; its digest is the file's reference.
        texts: what the client has to read, by title, in this order.
        annex: title of the text that comes behind the questions.
        zone: the client's time zone.
    """
    main = [text for title, text in texts.items() if title != annex]
    behind = [text for title, text in texts.items() if title == annex]
    lines = _lines(request, main, behind, zone)
    return "".join(f"{line}\n" for line in lines).encode()


def read_form(request: Request, sent: bytes, filled: bytes) -> Answers:
    """Read the answers out of a file that was filled in and signed.

    Args:
        request: the request that the file names.
        sent: the file as it was sent.
        filled: the bytes that were signed.

    Returns:
        The answers. One clear no makes the whole answer a no.

    Raises:
        InputError: ``form-changed``: something besides the answers is different;
            ``no-clear-answer``: a question has no clear yes or no; ``no-name``.
    """
    asked = request.asked()
    return _answers(asked, typed_answers(sent, filled, [item.id for item in asked]))


def _lines(
    request: Request, texts: Sequence[bytes], behind: Sequence[bytes], zone: str | None
) -> list[str]:
    voice, ours = Voice(request.language, SENTENCES), Voice(request.language)
    head = [
        voice.say("form.title"),
        "",
        paragraph(voice.say("form.how")),
        "    " + voice.say("form.command", command=f"ssh-keygen -Y sign -n {NAMESPACE} -f"),
        paragraph(voice.say("form.send")),
        paragraph(voice.say("form.until", until=ours.moment(request.expires_at, zone))),
        "",
        voice.say("form.reference", change=request.change),
        f"    {request.digest()}",
        "",
    ]
    lines: list[str] = []
    for part in (*head, *(text.decode() for text in texts)):
        lines += part.removesuffix("\n").split("\n")
        lines += ["", "=" * 78, ""] if part.endswith("\n") else []
    lines += [voice.say("form.questions").upper(), ""]
    for number, question in enumerate(request.asked(), start=1):
        text = (
            voice.say("form.remarks") if question.kind == "remarks"
            else f"{question.text} {question.hint}"
        )  # fmt: skip
        asked = paragraph(f"{number}. {text}", hang=3)
        lines += [*asked.split("\n"), PROMPT, ""]
    for annex in behind:
        lines += ["=" * 78, "", *annex.decode().removesuffix("\n").split("\n"), ""]
    # as the request has it: whoever verifies this form looks for it
    exact = voice.say("form.exact", moment=f"{request.expires_at:%Y-%m-%d %H:%M}")
    return [*lines, exact, voice.say("form.end")]


def _answers(asked: tuple[Question, ...], typed: Mapping[str, str]) -> Answers:
    confirmed: dict[str, str] = {}
    unclear: list[str] = []
    said_no = False
    for number, question in enumerate(asked, start=1):
        if question.kind not in ("confirm", "decision"):
            continue
        answer = is_yes(typed[question.id])
        if answer is None:
            unclear.append(f"{number} ({_as_read(typed[question.id])})")
            continue
        confirmed[question.id] = typed[question.id]
        said_no = said_no or not answer
    if unclear and not said_no:
        raise InputError(
            "no-clear-answer",
            f"Not answered with a yes or a no: question {', '.join(unclear)}. Nothing is signed.",
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


def _as_read(typed: str) -> str:
    """What stands behind a question, for the operator."""
    words = clean_text(typed, _SHOWN)
    return f"it says {words!r}" if words else "left empty"
