"""Build, keep and compare manifests: one line per item of a folder.

Standard library only and Python 3.8 syntax: this room also runs on managed hosts.
"""

from __future__ import annotations

from .build import build_manifest, observe_state
from .codec import dump, dumps, load, loads
from .compare import Comparison, Difference, compare
from .entry import Entry, Manifest, Problem, shown

__all__ = [
    "Comparison",
    "Difference",
    "Entry",
    "Manifest",
    "Problem",
    "build_manifest",
    "compare",
    "dump",
    "dumps",
    "load",
    "loads",
    "observe_state",
    "shown",
]
