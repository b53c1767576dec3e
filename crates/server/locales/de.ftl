# Texte der Seiten auf Deutsch. en.ftl hat dieselben Nachrichten mit denselben Variablen; ein Test hält beide gegen die Vorlagen.

## Überall

skip-to-content = Zum Inhalt springen
navigation = Hauptmenü
preferences = Darstellung und Sprache
theme = Farbschema
theme-system = System
theme-light = Hell
theme-dark = Dunkel
language = Sprache
sign-in = Anmelden
sign-out = Abmelden
cancel = Abbrechen
back = Zurück
copy = Kopieren
copied = Kopiert
never = Nie
until = bis
pages = Seiten
next-page = Nächste Seite
name = Name
level = Stufe
state = Zustand
created = Erstellt
last-used = Zuletzt benutzt
expires = Läuft ab
secret = Geheimnis
token = Token
command = Befehl
select = Auswählen
username = Benutzername
password = Passwort
new-password = Neues Passwort
current-password = Aktuelles Passwort
password-hint = 12 bis 128 Zeichen; am besten ein paar zufällige Wörter.
nav-overview = Übersicht
nav-my-keys = Meine Schlüssel
nav-security = Sicherheit

## Zeit

days = { $count ->
    [one] { $count } Tag
   *[other] { $count } Tage
}
hours = { $count ->
    [one] { $count } Stunde
   *[other] { $count } Stunden
}
minutes = { $count ->
    [one] { $count } Minute
   *[other] { $count } Minuten
}
seconds = { $count ->
    [one] { $count } Sekunde
   *[other] { $count } Sekunden
}
in-a-moment = gleich
just-now = gerade eben
in-days = { $count ->
    [one] in { $count } Tag
   *[other] in { $count } Tagen
}
in-hours = { $count ->
    [one] in { $count } Stunde
   *[other] in { $count } Stunden
}
in-minutes = { $count ->
    [one] in { $count } Minute
   *[other] in { $count } Minuten
}
days-ago = { $count ->
    [one] vor { $count } Tag
   *[other] vor { $count } Tagen
}
hours-ago = { $count ->
    [one] vor { $count } Stunde
   *[other] vor { $count } Stunden
}
minutes-ago = { $count ->
    [one] vor { $count } Minute
   *[other] vor { $count } Minuten
}

## Was geschehen ist

note-signed-out = Du bist abgemeldet.
note-keys-deleted = { $count ->
    [one] { $count } Schlüssel wurde gelöscht. Er wird ab sofort abgewiesen.
   *[other] { $count } Schlüssel wurden gelöscht. Sie werden ab sofort abgewiesen.
}
note-password-changed = { $count ->
    [0] Dein Passwort ist geändert, und alle anderen Sitzungen sind beendet.
    [one] Dein Passwort ist geändert, und alle anderen Sitzungen sind beendet. { $count } Schlüssel, den du erstellt hast, gilt weiter: Falls jemand das alte Passwort kannte, sieh ihn dir an.
   *[other] Dein Passwort ist geändert, und alle anderen Sitzungen sind beendet. { $count } Schlüssel, die du erstellt hast, gelten weiter: Falls jemand das alte Passwort kannte, sieh sie dir an.
}
note-session-ended = Die Sitzung ist beendet.
note-sessions-ended = { $count ->
    [0] Es gab keine andere Sitzung.
    [one] { $count } andere Sitzung ist beendet.
   *[other] { $count } andere Sitzungen sind beendet.
}
note-consent-given = Danke. Du kannst wieder Schlüssel erstellen und benutzen.
note-consent-withdrawn = { $count ->
    [0] Deine Einwilligung ist widerrufen. Schlüssel hattest du keine.
    [one] Deine Einwilligung ist widerrufen, und { $count } Schlüssel wurde ungültig.
   *[other] Deine Einwilligung ist widerrufen, und { $count } Schlüssel wurden ungültig.
}
note-account-locked = { $count ->
    [0] Dein Konto ist gesperrt. Schlüssel hattest du keine.
    [one] Dein Konto ist gesperrt, und { $count } Schlüssel wurde ungültig.
   *[other] Dein Konto ist gesperrt, und { $count } Schlüssel wurden ungültig.
}
note-account-unlocked = Dein Konto ist entsperrt. Ungültige Schlüssel bleiben ungültig; du kannst neue erstellen.
note-account-deleted = { $count ->
    [0] Dein Konto ist gelöscht.
    [one] Dein Konto ist gelöscht, und { $count } Schlüssel wurde ungültig.
   *[other] Dein Konto ist gelöscht, und { $count } Schlüssel wurden ungültig.
}

## Was abgelehnt wird

