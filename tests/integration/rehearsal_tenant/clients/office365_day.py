"""A day's work with Office365-REST-Python-Client; run by test_office365_day.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from office365.graph_client import GraphClient

tenant_id, client_id, secret_file, drive_id, folder = sys.argv[1:]
graph = GraphClient(tenant=tenant_id).with_client_secret(client_id, Path(secret_file).read_text())
drive = graph.drives[drive_id]
here = Path(folder)

# list: people, sites, what is in a drive
print("users", len(graph.users.get_all().execute_query()))
print("sites", len(graph.sites.get_all_sites().execute_query()))
print("root", sorted(one.name for one in drive.root.children.get_all().execute_query()))

# copy, twice
day = drive.root.create_folder("Day").execute_query()
for content in (b"first", b"second, and longer"):
    day.upload("a.txt", content).execute_query()
large = here / "large.bin"
large.write_bytes(os.urandom(1_000_000))
for _ in range(2):
    day.resumable_upload(str(large), chunk_size=2 * 320 * 1024).execute_query()

# look, and fetch again
a = drive.root.get_by_path("Day/a.txt").get().execute_query()
assert a.get_content().execute_query().value == b"second, and longer"
with (here / "back.bin").open("wb") as out:
    drive.root.get_by_path("Day/large.bin").download(out).execute_query()
assert (here / "back.bin").read_bytes() == large.read_bytes()
print("day", sorted(one.name for one in day.children.get().execute_query()))

# what changed since
print("delta", len(drive.root.delta.get().execute_query()) > 2)

# rename, share, versions
a.set_property("name", "renamed.txt").update().execute_query()
link = a.create_link("view", "organization").execute_query()
print("link", link.link.webUrl.startswith("https://"))
permissions = a.permissions.get().execute_query()
print("permissions", sorted(role for one in permissions for role in one.roles))
print("versions", len(a.versions.get().execute_query()))

# a copy inside the service
copying = a.copy(name="copied.txt", parent=day).execute_query()
print("copied", copying.wait_for_item().name)
print("there", drive.root.get_by_path("Day/copied.txt").get().execute_query().name)

# clean up
a.delete_object().execute_query()
day.delete_object().execute_query()
print("left", [one.name for one in drive.root.children.get().execute_query() if one.name == "Day"])
