"""The variables of the roles that speak to a tenant: accounts, their secrets, and limits."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sluis.border import codec
from sluis.border.strict_json import WrongError
from sluis.border.tenant import (
    AccountSecret,
    Budget,
    Server,
    ServerSecret,
    TenantAccount,
    TenantSecrets,
)
from sluis.errors import InputError
from sluis.plan.faults import did_you_mean
from sluis.runbook.setting_values import full_path, whole_number
from sluis.runbook.snapshot_settings import Templar, plain

#: what an account may hold in the open; everything else belongs into the vault
_OPEN = frozenset(
    {"tenant_id", "client_id", "authority", "graph", "ca", "certificate", "secret_file", "licences"}
)
_SECRET = frozenset({"secret"})

#: Microsoft's largest tenants have some hundred thousands
_MOST_LICENCES = 10_000_000
T = TypeVar("T")


@dataclass(frozen=True)
class TenantSettings:
    """Accounts by tenant name, their secrets, and how hard we may ask.

    Args:
        role: the role whose variables these are, for messages.
        accounts: by tenant name; nothing secret.
        secrets: by tenant name.
        exports: folder on the worker, one folder below it for each asset.
        workers: files under way at once.
        sharing: how many hosts share a tenant's budget, by tenant.
    """

    role: str
    accounts: dict[str, dict[str, Any]]
    secrets: dict[str, dict[str, str]] = field(repr=False)
    exports: str
    workers: int
    sharing: Mapping[str, int]
    host: str = ""
    servers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def server(self, name: str) -> Server:
        """The open half of an SFTP server's login.

        Raises:
            InputError: ``no-such-server``, ``bad-setting``.
        """
        if name not in self.servers:
            raise InputError(
                "no-such-server",
                f"The scope speaks of the server {name!r}, and {self.role}_servers has none.",
                did_you_mean(
                    name,
                    self.servers,
                    f"Write its address, user and host_key under {name} in {self.role}_servers.",
                ),
            )
        return self._typed(Server, "servers", name, self.servers[name])

    def account(self, tenant: str) -> TenantAccount:
        """The open half of an account.

        Raises:
            InputError: ``no-such-tenant``, ``bad-setting``.
        """
        try:
            account = self.accounts[tenant]
        except KeyError:
            raise InputError(
                "no-such-tenant",
                f"The scope speaks of the tenant {tenant!r}, and {self.role}_accounts has none.",
                did_you_mean(
                    tenant,
                    self.accounts,
                    f"Write tenant_id and client_id of its app under {tenant} in"
                    f" {self.role}_accounts.",
                ),
            ) from None
        given = {name: value for name, value in account.items() if name != "licences"}
        return self._typed(TenantAccount, "accounts", tenant, given)

    def budget(self, tenant: str) -> Budget:
        """What the tenant's licences allow, and our share of it."""
        licences = self.accounts.get(tenant, {}).get("licences", 1)
        return Budget(
            licences=whole_number(
                f"{self.role}_accounts: licences of {tenant}", licences, 1, 10**6
            ),
            share=1.0 / self.sharing.get(tenant, 1),
            state=f"{self.exports}/.budget-{tenant}-{self.host}",
        )

    def secret(self, tenant: str) -> TenantSecrets:
        """The secret half, as a module takes it.

        Raises:
            InputError: ``bad-setting``.
        """
        given = self.secrets.get(tenant, {})
        return TenantSecrets(account=self._typed(AccountSecret, "secrets", tenant, given))

    def server_secret(self, name: str) -> TenantSecrets:
        """The secret half of an SFTP login.

        Raises:
            InputError: ``bad-setting``.
        """
        given = self.secrets.get(name, {})
        return TenantSecrets(servers={name: self._typed(ServerSecret, "secrets", name, given)})

    def _typed(self, made: type[T], variable: str, name: str, given: Mapping[str, Any]) -> T:
        try:
            return codec.load(made, dict(given))
        except WrongError as wrong:
            raise _bad(self.role, variable, f"{name}: {wrong.field} {wrong.why}") from None


def read_tenant_settings(
    role: str,
    task_vars: Mapping[str, Any],
    templar: Templar,
    workers: Mapping[str, Collection[str]],
) -> TenantSettings:
    """Read and check one role's variables for one host.

    Args:
        role: ``tenant_export`` or ``tenant_import``.
        task_vars: as ansible-core hands them to an action plugin.
        templar: renders them.
        workers: the hosts that share a tenant's budget, by tenant (``scope.division``). A
            tenant that is not named here is used by one host alone.

    Raises:
        InputError: ``bad-setting``, ``secret-in-the-open``.
    """

    def value(name: str, default: Any) -> Any:
        raw = task_vars.get(f"{role}_{name}")
        rendered = plain(templar.template(raw)) if raw is not None else None
        return default if rendered in (None, "") else rendered

    accounts = _tenants(role, "accounts", value("accounts", {}))
    for tenant, account in accounts.items():
        for name in sorted(set(account) - _OPEN):
            if name in _SECRET:
                raise InputError(
                    "secret-in-the-open",
                    f"{role}_accounts holds the secret of {tenant}.",
                    f"Move it to {role}_secrets, in a vault file.",
                )
            raise _bad(role, "accounts", f"{tenant} has {name!r}, which is not known")
    secrets = _tenants(role, "secrets", value("secrets", {}))
    raw = task_vars.get("snapshot_and_verify_exports")
    given = plain(templar.template(raw)) if raw is not None else None
    exports = "/var/lib/sluis/exports" if given in (None, "") else given
    return TenantSettings(
        role=role,
        accounts=accounts,
        secrets={name: {k: str(v) for k, v in held.items()} for name, held in secrets.items()},
        exports=full_path("snapshot_and_verify_exports", exports),
        workers=whole_number(f"{role}_workers", value("workers", 16), 1, 256),
        sharing={tenant: len(hosts) for tenant, hosts in workers.items()},
        host="".join(str(task_vars.get("inventory_hostname", ""))),
        servers=_servers(role, value("servers", {})),
    )


def _servers(role: str, value: Any) -> dict[str, dict[str, Any]]:
    servers = _tenants(role, "servers", value)
    for name, server in servers.items():
        if secret := sorted(set(server) & {"password", "passphrase"}):
            raise InputError(
                "secret-in-the-open",
                f"{role}_servers holds the {secret[0]} of {name}.",
                f"Move it to {role}_secrets, in a vault file.",
            )
    return servers


def _tenants(role: str, name: str, value: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise _bad(role, name, "it is not a mapping of tenants")
    return {str(key): dict(item) for key, item in value.items()}


def _bad(role: str, name: str, why: str) -> InputError:
    return InputError(
        "bad-setting", f"{role}_{name} cannot be used: {why}.", "Correct it in the inventory."
    )
