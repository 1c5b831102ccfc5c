"""Every sentence about what stays behind in a move or may not be right."""

from __future__ import annotations

from sluis.scope.texts import Said, said

SENTENCES: dict[str, Said] = {
    "fetched.title": said(
        "Wat niet meegaat, en wat u verder moet weten",
        "What does not move, and what else you should know",
    ),
    # without their end: names follow, or a full stop
    "behind.item.one": said(
        "{name}: 1 bestand of map gaat niet mee", "{name}: 1 file or folder does not move"
    ),
    "behind.item.more": said(
        "{name}: {count} bestanden of mappen gaan niet mee",
        "{name}: {count} files or folders do not move",
    ),
    "behind.item-fetched.one": said(
        "{name}: 1 bestand of map konden wij niet ophalen",
        "{name}: we could not fetch 1 file or folder",
    ),
    "behind.item-fetched.more": said(
        "{name}: {count} bestanden of mappen konden wij niet ophalen",
        "{name}: we could not fetch {count} files or folders",
    ),
    "behind.rights.one": said(
        "{name}: bij 1 bestand of map weten wij niet wie erbij mag",
        "{name}: of 1 file or folder we do not know who may open it",
    ),
    "behind.rights.more": said(
        "{name}: bij {count} bestanden of mappen weten wij niet wie erbij mag",
        "{name}: of {count} files or folders we do not know who may open them",
    ),
    "behind.open.one": said(
        "{name}: bij 1 bestand of map kunnen daar misschien meer mensen dan nu",
        "{name}: 1 file or folder may be open there to more people than now",
    ),
    "behind.open.more": said(
        "{name}: bij {count} bestanden of mappen kunnen daar misschien meer mensen dan nu",
        "{name}: {count} files or folders may be open there to more people than now",
    ),
    "behind.person.one": said(
        "{name}: 1 persoon, groep of link kan straks niet meer overal bij",
        "{name}: 1 person, group or link will not be able to open everything any more",
    ),
    "behind.person.more": said(
        "{name}: {count} personen, groepen of links kunnen straks niet meer overal bij",
        "{name}: {count} people, groups or links will not be able to open everything any more",
    ),
    "behind.access.one": said(
        "{name}: 1 persoon, groep of link krijgt daar niet de toegang die er nu is",
        "{name}: 1 person, group or link does not get the access there that there is now",
    ),
    "behind.access.more": said(
        "{name}: {count} keer krijgt iemand daar niet de toegang die er nu is",
        "{name}: {count} times somebody does not get the access there that there is now",
    ),
    "behind.place.one": said(
        "{name}: op 1 plaats konden wij niet kijken",
        "{name}: there is 1 place that we could not look into",
    ),
    "behind.place.more": said(
        "{name}: op {count} plaatsen konden wij niet kijken",
        "{name}: there are {count} places that we could not look into",
    ),
    # what comes of it
    "then.rights": said(
        "Straks kan iedereen erbij die bij de map eromheen kan.",
        "Afterwards everybody can who can open the folder around it.",
    ),
    "then.open": said(
        "Wie daar bij de map eromheen kan, kan er ook bij.",
        "Whoever can open the folder around it there can open it as well.",
    ),
    "then.person": said(
        "Wij weten niet om wie het in de nieuwe omgeving gaat.",
        "We do not know who that is in the new environment.",
    ),
    "then.access": said(
        "Wie dat is, kan daar straks minder dan nu, of niets.",
        "Whoever that is can do less there than now, or nothing.",
    ),
    "then.place": said("Wat daar staat, gaat niet mee.", "What is there does not move."),
    "then.count": said(
        "Tenzij er sinds het tellen zoveel is weggegooid, ontbreekt er iets. Dat hebben wij niet.",
        "Unless so much was thrown away since it was counted, something is missing. We do not have "
        "it.",
    ),
    "fewer.files.one": said(
        "geteld 1 bestand, gekregen {got}", "counted 1 file, received {got}"
    ),
    "fewer.files.more": said(
        "geteld {count} bestanden, gekregen {got}", "counted {count} files, received {got}"
    ),
    "fewer.bytes.one": said(
        "geteld 1 byte, gekregen {got}", "counted 1 byte, received {got}"
    ),
    "fewer.bytes.more": said(
        "geteld {count} bytes, gekregen {got}", "counted {count} bytes, received {got}"
    ),
    "behind.where": said(
        "Bij de technische details staat waar.", "The technical details say where."
    ),
    "behind.these": said("Hieronder staat om welke het gaat.", "Below it says which."),
    "behind.and-more": said(", en nog {count}", ", and {count} more"),
    "behind.old-copy": said(
        "Wat niet meegaat, blijft alleen in de oude omgeving. {words}",
        "What does not move stays in the old environment only. {words}",
    ),
    # above the names
    "why.could-not-be-had": said("Deze konden wij niet ophalen:", "These we could not fetch:"),
    "why.corrupt": said(
        "Van deze kregen wij iets anders dan de lijst van de oude omgeving zegt:",
        "Of these we got something else than the old environment lists:",
    ),
    "why.too-large": said(
        "Deze zijn te groot voor de nieuwe omgeving:",
        "These are too large for the new environment:",
    ),
    "why.shortcut": said(
        "Dit zijn snelkoppelingen. Die kunnen wij daar niet maken:",
        "These are shortcuts. We cannot make them there:",
    ),
    "why.name-refused": said(
        "Deze hebben een naam die daar niet mag:", "These have a name that is not allowed there:"
    ),
    "why.same-path": said(
        "Op deze plaats staat nog iets met precies dezelfde naam. Alleen dat andere gaat mee:",
        "In this place there is something else with exactly the same name. Only that one moves:",
    ),
    "why.right-not-givable": said(
        "Deze toegang kunnen wij daar niet geven:", "This access we cannot give there:"
    ),
    "why.folder-was-there": said(
        "Deze map was daar al en is niet van ons. Daarom geven wij er niemand toegang toe:",
        "This folder was there already and is not ours. So we give nobody access to it:",
    ),
    "more.one": said(
        "en nog 1; achteraan, bij de technische details, staat het ook",
        "and 1 more; it is at the end, in the technical details",
    ),
    "more.more": said(
        "en nog {count}; achteraan, bij de technische details, staan ze ook",
        "and {count} more; they are at the end, in the technical details",
    ),
    "earlier": said(
        "{name}: wat een eerdere verhuizing al in de nieuwe omgeving zette, blijft daar staan "
        "zoals het is.",
        "{name}: what an earlier move already put into the new environment stays there as it is.",
    ),
    "versions.one": said(
        "{name}: van 1 bestand zijn er oudere versies. Die gaan niet mee; alleen de nieuwste.",
        "{name}: of 1 file there are older versions. They do not move; only the newest does.",
    ),
    "versions.more": said(
        "{name}: van {count} bestanden zijn er oudere versies. Die gaan niet mee; alleen de "
        "nieuwste.",
        "{name}: of {count} files there are older versions. They do not move; only the newest do.",
    ),
    # files that do move
    "fetched.doubted.one": said(
        "{name}: 1 bestand klopt misschien niet:", "{name}: 1 file may not be right:"
    ),
    "fetched.doubted.more": said(
        "{name}: {count} bestanden kloppen misschien niet:",
        "{name}: {count} files may not be right:",
    ),
    "fetched.right.one": said(
        "{name}: 1 bestand klopt, maar de lijst van de oude omgeving klopte niet:",
        "{name}: 1 file is right, but the list of the old environment was not:",
    ),
    "fetched.right.more": said(
        "{name}: {count} bestanden kloppen, maar de lijst van de oude omgeving klopte niet:",
        "{name}: {count} files are right, but the list of the old environment was not:",
    ),
    "sizes.got": said("Gekregen {got}.", "Received {got}."),
    "sizes.same": said(
        "Gekregen {got}, evenveel als in de lijst.",
        "Received {got}, as many as listed.",
    ),
    "sizes.other": said(
        "Volgens de lijst {listed}, gekregen {got}.",
        "Listed with {listed}, received {got}.",
    ),
    "sizes.unlisted": said(
        "Gekregen {got}. De lijst zegt niet hoeveel het er moeten zijn.",
        "Received {got}. The list does not say how many there should be.",
    ),
    "fetched.rewritten by the service": said(
        "De oude omgeving heeft het herschreven. De inhoud is die van onze eerdere kopie.",
        "The old environment rewrote it. It says what our earlier copy of it says.",
    ),
    "fetched.stale metadata": said(
        "De lijst liep achter; het bestand klopt.",
        "The list was out of date; the file is right.",
    ),
    "fetched.edited": said(
        "Iemand werkte eraan terwijl wij het ophaalden.",
        "Somebody worked on it while we fetched it.",
    ),
    "fetched.no hash": said(
        "De oude omgeving geeft niets om de inhoud mee te vergelijken. Het is niet zeker dat dit "
        "goed is.",
        "The old environment gives nothing to compare the content with. It is not certain that "
        "this is right.",
    ),
    "fetched.older": said(
        "De nieuwste versie kregen wij niet. Dit is een oudere versie.",
        "We did not get the newest version. This is an older one.",
    ),
    "fetched.read once": said(
        "Wij hebben het maar één keer gelezen. Het is niet zeker dat dit goed is.",
        "We read it only once. It is not certain that this is right.",
    ),
    "fetched.differs": said(
        "De lijst vermeldt iets anders dan wij kregen. Het is niet zeker dat dit goed is.",
        "What is listed is not what we got. It is not certain that this is right.",
    ),
    "fetched.not verified": said(
        "Het is niet zeker dat dit goed is.", "It is not certain that this is right."
    ),
    "fetched.corrupt": said(
        "Dit is beschadigd, of het is een ander bestand.",
        "This is damaged, or it is another file.",
    ),
    "sealed.title": said(
        "Bestanden die in de nieuwe omgeving misschien niet opengaan",
        "Files that may not open in the new environment",
    ),
    "sealed.why": said(
        "Een label van de oude omgeving houdt ze op slot. Wij brengen ze over zoals ze zijn. Wie "
        "het label heeft gezet, kan het eraf halen zolang de oude omgeving er is.",
        "A label of the old environment keeps them locked. We move them as they are. Who set the "
        "label can take it off while the old environment is there.",
    ),
    "sealed.asset.one": said("{name}: 1 bestand", "{name}: 1 file"),
    "sealed.asset.more": said("{name}: {count} bestanden", "{name}: {count} files"),
    # the technical details
    "annex.title": said(
        "Technische details: wat niet meegaat, en wat u verder moet weten",
        "Technical details: what does not move, and what else you should know",
    ),
    "annex.behind.one": said(
        "{asset}: 1 regel over wat niet meegaat", "{asset}: 1 line on what does not move"
    ),
    "annex.behind.more": said(
        "{asset}: {count} regels over wat niet meegaat",
        "{asset}: {count} lines on what does not move",
    ),
    "annex.doubted.one": said("{asset}: 1 klopt misschien niet", "{asset}: 1 may not be right"),
    "annex.doubted.more": said(
        "{asset}: {count} kloppen misschien niet", "{asset}: {count} may not be right"
    ),
    "annex.right.one": said("{asset}: 1 stond verkeerd in de lijst",
                            "{asset}: 1 was listed wrongly"),
    "annex.right.more": said("{asset}: {count} stonden verkeerd in de lijst",
                             "{asset}: {count} were listed wrongly"),
    "annex.sealed.one": said("{asset}: 1 is op slot", "{asset}: 1 is locked"),
    "annex.sealed.more": said("{asset}: {count} zijn op slot", "{asset}: {count} are locked"),
    "annex.more.one": said(
        "en nog 1, die hier niet meer past", "and 1 more, for which there is no room here"
    ),
    "annex.more.more": said(
        "en nog {count}, die hier niet meer passen",
        "and {count} more, for which there is no room here",
    ),
    "annex.handed": said(
        "Alle regels staan in het bestand {file}, dat u hierbij krijgt. SHA-256 {digest}",
        "All lines are in the file {file}, which you are given with this. SHA-256 {digest}",
    ),
    "annex.list": said(
        "De hele lijst: {place} in het dossier, SHA-256 {digest}",
        "The whole list: {place} in the dossier, SHA-256 {digest}",
    ),
    "short.could-not-be-had": said("konden wij niet ophalen", "we could not fetch it"),
    "short.corrupt": said("is niet wat de lijst zegt", "is not what the list says"),
    "short.too-large": said("is daar te groot", "is too large there"),
    "short.shortcut": said("is een snelkoppeling", "is a shortcut"),
    "short.name-refused": said("heeft een naam die daar niet mag",
                               "has a name that is not allowed there"),
    "short.same-path": said("iets anders heeft precies deze plaats en naam",
                            "something else has exactly this place and name"),
    "short.rights-not-had": said("wie erbij mag, weten wij niet", "who may open it is not known"),
    "short.narrower-rights": said(
        "daar kunnen misschien meer mensen erbij dan nu",
        "more people may be able to open it there than now",
    ),
    "short.unmapped-principal": said("krijgt daar geen rechten", "gets no rights there"),
    "short.right-not-givable": said(
        "deze toegang kunnen wij daar niet geven", "this access we cannot give there"
    ),
    "short.folder-was-there": said(
        "deze map was daar al; wij geven er geen toegang toe",
        "this folder was there already; we give no access to it",
    ),
    "short.fewer-than-counted": said("dat is minder dan geteld", "that is fewer than counted"),
    "short.not-seen": said("konden wij niet bekijken", "we could not look into it"),
}  # fmt: skip
