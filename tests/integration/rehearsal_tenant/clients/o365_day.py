"""A day's work with O365; run by test_o365_day.py."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from O365 import Account, FileSystemTokenBackend

tenant_id, client_id, secret_file, drive_id, folder = sys.argv[1:]
here = Path(folder)
account = Account(
    (client_id, Path(secret_file).read_text()),
    auth_flow_type="credentials",
    tenant_id=tenant_id,
    token_backend=FileSystemTokenBackend(token_path=folder),
)
assert account.authenticate()
drive = account.storage().get_drive(drive_id)
root = drive.get_root_folder()

# list
print("root", sorted(one.name for one in root.get_items()))
print("users", sum(1 for _ in account.directory().get_users()))

# copy, twice
day = root.create_child_folder("Day")
small, large = here / "a.txt", here / "large.bin"
large.write_bytes(os.urandom(5_000_000))
for content in (b"first", b"second, and longer"):
    small.write_bytes(content)
    assert day.upload_file(str(small))
    assert day.upload_file(str(large))

# look, and fetch again
a = drive.get_item_by_path("/Day/a.txt")
back = here / "back"
back.mkdir()
for name in ("a.txt", "large.bin"):
    assert drive.get_item_by_path(f"/Day/{name}").download(to_path=back)
    assert (back / name).read_bytes() == (here / name).read_bytes()
print("day", sorted(one.name for one in day.get_items()))

# rename, share, versions
assert a.update(name="renamed.txt")
link = a.share_with_link(share_type="view", share_scope="organization")
print("link", link.share_link.startswith("https://"))
assert a.share_with_invite("user02@rehearsal.example", send_email=False, share_type="edit")
permissions = list(a.get_permissions())
print("permissions", len(permissions))
print("versions", len(list(a.get_versions())))

# a copy inside the service, followed to its end
copying = a.copy(target=day, name="copied.txt")
while copying.status not in ("completed", "failed"):
    for _ in copying.check_status(delay=0.1):
        pass
print("copy", copying.status, copying.get_item().name)

# clean up
given = [one for one in permissions if one.granted_to == "User 02"]
assert [one.delete() for one in given] == [True]
print("permissions", len(list(a.get_permissions())))
assert a.delete()
assert day.delete()
print("left", [one.name for one in root.get_items() if one.name == "Day"])
