"""Which query options a call takes; what it does not take is refused and never passed over.

A client whose ``$filter`` is ignored gets everything and believes that it asked for a part. The
real service applies more of these than the rehearsal does; what is not applied here is 400.
Names of properties come from Microsoft's public metadata of Graph v1.0; a name that a type does
not have is refused as the OData library of the service refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sluis.rehearsal.tenant.api_error import ApiError
from sluis.rehearsal.tenant.call import ByPath, Call

_ENTITY = "id"
_BASE = f"{_ENTITY} createdBy createdDateTime description eTag lastModifiedBy lastModifiedDateTime name parentReference webUrl createdByUser lastModifiedByUser"  # fmt: skip  # noqa: E501
_DIRECTORY = f"{_ENTITY} deletedDateTime displayName mail mailNickname proxyAddresses onPremisesSyncEnabled onPremisesLastSyncDateTime createdDateTime"  # fmt: skip  # noqa: E501
#: properties of each type that is answered here
_PROPERTIES: dict[str, frozenset[str]] = {
    name: frozenset(text.lower().split())
    for name, text in {
        "driveItem": f"{_BASE} audio bundle cTag deleted file fileSystemInfo folder image location "
        "malware package pendingOperations photo publication remoteItem root searchResult shared "
        "sharepointIds size specialFolder video webDavUrl content analytics children listItem "
        "permissions retentionLabel subscriptions thumbnails versions workbook "
        "@microsoft.graph.downloadUrl @content.downloadUrl content.downloadUrl "
        "@microsoft.graph.sharedChanged",
        "drive": f"{_BASE} driveType owner quota sharePointIds system bundles following items list "
        "root special",
        "list": f"{_BASE} displayName list sharepointIds system columns contentTypes drive items "
        "operations permissions subscriptions",
        "listItem": f"{_BASE} contentType deleted sharepointIds analytics documentSetVersions "
        "driveItem fields permissions versions",
        "site": f"{_BASE} displayName error isPersonalSite root sharepointIds siteCollection "
        "analytics columns contentTypes drive drives externalColumns items lists onenote "
        "operations pages permissions sites termStore termStores",
        "sitePage": f"{_BASE} pageLayout publishingState title promotionKind reactions "
        "showComments showRecommendedPages thumbnailWebUrl titleArea canvasLayout webParts",
        "permission": f"{_ENTITY} expirationDateTime grantedTo grantedToIdentities "
        "grantedToIdentitiesV2 grantedToV2 hasPassword inheritedFrom invitation link roles shareId",
        "driveItemVersion": f"{_ENTITY} lastModifiedBy lastModifiedDateTime publication content "
        "size",
        "columnDefinition": f"{_ENTITY} boolean calculated choice columnGroup "
        "contentApprovalStatus currency dateTime defaultValue description displayName "
        "enforceUniqueValues geolocation hidden hyperlinkOrPicture indexed isDeletable "
        "isReorderable isSealed lookup name number personOrGroup propagateChanges readOnly "
        "required sourceColumn sourceContentType term text thumbnail type validation",
        "user": f"{_DIRECTORY} accountEnabled assignedLicenses assignedPlans businessPhones city "
        "companyName country department employeeId employeeType givenName identities jobTitle "
        "mobilePhone officeLocation otherMails preferredLanguage surname usageLocation "
        "userPrincipalName userType drive drives manager memberOf",
        "group": f"{_DIRECTORY} classification description groupTypes isArchived "
        "isAssignableToRole mailEnabled membershipRule renewedDateTime resourceProvisioningOptions "
        "resourceBehaviorOptions securityEnabled securityIdentifier theme visibility drive drives "
        "members owners sites team",
        "orgContact": f"{_DIRECTORY} addresses companyName department givenName jobTitle phones "
        "surname manager memberOf",
        "bookingBusiness": f"{_ENTITY} address businessHours businessType defaultCurrencyIso "
        "displayName email isPublished languageTag phone publicUrl schedulingPolicy webSiteUrl",
        "recycleBinItem": f"{_BASE} deletedDateTime deletedFromLocation size title deletedBy",
    }.items()
}
#: what may be expanded where
_EXPANDS: dict[str, frozenset[str]] = {
    "driveItem": frozenset({"permissions"}),
    "listItem": frozenset({"fields", "driveitem"}),
}
#: what the last word of an address stands for
_LAST = {
    "root": "driveItem", "delta": "driveItem", "children": "driveItem", "search": "driveItem",
    "driveItem": "driveItem", "listItem": "listItem", "drive": "drive", "drives": "drive",
    "list": "list", "lists": "list", "columns": "columnDefinition", "sites": "site",
    "getAllSites": "site", "getByPath": "site", "pages": "sitePage", "users": "user",
    "groups": "group", "contacts": "orgContact", "bookingBusinesses": "bookingBusiness",
    "permissions": "permission", "versions": "driveItemVersion",
    "microsoft.graph.sitePage": "sitePage",
}  # fmt: skip
#: options of OData, with or without their dollar
_OPTIONS = frozenset(
    ("select", "expand", "top", "filter", "orderby", "skip", "count", "search", "format", "apply")
)
_TAKEN = frozenset({"select", "expand", "top"})
#: no type is known of what these lead to
_OPAQUE = frozenset({"content", "contentStream", "fields", "retentionLabel"})


def check_options(call: Call) -> None:
    """Refuse a GET with an option that is not applied to it, or with a property that is not there.

    Raises:
        ApiError: 400.
    """
    if call.method != "GET":
        return
    kind = _kind(call.segments)
    for given in call.query:
        name = given.removeprefix("$").lower()
        if name in _OPTIONS and name not in _TAKEN and not _special(call, kind, name):
            raise ApiError(
                400,
                "invalidRequest",
                f"The query option '${name}' is not applied to this call by the rehearsal.",
            )
    if kind is None:
        return
    known = _PROPERTIES[kind]
    for name in call.selected():
        if name.lower() not in known and "/" not in name and name != "*":
            raise _no_property(name, kind)
    for name, inside in call.expanded().items():
        if name not in _EXPANDS.get(kind, frozenset()):
            raise ApiError(
                400,
                "invalidRequest",
                f"'{name}' is not expanded on microsoft.graph.{kind} by the rehearsal.",
            )
        if inside and not re.fullmatch(r"\$?select=[\w,@. ]+", inside, re.IGNORECASE):
            raise ApiError(
                400, "invalidRequest", f"The options of the expanded '{name}' are not applied here."
            )


def _special(call: Call, kind: str | None, name: str) -> bool:
    """The options that one call alone takes."""
    if name == "filter":
        return kind == "group" and call.segments == ("groups",)
    if name == "format":
        return call.segments[-1:] == ("content",)  # has an answer of its own
    # the search of sites is written with a dollar or without
    return name == "search" and call.segments == ("sites",)


def _kind(segments: Sequence[str | ByPath]) -> str | None:
    """The type that an address leads to; ``None`` when nothing is known of it."""
    names = [one for one in segments if isinstance(one, str)]
    if not names or names[-1] in _OPAQUE:
        return None
    before = names[-2] if len(names) > 1 else ""
    if names[-2:] == ["sites", "root"]:
        return "site"
    if names[-1] == "items":
        return "recycleBinItem" if before == "recycleBin" else "listItem"
    if before == "items":
        return "listItem" if "lists" in names[:-2] else "driveItem"
    if names[-1] in _LAST:
        return _LAST[names[-1]]
    return _LAST.get(before)


def _no_property(name: str, kind: str) -> ApiError:
    return ApiError(
        400,
        "BadRequest",
        "Parsing OData Select and Expand failed: Could not find a property named "
        f"'{name}' on type 'microsoft.graph.{kind}'.",
    )
