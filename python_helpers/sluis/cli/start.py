"""Where the ``sluis`` command begins: nothing compiled beside a source is believed.

These lines come first, so that everything imported after them is what its source says.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.pycache_prefix = "/dev/null"  # no file can be there: every source is compiled anew

from sluis.bytecode import not_from_source, use_private_cache  # noqa: E402


def main() -> None:
    """Run ``sluis`` and exit with its status."""
    use_private_cache()
    planted = not_from_source([Path(__file__).parents[1]])
    if planted:
        sys.stderr.write(
            f"sluis: {planted[0]} is compiled code that its source does not say.\n"
            "Remove it, and find out how it came there. [compiled-code]\n"
        )
        sys.exit(77)
    from sluis.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
