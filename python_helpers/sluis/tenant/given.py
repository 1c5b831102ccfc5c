"""Parts of a request from the controller, as the JSON data that the rooms here read."""

from __future__ import annotations

from typing import Any

from ..border import codec


def given(*messages: object) -> dict[str, Any]:
    """Messages of the border as one mapping, without what was not given.

    Args:
        messages: dataclasses of the border; a later one wins over an earlier one.
    """
    return {
        name: value
        for message in messages
        for name, value in codec.dump(message).items()
        if value is not None
    }
