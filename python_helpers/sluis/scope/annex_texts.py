"""Every label of the technical details, in Dutch and English."""

from __future__ import annotations

from sluis.scope.texts import Said, said

SENTENCES: dict[str, Said] = {
    "title": said("Technische details: de gegevens", "Technical details: the data"),
    "change": said(
        "Wijziging {change}, versie {version}, kenmerk {client}: {job}.",
        "Change {change}, version {version}, reference {client}: {job}.",
    ),
    "language": said("Taal van de afspraken: {language}.", "Language of the terms: {language}."),
    "time-zone": said("Tijden: zoals in {zone}.", "Times: as in {zone}."),
    "signer": said(
        "De sleutel van {name} heet {principal}.", "The key of {name} is named {principal}."
    ),
    "document": said(
        "Stuk {id}, bestand {file}, SHA-256:", "Document {id}, file {file}, SHA-256:"
    ),
    "risk": said("Risico {id} hoort bij {asset}.", "Risk {id} belongs to {asset}."),
    "not-included": said("Doen wij niet: {id}.", "Not included: {id}."),
    "asset": said("{number}. {id}", "{number}. {id}"),
    "kind": said("Soort: {kind}", "Kind: {kind}"),
    "host": said("Computer: {host}", "Host: {host}"),
    "location": said("Plaats: {location}", "Location: {location}"),
    "from": said("Gelezen uit:", "Read from:"),
    "as-it-came": said("Genomen zoals het kwam:", "Taken as it came:"),
    "into": said("Gezet in:", "Put into:"),
    "destroyed-by": said("Vernietigd in wijziging: {change}", "Destroyed in change: {change}"),
    "bytes": said("Bytes: {bytes}", "Bytes: {bytes}"),
    "ends": said("Einde van die plek: {day}", "End of that place: {day}"),
    "no-end": said("geen einddatum", "no end date"),
    "level": said("Gevraagd bewijs van de kopie: {level}", "Proof asked of the copy: {level}"),
    "party.management": said("Beheer: {by}", "Management: {by}"),
    "party.backup": said("Back-up: {by}", "Backup: {by}"),
    "party.security": said("Beveiliging: {by}", "Security: {by}"),
    "by.client": said("de klant", "the client"),
    "by.provider": said("de IT-beheerder", "the provider"),
    "by.third": said("een ander", "somebody else"),
    "place": said("  {name}: {value}", "  {name}: {value}"),
    "place.tenant": said("omgeving", "environment"),
    "place.drive": said("bibliotheek", "drive"),
    "place.server": said("server", "server"),
    "place.folder": said("map", "folder"),
    "place.path": said("bestand", "file"),
    "place.sha256": said("SHA-256", "SHA-256"),
    "language.nl": said("Nederlands", "Dutch"),
    "language.en": said("Engels", "English"),
    "job.update": said("een update", "an update"),
    "job.migration": said("een verhuizing", "a move"),
    "job.restore": said("een kopie terugzetten", "putting a copy back"),
    "job.vendor session": said("een leverancier aan het werk", "a vendor at work"),
    "job.decommission": said("iets opruimen", "taking something away for good"),
    "kind.directory": said("een map met bestanden", "a folder with files"),
    "kind.postgresql": said("een database (PostgreSQL)", "a database (PostgreSQL)"),
    "kind.mariadb": said("een database (MariaDB)", "a database (MariaDB)"),
    "kind.sqlite": said("een database in één bestand (SQLite)", "a database in one file (SQLite)"),
    "kind.share": said("een gedeelde schijf", "a shared drive"),
    "kind.home drives": said("persoonlijke schijven", "home drives"),
    "kind.cloud disk": said("een schijf in de cloud", "a disk in the cloud"),
    "kind.sharepoint": said("SharePoint", "SharePoint"),
    "kind.onedrive": said("OneDrive", "OneDrive"),
    "kind.mailbox": said("een postvak met e-mail", "a mailbox"),
    "kind.other": said("iets anders", "something else"),
}  # fmt: skip
