"""Whose signature it is: the client's own, made with ``ssh-keygen -Y sign``.

``allowed_signers`` in the client's trust folder says whose keys count, and with
``valid-after`` and ``valid-before`` from when until when (ssh-keygen(1), "ALLOWED
SIGNERS"). The same check can be done by hand, with nothing of ours:

    ssh-keygen -Y verify -f allowed_signers -I PRINCIPAL -n sluis-signoff -s FILE.sig < FILE
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from sluis.errors import EvidenceError, InputError
from sluis.evidence.ssh_signatures import NAMESPACE, check_ssh_signature, ssh_keygen, ssh_time
from sluis.programs import fixed, option

__all__ = ["LARGEST_SIGNATURE", "NAMESPACE", "signed_by"]

LARGEST_SIGNATURE = 64 * 1024
_ARMOUR = re.compile(
    rb"\s*-----BEGIN SSH SIGNATURE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END SSH SIGNATURE-----\s*"
)
_PRINCIPAL = re.compile(r"[A-Za-z0-9][A-Za-z0-9@._+-]{0,127}")


#: a public key alone is no line of that file
HOW_TO_ALLOW = (
    "Write a line for each of them into inventories/trust/<client>/allowed_signers: NAME "
    f'namespaces="{NAMESPACE}", and behind it what their .pub file holds; docs/examples.md shows '
    "one."
)


def signed_by(
    data: bytes, signature: bytes, allowed_signers: Path | None, at: datetime
) -> tuple[str, ...]:
    """Find out who signed exactly these bytes.

    Args:
        data: what was signed.
        signature: armoured, as ``ssh-keygen -Y sign`` writes it.
        allowed_signers: OpenSSH's file of trusted keys.
        at: aware UTC: the key must be valid at this time.

    Returns:
        The names (principals) that ``allowed_signers`` gives to the key; at least one.

    Raises:
        InputError: ``no-allowed-signers``: the client has no key that we know of;
            ``bad-signature-file``: it is not an SSH signature.
        EvidenceError: ``signature-not-trusted``: the key is not known, or not valid at
            that time or for this purpose; ``ssh-signature-bad``: the bytes are not those
            that were signed; ``no-ssh-keygen``.
    """
    if allowed_signers is None:
        raise InputError(
            "no-allowed-signers",
            "No SSH key of the client is known.",
            HOW_TO_ALLOW,
        )
    if len(signature) > LARGEST_SIGNATURE or not _ARMOUR.fullmatch(signature):
        raise InputError(
            "bad-signature-file",
            "The signature file is not an SSH signature.",
            f"Use the .sig file that 'ssh-keygen -Y sign -n {NAMESPACE}' wrote.",
        )
    names = [name for name in _names(signature, allowed_signers, at) if _PRINCIPAL.fullmatch(name)]
    refused: EvidenceError | None = None
    holds = []
    for name in names:
        try:
            check_ssh_signature(
                data, signature, principal=name, allowed_signers=allowed_signers, at=at
            )
        except EvidenceError as error:
            refused = error
        else:
            holds.append(name)
    if holds:
        return tuple(holds)
    if refused is not None:
        raise refused
    raise EvidenceError(
        "signature-not-trusted",
        "The key that signed is not among the client's allowed signers at this time.",
        f"Ask the client, by another way than mail, which key is theirs. {HOW_TO_ALLOW}",
    )


def _names(signature: bytes, allowed_signers: Path, at: datetime) -> list[str]:
    words = (
        fixed("-Y", "find-principals"),
        option("-f", str(allowed_signers.absolute())),
        option("-O", f"verify-time={ssh_time(at)}"),
    )
    try:
        found = ssh_keygen(*words, signature=signature)
    except (OSError, InputError) as error:
        raise EvidenceError(
            "no-ssh-keygen",
            f"The client's SSH signature could not be checked: {error}.",
            "Check that ssh-keygen runs here, and try again.",
        ) from error
    # one line may name several, as allowed_signers writes them: "a@x,b@x"
    return re.split(r"[\n,]+", found.output.decode(errors="replace").strip())
