"""Every sentence that is said around a signature, in Dutch and English."""

from __future__ import annotations

from sluis.scope.texts import Said, said

SENTENCES: dict[str, Said] = {
    "these-steps.one": said("deze ene stap", "this one step"),
    "these-steps.more": said("deze {count} stappen", "these {count} steps"),
    "these-places.one": said("deze ene plek", "this one place"),
    "these-places.more": said("deze {count} plekken", "these {count} places"),
    "steps.one": said("1 stap", "1 step"),
    "steps.more": said("{count} stappen", "{count} steps"),
    # one question each: what is confirmed, then what to type
    "q.read-scope": said(
        "Hierboven staat om welke gegevens het gaat: {places}. Hebt u dat gelezen?",
        "Above it says which data this is about: {places}. Have you read that?",
    ),
    "q.read-plan": said(
        "Hierboven staat wat wij gaan doen, in {steps}. Hebt u dat gelezen?",
        "Above it says what we will do, in {steps}. Have you read that?",
    ),
    "q.read-waivers": said(
        "Hierboven staat waar u eerder met minder zekerheid akkoord ging. Gaat u daar nog "
        "steeds mee akkoord?",
        "Above it says where you accepted less certainty before. Do you still agree to that?",
    ),
    "q.read-files": said(
        "Hierboven staat wat niet meegaat, en welke bestanden misschien niet kloppen of niet "
        "opengaan. Hebt u dat gelezen?",
        "Above it says what does not move, and which files may not be right or may not open. "
        "Have you read that?",
    ),
    "q.behind": said("{words} Weet u dat?", "{words} Do you know that?"),
    "q.document": said(
        "Hebt u dit stuk van ons gekregen: {title} (bestand {file})?",
        "Have you received this document from us: {title} (file {file})?",
    ),
    "q.asset": said("{words} Gaat u daarmee akkoord?", "{words} Do you agree to that?"),
    "q.copy": said(
        "{name}: {words} Gaat u daarmee akkoord?",
        "{name}: {words} Do you agree to that?",
    ),
    "q.excluded": said(
        "Dit komt NIET in de kopie: {patterns}.", "This is NOT in the copy: {patterns}."
    ),
    "q.risk": said(
        "Risico. {words} Mogen wij doorgaan, met dit risico?",
        "Risk. {words} May we go on, with this risk?",
    ),
    "q.not-included": said(
        "Dit hoort er niet bij: {words} Weet u dat?",
        "Not included: {words} Do you know that?",
    ),
    "q.retention": said("{words} Gaat u daarmee akkoord?", "{words} Do you agree to that?"),
    "q.way-back": said(
        "Als het mislukt: {words} Gaat u daarmee akkoord?",
        "If it fails: {words} Do you agree to that?",
    ),
    "q.succeeds": said(
        "Als het lukt: {words} Gaat u daarmee akkoord?",
        "If it succeeds: {words} Do you agree to that?",
    ),
    "q.decision": said(
        "Gaat u akkoord met precies {steps} en {places}? Uw akkoord geldt tot {until}.",
        "Do you agree to exactly {steps} and {places}? Your agreement counts until {until}.",
    ),
    "q.waiver-less": said(
        "Voor {name} krijgt u minder zekerheid. {level} Begrijpt u dat?",
        "For {name} you get less certainty. {level} Do you understand that?",
    ),
    "q.waiver-reason": said(
        "De reden is: {words} Gaat u daarmee akkoord?",
        "The reason is: {words} Do you agree to that?",
    ),
    "q.waiver-risk": said(
        "Het risico dat u neemt: {words} Begrijpt u dat?",
        "The risk you take: {words} Do you understand that?",
    ),
    "q.waiver-alternative": said(
        "Het kan ook anders: {words} Dat kost ongeveer {hours}. Wilt u doorgaan ZONDER dat "
        "wij dit doen?",
        "There is another way: {words} That takes about {hours}. Do you want to go on "
        "WITHOUT that?",
    ),
    "q.waiver-ends": said(
        "Dit geldt alleen voor deze ene wijziging, tot en met {day}. Gaat u daarmee akkoord?",
        "This counts only for this one change, up to and including {day}. Do you agree to that?",
    ),
    "q.waiver-decision": said(
        "Mogen wij doorgaan ZONDER die zekerheid? Zegt u nee, dan beginnen wij niet.",
        "May we go on WITHOUT that certainty? If you say no, we do not begin.",
    ),
    "q.name": said("Wat is uw naam?", "What is your name?"),
    "q.role": said("Wat is uw functie?", "What is your role?"),
    "q.remarks": said(
        "U gaat niet akkoord. Wat moet er anders? U mag dit leeg laten.",
        "You do not agree. What should be different? You may leave this empty.",
    ),
    # what to type
    "type.yes-no": said("Typ ja of nee.", "Type yes or no."),
    "type.words": said("Typ het hier.", "Type it here."),
    "again.yes-no": said(
        "Dat begrijpen wij niet. Leeg is geen ja. Typ het hele woord: ja of nee.",
        "We do not understand that. Empty is not a yes. Type the whole word: yes or no.",
    ),
    "again.words": said("Dit mag niet leeg blijven.", "This cannot be left empty."),
    "again.signer": said(
        "Voor deze wijziging mogen alleen tekenen: {signers}.",
        "For this change only these people may sign: {signers}.",
    ),
    "again.not-a-signer": said(
        "{name}, {role}, staat niet op de lijst.", "{name}, {role}, is not on the list."
    ),
    # what was decided about less, by level
    "level.none": said(
        "Wij bewijzen vooraf niets: misschien is er geen kopie die terug te zetten is.",
        "We prove nothing before we start: there may be no copy that can be put back.",
    ),
    "level.V0": said(
        "Wij kijken vooraf alleen of er een kopie is.",
        "Before we start we only see that there is a copy.",
    ),
    "level.V1": said(
        "Wij kijken vooraf alleen of de kopie open gaat.",
        "Before we start we only see that the copy opens.",
    ),
    "level.V2": said(
        "Wij lezen de kopie vooraf helemaal, maar zetten haar niet terug.",
        "Before we start we read all of the copy, but do not restore it.",
    ),
    "level.V3": said(
        "Wij zetten de kopie vooraf elders terug, maar kijken niet of de gegevens werken.",
        "Before we start we restore the copy elsewhere, but do not see whether the data work.",
    ),
    "level.V4": said(
        "Wij kijken vooraf of de gegevens uit de kopie werken, maar vergelijken ze niet.",
        "Before we start we see that the data from the copy work, but do not compare them.",
    ),
    "level.V5": said(
        "Wij vergelijken de kopie met het origineel. Minstens een van deze dingen bewijzen wij dan "
        "niet. De kopie is van nu. Zij staat op een andere plaats. Niemand kan haar weghalen. De "
        "reservesleutel opent haar. Ook een oudere kopie is terug te zetten.",
        "We compare the copy with the original. At least one of these we then do not prove. The "
        "copy is from now. It is kept in another place. Nobody can remove it. The spare key "
        "opens it. An older copy can be put back as well.",
    ),
    "level.V5-known": said(
        "Wij vergelijken de kopie met het origineel.", "We compare the copy with the original."
    ),
    "lacks.fresh": said(
        "Wij bewijzen niet dat de kopie van nu is.",
        "We do not prove that the copy is from now.",
    ),
    "lacks.elsewhere": said(
        "Wij bewijzen niet dat zij op een andere plaats staat.",
        "We do not prove that it is kept in another place.",
    ),
    "lacks.kept": said(
        "Wij bewijzen niet dat niemand haar kan weghalen.",
        "We do not prove that nobody can remove it.",
    ),
    "lacks.older": said(
        "Wij bewijzen niet dat ook een oudere kopie terug te zetten is.",
        "We do not prove that an older copy can be put back as well.",
    ),
    "lacks.spare-key": said(
        "Wij bewijzen niet dat de reservesleutel haar opent: niemand heeft die geprobeerd.",
        "We do not prove that the spare key opens it: nobody tested that key.",
    ),
    # the text of a waiver
    "waiver.title": said(
        "Minder zekerheid voor {name}",
        "Less certainty for {name}",
    ),
    "waiver.only": said(
        "Dit gaat over deze ene plek en deze ene wijziging. Verandert de lijst met gegevens, "
        "dan vervalt het.",
        "This is about this one place and this one change. If the list of data changes, it ends.",
    ),
    "waiver.normally": said("Wat wij normaal doen: {words}", "What we normally do: {words}"),
    "waiver.instead": said("Wat wij nu doen: {words}", "What we do now: {words}"),
    "waiver.reason": said("De reden: {words}", "The reason: {words}"),
    "waiver.risk": said("Het risico: {words}", "The risk: {words}"),
    "waiver.alternative": said(
        "Wat ook kan: {words} Dat kost ongeveer {hours}.",
        "What is also possible: {words} That takes about {hours}.",
    ),
    "waiver.ends": said("Het geldt tot en met {day}.", "It counts up to and including {day}."),
    "waiver.details": said(
        "Technische details: plek {id} ({location}), bewijs van de kopie {level}, wijziging "
        "{change}, versie {version}.",
        "Technical details: place {id} ({location}), proof of the copy {level}, change {change}, "
        "version {version}.",
    ),
    "waivers.title": said(
        "Waar u al akkoord ging met minder zekerheid", "Where you already accepted less certainty"
    ),
    "waivers.line": said(
        "{asset}, getekend door {signer} ({role}): {level} Het risico: {risk} Dit geldt tot en "
        "met {day}.",
        "{asset}, signed by {signer} ({role}): {level} The risk: {risk} This counts up to and "
        "including {day}.",
    ),
    # the file for a client who signs from elsewhere
    "form.title": said(
        "Wij vragen uw akkoord",
        "We ask for your agreement",
    ),
    "form.until": said("U kunt antwoorden tot {until}.", "You can answer until {until}."),
    "form.reference": said(
        "Kenmerk van dit verzoek (wijziging {change}):",
        "Reference of this request (change {change}):",
    ),
    "form.how": said(
        "Lees alles. Vul achter elk teken >>> uw antwoord in en verander verder niets. Bewaar het "
        "bestand en teken het met uw eigen sleutel. Hebt u geen sleutel? Bel ons; dan tekent u bij "
        "ons. Met een sleutel typt u dit:",
        "Read everything. Type your answer after each >>> and change nothing else. Save the file "
        "and sign it with your own key. Do you have no key? Call us, and sign beside us. With a "
        "key you type this:",
    ),
    "form.command": said("{command} UW-SLEUTEL DIT-BESTAND", "{command} YOUR-KEY THIS-FILE"),
    "form.send": said(
        "Stuur dit bestand en het bestand met .sig terug.",
        "Send back this file and the .sig file.",
    ),
    "form.questions": said("Uw antwoorden", "Your answers"),
    "form.remarks": said(
        "Gaat u niet akkoord, of wilt u nog iets zeggen? Schrijf het hier. Het mag leeg blijven.",
        "Do you not agree, or is there anything to add? Write it here. It may stay empty.",
    ),
    "form.exact": said(
        "Technisch: het verzoek eindigt op {moment} UTC.",
        "Technical: the request ends at {moment} UTC.",
    ),
    "form.end": said("Einde.", "End."),
    # at the terminal, a page at a time
    "page.number": said("Bladzijde {number} van {count}", "Page {number} of {count}"),
    "page": said(
        "Druk op Enter om verder te lezen. Typ t voor terug.",
        "Press Enter to read on. Type b to go back.",
    ),
    "page.end": said(
        "Druk op Enter om te antwoorden. Typ t voor terug.",
        "Press Enter to answer. Type b to go back.",
    ),
    "page.details": said(
        "Druk op Enter om te antwoorden. Typ t voor terug, d voor de technische details.",
        "Press Enter to answer. Type b to go back, d for the technical details.",
    ),
    # at the terminal
    "prompt.intro": said(
        "Dit is uw moment. Er gebeurt niets zonder uw akkoord. Nee zeggen mag.",
        "This is your moment. Nothing happens without your agreement. You may say no.",
    ),
    "prompt.thanks": said(
        "Dank u. Uw antwoord is vastgelegd.",
        "Thank you. Your answer is recorded.",
    ),
    "prompt.thanks-no": said(
        "Dank u. Uw antwoord is vastgelegd. Wij gaan niet verder zonder uw akkoord.",
        "Thank you. Your answer is recorded. We do not go on without your agreement.",
    ),
}
