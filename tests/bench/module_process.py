"""What the modules of ``snapshot_and_verify`` do, without Ansible around them."""

from __future__ import annotations

import base64
import importlib
import sys

from sluis.border.door import answer_request

_WORK = {
    "asset_snapshot": ("make", "make_snapshot"),
    "asset_store": ("prepare", "prepare_store"),
    "asset_verify": ("prove", "prove_snapshot"),
}


def main() -> int:
    verb_name, *packed = sys.stdin.read().split()
    module, function = _WORK[verb_name]
    verb = getattr(importlib.import_module(f"sluis.border.verbs.{verb_name}"), verb_name.upper())
    work = getattr(importlib.import_module(f"sluis.snapshot.{module}"), function)
    result = answer_request(verb, work, dict(zip(("request", "secrets"), packed, strict=True)))
    if "failure" in result:
        print(result["msg"], file=sys.stderr)
        return 1
    sys.stdout.write(base64.b64decode(result["answer"]).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
