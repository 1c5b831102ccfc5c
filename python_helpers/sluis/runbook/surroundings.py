"""The environment of a run: a short list of what may be there, each by its value.

``PYTHONPATH``, ``LD_PRELOAD``, a callback of somebody's own: each was measured as a way
round the gate, and nobody can list them all. So whatever is not named here is refused, and
of what is named only a part is handed on to the programs that a run starts.

``sluis`` builds the environment of its runs itself and takes nothing over that is not on
this list either.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shlex
import stat
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from sluis.evidence.predicates import Reason
from sluis.places import Places
from sluis.runbook.own_folder import is_progress_file

#: where programs are looked for, whatever the caller's PATH says
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

#: What a login shell, a terminal or a desktop leaves behind. Nothing in a run reads it,
#: whatever its value, and no program that a run starts is given it.
_LEFT_BEHIND = {
    "COLORTERM", "COLUMNS", "DBUS_SESSION_BUS_ADDRESS", "DESKTOP_SESSION", "DISPLAY", "EDITOR",
    "HISTCONTROL", "HISTFILE", "HISTSIZE", "HOSTNAME", "INVOCATION_ID", "JOURNAL_STREAM", "LESS",
    "LESSCLOSE", "LESSOPEN", "LINES", "LOGNAME", "LS_COLORS", "MAIL", "MOTD_SHOWN", "OLDPWD",
    "PAGER", "PATH", "PS1", "PS2", "PWD", "SHELL", "SHLVL", "SSH_CLIENT", "SSH_CONNECTION",
    "SSH_TTY", "STY", "SUDO_COMMAND", "SUDO_GID", "SUDO_UID", "SUDO_USER", "SYSTEMD_EXEC_PID",
    "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE", "USER", "USERNAME",
    "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT", "VISUAL", "VTE_VERSION", "WAYLAND_DISPLAY", "WINDOW",
    "WINDOWID", "XAUTHORITY", "XDG_CURRENT_DESKTOP", "XDG_DATA_DIRS", "XDG_RUNTIME_DIR",
    "XDG_SEAT", "XDG_SESSION_CLASS", "XDG_SESSION_DESKTOP", "XDG_SESSION_ID", "XDG_SESSION_TYPE",
    "XDG_VTNR", "_",
}  # fmt: skip

#: Where the passwords of ansible-vault are. Ansible has read them when it starts; no program that
#: a run starts needs to know.
_OF_ANSIBLE_ALONE = {
    "ANSIBLE_VAULT_IDENTITY_LIST",
    "ANSIBLE_VAULT_PASSWORD_FILE",
    "SLUIS_VAULT_PASSWORD_FILE",
}

#: where ansible-runner's callback leaves its events; it makes the folder "job_events" there
EVENTS = "AWX_ISOLATED_DATA_DIR"

#: Folders of the project in which each file counts: as a statement, a host, a task, code.
_EACH_FILE_COUNTS = ("dossiers", "inventories", "playbooks", "python_helpers", "roles")

_SHOWN_AT_MOST = 40


def _like(pattern: str) -> Callable[[str, Places], bool]:
    compiled = re.compile(pattern)
    return lambda value, _places: compiled.fullmatch(value) is not None


def _one_of(*values: str) -> Callable[[str, Places], bool]:
    return lambda value, _places: value.lower() in values


def _anything(value: str, places: Places) -> bool:
    del value, places
    return True


def _home(value: str, places: Places) -> bool:
    """Where Python, Ansible and ssh look for files of the user's: the user's own home."""
    del places
    return _same(value, home())


def _not_among_ours(value: str, places: Places) -> bool:
    """A folder in which files may be left: in none of those where each file counts."""
    # Ansible fills in variables of the environment, and {{CWD}}
    if not value.startswith("/") or "$" in value or "{{" in value:
        return False
    try:
        leads_to = Path(value).resolve()
        ours = [(places.root / name).resolve() for name in _EACH_FILE_COUNTS]
    except (OSError, ValueError, RuntimeError):
        return False
    return not any(leads_to.is_relative_to(folder) for folder in ours)


def _progress(value: str, places: Places) -> bool:
    """Only the front door has a file of progress; it lies in the run's private folder."""
    del places
    return is_progress_file(value)


def _private_place(value: str, places: Places) -> bool:
    """A folder in which nobody else can put another file in a file's place."""
    if not _not_among_ours(value, places):
        return False
    folder = Path(value)
    try:
        while folder.is_absolute() and not folder.exists():
            folder = folder.parent
        found = folder.lstat()
    except (OSError, ValueError):
        return False
    if not folder.is_absolute() or not stat.S_ISDIR(found.st_mode):
        return False
    others_write = (
        found.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX
    )
    return found.st_uid in (0, os.geteuid()) and not others_write


