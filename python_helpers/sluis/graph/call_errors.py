"""What can go wrong with a call before there is an answer, or when there is no end to them."""

from __future__ import annotations

import aiohttp

from .errors import ConnectionCutError, GraphError, ThrottledError, plain_place
from .links import origin


def cut(method: str, url: str, error: BaseException, *, lost: bool) -> ConnectionCutError:
    """No answer; ``lost`` when the call may have been carried out."""
    what = f"{method} {plain_place(url)}: {type(error).__name__}"
    if lost:
        return ConnectionCutError(
            "answer-lost",
            f"The connection broke before the answer came ({what}). It is not known whether it "
            "was carried out.",
            "Look whether it was done before doing it again.",
        )
    return ConnectionCutError(
        "connection-cut",
        f"No answer, however often we tried ({what}).",
        "Check the network; the run goes on where it was.",
    )


def untrusted(url: str, error: aiohttp.ClientConnectorCertificateError) -> GraphError:
    """The server's certificate is not trusted."""
    return GraphError(
        "tls-untrusted",
        f"The certificate of {origin(url)[1]} is not trusted ({type(error).__name__}).",
        "Check the clock and the CA; if TLS is inspected on the way, name that CA.",
    )


def endless(failed: GraphError) -> ThrottledError:
    """It said "too many" after every wait it asked for."""
    return ThrottledError(
        "throttled-without-end",
        f"{failed.what} It said so every time, after every wait it asked for.",
        "Try later. On lists over 100,000 items permission calls never get through; record that.",
        status=failed.status,
        codes=failed.codes,
        request_id=failed.request_id,
    )


def redirected(path: str, status: int) -> GraphError:
    """An answer that sends us elsewhere; our token goes nowhere else."""
    return GraphError(
        "redirected",
        f"Graph answered {status} to GET {plain_place(path)} and sent us elsewhere; we did not go.",
        "Try again; if it stays, something between us and Graph answers in its place.",
        status=status,
    )
