"""The least that any verifier must do: read each statement and check its signature.

Usage: bare_verify.py STATEMENTS PUBLIC-KEY. No form, chain, references, objects or report.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def main() -> None:
    folder, public = sys.argv[1:]
    key = load_pem_public_key(Path(public).read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    count = 0
    for path in sorted(Path(folder).glob("*.json")):
        envelope = json.loads(path.read_bytes())
        payload = base64.b64decode(envelope["payload"])
        kind = envelope["payloadType"].encode()
        signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
        key.verify(base64.b64decode(envelope["signatures"][0]["sig"]), signed)
        count += 1
    print(count)


if __name__ == "__main__":
    main()
