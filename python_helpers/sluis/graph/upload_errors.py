"""What can go wrong when a file is sent."""

from __future__ import annotations

from pathlib import Path

from .errors import ConnectionCutError, GraphError, plain


def taken(place: str, error: GraphError) -> GraphError:
    """The name is there already, and the policy says not to overwrite."""
    return GraphError(
        "name-taken",
        f"Something of that name is at {plain(place)} already.",
        "Decide by the signed conflict policy; nothing was overwritten.",
        status=error.status,
        codes=error.codes,
        request_id=error.request_id,
    )


def held(place: str, error: GraphError) -> GraphError:
    """The name is taken, and nothing of that name is there (onedrive-api-docs#747)."""
    return GraphError(
        "name-held",
        f"The service says that the name at {plain(place)} is taken, and nothing is there: an "
        "upload that broke off holds it until its session ends.",
        "Run again later; such a session ends by itself, after some days at most.",
        status=error.status,
        codes=error.codes,
        request_id=error.request_id,
    )


def changed_there(place: str, error: GraphError | None = None) -> GraphError:
    """It is not what it was when we looked; somebody else's work would be lost."""
    return GraphError(
        "changed-in-target",
        f"Somebody changed or removed {plain(place)} after we looked at it; it was not replaced.",
        "Run again: it is looked at anew, and decided by the signed conflict policy.",
        status=412,
        codes=error.codes if error else (),
        request_id=error.request_id if error else None,
    )


def unknown(place: str) -> GraphError:
    """Whether the file arrived cannot be said."""
    return GraphError(
        "upload-outcome-unknown",
        f"The answer to the end of the upload to {plain(place)} was lost; whether the file is "
        "there, and under which name, is not known.",
        "Look in the target folder before sending it again.",
    )


def cut(place: str, error: BaseException) -> GraphError:
    """The connection broke, however often we tried."""
    return ConnectionCutError(
        "connection-cut",
        f"The upload to {plain(place)} broke off, however often we tried ({type(error).__name__}).",
        "Check the network and run again with the same session; it goes on where it was.",
    )


def changed(source: Path) -> GraphError:
    """The file is not the one that was begun with."""
    return GraphError(
        "source-changed",
        f"{source} changed while it was being sent; what arrived is not kept as done.",
        "Find out who writes there; fetch it again and send it again.",
    )


def unreadable(source: Path, error: OSError) -> GraphError:
    """The file cannot be read."""
    return GraphError(
        "source-unreadable",
        f"{source} could not be read ({error.strerror or type(error).__name__}).",
        "Look at the disk; nothing was sent.",
    )