problems = { $count ->
    [one] Bitte sieh dir das noch einmal an:
   *[other] Bitte sieh dir diese { $count } Stellen noch einmal an:
}
wrong-password = Das aktuelle Passwort stimmt nicht.
sign-in-failed = Benutzername oder Passwort stimmt nicht.
throttled = { $seconds ->
    [one] Zu viele Fehlversuche. Versuch es in { $seconds } Sekunde wieder.
   *[other] Zu viele Fehlversuche. Versuch es in { $seconds } Sekunden wieder.
}
busy = Im Moment melden sich zu viele Leute gleichzeitig an. Versuch es in ein paar Sekunden wieder.
unavailable = Die Datenbank antwortet nicht. Nichts ist verloren; versuch es in ein paar Sekunden wieder.
in-doubt = Die Datenbank antwortet nicht, und so weiß niemand, ob noch gilt, was dieser Server weiß. Versuch es in ein paar Sekunden wieder.
unconfirmed-title = Getan, aber vielleicht noch nicht überall in Kraft
unconfirmed = Die Änderung ist getan, aber die Datenbank ging verloren, bevor feststand, dass jeder Server sie kennt. Eine Bearbeitung oder ein Widerruf lässt sich gefahrlos wiederholen; was angelegt werden sollte, such zuerst.
unconfirmed-key = Der Schlüssel { $id } ist angelegt, aber die Datenbank ging verloren, bevor feststand, dass jeder Server ihn kennt. Sein Geheimnis wird nicht gezeigt: Lösch ihn und leg einen neuen an.
taken = Dieser Name ist vergeben. Groß- und Kleinschreibung, Breite und Leerzeichen am Rand zählen nicht: Wähl einen anderen.
name-empty = Gib einen Namen ein.
name-too-long = Ein Name hat höchstens 200 Zeichen.
name-control-character = Ein Name enthält keine Steuerzeichen wie etwa Zeilenumbrüche.
password-too-short = Das Passwort braucht mindestens 12 Zeichen. Mehrere Wörter, die nicht zusammengehören, merkt man sich leicht.
password-too-long = Das Passwort darf höchstens 128 Zeichen haben.
password-common = Dieses Passwort gehört zu den häufigsten und würde zuerst erraten. Wähl eines, das sonst niemand benutzt.
password-username = Das Passwort darf nicht der Benutzername sein. Wähl etwas, das andere nicht über dich wissen.
password-repeated = Das Passwort wiederholt immer dieselben Zeichen. Wähl mehrere Wörter, die nicht zusammengehören.
level-missing = Wähl eine Stufe.
lifetime-missing = Wähl aus, wann der Schlüssel abläuft.
lifetime-not-positive = Die Laufzeit muss größer als 0 sein.
lifetime-above-maximum = So lange gilt kein Schlüssel. Möglich sind höchstens: { $limit }
current-password-needed = Gib dein aktuelles Passwort ein.
email-wrong = Das ist keine E-Mail-Adresse mit höchstens 254 Zeichen.
details-now = Jemand hat das inzwischen geändert, und zwar in „{ $now }“. Speichere noch einmal, wenn dein Text gelten soll.
details-now-empty = Jemand hat das inzwischen entfernt. Speichere noch einmal, wenn dein Text gelten soll.
role-unknown = Diese Rolle gibt es nicht.
permission-wrong = So heißt keine Berechtigung.
unknown-permissions = Diese Berechtigungen deklariert kein Dienst: { $names }
value-refused = Das nimmt der Server nicht an: { $why }
too-many-keys = Du hast { $max } gültige Schlüssel; mehr kann ein Konto nicht haben. Lösch zuerst einen.
last-admin = Das ist das letzte aktive Administrationskonto. Leg zuerst ein weiteres an.
admin-exists = Es gibt schon ein Administrationskonto.
link-used = Der Link wurde schon benutzt.
key-immutable = Persönliche Schlüssel lassen sich nicht ändern. Lösch diesen und erstell einen neuen.
policy-in-use = { $count ->
    [one] { $count } Schlüssel benutzt diese Richtlinie.
   *[other] { $count } Schlüssel benutzen diese Richtlinie.
}
service-spelled-otherwise = Der Dienst ist als { $name } deklariert. Namen von Diensten sind unabhängig von Groß- und Kleinschreibung eindeutig.
refused-no-consent = Ohne deine Einwilligung in die Verarbeitung deiner Daten gibt es keine Schlüssel.
refused-locked = Dein Konto ist gesperrt.
refused-blocked = Dein Konto ist blockiert. Nur die Administration kann das aufheben.
refused-owner-unfit = Das Konto kann zurzeit keine Schlüssel haben: Es ist gesperrt oder blockiert, oder die Einwilligung fehlt.
refused-level = Dafür braucht es Stufe { $needs }; du hast Stufe { $has }. Darüber entscheidet die Rolle deines Kontos; wende dich an die Administration.
refused-above-owner = Stufe { $asked } liegt über Stufe { $owner }, die die Rolle des Kontos hat.
refused-above-session = Stufe { $asked } liegt über Stufe { $has }, die deine Sitzung hat.
refused-reserved-service = Der Name „keybearer“ ist vergeben.
refused-title = Das darfst du nicht
not-found-title = Hier ist nichts
not-found-text = Die Adresse ist vertippt, oder was hier war, gibt es nicht mehr.
no-such-account = Dieses Konto gibt es nicht, oder du darfst es nicht sehen.
no-such-session = Diese Sitzung gibt es nicht. Vielleicht ist sie schon beendet.
no-such-key = Diesen Schlüssel gibt es nicht, oder er gehört dir nicht. Vielleicht wurde er schon gelöscht.
no-such-gate = Es gibt kein solches Tor. Vielleicht hat es jemand gelöscht.
no-such-policy = Diese Richtlinie gibt es nicht.
unreadable-title = Das war nicht zu verstehen
ambiguous-credential = Die Anfrage enthält mehr als einen Ausweis. Schick einen oder keinen.
method-not-allowed = Diese Adresse antwortet nicht auf diese Methode.
unsupported-media = Das Formular kam in einem Format, das hier nicht gelesen wird.
too-large = Das Formular ist größer als { $limit } Bytes.
too-slow = Das Formular kam nicht rechtzeitig an. Schick es noch einmal.
url-too-long = Die Adresse ist länger als { $limit } Bytes.
storage-full = Die Festplatte des Servers ist voll, und nichts wurde geändert. Schlüssel gelten trotzdem. Versuch es wieder, sobald Platz ist.
key-in-url = In der Adresse steht ein vollständiger Schlüssel, und Protokolle heben Adressen auf. Betrachte ihn als bekannt und lösch ihn: { $id }
conflict-title = Da steht etwas im Weg
version-mismatch = Es wurde geändert, seit du die Seite geöffnet hast. Sieh es dir noch einmal an.
later-title = Versuch es gleich noch einmal
internal-title = Hier ist etwas schiefgegangen
internal = Das liegt nicht an dir. Im Protokoll des Servers steht mehr unter der Nummer { $id }.
signed-out-title = Du bist nicht angemeldet
sign-in-needed = Deine Sitzung ist beendet. Melde dich an und mach es noch einmal.
to-the-start = Zum Anfang
form-cross-site-title = Dieses Formular kam von anderswo
form-cross-site-text = Es wurde nicht von einer Seite dieses Servers geschickt, darum ist nichts geschehen. Wenn du es warst, öffne die Seite hier und versuch es noch einmal. Wer den Server betreibt, sollte prüfen, ob public_url die Adresse in deinem Browser ist.
form-stale-title = Dieses Formular gilt nicht mehr
form-stale-text = Es gehört zu einer anderen Sitzung oder stammt von vor dem Neustart des Servers. Nichts ist geschehen. Öffne die Seite neu und versuch es noch einmal.
form-used-title = Das gibt es schon
form-used-text = Das Formular wurde schon einmal geschickt, und was es verlangt, ist damals geschehen. Ein zweites Mal wurde nichts erstellt. Ein Geheimnis wird nur einmal gezeigt: Wenn du es nicht hast, lösch den Schlüssel und erstell einen neuen.
form-start-again = Von vorn beginnen

## Stufen

level-can = Kann:
level-cannot = Kann nicht:
level-0 = Ausweisen
level-0-can = sagen, zu welchem Konto er gehört.
level-0-cannot = irgendetwas lesen oder ändern.
level-1 = Eigene Inhalte lesen
level-1-can = lesen, was du erstellt hast.
level-1-cannot = deine Kontodaten lesen oder etwas ändern.
level-2 = Eigenes Konto lesen
level-2-can = deine Inhalte und alle Daten deines Kontos lesen.
level-2-cannot = etwas ändern.
level-3 = Eigene Inhalte schreiben
level-3-can = alles lesen, was dir gehört, und deine Inhalte anlegen, ändern und löschen.
level-3-cannot = deine Kontodaten oder deine Schlüssel ändern.
level-4 = Eigenes Konto schreiben
level-4-can = alles lesen und ändern, was dir gehört, und deine Schlüssel erstellen und löschen.
level-4-cannot = etwas von anderen sehen.
level-5 = Inhalte anderer lesen
level-5-can = alles von Stufe 4, und lesen, was andere erstellt haben.
level-5-cannot = Kontodaten anderer lesen oder etwas ändern, das ihnen gehört.
level-6 = Alle Daten anderer lesen
level-6-can = alles von Stufe 4, und Inhalte und Kontodaten anderer lesen.
level-6-cannot = etwas ändern, das anderen gehört.
level-7 = Unterstützung leisten
level-7-can = alles lesen, und Daten anderer durch Vorgänge der Unterstützung ändern.
level-7-cannot = Konten, Schlüssel und Richtlinien anderer verwalten.
level-8 = Alles
level-8-can = alles, auch sämtliche Konten, Schlüssel und Richtlinien verwalten.
level-8-cannot = Passwort, E-Mail-Adresse, Einwilligung oder Zustand des eigenen Kontos ändern. Wähle diese Stufe nur, wenn keine niedrigere genügt.

## Zustand eines Schlüssels

state-active = Gültig
state-expired = Abgelaufen
state-revoked = Ungültig
state-soon = Läuft bald ab
reason-deleted = Er wurde gelöscht
reason-role-downgraded = Die Rolle des Kontos wurde herabgesetzt
reason-account-locked = Das Konto wurde gesperrt
reason-account-blocked = Das Konto wurde blockiert
reason-account-deleted = Das Konto wurde gelöscht
reason-consent-revoked = Die Einwilligung wurde widerrufen
reason-excessive-use = Er wurde übermäßig benutzt
reason-policy-deleted = Seine Richtlinie wurde gelöscht

## Anmelden

