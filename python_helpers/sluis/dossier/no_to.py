"""The question that got the client's no, as it was put: at the prompt, or on page or form."""

from __future__ import annotations

from sluis.errors import EvidenceError
from sluis.evidence.asked import REQUEST, Asked, first_no
from sluis.evidence.objects import ObjectStore
from sluis.evidence.predicates import Shown, Signoff, Waiver
from sluis.evidence.view import View


def question_of_the_no(view: View, objects: ObjectStore, body: Signoff | Waiver) -> str:
    """The question, on one line; empty where there was no such question, or none can be read.

    Args:
        view: the ledger in which the answer is.
        objects: the dossier's.
        body: the answer.
    """
    if body.decision != "no" or not body.confirmed:
        return ""
    # of a form that came back the answer names the form; what was shown names the request
    shown = view.find(body.shown or "")
    named = shown.body.documents.get(REQUEST) if shown and isinstance(shown.body, Shown) else None
    request = named or body.request_object
    if request is None:
        return ""
    try:
        asked = Asked.from_bytes(objects.get(request))
    except EvidenceError:
        return ""  # sluis verify says what became of it
    return first_no(asked.questions, body.confirmed)
