"""Codes of tenants and servers that let nobody in, so that nothing in them was looked at."""

from __future__ import annotations

from collections.abc import Mapping

from sluis.border.verbs.tenant_check import Refusal

#: why a sign-in came to nothing, as the code of a finding
SIGN_IN: Mapping[Refusal, str] = {
    "secret wrong": "tenant-secret-wrong",
    "secret ended": "tenant-secret-ended",
    "certificate unknown": "tenant-certificate-unknown",
    "no such app": "tenant-app-unknown",
    "no such tenant": "tenant-unknown",
    "refused": "tenant-login-refused",
    "no answer": "tenant-unreachable",
    "not trusted": "tenant-not-trusted",
}
#: codes after which nobody saw what is inside
NOT_ENTERED = frozenset(
    {
        *SIGN_IN.values(),
        "host-key-wrong", "host-key-revoked", "no-app-secret", "source-login-refused",
        "source-unreachable", "source-without-sftp",
    }
)  # fmt: skip
