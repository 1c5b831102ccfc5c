"""An export in a process of its own, so that it can be killed: ``python export_process.py FILE``.

FILE is a request for ``sluis.tenant.run_export.export`` as JSON; the result goes to FILE.out.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sluis.tenant.run_export import export


def main() -> int:
    """Export as asked for; 0 when every drive was finished."""
    request = Path(sys.argv[1])
    result = export(json.loads(request.read_text()))
    request.with_suffix(".out").write_text(json.dumps(result))
    return 0 if result["complete"] else 1


if __name__ == "__main__":
    sys.exit(main())
