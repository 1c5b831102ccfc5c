"""Landing folders, as an Ansible module on an export worker makes them and looks in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..border import codec
from ..border.tenant import Budget, TenantAccount, TenantSecrets
from ..border.verbs import tenant_landing, tenant_landing_look
from ..border.verbs.tenant_landing_look import ByManifest, Elsewhere
from .given import given
from .on_worker import proven_manifest
from .run_landing import run_make_landing, run_watch_landing


def make_landing_folder(
    request: tenant_landing.Request, secrets: TenantSecrets
) -> tenant_landing.Answer:
    """Make a landing folder, or take the one that is there, and let its owner write in it.

    Raises:
        InputError: the request cannot be used; nothing was done.
        SluisError: the folder could not be made.
    """
    made = run_make_landing(
        {
            **_connection(request.account, request.budget, secrets),
            "target": codec.dump(request.target),
            "owner": request.owner,
            "deadline": request.deadline,
        }
    )["landing"]
    return tenant_landing.Answer(made["item_id"], made["web_url"], made["made"])


def look_in_landing(
    request: tenant_landing_look.Request, secrets: TenantSecrets
) -> tenant_landing_look.Answer:
    """Look what has arrived in a landing folder; nothing is written.

    Raises:
        EvidenceError: ``manifest-altered``.
        InputError: the request cannot be used.
        SluisError: the folder is gone, or cannot be looked at.
    """
    expected = request.expected
    asked = {
        **_connection(request.account, request.budget, secrets),
        "landing": codec.dump(request.landing),
        "files_before": request.files_before,
        "told": [codec.dump(one) for one in request.told],
    }
    if isinstance(expected, ByManifest):
        _, manifest = proven_manifest(
            request.asset,
            expected.folder,
            expected.source_id,
            expected.pass_number,
            expected.manifest_sha256,
        )
        asked["manifest"] = str(manifest)
    else:
        asked |= {"items": expected.items, "bytes": expected.bytes}
    said = run_watch_landing(asked)
    elsewhere = tuple(Elsewhere(path, at) for path, at in said.pop("elsewhere").items())
    for name in ("missing", "other_size"):
        said[name] = tuple(said[name])
    return tenant_landing_look.Answer(**said, elsewhere=elsewhere)


def _connection(account: TenantAccount, budget: Budget, secrets: TenantSecrets) -> dict[str, Any]:
    # beside the exports lies what was used of the tenant's budget today
    Path(budget.state).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return {
        "account": given(account, secrets.account),
        "budget": codec.dump(budget),
    }