sign-in-help = Passwort vergessen? Wer diesen Server betreibt, kann dir einen Link geben, mit dem du ein neues festlegst.
kept-sign-in = Deine Sitzung endete, während du getippt hast. Melde dich an, dann kannst du es absenden. Passwörter musst du neu eingeben.
kept-title = Du bist wieder angemeldet
kept-text = Das hattest du eingegeben. Es ist noch nicht abgesendet.
kept-send = Jetzt absenden

## Link zur Einrichtung

setup-title = Das erste Administrationskonto anlegen
setup-text = Dieses Konto darf alles. Der Link gilt einmal, und 30 Minuten lang, nachdem der Server ihn ausgegeben hat.
setup-create = Konto anlegen
setup-welcome = Willkommen, { $name }
setup-done = Dein Konto ist angelegt und dieser Link verbraucht. Melde dich an und erstell deinen ersten Schlüssel.
setup-closed = Er wurde schon benutzt, ist älter als 30 Minuten, oder es gibt schon ein Administrationskonto. Solange es keines gibt, gibt der Server bei jedem Start einen neuen Link auf seiner Standardausgabe aus.
setup-form-incomplete = Das Formular muss einen Benutzernamen und ein Passwort enthalten und sonst nichts.
link-closed-title = Dieser Link ist geschlossen

## Link für das Passwort

reset-title = Passwort festlegen
reset-for = Passwort für { $name } festlegen
reset-text = Es ersetzt das bisherige und beendet alle Sitzungen. Der Link gilt einmal, und 30 Minuten lang, nachdem er erstellt wurde.
reset-set = Passwort festlegen
reset-done-title = Das Passwort von { $name } ist festgelegt
reset-done = Dieser Link ist verbraucht, und alle Sitzungen sind beendet. Melde dich mit dem neuen Passwort an.
reset-keys = { $count ->
    [one] { $count } gültiger Schlüssel wurde von diesem Konto erstellt. Falls jemand das alte Passwort kannte, sieh ihn dir an und lösch, was du nicht kennst.
   *[other] { $count } gültige Schlüssel wurden von diesem Konto erstellt. Falls jemand das alte Passwort kannte, sieh sie dir an und lösch, was du nicht kennst.
}
reset-closed = Er wurde schon benutzt, ist älter als 30 Minuten, oder das Konto gibt es nicht. Wer den Server betreibt, erstellt mit diesem Befehl einen neuen:
reset-form-incomplete = Das Formular muss ein Passwort enthalten und sonst nichts.

## Übersicht

overview = Übersicht
keys-of-people = Persönliche Schlüssel
keys-of-services = Schlüssel von Diensten
also-dead = gültig; { $expired } abgelaufen, { $revoked } ungültig
accounts = Konten
also-stopped = aktiv; { $locked } gesperrt, { $blocked } blockiert
overview-verifications = Prüfungen
overview-period = Zeitraum
overview-hour = 1 Stunde
overview-day = 24 Stunden
overview-week = 7 Tage
overview-month = 30 Tage
overview-accepted = Angenommen
overview-refused = Abgelehnt
overview-sum = { $accepted } angenommen, { $refused } abgelehnt
overview-malformed = Kein Schlüssel
overview-not-found = Unbekannt
overview-revoked = Widerrufen
overview-expired = Abgelaufen
overview-level = Stufe zu niedrig
overview-permissions = Berechtigung fehlt
overview-as-table = Als Tabelle zeigen
overview-from = Ab
overview-quiet = Niemand hat nach einem Schlüssel gefragt
overview-quiet-text = Deine Dienste erscheinen hier, sobald sie fragen, ob ein Schlüssel etwas darf:
overview-expiring = { $count ->
    [0] Läuft in 7 Tagen ab
   *[other] Läuft in 7 Tagen ab: { $count }
}
overview-none-expiring = Kein gültiger Schlüssel endet in den nächsten sieben Tagen.
overview-unused = { $count ->
    [0] Seit 30 Tagen unbenutzt
   *[other] Seit 30 Tagen unbenutzt: { $count }
}
overview-none-unused = Jeder gültige Schlüssel, der älter als 30 Tage ist, wurde seitdem benutzt.
overview-never-used = nie benutzt
overview-see-all = Alle in der Schlüsselliste ansehen
overview-recent = Letzte Änderungen
overview-none-recent = Bisher wurde nichts geändert.
overview-see-audit = Alle Änderungen ansehen
policies = Richtlinien
permissions-declared = { $count ->
    [one] für { $count } deklarierte Berechtigung
   *[other] für { $count } deklarierte Berechtigungen
}

## Schlüssel (Administration)