def _password_file(value: str, places: Places) -> bool:
    """A file that is read. Ansible runs one that is executable, and prints what that says."""
    del places
    path = Path(value).expanduser()
    try:
        found = path.stat()
    except (OSError, ValueError, RuntimeError):
        return True  # Ansible says that it is not there
    ours = found.st_uid in (0, os.geteuid()) and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return ours and stat.S_ISREG(found.st_mode) and not os.access(path, os.X_OK)


def _identity_list(value: str, places: Places) -> bool:
    """Vault ids as ``name@file``, parted by commas; what is asked at the prompt is no file."""
    files = [word.strip().rpartition("@")[2] for word in value.split(",")]
    named = [file for file in files if file not in ("", "prompt", "prompt_ask_vault_pass")]
    return all(_password_file(file, places) for file in named)


def _own_socket(value: str, places: Places) -> bool:
    del places
    try:
        found = Path(value).stat()
    except (OSError, ValueError):
        return False
    ours = found.st_uid == os.geteuid()
    return ours and Path(value).is_absolute() and stat.S_ISSOCK(found.st_mode)


def _runners_callbacks(value: str, places: Places) -> bool:
    """The callbacks that the installed ansible-runner brings along, and no others."""
    del places
    return all(_same(item, callback_folder()) for item in value.split(":"))


_CALLBACK = _one_of(
    "default", "minimal", "oneline", "awx_display",
    "ansible.builtin.default", "ansible.builtin.minimal", "ansible.builtin.oneline",
)  # fmt: skip
_FLAG = _one_of("0", "1", "true", "false", "yes", "no", "on", "off")
_LOCALE = _like(r"[A-Za-z0-9_.@:-]{0,80}")

#: What may be there and is handed on, with the values that it may have.
_HANDED_ON: dict[str, Callable[[str, Places], bool]] = {
    "HOME": _home,
    "LANG": _LOCALE,
    "LANGUAGE": _LOCALE,
    "NO_COLOR": _like(r"[\w-]{0,20}"),
    "SSH_AUTH_SOCK": _own_socket,
    "TERM": _like(r"[A-Za-z0-9._+-]{0,80}"),
    "TMPDIR": _private_place,
    "TZ": _like(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9_+/-]{0,80}"),
    # where the operator's key is, and how sluis finds its own processes again
    "SLUIS_KEY": _anything,
    "SLUIS_KEYS": _anything,
    "SLUIS_KEY_PASSPHRASE_FILE": _anything,
    "SLUIS_VAULT_PASSWORD_FILE": _anything,
    "SLUIS_PROGRESS": _progress,
    "SLUIS_RUN": _like(r"[0-9A-Za-z-]{0,64}"),
    # each of these can only make Python more careful, or louder
    "PYTHONDONTWRITEBYTECODE": _FLAG,
    "PYTHONHASHSEED": _like(r"random|[0-9]{1,10}"),
    "PYTHONNOUSERSITE": _FLAG,
    "PYTHONSAFEPATH": _FLAG,
    "PYTHONUNBUFFERED": _FLAG,
    "PYTHONUTF8": _FLAG,
    # a program is named on the command line or in vault.cfg, where somebody meant it
    "ANSIBLE_BECOME_PASSWORD_FILE": _password_file,
    "ANSIBLE_CONNECTION_PASSWORD_FILE": _password_file,
    "ANSIBLE_VAULT_IDENTITY_LIST": _identity_list,
    "ANSIBLE_VAULT_PASSWORD_FILE": _password_file,
    "ANSIBLE_CONFIG": lambda value, places: _same(value, places.root / "ansible.cfg"),
    "ANSIBLE_ROLES_PATH": lambda value, places: _same(value, places.root / "roles"),
    "ANSIBLE_HOST_KEY_CHECKING": _one_of("true", "1", "yes", "on"),
    "ANSIBLE_FORCE_COLOR": _FLAG,
    "ANSIBLE_NOCOLOR": _FLAG,
    "ANSIBLE_LOCAL_TEMP": _private_place,
    "ANSIBLE_RETRY_FILES_ENABLED": _one_of("false", "0", "no", "off"),
    "ANSIBLE_STDOUT_CALLBACK": _CALLBACK,
    "ANSIBLE_VERBOSITY": _like(r"[0-9]"),
    # what ansible-runner sets by itself
    "ANSIBLE_CACHE_PLUGIN": _one_of("memory", "jsonfile"),
    "ANSIBLE_CACHE_PLUGIN_CONNECTION": _not_among_ours,
    "ANSIBLE_CALLBACK_PLUGINS": _runners_callbacks,
    EVENTS: _not_among_ours,
    "ORIGINAL_STDOUT_CALLBACK": _CALLBACK,
    "RUNNER_OMIT_EVENTS": _anything,
    "RUNNER_ONLY_FAILED_EVENTS": _anything,
}  # fmt: skip


