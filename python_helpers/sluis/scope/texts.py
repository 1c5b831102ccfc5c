"""Every sentence that the scope's plain-language text is made of, in Dutch and English.

Short sentences, no jargon. Curly names are filled in by :mod:`sluis.scope.text`.
"""

from __future__ import annotations

from typing import TypedDict


class Said(TypedDict):
    """One sentence in each language."""

    nl: str
    en: str


def said(nl: str, en: str) -> Said:
    """One sentence in Dutch and in English."""
    return {"nl": nl, "en": en}


SENTENCES: dict[str, Said] = {
    "title": said(
        "Wat er met uw gegevens gebeurt: wijziging {change}, versie {version}",
        "What happens to your data: change {change}, version {version}",
    ),
    "for": said(
        "Voor {client_name} (kenmerk {client}). Door {provider_name}.",
        "For {client_name} (reference {client}). By {provider_name}.",
    ),
    "what": said("{title} ({job}).", "{title} ({job})."),
    "sign-in": said("U tekent in het {language}.", "You sign in {language}."),
    "anybody": said(
        "Er is niet afgesproken wie er voor u mag tekenen.",
        "It was not agreed who may sign for you.",
    ),
    "signers": said("Voor u mogen tekenen:", "These people may sign for you:"),
    "signer": said("{name}, {role}", "{name}, {role}"),
    "signer-with-key": said(
        "{name}, {role}, op afstand alleen met de sleutel van {principal}",
        "{name}, {role}, from elsewhere only with the key of {principal}",
    ),
    "valid": said(
        "Uw akkoord geldt tot {hours} uur nadat u dit te zien kreeg. Verandert er iets in dit "
        "stuk of in het stappenplan, dan vervalt uw akkoord en vragen wij het opnieuw.",
        "Your agreement counts until {hours} hours after you were shown this. If anything in "
        "this text or in the plan changes, your agreement ends and we ask you again.",
    ),
    "assets": said("Uw gegevens, plek voor plek", "Your data, place by place"),
    "assets-count": said(
        "Dit zijn alle plekken waar deze wijziging bij kan: {count}.",
        "These are all the places that this change can reach: {count}.",
    ),
    "asset": said("{number}. {name} [{id}]", "{number}. {name} [{id}]"),
    "kind-on-host": said("Wat het is: {kind}, op {host}", "What it is: {kind}, on {host}"),
    "kind": said("Wat het is: {kind}", "What it is: {kind}"),
    "location": said("Waar: {location}", "Where: {location}"),
    "counted": said("Geteld op {day}:", "Counted on {day}:"),
    "size": said("grootte: {size}", "size: {size}"),
    "items": said("aantal: {count}", "number of items: {count}"),
    "newest": said("nieuwste van: {day}", "newest from: {day}"),
    "size-unknown": said("grootte: weten wij niet", "size: we do not know"),
    "items-unknown": said("aantal: weten wij niet", "number of items: we do not know"),
    "newest-unknown": said("nieuwste: weten wij niet", "newest: we do not know"),
    "newest-none": said("nieuwste: er is niets", "newest: there is nothing"),
    "unknown-because": said(
        "Wij weten dit niet, want: {words}", "We do not know, because: {words}"
    ),
    "origin.tenant": said(
        "Wij lezen het uit de Microsoft-omgeving {tenant}, schijf {drive}.",
        "We read it from the Microsoft environment {tenant}, drive {drive}.",
    ),
    "versions.none": said(
        "Eerdere versies van een bestand halen wij niet op.",
        "We do not fetch earlier versions of a file.",
    ),
    "versions.list": said(
        "Van eerdere versies van een bestand maken wij een lijst. Wij halen ze niet op.",
        "We make a list of earlier versions of a file. We do not fetch them.",
    ),
    "versions.all": said(
        "Eerdere versies van een bestand halen wij ook op.",
        "We fetch earlier versions of a file as well.",
    ),
    "origin.sftp": said(
        "Wij lezen het van de server {server}, map {folder}.",
        "We read it from the server {server}, folder {folder}.",
    ),
    "origin.folder": said("Wij lezen het uit de map {folder}.", "We read it in folder {folder}."),
    "into": said(
        "Wij zetten het in de Microsoft-omgeving {tenant}, schijf {drive}, map {folder}.",
        "We put it in the Microsoft environment {tenant}, drive {drive}, folder {folder}.",
    ),
    "into-top": said(
        "Wij zetten het in de Microsoft-omgeving {tenant}, schijf {drive}, bovenaan.",
        "We put it in the Microsoft environment {tenant}, drive {drive}, at the top.",
    ),
    "landing": said(
        "Wij maken daarvoor een map in de Microsoft-omgeving {tenant}, schijf {drive}, map "
        "{folder}. Wie daar in mag schrijven: {account}. Wij kijken tot de laatste dag wat er "
        "staat, en zeggen het u.",
        "We make a folder for it in the Microsoft environment {tenant}, drive {drive}, folder "
        "{folder}. Who may write in it: {account}. Until the last day we look what is there, and "
        "tell you.",
    ),
    "landing-files": said(
        "Wij vergelijken de namen en groottes van de bestanden. Wat erin staat, vergelijken wij "
        "niet.",
        "We compare the names and sizes of the files. What is in them we do not compare.",
    ),
    "landing-counts": said(
        "Wij tellen alleen. Of het alles is, kunnen wij niet zeggen.",
        "We only count. Whether that is all of it we cannot say.",
    ),
    "conflicts.fail": said(
        "Staat daar al iets met dezelfde naam, dan stoppen wij en blijft dat staan.",
        "If something with the same name is there already, we stop and leave it as it is.",
    ),
    "conflicts.keep both": said(
        "Staat daar al iets met dezelfde naam, dan bewaren wij allebei.",
        "If something with the same name is there already, we keep both.",
    ),
    "conflicts.skip equal": said(
        "Staat precies hetzelfde daar al, dan blijft het zo. Is het anders, dan stoppen wij.",
        "If the very same is there already, it stays. If it differs, we stop.",
    ),
    "names.characters": said(
        "Tekens die daar niet in een naam mogen, worden {mark}.",
        "Characters that are not allowed in a name there become {mark}.",
    ),
    "names.no-characters": said(
        "Wat een teken in de naam heeft dat daar niet mag, gaat niet over.",
        "What has a character in its name that is not allowed there does not go over.",
    ),
    "names.reserved": said(
        "Namen die daar niet mogen, krijgen {mark} erachter.",
        "Names that are not allowed there get {mark} behind them.",
    ),
    "names.no-reserved": said(
        "Wat een naam heeft die daar niet mag, gaat niet over.",
        "What has a name that is not allowed there does not go over.",
    ),
    "names.shorten": said(
        "Namen die daar te lang zijn, korten wij in.", "We shorten names that are too long there."
    ),
    "names.no-shorten": said(
        "Wat daar een te lange naam heeft, gaat niet over.",
        "What has a name that is too long there does not go over.",
    ),
    "names.tell-apart": said(
        "Namen die alleen in hoofdletters verschillen, krijgen een merkteken.",
        "Names that differ only in capitals get a mark.",
    ),
    "names.no-tell-apart": said(
        "Van namen die alleen in hoofdletters verschillen, gaat er één over.",
        "Of names that differ only in capitals one goes over.",
    ),
    "rights.yes": said(
        "Wie er nu bij kan, kan er daar ook bij; zie de lijst met personen.",
        "Who can reach it now can reach it there; see the list of people.",
    ),
    "rights.no": said(
        "Rechten van personen gaan niet mee.", "The rights of people do not go along."
    ),
    "leave-out": said("Dit mag achterblijven:", "This may stay behind:"),
    "leave-out-nothing": said(
        "Er mag niets achterblijven. Kan er iets niet mee, dan beginnen wij niet.",
        "Nothing may stay behind. If anything cannot go along, we do not begin.",
    ),
    "leave-out.could-not-be-had": said(
        "wat wij niet konden ophalen", "what we could not fetch"
    ),
    "leave-out.shortcut": said("snelkoppelingen", "shortcuts"),
    "leave-out.name-refused": said(
        "wat een naam heeft die daar niet mag", "what has a name that is not allowed there"
    ),
    "leave-out.corrupt": said(
        "wat bij twee keer ophalen niet gelijk was",
        "what was not the same when we fetched it twice",
    ),
    "leave-out.too-large": said("wat daar te groot is", "what is too large there"),
    "leave-out.unmapped-principal": said(
        "rechten van wie niet op de lijst met personen staat",
        "rights of those who are not on the list of people",
    ),
    "leave-out.narrower-rights": said(
        "dat iets daar voor minder mensen dicht is dan nu",
        "that something is closed to fewer people there than now",
    ),
    "gone.stop": said(
        "Haalt u iets weg nadat wij het overzetten, dan stoppen wij en overleggen wij.",
        "If you remove something after we moved it, we stop and ask you.",
    ),
    "gone.keep": said(
        "Haalt u iets weg nadat wij het overzetten, dan blijft het in de nieuwe omgeving staan.",
        "If you remove something after we moved it, it stays in the new environment.",
    ),
    "gone.set aside": said(
        "Haalt u iets weg nadat wij het overzetten, dan gaat het daar naar een aparte map.",
        "If you remove something after we moved it, it goes to a folder of its own there.",
    ),
    "check.every byte": said(
        "Daarna lezen wij alles daar weer en vergelijken elke byte.",
        "After that we read all of it there again and compare every byte.",
    ),
    "check.the service's hash": said(
        "Daarna vergelijken wij met het controlegetal van de dienst. Wij lezen niet alles weer.",
        "After that we compare with the service's checksum. We do not read all of it again.",
    ),
    "people": said("Wie de rechten krijgt", "Who gets the rights"),
    "person": said("{was} wordt {becomes}", "{was} becomes {becomes}"),
    "person-ends": said(
        "De rechten van {was} gaan niet over. {because}",
        "The rights of {was} do not go over. {because}",
    ),
    "disposition": said("Wat ermee gebeurt: {words}", "What happens to it: {words}"),
    "migrate": said(
        "Dit gaat over. Het gaat naar: {to} Dat gebeurt uiterlijk op {by}. Het origineel daarna: "
        "{old_copy}",
        "This goes over. It goes to: {to} That is done by {by} at the latest. The original after "
        "that: {old_copy}",
    ),
    "stays": said(
        "Dit gaat niet over, het blijft. {what_happens} Wanneer: {when}.",
        "This does not go over, it stays. {what_happens} When: {when}.",
    ),
    "client-moves-it": said(
        "Dit verplaatst u zelf. Wij doen het niet. Waarheen: {to} Wie doet het: {owner}. Uiterlijk "
        "op: {deadline}. Wat er dan nog niet staat: {if_late}",
        "You move this yourself. We do not do it. Where to: {to} Who does it: {owner}. By this day "
        "at the latest: {deadline}. What is not there by then: {if_late}",
    ),
    "destroy-elsewhere": said(
        "Dit wordt vernietigd op {day}. {words} Dat gebeurt niet nu, maar in wijziging "
        "{in_change}. Daar tekent u apart voor.",
        "This will be destroyed on {day}. {words} Not now, but in change {in_change}. You sign for "
        "that separately.",
    ),
    "destroy-here": said(
        "Dit wordt in deze wijziging vernietigd, op {day}. {words} Daarna is het weg.",
        "This change destroys it, on {day}. {words} After that it is gone.",
    ),
    "undecided": said(
        "Nog niet bepaald. Er staat een vraag open.",
        "Not decided yet. There is an open question.",
    ),
    "open-question": said(
        "Open vraag aan {who}, gesteld op {day}: {question}",
        "Open question to {who}, asked on {day}: {question}",
    ),
    "ends-on": said(
        "De plek waar het nu staat houdt op te bestaan op {day}.",
        "The place where it is now ends on {day}.",
    ),
    "no-end": said(
        "De plek waar het nu staat heeft geen einddatum.",
        "The place where it is now has no end date.",
    ),
    "no-end-date": said("geen einddatum", "no end date"),
    "class.ordinary": said(
        "Soort gegevens: gewone gegevens, niet over personen.",
        "Kind of data: ordinary data, not about people.",
    ),
    "class.personal": said(
        "Soort gegevens: persoonsgegevens.", "Kind of data: data about people."
    ),
    "class.special": said(
        "Soort gegevens: bijzondere persoonsgegevens, zoals gezondheid.",
        "Kind of data: sensitive data about people, such as health.",
    ),
    "agreement": said("Verwerkersovereenkomst: {name}", "Processing agreement: {name}"),
    "no-agreement": said(
        "Er is geen verwerkersovereenkomst genoemd.", "No processing agreement is named."
    ),
    "criticality.low": said(
        "Belang: laag. Waarom het belangrijk is: {words}",
        "Importance: low. Why it matters: {words}",
    ),
    "criticality.normal": said(
        "Belang: normaal. Waarom het belangrijk is: {words}",
        "Importance: normal. Why it matters: {words}",
    ),
    "criticality.vital": said(
        "Belang: onmisbaar. Waarom het belangrijk is: {words}",
        "Importance: vital. Why it matters: {words}",
    ),
    "proof.V3": said(
        "Vooraf maken wij een kopie. Wij zetten die elders terug en lezen alles ({level}). Wij "
        "vergelijken haar niet met het origineel.",
        "Before we start we make a copy. We restore it elsewhere and read all of it ({level}). We "
        "do not compare it with the original.",
    ),
    "proof.V6": said(
        "Vooraf maken wij een kopie. Wij zetten die elders terug, openen de gegevens en "
        "vergelijken ze met het origineel. Wij bewijzen dat de kopie vers is ({level}).",
        "Before we start we make a copy. We restore it elsewhere, open the data and compare them "
        "with the original. We prove that the copy is fresh ({level}).",
    ),
    "fresh": said(
        "De kopie is hooguit {hours} uur oud als wij beginnen.",
        "The copy is at most {hours} hours old when we start.",
    ),
    "no-copy": said(
        "Hiervan maken wij geen kopie. Wij controleren dit niet.",
        "We make no copy of this. We do not check it.",
    ),
    "excluded": said("Dit komt NIET in de kopie:", "This is NOT in the copy:"),
    "may-live": said("Een kopie mag alleen hier staan:", "A copy may live only here:"),
    "may-live-nowhere": said(
        "Er is geen plek afgesproken waar een kopie mag staan.",
        "No place was agreed where a copy may live.",
    ),
    "place": said(
        "{site}, land {country}, bij {provider}", "{site}, country {country}, at {provider}"
    ),
    "management": said("Wie het beheert: {party}", "Who manages it: {party}"),
    "backup": said("Wie de back-up doet: {party}", "Who does the backup: {party}"),
    "security": said("Wie het beveiligt: {party}", "Who secures it: {party}"),
    "by.client": said("u zelf ({client_name})", "you ({client_name})"),
    "by.client-person": said(
        "u zelf ({client_name}), namelijk {person}", "you ({client_name}), that is {person}"
    ),
    "by.provider": said(
        "wij ({provider_name}), volgens {agreement}", "we ({provider_name}), under {agreement}"
    ),
    "by.third": said(
        "een ander bedrijf: {name}, volgens {agreement}", "another firm: {name}, under {agreement}"
    ),
    "without-data": said(
        "Apparaten waarop geen gegevens staan", "Machines that hold no data"
    ),
    "host-without-data": said("{host}: {reason}", "{host}: {reason}"),
    "risks": said("Wat er mis kan gaan", "What can go wrong"),
    "risk": said("Bij {asset} [{id}]: {words}", "With {asset} [{id}]: {words}"),
    "we-do": said("Wat wij doen: {words}", "What we do: {words}"),
    "advice": said("Ons advies: {words}", "Our advice: {words}"),
    "not-included": said("Wat wij NIET doen", "What we do NOT do"),
    "not-included-line": said("{words} [{id}]", "{words} [{id}]"),
    "retention": said("Hoe lang wij kopieën bewaren", "How long we keep copies"),
    "retention-days": said(
        "Kopieën van vlak voor de wijziging: {snapshot} dagen. Veiligheidskopieën: {safety} dagen.",
        "Copies from right before the change: {snapshot} days. Safety copies: {safety} days.",
    ),
    "retention-then": said(
        "Daarna: {words} Wij vernietigen nooit iets zonder een aparte wijziging waarvoor u tekent.",
        "After that: {words} We never destroy anything without a separate change that you sign.",
    ),
    "freeze": said("Vanaf wanneer niemand meer schrijft", "From when nobody writes any more"),
    "freeze-yes": said(
        "{who} zegt ons wanneer niemand meer schrijft waar het nu staat. {words} Daarna halen wij "
        "op wat erbij kwam of veranderde. Wat later nog komt, gaat niet over.",
        "{who} tells us when nobody writes any more where it is now. {words} After that we fetch "
        "what came or changed. What comes later does not go over.",
    ),
    "freeze-no": said(
        "Er is niet afgesproken vanaf wanneer niemand meer schrijft. Wat verandert nadat wij voor "
        "het laatst ophalen, gaat niet over.",
        "Nobody agreed from when nobody writes any more. What changes after we fetch for the last "
        "time does not go over.",
    ),
    "way-back": said("Als het mislukt", "If it fails"),
    "way-back-yes": said(
        "U vindt goed dat wij de kopie dan meteen terugzetten, zonder het eerst te vragen. {words}",
        "You agree that we then put the copy back at once, without asking first. {words}",
    ),
    "way-back-no": said(
        "Wij zetten de kopie NIET terug zonder het u eerst te vragen. {words}",
        "We do NOT put the copy back without asking you first. {words}",
    ),
    "documents": said("Stukken die u hierbij krijgt", "Documents you are handed with this"),
    "document": said(
        "{title} [{id}], bestand {file}", "{title} [{id}], file {file}"
    ),
    "fingerprint": said("vingerafdruk {sha256}", "fingerprint {sha256}"),
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