all-keys = Schlüssel
key-cause = Die Änderung, die ihn widerrufen hat
all-keys-text = Die Schlüssel von allen: von Personen, mit einer Stufe, und von Diensten, mit einer Richtlinie.
nav-all-keys = Schlüssel
kind = Art
kind-account = Person
kind-service = Dienst
owner-or-policy = Inhaber oder Richtlinie
owner = Inhaber
policy = Richtlinie
any = Alle
any-time = Egal wann
within-7-days = In 7 Tagen
within-30-days = In 30 Tagen
within-90-days = In 90 Tagen
not-for-7-days = Seit 7 Tagen nicht
not-for-30-days = Seit 30 Tagen nicht
not-for-90-days = Seit 90 Tagen nicht
sort = Reihenfolge
sort-newest = Neueste zuerst
sort-oldest = Älteste zuerst
sort-name = Name, A bis Z
sort-name-down = Name, Z bis A
sort-expires = Läuft zuerst ab
sort-expires-down = Läuft zuletzt ab
sort-used-down = Kürzlich benutzt
sort-used = Lange nicht benutzt
search-keys = Schlüssel suchen
name-contains = Name enthält, oder ID
show = Anzeigen
more-filters = Weitere Filter
no-policy-named = Eine Richtlinie namens { $name } gibt es nicht.
no-account-named = Ein Konto namens { $name } gibt es nicht.
deleted-account = gelöschtes Konto { $id }
deleted-policy = gelöschte Richtlinie
no-keys-found = Keine passenden Schlüssel
no-keys-found-text = Nichts passt zu allen Filtern. Abgelaufene und ungültige Schlüssel werden gezeigt, wenn du sie auswählst.
show-all-active = Alle gültigen zeigen
no-keys-yet = Es gibt keine gültigen Schlüssel
no-keys-yet-text = Erstell einen für jeden Dienst, der Zugang bekommen soll. Personen erstellen ihre selbst, unter „Meine Schlüssel“.
revoke-selected = Ausgewählte ungültig machen
revoke-keys-title = Schlüssel ungültig machen
revoke-keys-text = { $count ->
    [one] Wer diesen Schlüssel benutzt, wird ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
   *[other] Wer einen dieser { $count } Schlüssel benutzt, wird ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
}
revoke-keys = { $count ->
    [one] { $count } Schlüssel ungültig machen
   *[other] { $count } Schlüssel ungültig machen
}
nothing-to-revoke-text = Wähl in der Liste aus, welche Schlüssel du ungültig machen willst. Was schon ungültig ist, bleibt es.
note-keys-revoked = { $count ->
    [one] { $count } Schlüssel ist ungültig. Er wird ab sofort abgewiesen.
   *[other] { $count } Schlüssel sind ungültig. Sie werden ab sofort abgewiesen.
}
new-service-key = Neuer Dienstschlüssel
new-service-key-text = Für ein Programm, das im eigenen Namen handelt. Was es darf, sagt die Richtlinie.
service-key-name-hint = Welcher Dienst benutzt ihn, und wo? Jeden Namen gibt es nur einmal.
policy-hint = Du kannst dem Schlüssel später eine andere geben.
policy-missing = Wähl eine Richtlinie.
choose-policy = Bitte wählen
grants-title = Was die Richtlinie erlaubt
grants-nothing = Nichts
gains = Der Schlüssel gewinnt:
loses = Der Schlüssel verliert:
endless = Ohne Ende
service-expiry-hint = Ein Schlüssel ohne Ende gilt, bis ihn jemand ungültig macht.
no-policy-yet = Es gibt noch keine Richtlinie
no-policy-yet-text = Ein Dienstschlüssel darf, was seine Richtlinie erlaubt. Darum kommt die Richtlinie zuerst.
create-policy-first = Richtlinie anlegen
facts = Über diesen Schlüssel
created-by = durch
declares-for = Deklariert Berechtigungen für
permissions = Berechtigungen
metadata = Metadaten
revoke-key = Ungültig machen
change-key = Ändern
change-key-text = Das Speichern wirkt sofort, für jeden Dienst, der diesen Schlüssel benutzt. Das Geheimnis bleibt gleich.
save-key = Speichern, wirkt sofort
key-immutable-admin = Persönliche Schlüssel lassen sich nicht ändern. Mach ihn ungültig; einen neuen erstellt, wem er gehört.
note-key-changed = Der Schlüssel ist geändert. Das gilt ab sofort.
show-unrevoked = Gültig oder abgelaufen
metadata-wrong = Das ist kein JSON-Objekt. Sieh dir Zeile { $line } an.
metadata-too-large = Das ist zu viel: Aufbewahrt werden höchstens { $limit } Bytes JSON.
metadata-too-deep = Das ist zu tief verschachtelt: Mehr als { $limit } Ebenen gehen nicht.
service-wrong = Das ist kein Name eines Dienstes: ein Buchstabe, dann bis zu 63 Buchstaben, Ziffern, Punkte, Binde- und Unterstriche.
more-options = Weitere Angaben
key-metadata-hint = Ein JSON-Objekt, das Programme zum Schlüssel ablegen können, etwa das Team oder ein Ticket. Wer den Schlüssel sehen darf, sieht auch das: Geheimnisse gehören nicht hierher.
key-service = Darf Berechtigungen deklarieren für
key-service-hint = Der Name eines Dienstes, wenn der Schlüssel angeben soll, welche Berechtigungen es bei diesem Dienst gibt. Die meisten Schlüssel brauchen das nicht.
made-by-operator = den Betreiber des Servers
made-by-key = den Schlüssel { $name }
keys-with-policy = mit der Richtlinie
count-keys = { $count } Schlüssel
key-made-title = Mit diesem Schlüssel erstellte Schlüssel
key-made-text = { $count ->
    [one] { $count } nicht widerrufener Schlüssel wurde mit diesem erstellt. Er gilt weiter, wenn du nur diesen hier widerrufst. Falls dieser in fremde Hände geraten ist, widerrufe beide.
   *[other] { $count } nicht widerrufene Schlüssel wurden mit diesem erstellt oder mit solchen, die er erstellt hat. Sie gelten weiter, wenn du nur diesen hier widerrufst. Falls dieser in fremde Hände geraten ist, widerrufe sie alle.
}
key-made-revoke = Zusammen widerrufen …
revoke-made-title = Einen Schlüssel mit allem widerrufen, was er erstellt hat
revoke-made-lead = Der Schlüssel { $name }, alle mit ihm erstellten Schlüssel und alle, die mit diesen erstellt wurden.
revoke-made-changed = Seit du die Seite geöffnet hast, kam ein Schlüssel hinzu. Sieh dir die Liste noch einmal an.
revoke-made-none = Es gibt nichts mehr zu widerrufen
revoke-made-none-text = Der Schlüssel und alle, die er erstellt hat, sind schon widerrufen.

## Tore

gates = Tore
gates-text = Ein Tor ist eine Anforderung mit einem Namen. Ein Proxy fragt es, ob eine Anfrage mit ihrem Schlüssel weitergehen darf.
new-gate = Neues Tor
new-gate-text = Lege fest, was ein Schlüssel sein oder dürfen muss. Proxys fragen das Tor bei seinem Namen, und es gilt, sobald es angelegt ist.
edit-gate-text = Das Speichern wirkt sofort, für jeden Proxy, der dieses Tor fragt.
no-gates = Es gibt keine eigenen Tore
no-gates-text = Das Tor „any“ ist immer da: Jeder gültige Schlüssel kommt hindurch. Lege ein eigenes an, um mehr zu verlangen.
gate-requires = Was ein Schlüssel braucht
gate-requires-hint = Was jeder Schlüssel braucht, was auch die Regeln sagen. Leer heißt: jeder gültige Schlüssel. Zwischen Namen von Berechtigungen stehen Leerzeichen.
gate-any-key = jeder gültige Schlüssel
gate-any-of = Eine dieser Berechtigungen
gate-all-of = Jede dieser Berechtigungen
gate-level = Mindeststufe
gate-rules = Regeln
gate-rules-hint = Die erste Regel, die passt, sagt, was ein Schlüssel außerdem braucht. Gibt es Regeln und passt keine, kommt niemand hindurch. Leere Methoden oder Pfade heißen: alle; „*“ ist eine Regel für alles. Leere Zeilen zählen nicht, und nach dem Speichern kommen neue hinzu.
gate-rule = Regel { $number }
gate-methods = Methoden
gate-path = Pfad und alles darunter
gate-carriers = Wo es nach einem Schlüssel sieht
gate-carriers-hint = Ein Schlüssel an anderer Stelle zählt nicht.
gate-headers = Was es über den Schlüssel sagt
gate-headers-hint = Auch die anderen werden gesetzt, und zwar leer, damit niemand sie fälschen kann.
gate-name-hint = Ein Kleinbuchstabe, dann Kleinbuchstaben, Ziffern, Punkte, Striche. Er lässt sich später nicht ändern.
gate-example = Ein Proxy, der ein Tor fragt
gate-example-text = Das ist für nginx. Setze anstelle von „any“ den Namen eines Tores ein. Für Regeln nach Methode und Pfad muss auch die Einstellung trusted_proxies den Proxy nennen.
create-gate = Tor anlegen
delete-gate = Tor löschen
delete-gate-text = Proxys, die dieses Tor fragen, lassen ab der nächsten Anfrage niemanden mehr durch.
note-gate-created = Das Tor ist angelegt.
note-gate-changed = Das Tor ist gespeichert. Es gilt ab sofort.
note-gate-deleted = Das Tor ist gelöscht. Niemand kommt mehr hindurch.

## Richtlinien

