"""Weather: what the real service does now and then, and how often it does so here.

Sources of what happens are beside each field; numbers are shares between 0 and 1. What the
weather does is drawn from the seed (see ``weather_maker``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class Weather:
    """What goes wrong, and how often. The default is a clear sky.

    Attributes:
        empty_pages: pages that come empty, with a nextLink (docs-contrib#1316).
        duplicates: entries that come a second time on the same page (the delta page says
            that an item can appear twice, and that the last one wins).
        loops: pages whose nextLink leads to the same page again (onedrive-api-docs#1424).
        loops_last: a loop never ends; otherwise it ends like other weather.
        unavailable: requests that get 503.
        gateway_timeout: requests that get 504 (microsoft-graph-docs#2531).
        retry_after_share: share of the 503 and 504 answers that carry ``Retry-After``.
        retry_after: what that header says, seconds.
        cut_bodies: downloads of which the connection breaks half way.
        truncated_bodies: downloads that end early without any sign of it.
        whole_for_range: range requests answered with 200 and the whole body; legal.
        stale_size: Office, PDF, HTML and HEIC files whose listed size is wrong
            (rclone#2036, msgraph-sdk-dotnet#2046).
        stale_hash: the same with the listed hash (abraunegg#2471).
        rewrite: kinds of uploaded files that the service rewrites, each time otherwise:
            ``office``, ``pdf``, ``html`` (rclone#9767).
        deleted_between_pages: pages before which an item of the drive is deleted.
        renamed_between_pages: pages before which an item of the drive is renamed.
        recreated_between_pages: pages before which a folder is deleted and made again
            under its name (docs-contrib#8794: no deletion entry is given).
        bin_ends: time, in seconds since 1970 on the tenant's clock, from which on recycle
            bins are empty: the day on which the old contract ends.
        quota_bytes: bytes that fit in each drive, when less than its own quota.
        revoked_between_pages: pages before which a permission of an item is taken away; the
            item comes with ``deltashowsharingchanges`` only (``driveitem-delta.md``).
        called_deleted: items that each listing calls deleted though they are there, and does not
            count in their folders (onedrive-api-docs#611; ``driveitem-delta.md`` tells the same of
            what the app may not see any more, unless ``deltashowremovedasdeleted`` is asked for).
        locked: files of which every change gets 423, as while somebody has them open
            (microsoft-graph-explorer-v4#3435, onedrive-api-docs#912).
        bandwidth_exceeded: requests that carry bytes and get 509 with ``Retry-After``
            (Microsoft's page "Microsoft Graph error responses": 509, bandwidth limit).
        short_content: files whose content always comes short, half of them empty, under a
            ``Content-Length`` that says so (onedrive-api-docs#1258, sp-dev-docs#5247).
        html_content: files of which an error page always comes instead, with 200
            (onedrive-api-docs#1195).
        late_hashes: uploads whose hash is not listed until they are downloaded once
            (``resources/hashes.md``).
        dropped_dates: uploads of which the dates that were sent are not kept
            (onedrive-api-docs#1379, msgraph-sdk-dotnet#1714).
        no_quota: drives tell no quota: ``empty`` is ``{}`` (microsoft-graph-docs#7638),
            ``zeros`` says 0 of 0 (onedrive-api-docs#1245, #1353).
        redirects: reads that are answered with 308 and the address again, as after a site's
            address changed (microsoft-graph-docs#8326).
        permissions_denied: items whose permissions answer 403 whatever the app may elsewhere
            (Microsoft's page "Microsoft Graph error responses": 403 is about one resource).
        rights_end: time, in seconds since 1970 on the tenant's clock, from which on the app may
            do nothing with any site: its grants were taken away
            (``site-delete-permission.md``).
        consent_ends: time from which on no token is taken: consent was withdrawn, and the
            answer is a claims challenge (Microsoft's page "Claims challenges, claims requests
            and client capabilities").
        most_per_key: how often the same request meets weather of one kind at most; a
            client that tries again more often than that gets through.
    """

    empty_pages: float = 0.0
    duplicates: float = 0.0
    loops: float = 0.0
    loops_last: bool = False
    unavailable: float = 0.0
    gateway_timeout: float = 0.0
    retry_after_share: float = 0.5
    retry_after: float = 0.25
    cut_bodies: float = 0.0
    truncated_bodies: float = 0.0
    whole_for_range: float = 0.0
    stale_size: float = 0.0
    stale_hash: float = 0.0
    rewrite: tuple[str, ...] = ()
    deleted_between_pages: float = 0.0
    renamed_between_pages: float = 0.0
    recreated_between_pages: float = 0.0
    revoked_between_pages: float = 0.0
    called_deleted: float = 0.0
    locked: float = 0.0
    bandwidth_exceeded: float = 0.0
    short_content: float = 0.0
    html_content: float = 0.0
    late_hashes: float = 0.0
    dropped_dates: float = 0.0
    no_quota: Literal["", "empty", "zeros"] = ""
    redirects: float = 0.0
    permissions_denied: float = 0.0
    rights_end: float | None = None
    consent_ends: float | None = None
    bin_ends: float | None = None
    quota_bytes: int | None = None
    most_per_key: int = 2


CALM = Weather()

#: what a migration meets on most days
NORMAL = Weather(
    empty_pages=0.05,
    duplicates=0.02,
    unavailable=0.005,
    gateway_timeout=0.002,
    cut_bodies=0.005,
    stale_size=0.02,
    stale_hash=0.02,
    rewrite=("office", "pdf", "html"),
)

#: everything at once, far more often than in earnest
STORM = replace(
    NORMAL,
    empty_pages=0.25,
    duplicates=0.15,
    unavailable=0.05,
    gateway_timeout=0.03,
    cut_bodies=0.08,
    truncated_bodies=0.05,
    whole_for_range=0.3,
    stale_size=0.2,
    stale_hash=0.2,
    renamed_between_pages=0.05,
    recreated_between_pages=0.02,
)

PRESETS: dict[str, Weather] = {"calm": CALM, "normal": NORMAL, "storm": STORM}
