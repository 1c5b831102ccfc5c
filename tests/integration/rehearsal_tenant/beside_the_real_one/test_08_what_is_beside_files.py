"""Groups, contacts, bookings, subsites, lists, pages and hidden libraries are there.

What a tenant holds beside files is what an inventory misses. Pages named below are those of
``microsoft-graph-docs-contrib/api-reference/v1.0/api``.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import pytest

from sluis.rehearsal.tenant.rights import AppSettings
from sluis.rehearsal.tenant.settings import Population, Settings
from sluis.rehearsal.tenant.start import start_tenant
from support.tenant_talk import Talk

UNIFIED = quote("groupTypes/any(c:c eq 'Unified')")
TEAMS = quote("resourceProvisioningOptions/Any(x:x eq 'Team')")


def test_tenant_08_groups_are_filtered_as_documented(talk: Talk) -> None:
    """``group-list.md`` and ``teams-list-all-teams.md``: the two filters that everyone uses."""
    everything = talk.good("/groups")["value"]
    assert [one["displayName"] for one in everything] == [
        "Group 01", "Group 02", "Group 03", "Security 01",
    ]  # fmt: skip
    unified = talk.good(f"/groups?$filter={UNIFIED}&$select=id,displayName")["value"]
    assert [one["displayName"] for one in unified] == ["Group 01", "Group 02", "Group 03"]
    assert set(unified[0]) == {"id", "displayName"}
    teams = talk.good(f"/groups?$filter={TEAMS}")["value"]
    assert [one["displayName"] for one in teams] == ["Group 01"]
    assert talk.good(f"/groups/{teams[0]['id']}")["resourceProvisioningOptions"] == ["Team"]
    other = talk.get("/groups?$filter=" + quote("securityEnabled eq true"))
    assert (other.status, other.error) == (400, "Request_UnsupportedQuery")


def test_tenant_08_a_group_has_a_site_and_its_libraries(talk: Talk) -> None:
    """``site-get.md``: ``groups/{id}/sites/root``; ``drive-list.md``: ``groups/{id}/drives``."""
    first, security = talk.good("/groups")["value"][::3]
    base = f"/groups/{first['id']}"
    site = talk.good(f"{base}/sites/root")
    assert site["webUrl"] == "https://rehearsal.sharepoint.example/sites/group01"
    assert site["id"] in {one["id"] for one in talk.good("/sites/getAllSites")["value"]}
    (drive,) = talk.good(f"{base}/drives")["value"]
    assert talk.good(f"{base}/drive")["id"] == drive["id"]
    assert talk.good(f"{base}/drive/root/children")["value"]
    assert talk.get(f"/groups/{security['id']}/drive").status == 404


def test_tenant_08_contacts_and_booking_pages_are_listed(talk: Talk) -> None:
    """``orgcontact-list.md`` and ``bookingbusiness-list.md``."""
    contacts = talk.good("/contacts?$select=id,displayName")["value"]
    assert [one["displayName"] for one in contacts] == ["Contact 01", "Contact 02"]
    one = talk.good(f"/contacts/{contacts[0]['id']}")
    assert one["mail"] == "contact01@partner.example"
    bookings = talk.good("/solutions/bookingBusinesses")["value"]
    assert [set(one) for one in bookings] == [{"id", "displayName"}] * 2
    assert talk.good(f"/solutions/bookingBusinesses/{bookings[0]['id']}") | bookings[0]
    assert talk.get("/contacts/none").status == 404


def test_tenant_08_each_needs_its_own_right(tmp_path: Path) -> None:
    """The permissions tables of the same pages."""
    few = AppSettings("few", ("Sites.Read.All", "User.Read.All"))
    settings = Settings(population=Population(groups=1, contacts=1, bookings=1), apps=(few,))
    with start_tenant(tmp_path, settings) as tenant:
        talk = Talk(tenant)
        for where in ("/groups", "/contacts", "/solutions/bookingBusinesses"):
            assert talk.get(where).status == 403, where


def test_tenant_08_subsites_are_below_their_site_and_in_no_list_of_all_sites(
    talk: Talk, site: str
) -> None:
    """``site-getallsites.md`` lists root sites; ``site-list-subsites.md`` what is right below."""
    below = talk.good(f"/sites/{site}/sites")["value"]
    assert [one["name"] for one in below] == ["sub01"]
    assert "root" not in below[0] and "root" in talk.good(f"/sites/{site}")
    (deeper,) = talk.good(f"/sites/{below[0]['id']}/sites")["value"]
    assert deeper["webUrl"].endswith("/sites/team01/sub01/sub02")
    everything = {one["id"] for one in talk.good("/sites/getAllSites")["value"]}
    assert not everything & {below[0]["id"], deeper["id"]}
    # microsoft-graph-docs#16710: search finds them
    found = {one["id"] for one in talk.good("/sites?search=*")["value"]}
    assert {below[0]["id"], deeper["id"]} <= found
    assert talk.good(f"/sites/{deeper['id']}/drives")["value"]
    by_path = talk.good("/sites/rehearsal.sharepoint.example:/sites/team01/sub01")
    assert by_path["id"] == below[0]["id"]


def test_tenant_08_hidden_libraries_are_listed_only_when_asked_for(talk: Talk, site: str) -> None:
    """``drive-list.md`` and ``list-list.md``: the system facet hides, ``$select=system`` shows."""
    plain = talk.good(f"/sites/{site}/drives")["value"]
    assert len(plain) >= 50 and not any("system" in one for one in plain)
    asked = talk.good(f"/sites/{site}/drives?$select=id,name,system")["value"]
    hidden = [one for one in asked if "system" in one]
    assert [one["name"] for one in hidden] == ["Preservation Hold Library", "Form Templates"]
    assert len(asked) == len(plain) + 2
    assert len(talk.good(f"/drives/{hidden[0]['id']}/root/children")["value"]) == 3
    lists = {one["displayName"] for one in talk.good(f"/sites/{site}/lists")["value"]}
    more = talk.good(f"/sites/{site}/lists?$select=displayName,list,system")["value"]
    assert {one["displayName"] for one in more} - lists == {one["name"] for one in hidden}
    assert talk.good(f"/sites/{site}/drive")["id"] == plain[0]["id"]


def test_tenant_08_pages_are_listed_by_name_and_lie_in_a_library(talk: Talk, site: str) -> None:
    """``basesitepage-list.md``, ``sitepage-list.md``, ``sitepage-get.md``."""
    pages = talk.good(f"/sites/{site}/pages")["value"]
    assert [one["name"] for one in pages] == ["Home.aspx", "Page 02.aspx", "Page 03.aspx"]
    assert pages == talk.good(f"/sites/{site}/pages/microsoft.graph.sitePage")["value"]
    one = talk.good(f"/sites/{site}/pages/{pages[1]['id']}/microsoft.graph.sitePage")
    assert (one["title"], one["pageLayout"]) == ("Page 02", "article")
    assert talk.get(f"/sites/{site}/pages/none").status == 404
    library = talk.good(f"/sites/{site}/lists/SitePages")
    assert library["list"]["template"] == "webPageLibrary"
    drive = talk.good(f"/sites/{site}/lists/{library['id']}/drive")["id"]
    names = {one["name"] for one in talk.good(f"/drives/{drive}/root/children")["value"]}
    assert names == {one["name"] for one in pages}
    assert drive not in {one["id"] for one in talk.good(f"/sites/{site}/drives")["value"]}


@pytest.mark.parametrize("where", ["/groups", "/contacts", "/solutions/bookingBusinesses"])
def test_tenant_08_an_empty_tenant_has_none(tmp_path: Path, where: str) -> None:
    with start_tenant(tmp_path, Settings(population=Population(users=0, sites=0))) as tenant:
        assert Talk(tenant).good(where)["value"] == []