policies-text = Eine Richtlinie ist eine benannte Menge von Berechtigungen. Schlüssel von Diensten beziehen ihre daraus, und jede Änderung gilt für sie sofort.
policies-granting = Richtlinien mit der Berechtigung
policies-all = Alle Richtlinien zeigen
number-of-keys = Schlüssel
new-policy = Neue Richtlinie
new-policy-text = Gib ihr, was eine Art von Dienst braucht, und nicht mehr. Du kannst sie später ändern.
no-policies = Es gibt noch keine Richtlinien
no-policies-text = Der Schlüssel eines Dienstes bezieht seine Berechtigungen aus einer Richtlinie. Leg also zuerst eine an.
undeclared = nicht mehr deklariert
undeclared-granted-text = Der Dienst deklariert sie nicht mehr. Schlüssel behalten sie, solange hier das Häkchen steht; einmal entfernt, lässt sie sich nicht wieder erteilen.
and-more = { $count ->
    [one] und { $count } weitere
   *[other] und { $count } weitere
}
edit-policy-text = Auch der Name darf sich ändern; die Schlüssel bleiben der Richtlinie zugeordnet.
policy-effect = { $count ->
    [0] Was du speicherst, gilt sofort. Zurzeit benutzt kein Schlüssel diese Richtlinie.
    [one] Was du speicherst, gilt sofort, und zwar für den { $count } Schlüssel mit dieser Richtlinie.
   *[other] Was du speicherst, gilt sofort, und zwar für die { $count } Schlüssel mit dieser Richtlinie.
}
policy-name-hint = Eindeutig, auch ohne Rücksicht auf Groß- und Kleinschreibung. Zum Beispiel „Rechnungen lesen“.
policy-permissions-hint = Was die Schlüssel dürfen, nach dem Dienst geordnet, der es deklariert.
nothing-declared-text = Noch kein Dienst hat Berechtigungen deklariert. Die Richtlinie lässt sich trotzdem anlegen; sie erlaubt nichts, bis du welche hinzufügst.
search-permissions = Berechtigungen suchen
create-policy = Richtlinie anlegen
save = Speichern
delete-policy = Richtlinie löschen
delete-policy-ask = Löschen …
delete-policy-ahead = { $count ->
    [0] Kein Schlüssel benutzt sie, es geht also nichts weiter verloren.
    [one] { $count } Schlüssel benutzt sie und wird mit ihr ungültig. Die nächste Seite nennt ihn.
   *[other] { $count } Schlüssel benutzen sie und werden mit ihr ungültig. Die nächste Seite nennt sie.
}
delete-policy-text = { $count ->
    [0] Kein Schlüssel benutzt diese Richtlinie. Das Löschen lässt sich nicht rückgängig machen.
    [one] Dieser Schlüssel wird mit der Richtlinie ungültig und ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
   *[other] Diese { $count } Schlüssel werden mit der Richtlinie ungültig und ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
}
delete-policy-now = { $count ->
    [0] Richtlinie löschen
    [one] Richtlinie und { $count } Schlüssel löschen
   *[other] Richtlinie und { $count } Schlüssel löschen
}
dying-keys = Schlüssel, die mit der Richtlinie ungültig werden
type-policy-name = Name der Richtlinie
type-policy-name-hint = Gib ihn ein, damit klar ist, dass du diese meinst.
policy-name-differs = So heißt die Richtlinie nicht, die du gerade löschen willst.
policy-keys-changed = Die Schlüssel der Richtlinie haben sich geändert, seit du die Seite geöffnet hast. Sieh dir die Liste noch einmal an.
note-policy-created = Die Richtlinie ist angelegt.
note-policy-changed = { $count ->
    [0] Die Richtlinie ist gespeichert. Zurzeit benutzt sie kein Schlüssel.
    [one] Die Richtlinie ist gespeichert. Sie gilt ab jetzt für ihren { $count } Schlüssel.
   *[other] Die Richtlinie ist gespeichert. Sie gilt ab jetzt für ihre { $count } Schlüssel.
}
note-policy-deleted = { $count ->
    [0] Die Richtlinie ist gelöscht. Kein Schlüssel hat sie benutzt.
    [one] Die Richtlinie ist gelöscht und mit ihr { $count } Schlüssel. Er wird ab jetzt abgewiesen.
   *[other] Die Richtlinie ist gelöscht und mit ihr { $count } Schlüssel. Sie werden ab jetzt abgewiesen.
}

## Berechtigungen

permissions-text = Was Dienste deklariert haben und ein Schlüssel dürfen kann. Jeder Dienst ersetzt seine Liste, wenn er neu deklariert.
nothing-declared = Noch hat kein Dienst etwas deklariert
declare-text = Ein Dienst deklariert seine Berechtigungen beim Start mit einem einzigen Aufruf. Nimm ihn in den Start deines Dienstes auf, mit dem Sitzungstoken eines Administrationskontos oder dem Schlüssel eines Dienstes, der deklarieren darf:
own-permissions = Keybearers eigene
own-permissions-text = Damit verwalten Schlüssel von Diensten Keybearer selbst.
used-by = Benutzt von
used-by-none = Keiner Richtlinie
meaning = Bedeutung
undeclared-text = Der Dienst deklariert sie nicht mehr, aber Richtlinien erteilen sie noch. Entferne sie dort, sobald kein Schlüssel sie mehr braucht.

## Konten

