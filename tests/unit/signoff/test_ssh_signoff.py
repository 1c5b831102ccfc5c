"""A client who signs from elsewhere, with real keys and the real ssh-keygen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sluis.errors import SluisError
from sluis.evidence.asked import FORM
from sluis.evidence.predicates import Shown, Signoff
from sluis.evidence.signed_form import PROMPT
from sluis.evidence.verify import verify_dossier
from sluis.scope.text import scope_text
from sluis.signoff import ssh_signature
from sluis.signoff.proposal import propose
from sluis.signoff.record import record_ssh, record_withdrawal
from sluis.signoff.request import build_request, write_request
from sluis.signoff.ssh_signature import LARGEST_SIGNATURE, signed_by
from sluis.signoff.standing import standing
from support.scopes import make_scope
from support.signing import SIGNER, START, Bench, empty_bench, fill_in, make_bench, say_yes, sign

Answer = Callable[[int, str], str]


def send(bench: Bench) -> Path:
    return write_request(bench, bench.root / "out", now=bench.now)[0]


def refused(bench: Bench, form: Path, signature: Path) -> str:
    return error_of(bench, form, signature).code


def error_of(bench: Bench, form: Path, signature: Path) -> SluisError:
    with pytest.raises(SluisError) as caught:
        record_ssh(bench, form, signature, now=bench.now)
    assert bench.view().of(Signoff) == ()
    assert caught.value.remedy
    return caught.value


def but(text: str, typed: str) -> Answer:
    """Yes to everything, but ``typed`` where the question holds ``text``."""
    return lambda number, question: typed if text in question else say_yes(number, question)


def test_the_whole_way_from_request_to_standing_signoff(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    assert scope_text(make_scope(), "en") in form.read_text()
    assert "ssh-keygen -Y sign -n sluis-signoff" in form.read_text()
    (shown,) = bench.view().of(Shown)
    assert bench.objects.get(shown.body.documents[FORM]) == form.read_bytes()
    assert shown.body.channel == "file"
    fill_in(form, say_yes)
    bench.later(hours=2)
    statement = record_ssh(bench, form, sign(form, key), now=bench.now)
    body = statement.body
    assert isinstance(body, Signoff)
    assert (body.decision, body.tier, body.ssh_principal) == ("yes", "ssh-key", "client@practice")
    assert (body.signer_name, body.signer_role) == SIGNER
    # from when it was sent, because nobody can prove when a client signed
    assert body.expires_at == START + timedelta(hours=48)
    assert body.request_object is not None
    assert bench.objects.get(body.request_object) == form.read_bytes()
    proposal = propose(bench, bench.now)
    assert proposal.plan_object is not None
    assert standing(bench.view(), proposal.scope_object, proposal.plan_object, bench.now).signed
    verdict = verify_dossier(bench.dossier, bench.anchors, bench.now)
    found = [item for item in verdict.findings if item.what == "ssh-signature"]
    assert [item.verdict for item in found] == ["holds"]


def test_an_untouched_form_is_not_a_yes(tmp_path: Path) -> None:
    """No box is ticked beforehand: a client who only signs has agreed to nothing."""
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    assert form.read_text().count(f"\n{PROMPT}\n") == len(
        build_request(bench, propose(bench, bench.now), now=bench.now).request.questions
    )
    assert refused(bench, form, sign(form, key)) == "no-clear-answer"


@pytest.mark.parametrize("typed", ["", "y", "ok", "yes, but not all"])
def test_case_A9_one_question_without_a_clear_answer_is_not_a_yes(
    tmp_path: Path, typed: str
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, but("Then nobody can open a record", typed))
    assert refused(bench, form, sign(form, key)) == "no-clear-answer"


@pytest.mark.parametrize("typed", ["Yes.", "yes!", " JA. "])
def test_newcomer_a_yes_with_a_full_stop_is_a_yes(tmp_path: Path, typed: str) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, but("Then nobody can open a record", typed))
    statement = record_ssh(bench, form, sign(form, key), now=bench.now)
    assert statement.body.decision == "yes"


def test_newcomer_of_an_answer_that_is_none_it_is_shown_what_was_read(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, but("Then nobody can open a record", "yes.."))
    assert "(it says 'yes..')" in error_of(bench, form, sign(form, key)).what


def test_a_no_is_recorded_with_the_remarks(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(
        form,
        lambda number, question: (
            "Not this week."
            if "may stay empty" in question
            else but("train your people", "no")(number, question)
        ),
    )
    statement = record_ssh(bench, form, sign(form, key), now=bench.now)
    assert isinstance(statement.body, Signoff)
    assert statement.body.decision == "no"
    assert statement.body.remarks == "Not this week."
    assert statement.body.confirmed["not-included:training"] == "no"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda text: text.replace("48,210", "48,211"), "form-changed"),
        (lambda text: text.replace("We do not train", "We do train"), "form-changed"),
        (lambda text: text + "And the printer too.\n", "form-changed"),
        (lambda text: text.replace("\nEnd.\n", "\n"), "form-changed"),
        (lambda text: text.replace(f"{PROMPT} yes\n", "", 1), "form-changed"),
        (lambda text: text.replace(f"{PROMPT} yes", f"{PROMPT} yes\n{PROMPT} yes", 1),
         "form-changed"),
        (lambda text: text.replace(f"{PROMPT} A. Client", PROMPT), "no-name"),
        (lambda text: text.replace(f"{PROMPT} A. Client", f"{PROMPT} B. Client"), "not-a-signer"),
        (lambda text: "yes\n", "form-unknown"),
        (lambda text: text.replace("(change CHG-1042):\n    ",
                                   "(change CHG-1042):\n    " + "0" * 64 + "\n    "),
         "form-unknown"),
    ],
)  # fmt: skip
def test_a_form_with_other_words_is_refused_although_the_client_signed_it(
    tmp_path: Path, change: Callable[[str], str], code: str
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    before = form.read_text()
    form.write_text(change(before))
    assert form.read_text() != before
    assert refused(bench, form, sign(form, key)) == code


def test_an_editors_line_ends_do_not_matter(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    text = "\ufeff" + form.read_text().replace(f"{PROMPT} yes", f"{PROMPT}  YES  ") + "\n\n"
    form.write_bytes(text.replace("\n", "\r\n").encode())
    statement = record_ssh(bench, form, sign(form, key), now=bench.now)
    assert statement.body.decision == "yes"  # type: ignore[union-attr]


def test_a_signature_is_over_these_bytes_by_this_key_for_this_purpose(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key, stranger = bench.trust_ssh(), tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    form = send(bench)
    fill_in(form, say_yes)
    assert refused(bench, form, sign(form, stranger)) == "signature-not-trusted"
    assert refused(bench, form, sign(form, key, namespace="file")) == "ssh-signature-bad"
    signature = sign(form, key)
    filled = form.read_bytes()
    form.write_bytes(filled.replace(b">>> yes", b">>> YES", 1))
    assert refused(bench, form, signature) == "ssh-signature-bad"
    form.write_bytes(filled)
    armour = signature.read_bytes()
    signature.write_bytes(armour.replace(b"SIGNATURE", b"NOTHING"))
    assert refused(bench, form, signature) == "bad-signature-file"
    signature.write_bytes(b"")
    assert refused(bench, form, signature) == "bad-signature-file"
    signature.write_bytes(armour)
    record_ssh(bench, form, signature, now=bench.now)


def test_newcomer_a_signature_for_another_purpose_and_one_over_another_text_are_told_apart(
    tmp_path: Path,
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    other_purpose = error_of(bench, form, sign(form, key, namespace="file"))
    assert "ssh-keygen -Y sign -n sluis-signoff" in other_purpose.remedy
    signature = sign(form, key)
    form.write_bytes(form.read_bytes().replace(b">>> yes", b">>> YES", 1))
    assert "edited afterwards" in error_of(bench, form, signature).remedy


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ('namespaces="file,git"', "ssh-signature-bad"),
        ('namespaces="sluis-signoff",valid-before="20261120"', "signature-not-trusted"),
        ('valid-before="20261120115959Z"', "signature-not-trusted"),
        ('valid-after="20261121"', "signature-not-trusted"),
    ],
)
def test_case_D1_a_key_counts_only_for_its_purpose_and_its_time(
    tmp_path: Path, options: str, code: str
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh(options=options)
    form = send(bench)
    fill_in(form, say_yes)
    assert refused(bench, form, sign(form, key)) == code


def test_a_key_that_ends_later_counts_until_then(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh(options='namespaces="sluis-signoff",valid-before="20261120120001Z"')
    form = send(bench)
    fill_in(form, say_yes)
    signature = sign(form, key)
    bench.later(seconds=2)
    assert refused(bench, form, signature) == "signature-not-trusted"
    bench.later(seconds=-2)
    assert record_ssh(bench, form, signature, now=bench.now)


def test_without_a_known_key_nobody_can_sign_from_elsewhere(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    form = send(bench)
    fill_in(form, say_yes)
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    assert refused(bench, form, sign(form, stranger)) == "no-allowed-signers"


def test_L23_a_lying_ssh_keygen_on_the_path_is_not_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that says of every signature that it is good, and names the client."""
    bench = make_bench(tmp_path)
    bench.trust_ssh()
    stranger = tmp_path / "stranger"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(stranger)], check=True)
    form = send(bench)
    fill_in(form, say_yes)
    signature = sign(form, stranger)
    liar = tmp_path / "bin" / "ssh-keygen"
    liar.parent.mkdir()
    liar.write_text("#!/bin/sh\necho client@practice\n")
    liar.chmod(0o755)
    monkeypatch.setenv("PATH", f"{liar.parent}:/usr/bin:/bin")
    assert refused(bench, form, signature) == "signature-not-trusted"


