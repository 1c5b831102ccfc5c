"""A key that could not sign is said by `sluis check`, and not when the signature comes in."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sluis.errors import EvidenceError, SluisError
from sluis.plan.faults import Fault
from sluis.runbook.written_signers import our_slip, signer_faults
from sluis.signoff.ssh_signature import signed_by
from support.scopes import make_scope

GOOD = 'namespaces="sluis-signoff"'


class Keys:
    """A trust folder, and a real key that signs."""

    def __init__(self, root: Path) -> None:
        self.root, self.trust = root, root / "trust"
        self.trust.mkdir()
        self.key = root / "id"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a key", "-f", self.key],
            check=True,
        )
        self.public = self.key.with_suffix(".pub").read_text().strip()

    def lines(self, *lines: str) -> list[Fault]:
        text = "".join(f"{line.replace('KEY', self.public)}\n" for line in lines)
        (self.trust / "allowed_signers").write_text(text)
        return list(signer_faults(self.trust, self.root, None))

    def signs(self) -> bool:
        """Whether OpenSSH and we take a real signature with it."""
        form = self.root / "form"
        form.write_bytes(b"yes")
        form.with_name("form.sig").unlink(missing_ok=True)
        subprocess.run(
            ["ssh-keygen", "-q", "-Y", "sign", "-n", "sluis-signoff", "-f", self.key, form],
            check=True, capture_output=True,
        )  # fmt: skip
        signature = form.with_name("form.sig").read_bytes()
        try:
            return bool(
                signed_by(b"yes", signature, self.trust / "allowed_signers", datetime.now(UTC))
            )
        except SluisError:
            return False


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path)


LINES = {
    "no namespace": ("manager KEY", True),
    "ours": (f"manager {GOOD} KEY", True),
    "among others": ('manager namespaces="git,sluis-signoff" KEY', True),
    "a pattern": ('manager namespaces="sluis-*" KEY', True),
    "with a time": (f'manager valid-after="20200101",{GOOD} KEY', True),
    "a slip": ('manager namespaces="sluis-signof" KEY', False),
    "for git": ('manager namespaces="git" KEY', False),
    "taken out": ('manager namespaces="sluis-*,!sluis-signoff" KEY', False),
}


@pytest.mark.parametrize("case", LINES.values(), ids=LINES.keys())
def test_check_says_of_a_key_whether_it_could_sign_as_openssh_does(
    keys: Keys, case: tuple[str, bool]
) -> None:
    line, counts = case
    found = keys.lines("# the client", "", line)
    assert keys.signs() is counts
    assert [(one.code, one.line) for one in found] == ([] if counts else [("signer-namespace", 3)])
    if found:
        assert found[0].remedy == 'Write in that line: namespaces="sluis-signoff".'


def test_check_lets_a_key_have_a_line_for_another_use(keys: Keys) -> None:
    assert keys.lines('manager namespaces="git" KEY', f"manager {GOOD} KEY") == []


def test_check_says_which_line_is_no_signer(keys: Keys) -> None:
    found = keys.lines(f"manager {GOOD} KEY", "ssh-ed25519 AAAA")
    assert [(one.code, one.line) for one in found] == [("allowed-signers-form", 2)]


def test_check_says_that_a_signer_of_the_scope_has_no_key(keys: Keys) -> None:
    scope = make_scope()
    signer = scope.signers[0].model_copy(update={"ssh_principal": "manager"})
    scope = scope.model_copy(update={"signers": (signer,)})
    keys.lines("managre KEY")
    (found,) = signer_faults(keys.trust, keys.root, scope)
    assert found.code == "no-such-signer"
    assert "Did you mean 'managre'?" in found.remedy
    keys.lines("manager KEY")
    assert list(signer_faults(keys.trust, keys.root, scope)) == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('manager namespaces="sluis-signof" KEY', "signer-namespace"),
        ('manager namespace="sluis-signoff" KEY', "allowed-signers-form"),
        (f"manager {GOOD} KEY", None),
    ],
)
def test_newcomer_a_slip_in_the_line_is_ours_and_not_the_clients(
    keys: Keys, line: str, code: str | None
) -> None:
    """sluis sign said to ask the client which key is theirs, or to sign again."""
    found = keys.lines(line)
    assert [one.code for one in found] == ([] if code is None else [code])
    assert keys.signs() is (code is None)
    said = "The SSH signature is not one of 'manager' over this text: key is not permitted for "
    for error in (
        EvidenceError("signature-not-trusted", "It is not among them.", "Ask the client."),
        EvidenceError("ssh-signature-bad", f'{said}use in signature namespace "x".', "Again."),
    ):
        slip = our_slip(keys.trust, keys.root, error)
        if code is None:
            assert slip is None
            continue
        assert slip is not None
        assert (slip.code, slip.remedy) == (code, found[0].remedy)
        assert "allowed_signers, line 1: " in slip.what
    edited = EvidenceError("ssh-signature-bad", "incorrect signature", "Again.")
    assert our_slip(keys.trust, keys.root, edited) is None
