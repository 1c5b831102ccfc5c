"""The page of public tools, run as it stands there, with nothing of ours within reach."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "verify-with-public-tools.md"


def run_page(dossier: Path, trust: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run all blocks of the page as one script."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert len(blocks) == 8
    return subprocess.run(
        ["bash", "-c", "\n".join(blocks)],
        env={"LC_ALL": "C.UTF-8", "DOSSIER": str(dossier), "TRUST": str(trust), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