def may_be_there(name: str, value: str, places: Places) -> bool:
    """Whether an environment variable may be there with this value."""
    if name in _LEFT_BEHIND:
        return True
    rule = _LOCALE if name.startswith("LC_") else _HANDED_ON.get(name)
    return rule is not None and rule(value, places)


def environment_reasons(environ: Mapping[str, str], places: Places) -> list[Reason]:
    """One refusal that names every variable that may not be there.

    Args:
        environ: the environment, see :func:`started_with`.
        places: the project.
    """
    bad = sorted(name for name, value in environ.items() if not may_be_there(name, value, places))
    if not bad:
        return []
    known = [name for name in bad if name in _HANDED_ON or name.startswith("LC_")]
    told = ", ".join(name if name not in known else f"{name} (its value)" for name in bad)
    undo = " ".join(f"-u {shlex.quote(name)}" for name in bad[:_SHOWN_AT_MOST])
    return [
        Reason(
            code="environment-not-clean",
            about=_some(bad),
            sentence=f"The environment holds what could change how this runs: {told[:2000]}.",
            remedy=f"Start it with: env {undo} ansible-playbook … Or use the sluis command, which "
            "takes none of them over.",
        )
    ]


def _some(names: Sequence[str]) -> str:
    """Some names, whole, and that there are more."""
    told = ", ".join(names[:_SHOWN_AT_MOST])
    if len(told) > 400:
        told = told[:400].rpartition(", ")[0] or told[:400]
    return told if told.count(", ") == ", ".join(names).count(", ") else f"{told}, …"


def foreign_start_reasons() -> list[Reason]:
    """Code that Python ran before anything else, and that is not part of its installation."""
    found = []
    for name in ("sitecustomize", "usercustomize"):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file and not any(
            Path(file).is_relative_to(prefix) for prefix in {sys.prefix, sys.base_prefix, "/usr"}
        ):
            found.append(
                Reason(
                    code="foreign-code",
                    about=str(file),
                    sentence=f"Python ran {file} before Sluis was there.",
                    remedy="Remove that file, or find out which folder brings it in.",
                )
            )
    return found


def handed_on(environ: Mapping[str, str], places: Places) -> dict[str, str]:
    """The environment for the programs that a run starts."""
    kept = {
        name: value
        for name, value in environ.items()
        if name not in _LEFT_BEHIND | _OF_ANSIBLE_ALONE and may_be_there(name, value, places)
    }
    return {**kept, "HOME": str(home()), "PATH": f"{Path(sys.executable).parent}:{SYSTEM_PATH}"}


def hand_on(places: Places) -> None:
    """From here on every program that this process starts gets :func:`handed_on`."""
    built = handed_on(os.environ, places)
    os.environ.clear()
    os.environ.update(built)


@cache
def _first_environment() -> dict[str, str]:
    try:
        pieces = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:
        return {}
    pairs = (os.fsdecode(piece).partition("=") for piece in pieces)
    return {name: value for name, sign, value in pairs if name and sign}


def started_with() -> dict[str, str]:
    """The environment as it is, with what was taken out of it since the process began.

    Code that an environment variable brings in can remove that variable before we look.
    """
    return {**_first_environment(), **os.environ}


def home() -> Path:
    """The home folder of whoever runs this, by the system's own book and not by ``$HOME``."""
    try:
        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except KeyError:  # a container may have users that are in no book
        return Path("/")


@cache
def callback_folder() -> Path:
    """The folder with ansible-runner's own callback."""
    found = importlib.util.find_spec("ansible_runner")
    root = Path(found.origin or "/nonexistent") if found else Path("/nonexistent/x")
    return root.parent / "display_callback" / "callback"


def _same(value: str, wanted: Path) -> bool:
    try:
        return Path(value).is_absolute() and Path(value).resolve() == wanted.resolve()
    except (OSError, ValueError):
        return False
