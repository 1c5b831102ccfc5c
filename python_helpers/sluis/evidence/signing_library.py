"""What we use of securesystemslib, without the signers of clouds.

It loads each cloud's own library that it finds. Where Ansible has its Azure collection that
took a fifth of every start of ours (measured), and none of these signers is ever used here.
"""

from __future__ import annotations

import sys

_CLOUDS = ("azure", "boto3", "google.cloud", "hvac")

_kept_out = [name for name in _CLOUDS if name not in sys.modules]
# Python's own way to say that a module is not to be found
sys.modules.update(dict.fromkeys(_kept_out))  # type: ignore[arg-type]
try:
    from securesystemslib.dsse import Envelope
    from securesystemslib.exceptions import UnverifiedSignatureError
    from securesystemslib.signer import CryptoSigner, Signature, SSlibKey
finally:
    for _name in _kept_out:
        del sys.modules[_name]

__all__ = ["CryptoSigner", "Envelope", "SSlibKey", "Signature", "UnverifiedSignatureError"]
