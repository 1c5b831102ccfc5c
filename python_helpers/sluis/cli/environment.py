"""The environment a run starts with: built from a short list, never inherited.

``ANSIBLE_*`` settings, ``PYTHONPATH``, ``LD_PRELOAD`` and their kin were measured as
ways round a gate, and nobody can list them all. So nothing is taken over unless it
is named here.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from ansible_runner.utils import get_callback_dir

from sluis.errors import InputError
from sluis.evidence.keys import key_folder
from sluis.places import Places
from sluis.runbook.own_folder import PROGRESS, PROGRESS_FILE
from sluis.runbook.surroundings import SYSTEM_PATH, home, may_be_there

#: taken over from the caller as they are, when they are set
KEPT = ("LANG", "SLUIS_KEY", "SSH_AUTH_SOCK", "TERM")

#: every process of a run carries this variable, so that all of them can be found again
RUN_MARK = "SLUIS_RUN"


def environment(
    caller: Mapping[str, str],
    places: Places,
    *,
    private: Path,
    artifacts: Path,
    ident: str,
    passphrase_file: Path | None,
) -> dict[str, str]:
    """The whole environment of ``ansible-playbook``.

    Args:
        caller: the environment that ``sluis`` itself was started in.
        places: the project.
        private: this run's own folder; Ansible's temporary files go there as well.
        artifacts: where ansible-runner's callback leaves its events.
        ident: the run's own name.
        passphrase_file: a 0600 file with the passphrase of the operator's key.
    """
    kept = {
        name: caller[name]
        for name in KEPT
        if caller.get(name) and may_be_there(name, caller[name], places)
    }
    own = {
        "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}",
        # Python, Ansible and their helpers read files there: the caller's word is not enough.
        "HOME": str(home()),
        # Ansible insists on UTF-8, and reads messages of programs: those stay English.
        "LC_ALL": "C.UTF-8",
        "PYTHONNOUSERSITE": "1",
        "PYTHONSAFEPATH": "1",
        RUN_MARK: ident,
        PROGRESS: str(private / PROGRESS_FILE),
        "SLUIS_KEYS": str(key_folder(caller)),
        "ANSIBLE_CONFIG": ansible_settings(places),
        "ANSIBLE_ROLES_PATH": str(places.root / "roles"),
        "ANSIBLE_LOCAL_TEMP": str(private / "tmp"),
        "ANSIBLE_CACHE_PLUGIN": "memory",
        # ansible-runner sets this to False unless it is there already
        "ANSIBLE_HOST_KEY_CHECKING": "True",
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        # how ansible-runner gets its events
        "ANSIBLE_CALLBACK_PLUGINS": get_callback_dir(),
        "ANSIBLE_STDOUT_CALLBACK": "awx_display",
        "AWX_ISOLATED_DATA_DIR": str(artifacts),
        "RUNNER_OMIT_EVENTS": "False",
        "RUNNER_ONLY_FAILED_EVENTS": "False",
    }
    if passphrase_file is not None:
        own["SLUIS_KEY_PASSPHRASE_FILE"] = str(passphrase_file)
    elif caller.get("SLUIS_KEY_PASSPHRASE_FILE"):
        own["SLUIS_KEY_PASSPHRASE_FILE"] = caller["SLUIS_KEY_PASSPHRASE_FILE"]
    return kept | own


def ansible_settings(places: Places) -> str:
    """The project's ``ansible.cfg``, which Ansible opens before any code of ours can look at it.

    Args:
        places: the project.

    Raises:
        InputError: ``settings-not-a-file``: a link, a pipe or a device. Ansible would wait for
            it without end, or read what lies elsewhere.
    """
    path = places.root / "ansible.cfg"
    if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
        raise InputError(
            "settings-not-a-file",
            f"{path} is not a regular file.",
            "Put the file itself there, as it is in version control. Nothing was started.",
        )
    return str(path)
