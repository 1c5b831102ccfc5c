"""Make the folder that the client moves something into, and let its owner write there."""

from __future__ import annotations

from dataclasses import dataclass

from ..formats import Line, PlainName, Time
from ..tenant import Budget, GraphId, Target, TenantAccount, TenantSecrets
from ..verb import Verb


@dataclass(frozen=True)
class Request:
    """Where, for whom (an e-mail address in the new tenant), and until when."""

    account: TenantAccount
    budget: Budget
    target: Target
    owner: PlainName
    deadline: Time


@dataclass(frozen=True)
class Answer:
    """The folder: its id, and for people where it is."""

    item_id: GraphId
    web_url: Line
    made: Time


TENANT_LANDING = Verb("tenant_landing", Request, TenantSecrets, Answer)
