"""Does something listen on a TCP port?"""

from __future__ import annotations

import socket
from typing import Any, Mapping

from .answer import Answer, number, text


def port(check: Mapping[str, Any], timeout: float) -> Answer:
    """Connect once and hang up.

    Args:
        check: ``port``, and ``address`` (the host itself when it is left out).
        timeout: seconds.
    """
    address = text(check, "address", "127.0.0.1")
    wanted = port_of(check)
    try:
        socket.create_connection((address, wanted), timeout).close()
    except socket.gaierror as error:
        return Answer(None, f"the address cannot be resolved: {error.strerror}")
    except socket.timeout:
        return Answer(False, f"no answer on port {wanted} within {timeout:g} s")
    except OSError as error:
        return Answer(False, f"port {wanted}: {error.strerror or error}")
    return Answer(True, f"port {wanted} is open")


def port_of(check: Mapping[str, Any]) -> int:
    """The port that is described.

    Raises:
        InputError: ``bad-check``: there is none.
    """
    return int(number(check, "port", None, 1, 65535))