accounts-text = Alle, die sich anmelden und eigene Schlüssel haben können.
new-account = Neues Konto
filter-accounts = Konten filtern
username-contains = Benutzername enthält
role = Rolle
filter = Filtern
no-accounts = Keine solchen Konten
no-accounts-text = Kein Konto hat zugleich diesen Namen, diese Rolle und diesen Zustand.
role-with-level = { $role } (Stufe { $level })
account-active = Aktiv
account-locked = Gesperrt
account-blocked = Blockiert
consent-given = Einwilligung liegt vor
consent-lacking = Keine Einwilligung
new-account-text = Es ist von Anfang an aktiv, und die Einwilligung gilt als gegeben. Anmelden kann man sich damit, wenn du ein Passwort festlegst.
new-username-hint = Eindeutig, auch ohne Rücksicht auf Groß- und Kleinschreibung. Er lässt sich später nicht ändern.
role-hint = Die Rolle bestimmt, bis zu welcher Stufe das Konto Schlüssel haben kann.
password-optional = Passwort (freiwillig)
password-optional-hint = 12 bis 128 Zeichen. Ohne Passwort kann sich niemand mit dem Konto anmelden; Schlüssel lassen sich trotzdem dafür erstellen.
email = E-Mail
email-optional = E-Mail (freiwillig)
external-id = Name in der Anwendung
issuer = Verbürgt von
external-id-optional = Name in der Anwendung (freiwillig)
external-id-hint = Wie die Anwendung, die Keybearer benutzt, diese Person nennt. Eindeutig.
create-account = Konto anlegen
account-number = Nummer
live-keys = Nicht widerrufene Schlüssel
none = Keine Angabe
has-password = Festgelegt
no-password = Nicht festgelegt; niemand kann sich anmelden
own-account-text = Das ist dein eigenes Konto. Was seine Schlüssel ungültig macht, meldet auch dich ab.
account-steps = Anhalten, widerrufen oder löschen
step-role-title = Rolle ändern
step-role-ask = Weiter …
step-role-text = Wenn die neue Stufe niedriger ist, enden auch alle Sitzungen. Neue Schlüssel sind bis zu dieser Stufe möglich.
step-same-role = Diese Rolle hat das Konto schon. Wähl eine andere.
step-idle = Hier ist nichts zu tun: Das Konto ist schon so, oder jemand hat es inzwischen geändert.
role-change-ahead = { $count ->
    [0] Eine niedrigere Stufe macht alle Schlüssel des Kontos ungültig und beendet seine Sitzungen; zurzeit hat es keine Schlüssel. Bei einer höheren bleibt alles gültig.
    [one] Eine niedrigere Stufe macht alle Schlüssel des Kontos ungültig, das ist { $count } Schlüssel, und beendet seine Sitzungen. Bei einer höheren bleibt alles gültig.
   *[other] Eine niedrigere Stufe macht alle Schlüssel des Kontos ungültig, das sind { $count } Schlüssel, und beendet seine Sitzungen. Bei einer höheren bleibt alles gültig.
}
role-from-to = Von { $from } zu { $to }.
step-lock-title = Konto sperren
step-lock-text = Alle Sitzungen enden. Wem das Konto gehört, kann sich anmelden, um es zu entsperren.
step-unlock-title = Konto entsperren
step-unlock-text = Das Konto kann wieder Schlüssel erstellen und benutzen. Ungültige bleiben ungültig.
step-block-title = Konto blockieren
step-block-text = Alle Sitzungen enden, und niemand kann sich mehr damit anmelden. Nur die Administration kann das aufheben.
step-unblock-title = Konto freigeben
step-unblock-text = Mit dem Konto kann man sich wieder anmelden und Schlüssel erstellen. Ungültige bleiben ungültig.
step-give-consent-title = Einwilligung eintragen
step-give-consent-text = Die Person willigt in die Verarbeitung ihrer Daten ein und kann wieder Schlüssel haben. Trag das nur ein, wenn sie es gesagt hat.
step-withdraw-consent-title = Widerruf der Einwilligung eintragen
step-withdraw-consent-text = Alle Sitzungen enden. Die Person kann sich anmelden, um wieder einzuwilligen oder das Konto zu löschen.
step-revoke-keys-title = Alle Schlüssel widerrufen
step-revoke-keys-text = Bei übermäßiger Benutzung. Alle Sitzungen enden; das Konto bleibt, und neue Schlüssel sind möglich.
step-delete-title = Konto löschen
step-delete-text = Das Konto ist weg, mitsamt seinen Sitzungen. Das lässt sich nicht rückgängig machen.
their-keys-end = { $count ->
    [0] Dadurch wird kein Schlüssel ungültig.
    [one] Dadurch wird { $count } Schlüssel endgültig ungültig.
   *[other] Dadurch werden { $count } Schlüssel endgültig ungültig.
}
their-keys-changed = Die Schlüssel des Kontos haben sich geändert, seit du die Seite geöffnet hast. Sieh dir ihre Zahl noch einmal an.
revoke-reason = Grund
revoke-reason-missing = Gib einen Grund an.
revoke-reason-too-long = Ein Grund hat höchstens 200 Zeichen.
revoke-reason-hint = Er steht danach im Protokoll. Zum Beispiel „Seit Mittag 10.000 Anfragen in der Minute“.
note-account-created = Das Konto ist angelegt.
note-their-account-changed = { $count ->
    [0] Erledigt. Kein Schlüssel wurde ungültig.
    [one] Erledigt. { $count } Schlüssel ist ungültig und wird ab jetzt abgewiesen.
   *[other] Erledigt. { $count } Schlüssel sind ungültig und werden ab jetzt abgewiesen.
}
note-their-account-deleted = { $count ->
    [0] Das Konto ist gelöscht. Es hatte keine Schlüssel.
    [one] Das Konto ist gelöscht, und { $count } Schlüssel ist ungültig.
   *[other] Das Konto ist gelöscht, und { $count } Schlüssel sind ungültig.
}
account-metadata-hint = Ein JSON-Objekt, das die Anwendung zum Konto ablegen kann. Geheimnisse gehören nicht hierher.
manage-account = Verwalten
details-title = E-Mail, Name in der Anwendung, Metadaten
details-text = Eine Änderung hier widerruft nichts. Der Benutzername bleibt, wie er ist.
details-ask = Ändern …
details-own-hint = Das ist dein eigenes Konto: Für eine andere E-Mail-Adresse ist das nötig.
note-details-saved = Das Konto ist geändert.
set-password-title = Passwort festlegen
set-password-text = Wer mit dem alten Passwort angemeldet ist, wird überall abgemeldet. Die Schlüssel bleiben, wie sie sind.
set-password-own = Das ist dein eigenes Konto. Sein Passwort änderst du unter „Sicherheit“.
set-password-ask = Festlegen …
set-password = Passwort festlegen
note-their-password-set = { $count ->
    [0] Das Passwort ist festgelegt, und alle Sitzungen des Kontos sind beendet.
    [one] Das Passwort ist festgelegt, und alle Sitzungen des Kontos sind beendet. { $count } Schlüssel, den das Konto erstellt hat, gilt weiter: Falls jemand anderes das alte Passwort gekannt haben kann, sieh ihn dir an.
   *[other] Das Passwort ist festgelegt, und alle Sitzungen des Kontos sind beendet. { $count } Schlüssel, die das Konto erstellt hat, gelten weiter: Falls jemand anderes das alte Passwort gekannt haben kann, sieh sie dir an.
}
sessions-ahead = Wo das Konto angemeldet ist. Jede Sitzung lässt sich einzeln beenden.
sessions-ask = Ansehen
their-sessions-text = Jeder Browser und jedes Programm, in dem { $name } angemeldet ist. Eine Sitzung zu beenden widerruft keinen Schlüssel.
their-sessions-none = Nirgends angemeldet
their-sessions-none-text = Gerade ist niemand mit diesem Konto angemeldet.
new-key-for-ask = Neuer Schlüssel für dieses Konto
new-key-for = Neuer Schlüssel für { $name }
new-key-for-text = Er handelt im Namen des Kontos, bis zu der Stufe, die du ihm gibst, und nie über der Stufe der Rolle. Mit „du“ ist in der Liste unten dieses Konto gemeint.
new-key-for-owner = Der Schlüssel gehört { $name }; dieses Konto kann ihn sehen und löschen. Du siehst sein Geheimnis einmal, um es weiterzugeben.
their-too-many-keys = Das Konto hat { $max } gültige Schlüssel, mehr darf es nicht haben. Widerrufe zuerst einen davon.
secret-belongs-to = Er gehört { $name }: Wer das Geheimnis hat, handelt in diesem Namen.

## Erklären

nav-explain = Erklären
explain-title = Warum ein Schlüssel gilt oder abgewiesen wird
explain-text = Frag, was ein Dienst über einen Schlüssel erfahren würde. Das verbraucht nichts, und das Geheimnis spielt keine Rolle.
explain-link = Erklären
explain-key-hint = Seine ID oder der ganze Schlüssel: Nur die ID wird daraus gelesen, und in die Adresse kommt sonst nichts davon.
explain-key-missing = Wähl einen Schlüssel aus oder füg einen ein.
explain-key-unreadable = Das ist weder die ID eines Schlüssels noch ein ganzer Schlüssel. Vielleicht fehlt ein Stück.
explain-demand = Was von ihm verlangt würde
explain-any = Irgendein gültiger Schlüssel
explain-any-text = Er gilt, und wem er gehört, ist nicht gesperrt.
explain-level = Eine Stufe
explain-level-text = Für persönliche Schlüssel: diese Stufe oder eine höhere.
explain-permissions-text = Für Schlüssel von Diensten: was ihre Richtlinie erlauben muss.
explain-how-many = Wie viele davon
explain-match-all = Alle sind nötig
explain-match-any = Eine davon genügt
explain-more = Berechtigungen beim Namen
explain-more-hint = Mit ihrem Dienst, etwa billing:read. Mehrere mit Kommas oder Leerzeichen dazwischen.
explain-permission-wrong = Eine Berechtigung wird mit ihrem Dienst geschrieben, etwa billing:read. Diese nicht: { $names }
explain-more-is-key = Unter den Berechtigungen steht ein Schlüssel. Er gehört in das erste Feld.
explain-permissions-missing = Wähl mindestens eine Berechtigung.
explain-ask = Fragen
explain-ask-again = Etwas anderes fragen
explain-submit = Erklären
explain-accepted = Angenommen
explain-refused = Abgewiesen
explain-code = Antwort der API
explain-steps = Schritt für Schritt
explain-active = Der Schlüssel ist weder widerrufen noch abgelaufen und hat kein Ende.
explain-active-until = Der Schlüssel ist weder widerrufen noch abgelaufen. Er gilt bis { $date }.
explain-expired = Der Schlüssel ist abgelaufen.
explain-expired-at = Der Schlüssel ist abgelaufen, und zwar am { $date }.
explain-revoked = Der Schlüssel ist endgültig ungültig. { $why }.
explain-refused-revoked = Der Schlüssel ist ungültig. { $why }.
explain-owner = Er handelt für das Konto
explain-levels = Er wurde mit Stufe { $key } erstellt; die Rolle seines Kontos hat Stufe { $role }.
explain-in-force = Die niedrigere zählt, also gilt Stufe { $level }.
explain-owner-deleted = Das Konto, dem er gehörte, ist gelöscht.
explain-policy = { $count ->
    [0] Seine Richtlinie erlaubt nichts:
    [one] Seine Richtlinie erteilt { $count } Berechtigung:
   *[other] Seine Richtlinie erteilt { $count } Berechtigungen:
}
explain-granted = Von dem, was verlangt wird, erteilt die Richtlinie:
explain-policy-deleted = Die Richtlinie, aus der er seine Berechtigungen hatte, ist gelöscht.
explain-forgotten = Sein Ende liegt länger zurück als keys.retention, die Zeit, die der Server sich ungültige Schlüssel merkt.
explain-not-found = Wer ihn vorzeigt, erfährt nur, dass es einen solchen Schlüssel nicht gibt.
explain-matched = Die Richtlinie erteilt { $permission }, und eine der Berechtigungen genügt.
explain-met-valid = Irgendein gültiger Schlüssel genügt.
explain-met-person = Er ist ein gültiger persönlicher Schlüssel.
explain-met-service = Er ist der gültige Schlüssel eines Dienstes.
explain-met-level = Stufe { $level } ist erreicht.
explain-met-permissions = Die Richtlinie erteilt alle Berechtigungen, die nötig sind.
explain-level-low = Nötig ist Stufe { $needs }, aber es gilt Stufe { $has }.
explain-level-none = Nötig ist Stufe { $needs }, und Schlüssel von Diensten haben keine Stufe.
explain-person-needed = Nötig ist ein persönlicher Schlüssel, und dieser gehört einem Dienst.
explain-service-needed = Nötig ist der Schlüssel eines Dienstes, und dieser ist ein persönlicher.
explain-permissions-none = Nötig sind Berechtigungen, und persönliche Schlüssel haben keine.
explain-permissions-lacking = { $count ->
    [one] Nötig ist eine Berechtigung, die die Richtlinie nicht erteilt.
   *[other] Nötig sind { $count } Berechtigungen, die die Richtlinie nicht erteilt.
}
explain-permissions-lacking-all = { $count ->
    [one] Nötig ist eine Berechtigung, die die Richtlinie nicht erteilt.
   *[other] Nötig ist eine von { $count } Berechtigungen, und die Richtlinie erteilt keine davon.
}

