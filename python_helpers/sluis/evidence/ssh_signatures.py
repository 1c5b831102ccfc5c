"""The client's own SSH signature, checked with OpenSSH itself (``ssh-keygen -Y``)."""

from __future__ import annotations

import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from sluis.errors import EvidenceError

#: what a sign-off or waiver is signed for; a signature for anything else is not one
NAMESPACE = "sluis-signoff"
_PATIENCE = 30


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
    with tempfile.TemporaryDirectory(prefix="sluis-") as folder:
        file = Path(folder) / "signature"
        file.write_bytes(signature)
        moment = at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ")
        command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed_signers), "-I", principal]
        command += ["-n", namespace, "-s", str(file), "-O", f"verify-time={moment}"]
        try:
            done = subprocess.run(
                command, input=message, capture_output=True, timeout=_PATIENCE, check=False
            )
        except FileNotFoundError as error:
            raise EvidenceError(
                "no-ssh-keygen",
                "The client's SSH signature could not be checked: ssh-keygen is not here.",
                "Install the OpenSSH client and check again.",
            ) from error
        except (OSError, ValueError, subprocess.TimeoutExpired) as error:
            raise _bad(principal, str(error)) from error
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise _bad(principal, said[-1] if said else "no reason given")


def _bad(principal: str, why: str) -> EvidenceError:
    return EvidenceError(
        "ssh-signature-bad",
        f"The SSH signature is not one of {principal[:100]!r} over this text: {why[:200]}.",
        "Have the client sign again, with the key in allowed_signers.",
    )
