"""What decides a run of a change, as it is now, printed as JSON.

A program of its own: reading an inventory loads Ansible, and Ansible takes its settings from the
environment and the folder that it is started in. ``sluis`` starts this in clean ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from sluis.places import Places
from sluis.plan.tree import read_tree
from sluis.runbook.inventory import reach_of


def main() -> None:
    """Print digest and entries of ``PROJECT CLIENT CHANGE``."""
    root, client, change = sys.argv[-3:]  # a '--' may come before them
    places = Places(Path(root))
    tree = read_tree(places, client, change, reach_of(places, client))
    sys.stdout.write(json.dumps({"sha256": tree.sha256, "entries": tree.entries}) + "\n")


if __name__ == "__main__":
    main()