## Protokoll

nav-audit = Protokoll
audit-title = Protokoll
audit-text = Jede Änderung, die neueste zuerst: von wem sie ist und was sie geändert hat.
audit-link = Verlauf
audit-done-by = Was es getan hat
audit-download = Als JSON-Zeilen herunterladen
audit-filter = Ereignisse filtern
audit-actor = Von
audit-target = Betrifft
audit-action = Was geschah
audit-any-action = Irgendetwas
audit-all-of = { $group }: alles
audit-since = Ab
audit-until = Bis einschließlich
audit-filter-hint = „Von“ und „Betrifft“ nehmen einen Benutzernamen, die ID eines Schlüssels oder den Namen einer Richtlinie; auch das, was unter „Einzelheiten“ steht. „operator“ ist, wer den Server betreibt, „store“ die ganze Datenbank. Tage sind Tage in UTC.
audit-date-wrong = Das ist kein Tag. Schreib ihn wie 2026-01-31.
audit-nobody = Es gibt kein Konto, keinen Schlüssel und keine Richtlinie „{ $name }“.
audit-show-all = Alles zeigen
audit-none = Keine solchen Ereignisse
audit-none-text = Nichts, was geschehen ist, passt zu allen Filtern.
audit-empty = Noch ist nichts geschehen
audit-empty-text = Ab dann steht jede Änderung hier.
audit-by = von
audit-details = Einzelheiten
audit-changes = Was sich geändert hat
audit-field = Feld
audit-before = Vorher
audit-after = Nachher
audit-nothing = nichts
audit-stayed = { $count ->
    [one] { $count } weitere unverändert
   *[other] { $count } weitere unverändert
}
audit-no-changes = Mehr ist darüber nicht bekannt.
audit-pruned = Was vorher und nachher da war, wurde entfernt, denn das Ereignis ist älter als events.payload_retention.
audit-exactly = Genaue Zeit
audit-request = Anfrage
audit-touched = Betraf auch
audit-revision = Stand
audit-operator = wer den Server betreibt
audit-store = die ganze Datenbank
audit-issuer = eine Anwendung, für jemand Neues
audit-a-session = eine Sitzung
audit-keys = Schlüssel
audit-policies = Richtlinien
audit-accounts = Konten
audit-sessions = Sitzungen
audit-permissions = Berechtigungen
audit-stores = Datenbank
audit-key-created = Schlüssel erstellt
audit-key-changed = Schlüssel geändert
audit-key-revoked = Schlüssel widerrufen
audit-policy-created = Richtlinie angelegt
audit-policy-changed = Richtlinie geändert
audit-policy-deleted = Richtlinie gelöscht
audit-gate-created = Tor angelegt
audit-gate-changed = Tor geändert
audit-gate-deleted = Tor gelöscht
audit-account-created = Konto angelegt
audit-account-changed = Konto geändert
audit-account-keys-revoked = Alle Schlüssel widerrufen
audit-account-deleted = Konto gelöscht
audit-session-started = Angemeldet
audit-session-ended = Sitzung beendet
audit-permissions-declared = Berechtigungen deklariert
audit-store-restored = Sicherung zurückgespielt
audit-other = Etwas anderes
audit-account = Konto
audit-consent = Einwilligung
audit-declared = Deklariert
audit-undeclared = Nicht mehr deklariert
audit-ended-sessions = Beendete Sitzungen
audit-has-password = Hat ein Passwort
audit-revoked-at = Widerrufen
audit-revoked-keys = Widerrufene Schlüssel
audit-yes = ja
audit-no = nein
audit-password-changed = geändert

## Meine Schlüssel

my-keys = Meine Schlüssel
my-keys-text = Mit einem Schlüssel handelt ein Programm in deinem Namen, bis zu der Stufe, die du ihm gibst.
which-keys = Welche Schlüssel gezeigt werden
show-active = Gültig
show-expired = Abgelaufen
show-revoked = Ungültig
show-all = Alle
no-keys = Du hast keine gültigen Schlüssel
no-keys-text = Erstell für jedes Programm, das in deinem Namen handeln soll, einen eigenen. So kannst du jeden für sich löschen.
no-such-keys = Keine Schlüssel in diesem Zustand
no-such-keys-text = Abgelaufene und ungültige Schlüssel stehen hier, solange der Server sie aufhebt.
delete-selected = Ausgewählte löschen
make-replacement = Ersatz erstellen
no-consent-text = Alle deine Schlüssel wurden ungültig, als die Einwilligung widerrufen wurde. Du kannst sie wieder geben und dann neue erstellen, oder dein Konto löschen.
locked-text = Alle deine Schlüssel wurden ungültig, als es gesperrt wurde. Entsperr es, dann kannst du neue erstellen.
too-low-text = Wer eine höhere Rolle hat, kann dir Schlüssel erstellen. Dein Passwort und deine Sitzungen findest du unter „Sicherheit“.

## Neuer Schlüssel

new-key = Neuer Schlüssel
new-key-text = Ein Schlüssel lässt sich später weder ändern noch verlängern; du löschst ihn und erstellst einen neuen.
key-name-hint = Was wird ihn benutzen? Zum Beispiel „Sicherung auf dem NAS“.
level-hint = Gib ihm nicht mehr als nötig. Jede Stufe schließt die ein, die in dieser Liste über ihr stehen.
expiry = Laufzeit
expiry-limit = Höchstens { $limit }, also bis { $date }. Danach wird der Schlüssel abgewiesen.
other-lifetime = Eine andere
amount = Anzahl
unit = Einheit
unit-days = Tage
unit-hours = Stunden
create-key = Schlüssel erstellen

