"""ansible-runner as a careless job would use it: not through our front door."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from support.signed_change import ANSIBLE, LabChange

#: ansible-runner looks for ansible-playbook on the path
PATH = f"{ANSIBLE}:{os.environ['PATH']}"

_RUN = """
import json, sys, ansible_runner
job = json.load(sys.stdin)
result = ansible_runner.run(quiet=True, **job)
print(json.dumps({"status": result.status, "rc": result.rc}))
"""


def raw_runner(
    change: LabChange,
    folder: Path,
    *,
    cmdline: str = "",
    extra: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
    phase: str = "apply",
    **more: Any,
) -> subprocess.CompletedProcess[str]:
    """Run the project's playbook through ``ansible_runner.run`` in another process.

    Host keys are checked, which ansible-runner turns off by itself: what is refused is
    then the row under test and not that.
    """
    job: dict[str, Any] = {
        "private_data_dir": str(folder),
        "project_dir": str(change.root),
        "playbook": "playbooks/update.yml",
        "inventory": str(change.who.inventory),
        "extravars": {"change": change.change, "phase": phase, **(extra or {})},
        "envvars": {"ANSIBLE_HOST_KEY_CHECKING": "True", "PATH": PATH, **(environ or {})},
        **more,
    }
    if cmdline:
        job["cmdline"] = cmdline
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", _RUN],
        input=json.dumps(job),
        cwd=change.root,
        env=change.environment(),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
