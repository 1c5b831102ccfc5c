"""The arguments of a module that do not say what it writes: what each of them may lead to.

A path is held against the assets of a step (:mod:`sluis.plan.inside`). Other arguments start a
program, hand one its options, or lead what is written somewhere else. So every argument of a module
is known here: it is harmless, or it is refused. One that nobody looked at is refused.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sluis.plan.model import PlanStep

_BUILTIN = "ansible.builtin."
FILE = f"{_BUILTIN}file"


def _names(text: str, *more: frozenset[str]) -> frozenset[str]:
    return frozenset(text.split()).union(*more)


#: rights and owner of a file; ``file`` and ``copy`` may set them on what a link leads to
ATTRIBUTES = _names("attr attributes group mode owner selevel serole setype seuser")
#: the times of a file, which ``file`` sets on what a link leads to, also without ``follow``
TIMES = _names("access_time modification_time")

_COMMON = ATTRIBUTES | {"unsafe_writes"}
_WEB = _names(
    "ciphers client_cert client_key decompress force force_basic_auth headers http_agent timeout "
    "unredirected_headers url url_password url_username use_gssapi use_netrc use_proxy "
    "validate_certs"
)

#: Arguments that change nothing but what is written to the paths of a module, by all their names.
HARMLESS: Mapping[str, frozenset[str]] = {
    _BUILTIN + module: names
    for module, names in {
        "assemble": _names("backup decrypt delimiter ignore_hidden regexp remote_src src", _COMMON),
        "blockinfile": _names(
            "append_newline backup block content create insertafter insertbefore marker "
            "marker_begin marker_end prepend_newline state",
            _COMMON,
        ),
        "copy": _names(
            "backup checksum content decrypt directory_mode follow force local_follow remote_src "
            "src",
            _COMMON,
        ),
        # src, follow and recurse: see inside.py
        "file": _names(
            "access_time_format follow force modification_time_format recurse src state",
            _COMMON,
            TIMES,
        ),
        "get_url": _names("backup checksum password username", _COMMON, _WEB),
        "git": _names(
            "archive_prefix bare clone depth force gpg_allowlist gpg_whitelist key_file name "
            "recursive reference refspec remote repo single_branch track_submodules umask update "
            "verify_commit version"
        ),
        "known_hosts": _names("hash_host host key name state"),
        "lineinfile": _names(
            "backrefs backup create firstmatch insertafter insertbefore line regex regexp "
            "search_string state value",
            _COMMON,
        ),
        "pip": _names(
            "break_system_packages name requirements state umask version virtualenv_site_packages"
        ),
        "replace": _names("after backup before encoding regexp replace", _COMMON),
        "subversion": _names(
            "checkout export force in_place name password repo repository rev revision switch "
            "update username validate_certs version"
        ),
        "tempfile": _names("state"),
        "template": _names(
            "backup block_end_string block_start_string comment_end_string comment_start_string "
            "follow force lstrip_blocks newline_sequence output_encoding src trim_blocks "
            "variable_end_string variable_start_string",
            _COMMON,
        ),
        "unarchive": _names(
            "copy creates decrypt exclude include io_buffer_size keep_newer list_files remote_src "
            "src validate_certs",
            _COMMON,
        ),
        # method: see inside.py
        "uri": _names(
            "body body_format ca_path creates follow_redirects method password remote_src removes "
            "return_content src status_code user",
            _COMMON,
            _WEB,
        ),
        # these only read
        "find": _names(
            "age age_stamp checksum checksum_algo checksum_algorithm contains depth encoding "
            "exact_mode exclude excludes file_type follow get_checksum hidden limit mode name path "
            "paths pattern patterns read_whole_file recurse size use_regex"
        ),
        "getent": _names("database fail_key key service split"),
        "mount_facts": _names(
            "devices fstypes include_aggregate_mounts on_timeout sources timeout"
        ),
        "package_facts": _names("manager strategy"),
        "ping": _names("data"),
        "service_facts": _names(""),
        "setup": _names("filter gather_subset gather_timeout"),
        "slurp": _names("path src"),
        "stat": _names(
            "attr attributes checksum checksum_algo checksum_algorithm dest follow get_attributes "
            "get_checksum get_mime mime mime-type mime_type name path"
        ),
        "wait_for": _names(
            "active_connection_states connect_timeout delay exclude_hosts host msg path port "
            "search_regex sleep state timeout"
        ),
        "wait_for_connection": _names("connect_timeout delay sleep timeout"),
    }.items()
}

_PROGRAM = "starts a program, and nobody can tell what that changes"
_OPTIONS = "hands a program options of its own, and nobody can tell what it then changes"
_KNOWN_HOSTS = "writes the machine's key in a file of the user"
_WITH_VALIDATE = {"validate": _PROGRAM}

#: Arguments that start a program or lead what is written elsewhere, with what they do.
LEADS: Mapping[str, Mapping[str, str]] = {
    _BUILTIN + module: arguments
    for module, arguments in {
        **dict.fromkeys(
            ("assemble", "blockinfile", "copy", "lineinfile", "replace", "template"),
            _WITH_VALIDATE,
        ),
        "git": {
            "accept_hostkey": _KNOWN_HOSTS,
            "accept_newhostkey": _KNOWN_HOSTS,
            "executable": _PROGRAM,
            "ssh_opts": _OPTIONS,
        },
        "mount_facts": {"mount_binary": _PROGRAM},
        "pip": {
            "editable": "may install from a folder, and writes in that folder",
            "executable": _PROGRAM,
            "extra_args": _OPTIONS,
            "virtualenv_command": _PROGRAM,
            "virtualenv_python": _PROGRAM,
        },
        "setup": {"fact_path": "starts each program that lies in a folder"},
        "subversion": {"executable": _PROGRAM},
        "tempfile": {
            "prefix": "leads to another folder by a /",
            "suffix": "leads to another folder by a /",
        },
        "unarchive": {"extra_opts": _OPTIONS},
        "uri": {
            "unix_socket": "asks a program of the machine itself, which no copy of an asset has"
        },
    }.items()
}

#: what these may be all the same: the machine's own Python, and a name without a folder
_TAKEN: Mapping[tuple[str, str], re.Pattern[str]] = {
    (f"{_BUILTIN}pip", "virtualenv_command"): re.compile(
        r"(?:/usr/bin/)?(?:virtualenv|python3?(?:\.[0-9]{1,3})? -m venv)"
    ),
    (f"{_BUILTIN}pip", "virtualenv_python"): re.compile(r"(?:/usr/bin/)?python3?(?:\.[0-9]{1,3})?"),
    **dict.fromkeys(
        ((f"{_BUILTIN}tempfile", "prefix"), (f"{_BUILTIN}tempfile", "suffix")),
        re.compile(r"[^/]*"),
    ),
}

#: these lead elsewhere when they are on
_SWITCHES = frozenset({"accept_hostkey", "accept_newhostkey"})

#: modules that hand their arguments to a program, which takes one that begins with - as an option
_HANDED_ON = frozenset(
    _BUILTIN + module for module in ("git", "known_hosts", "pip", "subversion", "unarchive")
)

_LEADS = "its argument {name!r} {why}"
_AS_AN_OPTION = "with {name}: {value} it " + _OPTIONS
_OPTION_LATER = "its argument {name!r}, which is handed to a program, is known only when it runs"
_NOT_LOOKED_AT = "what its argument {name!r} leads to nobody has looked at"
_LEAVE_OUT = (
    'Leave {name!r} out; or write "stays: <what stays, in the client\'s words>" under the step '
    'in place of "inside", or a step of software_update_way_back that undoes it.'
)


def leave_out(name: str) -> str:
    """What to do about an argument that leads elsewhere.

    Args:
        name: of the argument.
    """
    return _LEAVE_OUT.format(name=name)


def arguments_that_lead_elsewhere(
    step: PlanStep, paths: Collection[str], not_yet: Collection[str]
) -> Iterator[tuple[str, str]]:
    """The arguments of a call by which it may change what lies in no asset.

    Args:
        step: the call, with rendered values.
        paths: the names of the arguments that say what it writes.
        not_yet: names of arguments whose value prepare fills in later.

    Returns:
        Of each what it does, in words, and its name.
    """
    if step.module not in HARMLESS:
        return  # a program, or a module that nobody can tell anything of
    later = {*step.args_at_apply, *step.secret_args}
    for name in sorted({*step.args, *later} - {*paths}):
        value = step.args.get(name)
        why = LEADS.get(step.module, {}).get(name)
        if name in not_yet or (name not in later and not is_given(value)):
            continue
        if why is not None:
            if name in later or not _is_taken(step.module, name, value):
                yield _LEADS.format(name=name, why=why), name
        elif not is_looked_at(step.module, name):
            yield _NOT_LOOKED_AT.format(name=name), name
        elif step.module in _HANDED_ON:
            if name in step.args_at_apply:
                yield _OPTION_LATER.format(name=name), name
            elif option := _option_in(value):
                yield _AS_AN_OPTION.format(name=name, value=option[:80]), name


def is_looked_at(module: str, name: str) -> bool:
    """Whether somebody looked where an argument leads, that says no path.

    Args:
        module: its full name.
        name: of the argument.
    """
    return name in HARMLESS.get(module, ()) or name in LEADS.get(module, {})


def is_given(value: Any) -> bool:
    """Whether an argument has a value."""
    return value is not None and value not in ("", [])


def is_no(value: Any) -> bool:
    """Whether Ansible certainly reads a value as no."""
    return str(value).strip().lower() in ("false", "no", "off", "n", "f", "0")


def _is_taken(module: str, name: str, value: Any) -> bool:
    if name in _SWITCHES:
        return is_no(value)
    taken = _TAKEN.get((module, name))
    return taken is not None and isinstance(value, str) and taken.fullmatch(value) is not None


def _option_in(value: Any) -> str:
    """What of a text, or of the texts of a list, a program takes as an option."""
    texts = value if isinstance(value, (list, tuple)) else [value]
    pieces = (piece.strip() for text in texts if isinstance(text, str) for piece in text.split(","))
    return next((piece for piece in pieces if piece.startswith("-")), "")
