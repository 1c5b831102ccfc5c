"""Errors of the token endpoint, in the shape in which Microsoft Entra gives them.

The numbers are those of learn.microsoft.com, "Microsoft Entra authentication and
authorization error codes".
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


class TokenError(Exception):
    """The token endpoint says no.

    Args:
        error: OAuth error code, such as ``invalid_client``.
        number: the AADSTS number.
        message: one sentence for a person; never holds a secret.
    """

    def __init__(self, error: str, number: int, message: str) -> None:
        super().__init__(f"AADSTS{number}: {message}")
        self.error = error
        self.number = number
        self.message = message

    @property
    def status(self) -> int:
        """HTTP status: 401 for a client that could not prove who it is, otherwise 400.

        MSAL keeps a 400 for a minute and does not ask again; a 401 it does not keep.
        """
        return 401 if self.error == "invalid_client" else 400

    def body(self, now: float, headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON body.

        Args:
            now: seconds since 1970 on the tenant's clock.
            headers: of the request; ``client-request-id`` comes back as correlation id.
        """
        stamp = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        trace = str(uuid.uuid4())
        correlation = _uuid_or_new(headers.get("client-request-id", ""))
        return {
            "error": self.error,
            "error_description": (
                f"AADSTS{self.number}: {self.message} Trace ID: {trace} "
                f"Correlation ID: {correlation} Timestamp: {stamp}"
            ),
            "error_codes": [self.number],
            "timestamp": stamp,
            "trace_id": trace,
            "correlation_id": correlation,
            "error_uri": f"https://login.microsoftonline.com/error?code={self.number}",
        }


def _uuid_or_new(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return str(uuid.uuid4())
