"""YAML as an engineer writes it: no anchors and no tags, which a scope may not have."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Repeat what occurs twice, where PyYAML would point to it."""
        return True


def write_yaml(path: Path, content: Mapping[str, Any]) -> None:
    """Write ``content`` to ``path``, which keeps its mode when it is there already."""
    text = yaml.dump(dict(content), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100)
    path.write_text("---\n" + text, encoding="utf-8")
