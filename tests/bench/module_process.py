"""What the modules of ``snapshot_and_verify`` do, without Ansible around them."""

from __future__ import annotations

import base64
import json
import sys

from sluis.snapshot.door import answer_request


def main() -> int:
    given = json.load(sys.stdin)
    if given["work"] == "make":
        from sluis.snapshot.make import make_snapshot as work
    elif given["work"] == "prove":
        from sluis.snapshot.prove import prove_snapshot as work
    else:
        from sluis.snapshot.prepare import prepare_store as work
    params = {
        name: base64.b64encode(json.dumps(given[name]).encode()).decode()
        for name in ("request", "secrets")
    }
    result = answer_request(work, params)
    if "sluis" in result:
        print(result["sluis"], file=sys.stderr)
        return 1
    sys.stdout.write(base64.b64decode(result["answer"]).decode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
