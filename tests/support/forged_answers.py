"""Answers of the client that are not what lies under them: class L15."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sluis.evidence.asked import Asked
from sluis.evidence.predicates import Shown, Signoff
from sluis.signoff.proposal import propose, propose_waiver
from sluis.signoff.request import Offer, build_request, build_waiver_request
from support.forgeries import Forgery, alone, taken_back
from support.scopes import make_scope
from support.signed_dossier import SIGNERS, Ground, lay_down, no_to_training, shown_again
from support.signing import DRAFT, fill_in, say_yes, sign

Fields = dict[str, Any]


def filed(
    ground: Ground,
    like: str = "yes",
    change: Callable[[Fields], Fields] = lambda fields: {},
    *,
    offer: Offer | None = None,
    answer: Callable[[int, str], str] | None = None,
    by: str = "client",
) -> None:
    """Send a new form, have it signed, and file it as `like` with other fields.

    Without ``change`` this is what an honest operator records.
    """
    if like == "waiver" and offer is None:
        offer = waiver_offer(ground)
    answers = answer or (no_to_training if like == "no" else say_yes)
    ground.ask("new", answers, offer=offer, by=by)
    body = ground.statements[like].body
    fields: Fields = dict(ground.lies_under("new"))
    if isinstance(body, Signoff) and body.decision == "yes":
        fields["expires_at"] = asked(ground, "new").expires_at
    ground.made.append(body.model_copy(update={**fields, **change({**dict(body), **fields})}))


def with_fields(**changes: Any) -> Callable[[Fields], Fields]:
    return lambda fields: changes


def asked(ground: Ground, name: str) -> Asked:
    return Asked.from_bytes(ground.made.objects.get(ground.forms[name].reference))


def waiver_offer(ground: Ground) -> Offer:
    made = ground.made
    ends = ground.statements["waiver"].body.ends_on
    draft = DRAFT.model_copy(update={"ends_on": ends})
    return build_waiver_request(propose_waiver(made, made.now), draft, (), now=made.now)


def forge(like: str = "yes", **changes: Any) -> Callable[[Ground, Ground], Any]:
    return alone(lambda ground: filed(ground, like, with_fields(**changes)))


def beside_the_operator(ground: Ground, **changes: Any) -> None:
    """File a yes as one that was given beside the operator, with other fields."""
    ground.ask("new")
    wanted = asked(ground, "new")
    shown = ground.made.read().find(ground.forms["new"].shown)
    assert shown is not None and isinstance(shown.body, Shown)
    fields: Fields = {
        "tier": "attended", "ssh_signature_object": None, "ssh_principal": None,
        "request_object": shown.body.documents["request"], "shown": ground.forms["new"].shown,
        "confirmed": {q.id: "yes" for q in wanted.questions if q.kind in ("confirm", "decision")},
        "expires_at": wanted.expires_at,
    }  # fmt: skip
    ground.made.append(ground.statements["yes"].body.model_copy(update={**fields, **changes}))


def under_another_plan(ground: Ground) -> None:
    """The genuine signature for plan 1, filed under plan 3."""
    ground.ask("first")
    for steps in (2, 3):
        plan = lay_down(ground, make_scope({"signers": list(SIGNERS)}), f"-{steps}", steps)
    record(ground, "first", plan_object=plan.plan_object)


def under_another_scope(ground: Ground) -> None:
    ground.ask("first")
    plan = lay_down(ground, make_scope({"signers": list(SIGNERS), "version": 2}), "-2")
    record(ground, "first", plan_object=plan.plan_object, scope_object=plan.scope_object)


def record(ground: Ground, name: str, **changes: Any) -> None:
    """File a form that was signed and never recorded."""
    fields = {**ground.lies_under(name), "expires_at": asked(ground, name).expires_at, **changes}
    ground.made.append(ground.statements["yes"].body.model_copy(update=fields))


def of_another_dossier(ground: Ground, other: Ground, *, shown: bool) -> None:
    """A form of another change or client, with or without a record that it was shown here."""
    form, theirs, ours = other.forms["yes"], other.made.objects, ground.made.objects
    fields: Fields = {
        "request_object": ours.put(form.filled),
        "ssh_signature_object": ours.put(form.signature),
    }
    # the client's own keys are the same in both
    signers = (other.made.trust / "allowed_signers").read_text()
    with (ground.made.trust / "allowed_signers").open("a") as file:
        file.write(signers)
    ground.made.reload()
    ground.ask("new")
    fields["shown"], fields["expires_at"] = (
        ground.forms["new"].shown,
        asked(ground, "new").expires_at,
    )
    if shown:
        before = other.made.read().find(form.shown)
        documents = before.body.documents  # type: ignore[union-attr]
        texts = {title: theirs.get(digest) for title, digest in documents.items()}
        fields["shown"] = shown_again(ground, ground.forms["new"], **texts).sha256
        fields["expires_at"] = other.statements["yes"].body.expires_at
    ground.made.append(ground.statements["yes"].body.model_copy(update=fields))


def answers_without(fields: Fields, name: str) -> Fields:
    return {"confirmed": {k: v for k, v in fields["confirmed"].items() if k != name}}


def form_of_another_request(ground: Ground) -> None:
    ground.ask("first")
    ground.ask("second")
    until = asked(ground, "first").expires_at
    record(ground, "second", shown=ground.forms["first"].shown, expires_at=until)


def signature_for_something_else(ground: Ground) -> None:
    ground.ask("new")
    path = ground.mail / "again"
    path.write_bytes(ground.forms["new"].filled)
    made = sign(path, ground.keys["client"], "file").read_bytes()
    record(ground, "new", ssh_signature_object=ground.made.objects.put(made))


def signature_of_another_form(ground: Ground) -> None:
    ground.ask("new")
    record(ground, "new", ssh_signature_object=ground.lies_under("yes")["ssh_signature_object"])


def lying_form(ground: Ground, change: Callable[[bytes], bytes]) -> None:
    """The client was sent, and signed, a form that is not what the request says."""
    ground.ask("new")
    before = ground.made.read().find(ground.forms["new"].shown)
    sent = ground.made.objects.get(before.body.documents["form"])  # type: ignore[union-attr]
    told = change(sent)
    assert told != sent
    shown = shown_again(ground, ground.forms["new"], form=told)
    path = ground.mail / "told"
    path.write_bytes(told)
    fill_in(path, say_yes)
    signature = sign(path, ground.keys["client"])
    put = ground.made.objects.put
    record(
        ground,
        "new",
        request_object=put(path.read_bytes()),
        ssh_signature_object=put(signature.read_bytes()),
        shown=shown.sha256,
    )


def without_the_plan(sent: bytes) -> bytes:
    rule = b"\n" + b"=" * 78
    start = sent.index(rule)
    return sent[:start] + sent[sent.index(rule, start + 10) :]


def too_late(ground: Ground) -> None:
    made = ground.made
    offer = build_request(made, propose(made, made.now), now=made.now)
    until = made.now + timedelta(seconds=20)
    late = offer.request.model_copy(update={"expires_at": until})
    ground.ask("new", offer=Offer(late, offer.texts, offer.handed, offer.names))
    made.now += timedelta(seconds=30)
    record(ground, "new", expires_at=until)


def edited_request(ground: Ground) -> None:
    """The request says another plan than the one that was shown; the form names the first."""
    ground.ask("new")
    shown = ground.made.read().find(ground.forms["new"].shown)
    digest = shown.body.documents["request"]  # type: ignore[union-attr]
    value = json.loads(ground.made.objects.get(digest))
    until = datetime.fromisoformat(value["expires_at"]) + timedelta(days=30)
    value["expires_at"] = until.isoformat()
    again = shown_again(ground, ground.forms["new"], request=json.dumps(value).encode())
    record(ground, "new", shown=again.sha256, expires_at=until)


def replayed(ground: Ground, name: str) -> None:
    taken_back(ground, name)
    ground.made.append(ground.statements[name].body)


DIFFERS = "answer-differs"

L15: dict[str, Forgery] = {
    "a signature for plan 1 under plan 3": Forgery(
        alone(under_another_plan), DIFFERS, "another plan", always=True
    ),
    "a signature under another scope": Forgery(
        alone(under_another_scope), DIFFERS, "another scope"
    ),
    "a no as a yes": Forgery(
        alone(lambda g: filed(g, "no", lambda f: {
            "decision": "yes", "expires_at": asked(g, "new").expires_at})),
        DIFFERS, "the form says no", always=True,
    ),
    "a no as a yes, and every answer a yes": Forgery(
        alone(lambda g: filed(g, "no", lambda f: {
            "decision": "yes", "expires_at": asked(g, "new").expires_at, "remarks": "",
            "confirmed": g.statements["yes"].body.confirmed})),
        DIFFERS, "the form says no",
    ),
    "a yes as a no": Forgery(
        forge(decision="no", expires_at=None), DIFFERS, "the form says yes"
    ),
    "one answer in other words": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: {
            "confirmed": {**f["confirmed"], "decision": "ja"}})),
        DIFFERS, "the single answers differ",
    ),
    "one answer left out": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: answers_without(f, "retention"))),
        DIFFERS, "the single answers differ",
    ),
    "one answer turned round": Forgery(
        alone(lambda g: filed(g, "no", lambda f: {
            "confirmed": {**f["confirmed"], "retention": "no"}})),
        DIFFERS, "the single answers differ",
    ),
    "an answer more": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: {
            "confirmed": {**f["confirmed"], "more": "yes"}})),
        DIFFERS, "the single answers differ",
    ),
    "the remarks dropped": Forgery(forge("no", remarks=""), DIFFERS, "the remarks differ"),
    "other remarks": Forgery(
        forge(remarks="And the printers too."), DIFFERS, "the remarks differ"
    ),
    "another name": Forgery(forge(signer_name="B. Colleague"), DIFFERS, "the signer differs"),
    "another role": Forgery(forge(signer_role="owner"), DIFFERS, "the signer differs"),
    "a longer life": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: {
            "expires_at": f["expires_at"] + timedelta(days=30)})),
        DIFFERS, "until another moment",
    ),
    "no end": Forgery(forge(expires_at=None), DIFFERS, "until another moment"),
    "a waiver's form under another asset": Forgery(
        forge("waiver", asset="patient-records"), DIFFERS, "another asset", always=True
    ),
    "a waiver for less than was signed": Forgery(
        forge("waiver", accepts="none"), DIFFERS, "another accepts"
    ),
    "a waiver with another end": Forgery(
        alone(lambda g: filed(g, "waiver", lambda f: {
            "ends_on": f["ends_on"] + timedelta(days=9)})),
        DIFFERS, "another ends_on",
    ),
    "a waiver with another risk": Forgery(
        forge("waiver", risk="Nothing that matters at all."), DIFFERS, "another risk"
    ),
    "a waiver with another scope": Forgery(
        forge("waiver", scope_object=None), DIFFERS, "another scope"
    ),
    "a waiver's form as a sign-off": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: {"expires_at": asked(g, "new").expires_at},
                              offer=waiver_offer(g))),
        DIFFERS, "asks for something else",
    ),
    "a sign-off's form as a waiver": Forgery(
        alone(lambda g: filed(g, "waiver", offer=build_request(
            g.made, propose(g.made, g.made.now), now=g.made.now))),
        DIFFERS, "asks for something else",
    ),
    "an answer that is filed again": Forgery(
        alone(lambda g: replayed(g, "yes")), DIFFERS, "answered this request already",
        always=True,
    ),
    "a waiver that is filed again": Forgery(
        alone(lambda g: replayed(g, "waiver")), DIFFERS, "answered this request already"
    ),
    "an open form": Forgery(
        alone(lambda g: filed(g, answer=lambda number, question: "")), DIFFERS,
        "the form says not clear", always=True,
    ),
    "a form with one answer open": Forgery(
        # what is filed of the single answers is right; only the yes is not
        alone(lambda g: filed(
            g, change=lambda f: answers_without(f, "not-included:training"),
            answer=lambda number, question: (
                "" if "train your people" in question else say_yes(number, question)))),
        DIFFERS, "the form says not clear",
    ),
    "a form of another request": Forgery(
        alone(form_of_another_request), DIFFERS, "answers another request"
    ),
    "a form of another change": Forgery(
        lambda g, other: of_another_dossier(g, other, shown=False), DIFFERS,
        "answers another request", always=True,
    ),
    "a form of another change, as if it was shown here": Forgery(
        lambda g, other: of_another_dossier(g, other, shown=True), DIFFERS,
        "the request is for another change",
    ),
    "a form without the plan": Forgery(
        alone(lambda g: lying_form(g, without_the_plan)), DIFFERS, "the form lacks the text"
    ),
    "a form with another question": Forgery(
        alone(lambda g: lying_form(g, lambda d: d.replace(b"We do not train", b"We do train"))),
        DIFFERS, "the form lacks",
    ),
    "a form with another last question": Forgery(
        alone(lambda g: lying_form(g, lambda d: d.replace(b"to exactly ", b"to "))),
        DIFFERS, "the form lacks a question",
    ),
    "a form with another end": Forgery(
        alone(lambda g: lying_form(g, lambda d: d.replace(b"ends at 20", b"ends at 21", 1))),
        DIFFERS, "another end",
    ),
    "a form whose words name another end": Forgery(
        alone(lambda g: lying_form(g, lambda d: d.replace(b"counts until", b"counts after"))),
        DIFFERS, "the form lacks a question",
    ),
    "another request than was shown": Forgery(
        alone(edited_request), DIFFERS, "answers another request"
    ),
    "answered too late": Forgery(alone(too_late), DIFFERS, "answered too late"),
    "never shown": Forgery(
        alone(lambda g: filed(g, "yes", lambda f: {"shown": g.statements["scope"].sha256})),
        DIFFERS, "no form was sent",
    ),
    "taken back with the client's key": Forgery(
        alone(lambda g: filed(g, "yes", with_fields(decision="withdrawn", expires_at=None))),
        DIFFERS, "signs a yes or a no",
    ),
    "taken back, and the signature kept": Forgery(
        forge(decision="withdrawn", tier="attended", expires_at=None), DIFFERS,
        "given beside the operator",
    ),
    "beside the operator, and the signature kept": Forgery(
        forge(tier="attended"), DIFFERS, "given beside the operator"
    ),
    "signed with a colleague's key": Forgery(
        alone(lambda g: filed(g, "yes", with_fields(ssh_principal="colleague@practice"),
                              by="colleague")),
        DIFFERS, "the signer has another key",
    ),
    "signed by somebody who may not": Forgery(
        alone(lambda g: filed(g, "yes", with_fields(signer_name="C. Visitor"),
                              answer=lambda number, question: (
            "C. Visitor" if "name?" in question else say_yes(number, question)))),
        DIFFERS, "somebody signed who may not",
    ),
    "beside the operator, by somebody who may not": Forgery(
        alone(lambda g: beside_the_operator(g, signer_name="C. Visitor")), DIFFERS,
        "somebody signed who may not", always=True,
    ),
    "signed with a stranger's key": Forgery(
        alone(lambda g: filed(g, by="stranger")), "ssh-signature",
        "the signature of client@practice", always=True,
    ),
    "under another principal": Forgery(
        forge(ssh_principal="colleague@practice"), "ssh-signature", "the signer has another key"
    ),
    "a signature for something else": Forgery(
        alone(signature_for_something_else), "ssh-signature", "the signature of client@practice"
    ),
    "the signature of another form": Forgery(
        alone(signature_of_another_form), "ssh-signature", "the signature of client@practice"
    ),
    "no signature": Forgery(
        forge(ssh_signature_object=None), "ssh-signature", "names no signer, form or signature"
    ),
}  # fmt: skip
