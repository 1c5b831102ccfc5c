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
    "title": said("Wat er met uw gegevens gebeurt", "What happens to your data"),
    "for": said(
        "Voor {client_name}. Door {provider_name}.",
        "For {client_name}. By {provider_name}.",
    ),
    "anybody": said(
        "Er staat niet vast wie voor u mag tekenen. Ieders akkoord telt dan. Wilt u dat niet? "
        "Zeg dan nee, en zeg ons wie mag tekenen.",
        "It is not laid down who may sign for you. Then anybody's agreement counts. If you do "
        "not want that, say no, and tell us who may sign.",
    ),
    "signers": said("Voor u mogen tekenen:", "These people may sign for you:"),
    "signer": said("{name}, {role}", "{name}, {role}"),
    "signer-with-key": said(
        "{name}, {role} (zonder ons erbij alleen met een eigen sleutel)",
        "{name}, {role} (without us present only with a key of their own)",
    ),
    "valid": said(
        "Uw akkoord geldt {hours}. De laatste vraag zegt tot wanneer. Verandert er iets in "
        "dit stuk of in de stappen, dan vervalt het en vragen wij het opnieuw.",
        "Your agreement counts for {hours}. The last question says until when. If "
        "anything in this text or in the steps changes, it ends and we ask you again.",
    ),
    "assets": said("Om welke gegevens het gaat", "Which data this is about"),
    "assets-count": said(
        "Alles waar wij bij kunnen, staat hier: {places}.",
        "Everything that we can reach is here: {places}.",
    ),
    "aside": said(
        "Daarnaast staan er gegevens die wij op {day} apart hebben gezet, bij {change}: {name}.",
        "Besides that there is data that we put aside on {day}, in {change}: {name}.",
    ),
    "aside-until": said(
        "Wij hebben afgesproken die te bewaren tot {day}.",
        "We agreed to keep it until {day}.",
    ),
    "asset": said("Plek {number} van {count}: {name}", "Place {number} of {count}: {name}"),
    "places.one": said("1 plek", "1 place"),
    "places.more": said("{count} plekken", "{count} places"),
    "hours.one": said("1 uur", "1 hour"),
    "hours.more": said("{count} uur", "{count} hours"),
    "days.one": said("1 dag", "1 day"),
    "days.more": said("{count} dagen", "{count} days"),
    "items.one": said("1 stuk", "1 item"),
    "items.more": said("{count} stuks", "{count} items"),
    "records.one": said("1 regel", "1 record"),
    "records.more": said("{count} regels", "{count} records"),
    "counted": said("Op {day} hebben wij {amount} geteld.", "On {day} we counted {amount}."),
    "counted-both": said("{items}, samen {size}", "{items}, {size} together"),
    "counted-nothing": said("Op {day} stond er niets.", "On {day} there was nothing in it."),
    "newest": said(
        "De nieuwste wijziging is van {day}.", "The newest change was made on {day}."
    ),
    "not-known": said("Wij weten niet {what}.", "We do not know {what}."),
    "not-known-on": said("Op {day} wisten wij niet {what}.", "On {day} we did not know {what}."),
    "not-known.items": said("hoeveel stuks het zijn", "how many items there are"),
    "not-known.size": said("hoe groot het is", "how large it is"),
    "not-known.newest": said("wanneer het het laatst veranderde", "when it last changed"),
    "not-known.or": said(" of ", " or "),
    "nothing-known": said(
        "Op {day} wisten wij niet hoeveel het is. {words}",
        "On {day} we did not know how much it is. {words}",
    ),
    "unknown-because": said(
        "De reden: {words}",
        "The reason: {words}",
    ),
    "origin.tenant": said(
        "Wij lezen het uit uw oude Microsoft-omgeving.",
        "We read it from your old Microsoft environment.",
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
        "Wij lezen het van een server van de oude leverancier.",
        "We read it from a server of the old supplier.",
    ),
    "origin.folder": said(
        "Wij lezen het uit een gedeelde map.",
        "We read it from a shared folder.",
    ),
    "into": said(
        "Wij zetten het in de nieuwe Microsoft-omgeving, in de map {folder}.",
        "We put it in the new Microsoft environment, in the folder {folder}.",
    ),
    "into-top": said(
        "Wij zetten het in de nieuwe Microsoft-omgeving, niet in een aparte map.",
        "We put it in the new Microsoft environment, not in a folder of its own.",
    ),
    "landing": said(
        "Wij maken daarvoor in de nieuwe omgeving de map {folder}. Wie daar in mag schrijven: "
        "{account}. Wij kijken tot de laatste dag wat er al staat, en zeggen het u.",
        "We make the folder {folder} for it in the new environment. Who may write in it: "
        "{account}. Until the last day we look at what has arrived, and tell you.",
    ),
    "landing-files": said(
        "Wij vergelijken de namen en groottes van de bestanden. Wat erin staat, vergelijken wij "
        "niet.",
        "We compare the names and sizes of the files. What is in them we do not compare.",
    ),
    "landing-counts": said(
        "Wij tellen alleen. Of alles er is, kunnen wij niet zeggen.",
        "We only count. Whether all of it is there we cannot say.",
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
        "Staat er daar al iets met dezelfde naam, grootte en hetzelfde controlegetal van "
        "Microsoft, dan laten wij dat staan. Is het anders, dan stoppen wij.",
        "If something with the same name, size and checksum of Microsoft is there already, we "
        "leave it. If it differs, we stop.",
    ),
    "names.characters": said(
        "Tekens die daar niet in een naam mogen, worden {mark}.",
        "Characters that are not allowed in a name there become {mark}.",
    ),
    "names.no-characters": said(
        "Heeft iets een teken in de naam dat daar niet mag, dan gaat het niet mee.",
        "If something has a character in its name that is not allowed there, it does not move.",
    ),
    "names.reserved": said(
        "Namen die daar niet mogen, krijgen {mark} erachter.",
        "Names that are not allowed there get {mark} added at the end.",
    ),
    "names.no-reserved": said(
        "Heeft iets een naam die daar niet mag, dan gaat het niet mee.",
        "If something has a name that is not allowed there, it does not move.",
    ),
    "names.shorten": said(
        "Namen die daar te lang zijn, korten wij in.",
        "We shorten names that are too long there.",
    ),
    "names.no-shorten": said(
        "Heeft iets een naam die daar te lang is, dan gaat het niet mee.",
        "If something has a name that is too long there, it does not move.",
    ),
    "names.tell-apart": said(
        "Verschillen twee namen alleen in hoofdletters, dan krijgt er één een toevoeging.",
        "If two names differ only in capitals, one of them gets something added.",
    ),
    "names.no-tell-apart": said(
        "Verschillen twee namen alleen in hoofdletters, dan gaat er maar één mee.",
        "If two names differ only in capitals, only one of the two moves.",
    ),
    # neither promises access to everybody: what of it does not go over is named further on
    "rights.yes": said(
        "Wij nemen over wie er nu bij kan, volgens de lijst met personen hieronder. Wie niet op "
        "die lijst staat, geven wij daar geen toegang.",
        "We take over who can reach it now, by the list of people below. We give no access there "
        "to whoever is not on that list.",
    ),
    "rights.nobody": said(
        "Er is geen lijst met personen. Daarom geven wij daar niemand de toegang die er nu is.",
        "There is no list of people. So we give nobody the access there that there is now.",
    ),
    "rights.no": said(
        "Wie er nu bij kan, nemen wij niet over.",
        "We do not take over who can reach it now.",
    ),
    "as-it-came": said(
        "Van deze bestanden is niet zeker dat ze goed zijn. U krijgt ze zoals wij ze kregen:",
        "Of these files it is not certain that they are right. You get them as we got them:",
    ),
    "leave-out": said("Dit mag achterblijven:", "This may stay behind:"),
    "leave-out-nothing": said(
        "Er mag niets achterblijven. Kan er iets niet mee, dan beginnen wij niet.",
        "Nothing may stay behind. If anything cannot go along, we do not begin.",
    ),
    "leave-out.could-not-be-had": said("wat wij niet konden ophalen", "what we could not fetch"),
    "leave-out.shortcut": said("snelkoppelingen", "shortcuts"),
    "leave-out.name-refused": said(
        "wat een naam heeft die daar niet mag",
        "what has a name that is not allowed there",
    ),
    "leave-out.corrupt": said(
        "bestanden die anders zijn dan de lijst van de oude omgeving zegt",
        "files that differ from what the old environment lists",
    ),
    "leave-out.too-large": said("wat daar te groot is", "what is too large there"),
    "leave-out.unmapped-principal": said(
        "de toegang van wie niet op de lijst met personen staat",
        "the access of those who are not on the list of people",
    ),
    "leave-out.unmapped-principal-nobody": said(
        "de toegang van iedereen die er nu bij kan",
        "the access of everybody who can reach it now",
    ),
    "leave-out.narrower-rights": said(
        "een afscherming, zodat daar meer mensen bij iets kunnen dan nu",
        "a restriction, so that more people can reach something there than now",
    ),
    "leave-out.same-path": said(
        "wat precies dezelfde plaats en naam heeft als iets anders",
        "what has exactly the same place and name as something else",
    ),
    "leave-out.room-not-told": said(
        "wat daar niet meer past: de nieuwe omgeving zegt niet vooraf hoeveel plaats er is",
        "what there is no room for: the new environment does not say beforehand how much it "
        "has",
    ),
    "leave-out.rights-not-had": said(
        "een afscherming die wij niet konden lezen, zodat iedereen in die map erbij kan",
        "a restriction that we could not read, so that everybody in that folder can reach it",
    ),
    "leave-out.right-not-givable": said(
        "toegang die wij daar niet kunnen geven, zoals bekijken zonder downloaden",
        "access that we cannot give there, such as to look and not download",
    ),
    "leave-out.folder-was-there": said(
        "de toegang tot een map die daar al was",
        "the access to a folder that was there already",
    ),
    "gone.stop": said(
        "Haalt u iets weg nadat wij het hebben overgezet, dan stoppen wij en vragen wij het u.",
        "If you remove something after we moved it, we stop and ask you.",
    ),
    "gone.keep": said(
        "Haalt u iets weg nadat wij het hebben overgezet, dan blijft het in de nieuwe omgeving "
        "staan.",
        "If you remove something after we moved it, it stays in the new environment.",
    ),
    "gone.set aside": said(
        "Haalt u iets weg nadat wij het hebben overgezet, dan gaat het daar naar een aparte "
        "map.",
        "If you remove something after we moved it, it goes to a folder of its own there.",
    ),
    "check.every byte": said(
        "Daarna lezen wij daar alles terug en vergelijken wij de hele inhoud.",
        "After that we read all of it back and compare all that is in it.",
    ),
    "check.the service's hash": said(
        "Daarna vergelijken wij met het controlegetal dat Microsoft geeft. Wij lezen niet "
        "alles terug. Dat getal laat niet elke beschadiging zien.",
        "After that we compare with the checksum that Microsoft gives. We do not read all of "
        "it back. That number does not show all damage.",
    ),
    "how-we-move": said("Hoe wij het overzetten", "How we move it"),
    "people": said(
        "Wie er in de nieuwe omgeving bij kan",
        "Who can reach it in the new environment",
    ),
    "person": said("{was} wordt {becomes}", "{was} becomes {becomes}"),
    # who has no address, in words
    "who.link:anonymous": said("een link voor iedereen", "a link for anybody"),
    "who.link:organization": said(
        "een link voor iedereen in uw organisatie", "a link for everybody in your organisation"
    ),
    "who.link": said(
        "een link; voor wie, weten wij niet", "a link; for whom, we do not know"
    ),
    "who.site-group": said("de groep {name}", "the group {name}"),
    "who.application": said("het programma {name}", "the program {name}"),
    "who.id": said("het account met nummer {name}", "the account with number {name}"),
    "who.nobody": said(
        "iemand van wie wij de naam niet kregen", "somebody whose name we did not get"
    ),
    "person-ends": said(
        "De toegang van {was} gaat niet mee. {because}",
        "The access of {was} does not move. {because}",
    ),
    "migrate": said(
        "Dit gaat mee, uiterlijk op {by}. Waarheen: {to} Het oude exemplaar: {old_copy}",
        "This moves, by {by} at the latest. Where to: {to} The old copy: {old_copy}",
    ),
    "stays.here": said(
        "Deze gegevens blijven waar ze zijn. {what_happens}",
        "This data stays where it is. {what_happens}",
    ),
    "stays.here-until": said(
        "Deze gegevens blijven waar ze zijn. {what_happens} Wanneer: {day}.",
        "This data stays where it is. {what_happens} When: {day}.",
    ),
    "stays.put-back": said(
        "De plek van deze gegevens blijft dezelfde. {what_happens}",
        "The place of this data stays the same. {what_happens}",
    ),
    "stays.put-back-until": said(
        "De plek van deze gegevens blijft dezelfde. {what_happens} Wanneer: {day}.",
        "The place of this data stays the same. {what_happens} When: {day}.",
    ),
    "stays.behind": said(
        "Dit gaat niet mee. {what_happens} Er is geen einddatum afgesproken.",
        "We do not move this. {what_happens} No end date was agreed.",
    ),
    "stays.behind-until": said(
        "Dit gaat niet mee. {what_happens} Wanneer: {day}.",
        "We do not move this. {what_happens} When: {day}.",
    ),
    "client-moves-it": said(
        "Dit verplaatst u zelf, uiterlijk op {deadline}. Wij doen het niet. Waarheen: {to} Wie "
        "het doet: {owner}. Wat er dan nog niet staat: {if_late}",
        "You move this yourself, by {deadline} at the latest. We do not do it. Where to: {to} "
        "Who does it: {owner}. What is not there by then: {if_late}",
    ),
    "destroy-elsewhere": said(
        "Dit wordt vernietigd op {day}. {words} Dat gebeurt niet nu. Daar vragen wij apart uw "
        "akkoord voor.",
        "This will be destroyed on {day}. {words} That does not happen now. We ask for your "
        "agreement to that separately.",
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
        "De plek waar het nu staat, houdt op te bestaan op {day}.",
        "The place where it is now stops existing on {day}.",
    ),
    "class.ordinary": said(
        "Dit zijn gewone gegevens, niet over personen.",
        "This is ordinary data, not about people.",
    ),
    "class.personal": said("Dit zijn persoonsgegevens.", "This is data about people."),
    "class.special": said(
        "Dit zijn bijzondere persoonsgegevens, zoals over gezondheid.",
        "This is sensitive data about people, such as about their health.",
    ),
    "agreement": said(
        "Wat wij ermee mogen, staat in: {name}.",
        "What we may do with it is in: {name}.",
    ),
    "no-agreement": said(
        "Hiervoor hebben wij geen verwerkersovereenkomst met u. Dat is het contract over wat "
        "wij met deze gegevens mogen. De wet vraagt het. Vraag ons erom voordat u akkoord "
        "geeft.",
        "We have no processing agreement with you for this. That is the contract about what we "
        "may do with this data. The law asks for it. Ask us for it before you agree.",
    ),
    "criticality.low": said(
        "Dit is minder belangrijk voor uw werk. {words}",
        "This matters less for your work. {words}",
    ),
    "criticality.normal": said(
        "Dit is belangrijk voor uw werk. {words}",
        "This matters for your work. {words}",
    ),
    "criticality.vital": said(
        "Zonder dit ligt uw werk stil. {words}",
        "Without this your work stops. {words}",
    ),
    "proof.V3": said(
        "Vooraf maken wij een kopie, zetten die elders terug en lezen alles. Dat de kopie gelijk "
        "is aan het origineel, is voor deze gegevens geen voorwaarde om te beginnen.",
        "Before we start we make a copy, restore it elsewhere and read all of it. For this data "
        "we may begin without having shown that the copy equals the original.",
    ),
    "proof.V6": said(
        "Vooraf maken wij een kopie en zetten die elders terug. Daar openen wij de gegevens en "
        "vergelijken alles met het origineel. Is er iets niet gelijk, dan beginnen wij niet.",
        "Before we start we make a copy and restore it elsewhere. There we open the data and "
        "compare all of it with the original. If anything differs, we do not begin.",
    ),
    "proof.put-back": said(
        "Vooraf maken wij een kopie van hoe het nu is. Wij zetten die elders terug en lezen alles. "
        "Wat nu kapot is, is ook in die kopie kapot.",
        "Before we start we make a copy of how it is now. We restore that elsewhere and read all "
        "of it. What is broken now is broken in that copy as well.",
    ),
    "compared.more": said(
        "Op {day} hebben wij de kopie elders teruggezet. Wij hebben alle {count} bestanden en "
        "mappen vergeleken met het origineel, de map zelf meegeteld, samen {size}.",
        "On {day} we restored the copy elsewhere. We compared all {count} files and folders "
        "with the original, the folder itself included, {size} together.",
    ),
    "compared.one": said(
        "Op {day} hebben wij de kopie elders teruggezet. Wij hebben vergeleken wat erin staat met "
        "het origineel, {size}.",
        "On {day} we restored the copy elsewhere. We compared what is in it with the original, "
        "{size}.",
    ),
    "compared-files.more": said(
        "Op {day} hebben wij de kopie elders teruggezet. Wij hebben alle {count} bestanden "
        "vergeleken met het origineel, samen {size}.",
        "On {day} we restored the copy elsewhere. We compared all {count} files with the original, "
        "{size} together.",
    ),
    "compared-files.one": said(
        "Op {day} hebben wij de kopie elders teruggezet. Wij hebben het ene bestand erin "
        "vergeleken met het origineel, {size}.",
        "On {day} we restored the copy elsewhere. We compared the one file in it with the "
        "original, {size}.",
    ),
    "compared-data": said(
        "Op {day} hebben wij de kopie elders teruggezet. Daar hebben wij de gegevens geopend en "
        "alles vergeleken met het origineel.",
        "On {day} we restored the copy elsewhere. There we opened the data and compared all of it "
        "with the original.",
    ),
    "fresh": said(
        "De kopie is hooguit {hours} oud als wij beginnen.",
        "The copy is at most {hours} old when we start.",
    ),
    "fresh-put-back": said(
        "Die kopie is hooguit {hours} oud als wij beginnen.",
        "That copy is at most {hours} old when we start.",
    ),
    "no-copy": said(
        "Hiervan maken wij geen kopie. Wij controleren dit niet.",
        "We make no copy of this. We do not check it.",
    ),
    "excluded": said("Dit komt NIET in de kopie:", "This is NOT in the copy:"),
    "may-live": said("De kopie mag alleen staan bij:", "The copy may be only at:"),
    "place": said("{provider}, {site} ({country})", "{provider}, {site} ({country})"),
    "for-all": said("Voor alles:", "For everything:"),
    "for-these": said("Voor {names}:", "For {names}:"),
    "management": said("Beheer: {party}", "Management: {party}"),
    "backup": said("Back-up: {party}", "Backup: {party}"),
    "security": said("Beveiliging: {party}", "Security: {party}"),
    "by.client": said("u zelf", "you"),
    "by.client-person": said("u zelf: {person}", "you: {person}"),
    "by.provider": said("wij, volgens {agreement}", "we, under {agreement}"),
    "by.third": said("{name}, volgens {agreement}", "{name}, under {agreement}"),
    "without-data": said("Apparaten waarop geen gegevens staan", "Machines that hold no data"),
    "host-without-data": said("{host}: {reason}", "{host}: {reason}"),
    "risks": said("Wat er mis kan gaan", "What can go wrong"),
    "risk": said("{name}: {words}", "{name}: {words}"),
    "we-do": said("Wat wij doen: {words}", "What we do: {words}"),
    "advice": said("Ons advies: {words}", "Our advice: {words}"),
    "not-included": said("Wat wij NIET doen", "What we do NOT do"),
    "not-included-line": said("{words}", "{words}"),
    "retention-days": said(
        "Kopieën van vlak voor de wijziging bewaren wij {snapshot}. Elke andere kopie "
        "die wij voor de zekerheid maken, bewaren wij {safety}.",
        "We keep copies from right before the change for {snapshot}. Any other copy that "
        "we make to be safe we keep for {safety}.",
    ),
    "retention-days-put-back": said(
        "Kopieën van vlak voor het terugzetten bewaren wij {snapshot}. Elke andere kopie "
        "die wij voor de zekerheid maken, bewaren wij {safety}.",
        "We keep copies from right before we put it back for {snapshot}. Any other copy that "
        "we make to be safe we keep for {safety}.",
    ),
    "retention-then": said(
        "Daarna: {words} Wij vernietigen nooit iets zonder een aparte wijziging waarvoor u "
        "tekent.",
        "After that: {words} We never destroy anything without a separate change that you sign.",
    ),
    "freeze": said(
        "Vanaf wanneer niemand meer op de oude plek werkt",
        "From when nobody works in the old place any more",
    ),
    "freeze-yes": said(
        "{who} laat ons weten wanneer niemand meer op de oude plek werkt. {words} Daarna halen "
        "wij op wat er nieuw of veranderd is. Wat daar later nog bij komt, gaat niet mee.",
        "{who} tells us when nobody works in the old place any more. {words} After that we "
        "fetch what is new or changed. What comes there later does not move.",
    ),
    "freeze-no": said(
        "Er staat niet vast vanaf wanneer niemand meer op de oude plek werkt. Wat verandert "
        "nadat wij voor het laatst ophalen, gaat niet mee. Wilt u een moment afspreken? Zeg "
        "dan nee, en zeg ons wanneer.",
        "It is not laid down from when nobody works in the old place any more. What changes "
        "after we fetch for the last time does not move. If you want to agree on a moment, say "
        "no, and tell us when.",
    ),
    "way-back": said("Als het mislukt", "If it fails"),
    "way-back-yes": said(
        "Wij zetten dan meteen de kopie van vlak voor de wijziging terug, zonder u eerst te "
        "bellen. {words}",
        "We then put back the copy from right before the change, at once and without calling "
        "you first. {words}",
    ),
    "way-back-no": said(
        "Wij zetten dan NIETS terug zonder u eerst te bellen. {words}",
        "We then put NOTHING back without calling you first. {words}",
    ),
    "way-back-none": said(
        "Wij doen dan NIETS meer zonder u eerst te bellen. Het kan zijn dat een deel dan al is "
        "teruggezet. {words}",
        "We then do NOTHING more without calling you first. A part may have been put back by then. "
        "{words}",
    ),
    "succeeds": said("Als het lukt", "If it succeeds"),
    "succeeds-lost": said(
        "Wat wij terugzetten, is daarna weer zoals toen de kopie werd gemaakt. Wat er daarna in is "
        "gewerkt, bent u dan kwijt.",
        "What we put back is then again as it was when the copy was made. You lose what was done "
        "in it after that.",
    ),
    "agreements": said("Afspraken", "Agreements"),
    "lost": said(
        "Zetten wij een kopie terug, dan bent u kwijt wat er is gewerkt nadat die was gemaakt.",
        "If we put a copy back, you lose what was done after it was made.",
    ),
    "details-follow": said(
        "De technische details staan achteraan. Ze horen bij uw akkoord. U hoeft ze niet te "
        "lezen.",
        "The technical details are at the end. They belong to your agreement. You need not "
        "read them.",
    ),
    "documents": said("Stukken die u hierbij krijgt", "Documents you are handed with this"),
    "document": said("{title}", "{title}"),
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

DAY_NAMES: dict[str, tuple[str, ...]] = {
    "nl": ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