## Geheimnis, einmal gezeigt

secret-title = Dein neuer Schlüssel
secret-once = Er wird nur dieses eine Mal gezeigt.
secret-once-text = Der Server hebt nur einen Fingerabdruck auf; niemand kann das Geheimnis noch einmal zeigen. Bewahr es jetzt auf, zum Beispiel in einem Passwortmanager.
secret-token = Als ein Text
secret-token-text = Für Authorization: Bearer oder X-API-Key.
secret-pair = Als Paar
secret-pair-text = Für HTTP Basic: Der Schlüssel ist der Benutzername, das Geheimnis das Passwort.
key-id = Schlüssel
secret-try = Ausprobieren
secret-samples = Oder aus einem Programm. Diese Befehle sagen ihm, wo der Server ist, und fragen nach dem Token, damit es nirgends aufgeschrieben wird.
secret-stored = Ich habe ihn aufbewahrt
secret-leave = Der Schlüssel wird nicht noch einmal gezeigt.

## Schlüssel löschen

delete-keys-title = Schlüssel löschen
delete-keys-text = { $count ->
    [one] Dieser Schlüssel wird ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
   *[other] Diese { $count } Schlüssel werden ab der nächsten Anfrage abgewiesen. Das lässt sich nicht rückgängig machen.
}
delete-keys = { $count ->
    [one] { $count } Schlüssel löschen
   *[other] { $count } Schlüssel löschen
}
delete-keys-made = { $count ->
    [one] { $count } weiterer Schlüssel wurde mit den ausgewählten erstellt. Er gilt weiter, wenn du ihn nicht auch löschst.
   *[other] { $count } weitere Schlüssel wurden mit den ausgewählten erstellt. Sie gelten weiter, wenn du sie nicht auch löschst.
}
delete-keys-made-too = Auch diese auswählen
nothing-selected = Es ist kein Schlüssel ausgewählt
nothing-selected-text = Wähl in der Liste deiner Schlüssel aus, welche du löschen willst. Was schon ungültig ist, braucht nicht gelöscht zu werden.

## Sicherheit

signed-in-as = Angemeldet als { $name }, mit der Rolle { $role }.
change-password = Passwort ändern
change-password-text = Das beendet alle anderen Sitzungen. Deine Schlüssel bleiben.
sessions = Sitzungen
sessions-text = Jeder Browser und jedes Programm, mit dem du dich angemeldet hast.
signed-in-at = Angemeldet am
session-until = Endet am
this-session = Diese hier
end-session = Sitzung beenden
end-other-sessions = Überall sonst abmelden
stop-title = Konto anhalten oder löschen
consent-give = Einwilligung geben
consent-give-title = Einwilligung geben
consent-give-text = Du willigst in die Verarbeitung deiner Daten ein und kannst wieder Schlüssel haben.
consent-withdraw = Einwilligung widerrufen
consent-withdraw-title = Einwilligung widerrufen
consent-withdraw-text = Deine Daten werden nicht mehr verarbeitet: Alle deine Schlüssel werden endgültig ungültig, und du wirst überall abgemeldet. Du kannst dich noch anmelden, um wieder einzuwilligen oder das Konto zu löschen.
lock = Mein Konto sperren
lock-title = Mein Konto sperren
lock-text = Wenn dir etwas seltsam vorkommt: Alle deine Schlüssel werden endgültig ungültig, und du wirst überall abgemeldet. Du kannst dich anmelden, um das Konto zu entsperren.
unlock = Mein Konto entsperren
unlock-title = Mein Konto entsperren
unlock-text = Du kannst wieder Schlüssel erstellen und benutzen. Ungültige bleiben ungültig.
delete-account = Mein Konto löschen
delete-account-title = Mein Konto löschen
delete-account-text = Alle deine Schlüssel werden ungültig, du wirst überall abgemeldet, und das Konto ist weg. Das lässt sich nicht rückgängig machen.
own-keys-changed = Deine Schlüssel haben sich geändert, seit du die Seite geöffnet hast. Sieh dir ihre Zahl noch einmal an.
will-revoke = { $count ->
    [0] Du hast keine Schlüssel, die dadurch ungültig würden.
    [one] Dadurch wird { $count } Schlüssel ungültig.
   *[other] Dadurch werden { $count } Schlüssel ungültig.
}
own-email-none = Keine angegeben
own-email-change = Ändern …
own-email-title = E-Mail-Adresse ändern
own-email-text = Sie wird bei deinem Konto aufbewahrt. Lass das Feld leer, um sie zu entfernen. Deine Schlüssel und Sitzungen bleiben.
note-email-changed = Deine E-Mail-Adresse ist geändert.

## Die Referenz der API

nav-docs = API-Referenz
docs-title = Referenz der API
docs-lead = Alles, was Programme hier abfragen und ändern können, aus dem OpenAPI-Dokument dieses Servers.
docs-english = Die Referenz selbst ist auf Englisch.
docs-sections = Abschnitte der Referenz
docs-overview = Überblick
docs-contents = Auf dieser Seite
docs-base = Basis-URL
docs-version = Version { $version }
docs-credentials = Zugangsdaten
docs-credentials-text = Weise dich in genau einem Header aus. Zwei werden abgelehnt, welcher auch gemeint war.
docs-errors = Fehler nach Status
docs-errors-text = Alles, was Zugangsdaten braucht, kann so antworten. Hinter jedem Status stehen seine Codes.
docs-problem = Was in einem Fehler steht
docs-problem-example = Beispiel eines Fehlers
docs-operations = Alle Operationen
docs-open = Braucht keine Zugangsdaten.
docs-closed = Braucht Zugangsdaten.
docs-either = Braucht Zugangsdaten, wenn der Server so eingestellt ist.
docs-parameters = Parameter der Anfrage
docs-body = Inhalt der Anfrage
docs-body-optional = Inhalt der Anfrage, darf fehlen
docs-answers = Antworten
docs-usual = Fehler: wie überall
docs-objects = Objekte in den Antworten
docs-call = Aufruf
docs-call-of = Beispielaufruf von { $what }
docs-samples = In einem Programm
docs-samples-text = Was in einer Shell läuft, liest Adresse und Token aus der Umgebung:
samples-environment = Variablen für die Beispiele
docs-answer = Antwort
docs-answer-of = Beispielantwort von { $what }

# Knoten

nav-cluster = Knoten
cluster-text = Server, die aus derselben Datenbank antworten. Eine Änderung gilt auf allen, wenn ihr Aufruf zurückkehrt.
cluster-single-text = Dieser Server hat seine Daten in SQLite und ist der einzige. Mit den Daten in PostgreSQL kann es mehrere geben.
cluster-revision = Die letzte Änderung hat die Revision { $revision }.
cluster-states-text = Auf einen stummen Knoten wartet die nächste Änderung, höchstens zwei Sekunden, und schließt ihn dann aus. Auf einen ausgeschlossenen wartet niemand: Er antwortet nicht aus dem Speicher, bis er sich neu angemeldet hat.
node-applied = Hat Revision
node-lacks = ihm { $count ->
    [one] fehlt eine Änderung
   *[other] fehlen { $count } Änderungen
  }
node-consistency = In Kraft durch
node-heartbeat = Letzter Herzschlag
node-since = Angemeldet
node-self = (dieser)
node-serving = Antwortet
node-silent = Stumm
node-fenced = Ausgeschlossen
node-silent-for = vor { $ms } ms
node-lease-left = noch { $ms } ms
consistency-lease = eine Frist
consistency-strict = Rückfrage bei der Datenbank
consistency-single = Alleinsein
