"""The client's own SSH signature, checked with OpenSSH itself (``ssh-keygen -Y``)."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sluis.errors import EvidenceError, InputError, SnapshotError
from sluis.evidence.canonical import sha256
from sluis.evidence.files import read_regular
from sluis.programs import Command, Done, Words, fixed, option, run

#: what a sign-off or waiver is signed for; a signature for anything else is not one
NAMESPACE = "sluis-signoff"
_AGAIN = "Have the client sign again, with the key in allowed_signers."
_PATIENCE = 30
_LARGEST_SIGNERS = 4 * 1024 * 1024
#: What held before in this process. A ledger is read at every step, and each check starts a
#: process; the key of an entry holds everything that the answer depends on.
_HELD: set[tuple[str, ...]] = set()


def check_ssh_signature(
    message: bytes,
    signature: bytes,
    *,
    principal: str,
    allowed_signers: Path,
    at: datetime,
    namespace: str = NAMESPACE,
) -> None:
    """Check a signature made with ``ssh-keygen -Y sign``.

    Args:
        message: the exact bytes that were signed.
        signature: the armoured signature file.
        principal: who must have signed, as named in ``allowed_signers``.
        at: the moment at which the key had to be valid, aware UTC.

    Raises:
        EvidenceError: ``ssh-signature-bad``, or ``no-ssh-keygen`` when OpenSSH is
            not installed here, so that nothing could be checked.
    """
    try:
        signers = sha256(read_regular(allowed_signers, _LARGEST_SIGNERS))
    except (OSError, ValueError) as error:
        raise _bad(principal, str(error)) from error
    moment = ssh_time(at)
    known = (sha256(message), sha256(signature), principal, signers, moment, namespace)
    if known in _HELD:
        return
    words = (
        fixed("-Y", "verify"),
        option("-f", str(allowed_signers.absolute())),
        option("-I", principal),
        option("-n", namespace),
        option("-O", f"verify-time={moment}"),
    )
    try:
        done = ssh_keygen(*words, signature=signature, given=message)
    except (OSError, InputError) as error:
        raise _bad(principal, str(error)) from error
    if done.status != 0:
        said = done.errors.decode("utf-8", "replace").strip().splitlines()
        why = said[0] if said else "no reason given"
        raise _bad(principal, why, _remedy(why, namespace))
    _HELD.add(known)


def ssh_keygen(*words: Words, signature: bytes, given: bytes = b"") -> Done:
    """Run ``ssh-keygen`` over a signature, which it is given as a file.

    Raises:
        EvidenceError: ``no-ssh-keygen``.
        OSError: it cannot be started, or takes too long.
        InputError: ``bad-argument``.
    """
    with tempfile.TemporaryDirectory(prefix="sluis-") as folder:
        file = Path(folder) / "signature"
        file.write_bytes(signature)
        command = Command("ssh-keygen", *words, option("-s", str(file)))
        try:
            return run(command, seconds=_PATIENCE, given=given)
        except SnapshotError as error:
            raise EvidenceError(
                "no-ssh-keygen",
                f"The client's SSH signature could not be checked: {error.what}",
                "Install the OpenSSH client and check again.",
            ) from error


def ssh_time(at: datetime) -> str:
    """A moment as ``verify-time`` takes it."""
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")


def _remedy(why: str, namespace: str) -> str:
    """What to do about a signature that does not hold, by the words of OpenSSH 9."""
    if "namespace does not match" in why:
        return (
            "It was made for another purpose. Have the client sign again with:"
            f" ssh-keygen -Y sign -n {namespace} -f KEY FILE"
        )
    if "incorrect signature" in why:
        return (
            "The text is not the one that was signed: it was edited afterwards, or is another"
            " file. Have the client sign it as it is now."
        )
    return _AGAIN


def _bad(principal: str, why: str, remedy: str = _AGAIN) -> EvidenceError:
    return EvidenceError(
        "ssh-signature-bad",
        f"The SSH signature is not one of {principal[:100]!r} over this text: {why[:200]}.",
        remedy,
    )
