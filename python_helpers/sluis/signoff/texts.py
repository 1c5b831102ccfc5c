"""Every sentence that is said around a signature, in Dutch and English."""

from __future__ import annotations

from sluis.scope.texts import Said, said

SENTENCES: dict[str, Said] = {
    # one question each: what is confirmed, then what to type
    "q.read-scope": said(
        "Hierboven staat wat er met uw gegevens gebeurt. Hebt u die tekst gelezen?",
        "Above it says what happens to your data. Have you read that text?",
    ),
    "q.read-plan": said(
        "Hierboven staat elke stap die wij gaan uitvoeren. Hebt u die tekst gelezen?",
        "Above is every step that we will carry out. Have you read that text?",
    ),
    "q.read-waivers": said(
        "Hierboven staat waar u eerder met minder zekerheid akkoord ging. Klopt dat nog?",
        "Above it says where you accepted less certainty before. Is that still right?",
    ),
    "q.document": said(
        "Hebt u dit stuk van ons gekregen: {title} (bestand {file}, vingerafdruk {sha256})?",
        "Have you received this document from us: {title} (file {file}, fingerprint {sha256})?",
    ),
    "q.asset": said("{words} Bent u het daarmee eens?", "{words} Do you agree?"),
    "q.copy": said(
        "Over {name} ({id}): {words} Weet u dat?", "About {name} ({id}): {words} Do you know that?"
    ),
    "q.excluded": said(
        "Dit komt NIET in de kopie: {patterns}.", "This is NOT in the copy: {patterns}."
    ),
    "q.risk": said(
        "Risico. {words} Kent u dit risico, en wilt u toch dat wij het doen?",
        "Risk. {words} Do you know this risk, and do you still want us to do it?",
    ),
    "q.not-included": said(
        "Dit doen wij NIET: {words} Weet u dat?", "This we do NOT do: {words} Do you know that?"
    ),
    "q.retention": said("{words} Bent u het daarmee eens?", "{words} Do you agree?"),
    "q.way-back": said(
        "Als het mislukt: {words} Klopt dat?", "If it fails: {words} Is that right?"
    ),
    "q.decision": said(
        "Tekent u voor dit alles: deze gegevens en precies deze stappen?",
        "Do you sign for all of this: these data and exactly these steps?",
    ),
    "q.waiver-less": said(
        "U gaat voor {name} ({id}) akkoord met minder zekerheid. {level} Wilt u dat?",
        "For {name} ({id}) you accept less certainty. {level} Do you want that?",
    ),
    "q.waiver-reason": said(
        "De reden is: {words} Klopt dat?", "The reason is: {words} Is that right?"
    ),
    "q.waiver-risk": said(
        "Het risico dat u neemt: {words} Begrijpt u dat?",
        "The risk you take: {words} Do you understand that?",
    ),
    "q.waiver-alternative": said(
        "Het kan ook anders: {words} Dat kost ongeveer {hours} uur. Kiest u daar niet voor?",
        "There is another way: {words} That takes about {hours} hours. Do you choose not to?",
    ),
    "q.waiver-ends": said(
        "Dit geldt alleen voor wijziging {change}, en tot en met {day}. Bent u het daarmee eens?",
        "This counts only for change {change}, up to and including {day}. Do you agree?",
    ),
    "q.waiver-decision": said("Tekent u hiervoor?", "Do you sign for this?"),
    "q.name": said("Wat is uw naam?", "What is your name?"),
    "q.role": said("Wat is uw functie?", "What is your role?"),
    "q.remarks": said(
        "U tekent niet. Wat moet er anders?", "You do not sign. What should be different?"
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
        "Wij vergelijken de kopie met het origineel, maar bewijzen niet dat zij vers is.",
        "We compare the copy with the original, but do not prove that it is fresh.",
    ),
    # the text of a waiver
    "waiver.title": said(
        "Minder zekerheid voor {name} ({id}), wijziging {change}",
        "Less certainty for {name} ({id}), change {change}",
    ),
    "waiver.only": said(
        "Dit gaat over deze ene plek ({location}) en deze ene wijziging. Verandert de lijst met "
        "gegevens (versie {version}), dan vervalt het.",
        "This is about this one place ({location}) and this one change. If the list of data "
        "(version {version}) changes, it ends.",
    ),
    "waiver.normally": said("Wat wij normaal doen: {words}", "What we normally do: {words}"),
    "waiver.instead": said("Wat wij nu doen: {words}", "What we do now: {words}"),
    "waiver.reason": said("De reden: {words}", "The reason: {words}"),
    "waiver.risk": said("Het risico: {words}", "The risk: {words}"),
    "waiver.alternative": said(
        "Wat ook kan: {words} Dat kost ongeveer {hours} uur.",
        "What is also possible: {words} That takes about {hours} hours.",
    ),
    "waiver.ends": said("Het geldt tot en met {day}.", "It counts up to and including {day}."),
    "waivers.title": said(
        "Waar u al akkoord ging met minder zekerheid", "Where you already accepted less certainty"
    ),
    "waivers.line": said(
        "{asset}, getekend door {signer} ({role}): {level} Risico: {risk} Tot en met {day}.",
        "{asset}, signed by {signer} ({role}): {level} Risk: {risk} Up to and including {day}.",
    ),
    # the file for a client who signs from elsewhere
    "form.title": said(
        "Verzoek om uw handtekening: wijziging {change}",
        "Request for your signature: change {change}",
    ),
    "form.reference": said("Kenmerk van dit verzoek:", "Reference of this request:"),
    "form.how": said(
        "Lees alles. Vul achter elk teken >>> uw antwoord in en verander verder niets. Bewaar het "
        "bestand en teken het met uw eigen sleutel:",
        "Read everything. Type your answer after each >>> and change nothing else. Save the file "
        "and sign it with your own key:",
    ),
    "form.send": said(
        "Stuur dit bestand en het bestand met .sig terug.", "Send back this file and the .sig file."
    ),
    "form.until": said(
        "U kunt tekenen tot {when} (UTC). Uw akkoord geldt ook tot dat moment.",
        "You can sign until {when} (UTC). Your agreement counts until that moment as well.",
    ),
    "form.questions": said("Uw antwoorden", "Your answers"),
    "form.remarks": said(
        "Tekent u niet, of hebt u nog iets te zeggen? Dan kan dat hier. Het mag leeg blijven.",
        "Do you not sign, or is there anything to add? Say it here. It may stay empty.",
    ),
    "form.end": said("Einde.", "End."),
    # at the terminal
    "prompt.intro": said(
        "Dit is uw moment. Er gebeurt niets zonder uw akkoord. Nee zeggen mag.",
        "This is your moment. Nothing happens without your agreement. You may say no.",
    ),
    "prompt.until": said(
        "Uw akkoord geldt tot {when} (UTC).", "Your agreement counts until {when} (UTC)."
    ),
    "prompt.thanks": said(
        "Dank u. Uw antwoord is vastgelegd.", "Thank you. Your answer is recorded."
    ),
}
