"""Connections of ansible-core as a task would get them, to no host."""

from __future__ import annotations

import configparser
from typing import Any

from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from sluis.rehearsal.project import checkout
from support import guarded_call  # noqa: F401  it starts Ansible's loaders

CONFIG = configparser.ConfigParser(interpolation=None)
CONFIG.read(checkout().root / "ansible.cfg")
SSH_ARGS = CONFIG["ssh_connection"]["ssh_args"]


def connection(name: str, **variables: Any) -> Any:
    context = PlayContext()
    context.remote_addr = "192.0.2.1"
    made = connection_loader.get(name, context)
    made.set_options(
        var_options={
            "ansible_host": "192.0.2.1", "ansible_ssh_args": SSH_ARGS,
            "ansible_host_key_checking": True, **variables,
        }
    )  # fmt: skip
    return made