def test_a_signer_can_be_bound_to_one_key(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"signers.0.ssh_principal": "a@practice"})
    colleague, own = bench.trust_ssh("b@practice"), bench.trust_ssh("a@practice")
    form = send(bench)
    fill_in(form, say_yes)
    assert refused(bench, form, sign(form, colleague)) == "another-persons-key"
    statement = record_ssh(bench, form, sign(form, own), now=bench.now)
    assert statement.body.ssh_principal == "a@practice"


def test_a_key_with_several_names_is_found(tmp_path: Path) -> None:
    bench = make_bench(tmp_path, {"signers.0.ssh_principal": "a@practice"})
    key = bench.trust_ssh("office@practice,a@practice")
    form = send(bench)
    fill_in(form, say_yes)
    assert record_ssh(bench, form, sign(form, key), now=bench.now).body.ssh_principal == (
        "a@practice"
    )


@pytest.mark.parametrize(
    ("names", "found"),
    [
        ("office@practice,a@practice", ("office@practice", "a@practice")),
        ("*@practice,a@practice", ("a@practice",)),
        ("*@practice", None),
    ],
)
def test_a_key_signs_under_names_and_not_under_patterns(
    tmp_path: Path, names: str, found: tuple[str, ...] | None
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh(names)
    form = send(bench)
    signature = sign(form, key).read_bytes()
    signers = bench.anchors.allowed_signers
    if found is not None:
        assert signed_by(form.read_bytes(), signature, signers, bench.now) == found
        return
    with pytest.raises(SluisError) as caught:
        signed_by(form.read_bytes(), signature, signers, bench.now)
    assert caught.value.code == "signature-not-trusted"


def test_a_name_that_is_no_text_hides_no_other(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    signers = bench.trust / "allowed_signers"
    signers.write_bytes(signers.read_bytes().replace(b"client@", b"caf\xe9@practice,client@"))
    form = send(bench)
    signature = sign(form, key).read_bytes()
    assert signed_by(form.read_bytes(), signature, signers, bench.now) == ("client@practice",)


def test_without_ssh_keygen_nothing_is_called_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    signature = sign(form, key).read_bytes()

    def gone(*_: object, **__: object) -> None:
        raise FileNotFoundError(2, "No such file", "ssh-keygen")

    monkeypatch.setattr(ssh_signature, "ssh_keygen", gone)
    with pytest.raises(SluisError) as caught:
        signed_by(form.read_bytes(), signature, bench.anchors.allowed_signers, bench.now)
    assert caught.value.code == "no-ssh-keygen"


def test_a_signature_may_end_in_blank_lines_up_to_a_length(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    whole = sign(form, key).read_bytes().ljust(LARGEST_SIGNATURE, b"\n")
    signers = bench.anchors.allowed_signers
    assert signed_by(form.read_bytes(), whole, signers, bench.now) == ("client@practice",)
    with pytest.raises(SluisError) as caught:
        signed_by(form.read_bytes(), whole + b"\n", signers, bench.now)
    assert caught.value.code == "bad-signature-file"


def test_an_old_yes_cannot_be_used_again(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    signature = sign(form, key)
    record_ssh(bench, form, signature, now=bench.now)
    bench.later(minutes=1)
    record_withdrawal(bench, name="A. Client", role="manager", remarks="", now=bench.now)
    bench.later(minutes=1)
    with pytest.raises(SluisError) as caught:
        record_ssh(bench, form, signature, now=bench.now)
    assert caught.value.code == "request-answered"
    assert [item.body.decision for item in bench.view().of(Signoff)] == ["yes", "withdrawn"]


def test_T14_taking_a_yes_back_does_not_keep_the_signature_of_the_yes(tmp_path: Path) -> None:
    """It is the operator's record of what somebody at the client said, and nobody signed it."""
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    given = record_ssh(bench, form, sign(form, key), now=bench.now).body
    assert None not in (given.ssh_signature_object, given.ssh_principal)
    bench.later(minutes=1)
    taken = record_withdrawal(bench, name="B. Other", role="owner", remarks="No.", now=bench.now)
    body = taken.body
    assert isinstance(body, Signoff)
    assert (body.tier, body.ssh_signature_object, body.ssh_principal) == ("attended", None, None)
    assert (body.signer_name, body.remarks, body.confirmed) == ("B. Other", "No.", {})
    assert (body.expires_at, body.plan_object) == (None, given.plan_object)  # type: ignore[union-attr]
    verdict = verify_dossier(bench.dossier, bench.anchors, bench.now)
    assert [item.what for item in verdict.findings].count("ssh-signature") == 1


def test_the_form_says_until_when_on_the_clients_clock(tmp_path: Path) -> None:
    """UTC stands at the end only, where whoever verifies the form looks for it."""
    bench = make_bench(tmp_path, {"time_zone": "Europe/Amsterdam"})
    head, *_, end = send(bench).read_text().split("=" * 78)
    until = START + timedelta(hours=48)
    assert "You can answer until Sunday 22 November 2026 at 13:00." in head
    assert "UTC" not in head
    assert end.splitlines()[-2:] == [
        f"Technical: the request ends at {until:%Y-%m-%d %H:%M} UTC.", "End.",
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["scope", "plan", "time"])
def test_a_yes_to_what_no_longer_is_is_not_recorded(tmp_path: Path, what: str) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    signature = sign(form, key)
    bench.later(minutes=1)
    if what == "scope":
        bench.lay_down(make_scope({"version": 2}))
    elif what == "plan":
        bench.lay_down(make_scope(), steps=2)
    else:
        bench.later(hours=48)
    expected = "request-expired" if what == "time" else "changed-meanwhile"
    assert refused(bench, form, signature) == expected


def test_a_form_of_another_change_is_not_one_of_ours(tmp_path: Path) -> None:
    here, elsewhere = make_bench(tmp_path / "here"), make_bench(tmp_path / "elsewhere")
    key = elsewhere.trust_ssh()
    (here.trust / "allowed_signers").write_bytes((elsewhere.trust / "allowed_signers").read_bytes())
    from sluis.evidence.anchors import load_anchors

    here.anchors = load_anchors(here.trust, here.anchors.client)
    form = send(elsewhere)
    fill_in(form, say_yes)
    assert refused(here, form, sign(form, key)) == "form-unknown"


def test_links_and_folders_are_not_read(tmp_path: Path) -> None:
    bench = make_bench(tmp_path)
    key = bench.trust_ssh()
    form = send(bench)
    fill_in(form, say_yes)
    signature = sign(form, key)
    link = tmp_path / "link.txt"
    link.symlink_to(form)
    for wrong in (link, tmp_path, tmp_path / "nothing"):
        assert refused(bench, wrong, signature) == "cannot-read"
        assert refused(bench, form, wrong) == "cannot-read"


def test_case_C4_the_documents_go_along_with_the_request(tmp_path: Path) -> None:
    bench = empty_bench(tmp_path)
    digest = bench.objects.put(b"be good")
    document = {"id": "terms", "title": "Terms 2026", "file": "terms.pdf", "sha256": digest}
    bench.lay_down(make_scope({"documents": [document]}))
    path = send(bench)
    (sent,) = [item for item in path.parent.iterdir() if item.name.endswith("terms.pdf")]
    assert sent.read_bytes() == b"be good"
    key = bench.trust_ssh()
    fill_in(path, say_yes)
    statement = record_ssh(bench, path, sign(path, key), now=bench.now)
    assert statement.body.confirmed["document:terms"] == "yes"


def test_the_form_is_for_the_client_alone(tmp_path: Path) -> None:
    """It names personal matters; other users of the operator's machine have no business in it."""
    form = send(make_bench(tmp_path))
    assert form.stat().st_mode & 0o077 == 0
