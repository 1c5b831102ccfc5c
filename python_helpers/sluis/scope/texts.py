"""Every sentence that the scope's plain-language text is made of, in Dutch and English.

Short sentences, no jargon. Curly names are filled in by :mod:`sluis.scope.text`.
"""

from __future__ import annotations

from typing import TypedDict


class Said(TypedDict):
    """One sentence in each language."""

    nl: str
    en: str


def _both(nl: str, en: str) -> Said:
    return {"nl": nl, "en": en}


SENTENCES: dict[str, Said] = {
    "title": _both(
        "Wat er met uw gegevens gebeurt: wijziging {change}, versie {version}",
        "What happens to your data: change {change}, version {version}",
    ),
    "for": _both(
        "Voor {client_name} (kenmerk {client}). Door {provider_name}.",
        "For {client_name} (reference {client}). By {provider_name}.",
    ),
    "what": _both("{title} ({job}).", "{title} ({job})."),
    "sign-in": _both("U tekent in het {language}.", "You sign in {language}."),
    "anybody": _both(
        "Er is niet afgesproken wie er voor u mag tekenen.",
        "It was not agreed who may sign for you.",
    ),
    "signers": _both("Voor u mogen tekenen:", "These people may sign for you:"),
    "signer": _both("{name}, {role}", "{name}, {role}"),
    "valid": _both(
        "Uw akkoord geldt {hours} uur vanaf het tekenen. Verandert er iets in dit stuk of in het "
        "stappenplan, dan vervalt uw akkoord en vragen wij het opnieuw.",
        "Your agreement counts for {hours} hours from signing. If anything in this text or in the "
        "plan changes, your agreement ends and we ask you again.",
    ),
    "assets": _both("Uw gegevens, plek voor plek", "Your data, place by place"),
    "assets-count": _both(
        "Dit zijn alle plekken waar deze wijziging bij kan: {count}.",
        "These are all the places that this change can reach: {count}.",
    ),
    "asset": _both("{number}. {name} [{id}]", "{number}. {name} [{id}]"),
    "kind-on-host": _both("Wat het is: {kind}, op {host}", "What it is: {kind}, on {host}"),
    "kind": _both("Wat het is: {kind}", "What it is: {kind}"),
    "location": _both("Waar: {location}", "Where: {location}"),
    "counted": _both("Geteld op {day}:", "Counted on {day}:"),
    "size": _both("grootte: {size}", "size: {size}"),
    "items": _both("aantal: {count}", "number of items: {count}"),
    "newest": _both("nieuwste van: {day}", "newest from: {day}"),
    "size-unknown": _both("grootte: weten wij niet", "size: we do not know"),
    "items-unknown": _both("aantal: weten wij niet", "number of items: we do not know"),
    "newest-unknown": _both("nieuwste: weten wij niet", "newest: we do not know"),
    "newest-none": _both("nieuwste: er is niets", "newest: there is nothing"),
    "unknown-because": _both(
        "Wij weten dit niet, want: {words}", "We do not know, because: {words}"
    ),
    "disposition": _both("Wat ermee gebeurt: {words}", "What happens to it: {words}"),
    "migrate": _both(
        "Dit gaat over. Het gaat naar: {to} Dat gebeurt uiterlijk op {by}. Het origineel daarna: "
        "{old_copy}",
        "This goes over. It goes to: {to} That is done by {by} at the latest. The original after "
        "that: {old_copy}",
    ),
    "stays": _both(
        "Dit gaat niet over, het blijft. {what_happens} Wanneer: {when}.",
        "This does not go over, it stays. {what_happens} When: {when}.",
    ),
    "client-moves-it": _both(
        "Dit verplaatst u zelf. Wij doen het niet. Waarheen: {to} Wie doet het: {owner}. Uiterlijk "
        "op: {deadline}. Wat er dan nog niet staat: {if_late}",
        "You move this yourself. We do not do it. Where to: {to} Who does it: {owner}. By this day "
        "at the latest: {deadline}. What is not there by then: {if_late}",
    ),
    "destroy-elsewhere": _both(
        "Dit wordt vernietigd op {day}. {words} Dat gebeurt niet nu, maar in wijziging "
        "{in_change}. Daar tekent u apart voor.",
        "This will be destroyed on {day}. {words} Not now, but in change {in_change}. You sign for "
        "that separately.",
    ),
    "destroy-here": _both(
        "Dit wordt in deze wijziging vernietigd, op {day}. {words} Daarna is het weg.",
        "This change destroys it, on {day}. {words} After that it is gone.",
    ),
    "undecided": _both(
        "Nog niet bepaald. Er staat een vraag open.",
        "Not decided yet. There is an open question.",
    ),
    "open-question": _both(
        "Open vraag aan {who}, gesteld op {day}: {question}",
        "Open question to {who}, asked on {day}: {question}",
    ),
    "ends-on": _both(
        "De plek waar het nu staat houdt op te bestaan op {day}.",
        "The place where it is now ends on {day}.",
    ),
    "no-end": _both(
        "De plek waar het nu staat heeft geen einddatum.",
        "The place where it is now has no end date.",
    ),
    "no-end-date": _both("geen einddatum", "no end date"),
    "class.ordinary": _both(
        "Soort gegevens: gewone gegevens, niet over personen.",
        "Kind of data: ordinary data, not about people.",
    ),
    "class.personal": _both(
        "Soort gegevens: persoonsgegevens.", "Kind of data: data about people."
    ),
    "class.special": _both(
        "Soort gegevens: bijzondere persoonsgegevens, zoals gezondheid.",
        "Kind of data: sensitive data about people, such as health.",
    ),
    "agreement": _both("Verwerkersovereenkomst: {name}", "Processing agreement: {name}"),
    "no-agreement": _both(
        "Er is geen verwerkersovereenkomst genoemd.", "No processing agreement is named."
    ),
    "criticality.low": _both(
        "Belang: laag. Waarom het belangrijk is: {words}",
        "Importance: low. Why it matters: {words}",
    ),
    "criticality.normal": _both(
        "Belang: normaal. Waarom het belangrijk is: {words}",
        "Importance: normal. Why it matters: {words}",
    ),
    "criticality.vital": _both(
        "Belang: onmisbaar. Waarom het belangrijk is: {words}",
        "Importance: vital. Why it matters: {words}",
    ),
    "proof.V3": _both(
        "Vooraf maken wij een kopie. Wij zetten die elders terug en lezen alles ({level}). Wij "
        "vergelijken haar niet met het origineel.",
        "Before we start we make a copy. We restore it elsewhere and read all of it ({level}). We "
        "do not compare it with the original.",
    ),
    "proof.V6": _both(
        "Vooraf maken wij een kopie. Wij zetten die elders terug, openen de gegevens en "
        "vergelijken ze met het origineel. Wij bewijzen dat de kopie vers is ({level}).",
        "Before we start we make a copy. We restore it elsewhere, open the data and compare them "
        "with the original. We prove that the copy is fresh ({level}).",
    ),
    "fresh": _both(
        "De kopie is hooguit {hours} uur oud als wij beginnen.",
        "The copy is at most {hours} hours old when we start.",
    ),
    "no-copy": _both(
        "Hiervan maken wij geen kopie. Wij controleren dit niet.",
        "We make no copy of this. We do not check it.",
    ),
    "excluded": _both("Dit komt NIET in de kopie:", "This is NOT in the copy:"),
    "may-live": _both("Een kopie mag alleen hier staan:", "A copy may live only here:"),
    "may-live-nowhere": _both(
        "Er is geen plek afgesproken waar een kopie mag staan.",
        "No place was agreed where a copy may live.",
    ),
    "place": _both(
        "{site}, land {country}, bij {provider}", "{site}, country {country}, at {provider}"
    ),
    "management": _both("Wie het beheert: {party}", "Who manages it: {party}"),
    "backup": _both("Wie de back-up doet: {party}", "Who does the backup: {party}"),
    "security": _both("Wie het beveiligt: {party}", "Who secures it: {party}"),
    "by.client": _both("u zelf ({client_name})", "you ({client_name})"),
    "by.client-person": _both(
        "u zelf ({client_name}), namelijk {person}", "you ({client_name}), that is {person}"
    ),
    "by.provider": _both(
        "wij ({provider_name}), volgens {agreement}", "we ({provider_name}), under {agreement}"
    ),
    "by.third": _both(
        "een ander bedrijf: {name}, volgens {agreement}", "another firm: {name}, under {agreement}"
    ),
    "without-data": _both(
        "Apparaten waarop geen gegevens staan", "Machines that hold no data"
    ),
    "host-without-data": _both("{host}: {reason}", "{host}: {reason}"),
    "risks": _both("Wat er mis kan gaan", "What can go wrong"),
    "risk": _both("Bij {asset} [{id}]: {words}", "With {asset} [{id}]: {words}"),
    "we-do": _both("Wat wij doen: {words}", "What we do: {words}"),
    "advice": _both("Ons advies: {words}", "Our advice: {words}"),
    "not-included": _both("Wat wij NIET doen", "What we do NOT do"),
    "not-included-line": _both("{words} [{id}]", "{words} [{id}]"),
    "retention": _both("Hoe lang wij kopieën bewaren", "How long we keep copies"),
    "retention-days": _both(
        "Kopieën van vlak voor de wijziging: {snapshot} dagen. Veiligheidskopieën: {safety} dagen.",
        "Copies from right before the change: {snapshot} days. Safety copies: {safety} days.",
    ),
    "retention-then": _both(
        "Daarna: {words} Wij vernietigen nooit iets zonder een aparte wijziging waarvoor u tekent.",
        "After that: {words} We never destroy anything without a separate change that you sign.",
    ),
    "way-back": _both("Als het mislukt", "If it fails"),
    "way-back-yes": _both(
        "U vindt goed dat wij de kopie dan meteen terugzetten, zonder het eerst te vragen. {words}",
        "You agree that we then put the copy back at once, without asking first. {words}",
    ),
    "way-back-no": _both(
        "Wij zetten de kopie NIET terug zonder het u eerst te vragen. {words}",
        "We do NOT put the copy back without asking you first. {words}",
    ),
    "documents": _both("Stukken die u hierbij krijgt", "Documents you are handed with this"),
    "document": _both(
        "{title} [{id}], bestand {file}", "{title} [{id}], file {file}"
    ),
    "fingerprint": _both("vingerafdruk {sha256}", "fingerprint {sha256}"),
    "language.nl": _both("Nederlands", "Dutch"),
    "language.en": _both("Engels", "English"),
    "job.update": _both("een update", "an update"),
    "job.migration": _both("een verhuizing", "a move"),
    "job.restore": _both("een kopie terugzetten", "putting a copy back"),
    "job.vendor session": _both("een leverancier aan het werk", "a vendor at work"),
    "job.decommission": _both("iets opruimen", "taking something away for good"),
    "kind.directory": _both("een map met bestanden", "a folder with files"),
    "kind.postgresql": _both("een database (PostgreSQL)", "a database (PostgreSQL)"),
    "kind.mariadb": _both("een database (MariaDB)", "a database (MariaDB)"),
    "kind.sqlite": _both("een database in één bestand (SQLite)", "a database in one file (SQLite)"),
    "kind.share": _both("een gedeelde schijf", "a shared drive"),
    "kind.home drives": _both("persoonlijke schijven", "home drives"),
    "kind.cloud disk": _both("een schijf in de cloud", "a disk in the cloud"),
    "kind.sharepoint": _both("SharePoint", "SharePoint"),
    "kind.onedrive": _both("OneDrive", "OneDrive"),
    "kind.mailbox": _both("een postvak met e-mail", "a mailbox"),
    "kind.other": _both("iets anders", "something else"),
}  # fmt: skip

MONTH_NAMES: dict[str, tuple[str, ...]] = {
    "nl": (
        "januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus",
        "september", "oktober", "november", "december",
    ),
    "en": (
        "January", "February", "March", "April", "May", "June", "July", "August",
        "September", "October", "November", "December",
    ),
}  # fmt: skip
