"""How uploaded bytes become content: kept on disk, hashed, and rewritten where the weather says.

SharePoint rewrites Office, PDF and HTML files on upload, each time otherwise (rclone#9767).
"""

from __future__ import annotations

from pathlib import Path

from sluis.rehearsal.tenant.drive import Drive
from sluis.rehearsal.tenant.items import Content, Item, Stored
from sluis.rehearsal.tenant.quick_xor import QuickXor
from sluis.rehearsal.tenant.world import World


def make_room(world: World, drive: Drive, size: int, instead_of: int = 0) -> None:
    """Refuse what does not fit; ApiError 507."""
    drive.make_room(size, instead_of, quota=world.door.weather.quota(drive.quota))


def late_hash(world: World, drive: Drive, item: Item) -> None:
    """Keep the hash of a file that came in from being listed, where the weather says so."""
    if world.door.weather.is_late_with_hash(f"{drive.id} {item.number} {item.changes}"):
        item.more.no_hash = True


def take(world: World, name: str, place: Path, came: QuickXor) -> tuple[Content, int]:
    """Content and size of what came in.

    Args:
        name: the file's name; only some kinds are rewritten.
        place: the bytes as they came in.
        came: their hash.
    """
    weather = world.door.weather
    if not weather.rewrites_name(name):
        return Stored(place.name, came.base64()), came.length
    rewritten = weather.rewrites(name, place.read_bytes())
    place.unlink()
    return world.store(rewritten), len(rewritten)


def take_bytes(world: World, name: str, data: bytes) -> tuple[Content, int]:
    """The same for a small file that came in at once."""
    weather = world.door.weather
    made = weather.rewrites(name, data) if weather.rewrites_name(name) else data
    return world.store(made), len(made)
