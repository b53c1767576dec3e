# Texts of the pages in English. de.ftl has the same messages with the same variables; a test holds both against the templates.

## Everywhere

skip-to-content = Skip to content
navigation = Main
preferences = Appearance and language
theme = Theme
theme-system = System
theme-light = Light
theme-dark = Dark
language = Language
sign-in = Sign in
sign-out = Sign out
cancel = Cancel
back = Back
copy = Copy
copied = Copied
never = Never
until = until
pages = Pages
next-page = Next page
name = Name
level = Level
state = State
created = Created
last-used = Last used
expires = Expires
secret = Secret
token = Token
command = Command
select = Select
username = User name
password = Password
new-password = New password
current-password = Current password
password-hint = 12 to 128 characters; a few random words do well.
nav-overview = Overview
nav-my-keys = My keys
nav-security = Security

## Time

days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
minutes = { $count ->
    [one] { $count } minute
   *[other] { $count } minutes
}
seconds = { $count ->
    [one] { $count } second
   *[other] { $count } seconds
}
in-a-moment = in a moment
just-now = just now
in-days = { $count ->
    [one] in { $count } day
   *[other] in { $count } days
}
in-hours = { $count ->
    [one] in { $count } hour
   *[other] in { $count } hours
}
in-minutes = { $count ->
    [one] in { $count } minute
   *[other] in { $count } minutes
}
days-ago = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
}
hours-ago = { $count ->
    [one] { $count } hour ago
   *[other] { $count } hours ago
}
minutes-ago = { $count ->
    [one] { $count } minute ago
   *[other] { $count } minutes ago
}

## What was done

note-signed-out = You are signed out.
note-keys-deleted = { $count ->
    [one] { $count } key was deleted. It is refused from now on.
   *[other] { $count } keys were deleted. They are refused from now on.
}
note-password-changed = { $count ->
    [0] Your password was changed, and all your other sessions have ended.
    [one] Your password was changed, and all your other sessions have ended. { $count } key that you made still lives: if somebody else may have known the old password, look at it.
   *[other] Your password was changed, and all your other sessions have ended. { $count } keys that you made still live: if somebody else may have known the old password, look at them.
}
note-session-ended = The session has ended.
note-sessions-ended = { $count ->
    [0] There was no other session.
    [one] { $count } other session has ended.
   *[other] { $count } other sessions have ended.
}
note-consent-given = Thank you. You can make and use keys again.
note-consent-withdrawn = { $count ->
    [0] Your consent is withdrawn. You had no keys.
    [one] Your consent is withdrawn, and { $count } key was revoked.
   *[other] Your consent is withdrawn, and { $count } keys were revoked.
}
note-account-locked = { $count ->
    [0] Your account is locked. You had no keys.
    [one] Your account is locked, and { $count } key was revoked.
   *[other] Your account is locked, and { $count } keys were revoked.
}
note-account-unlocked = Your account is unlocked. Keys that were revoked stay so; you can make new ones.
note-account-deleted = { $count ->
    [0] Your account is deleted.
    [one] Your account is deleted, and { $count } key was revoked.
   *[other] Your account is deleted, and { $count } keys were revoked.
}

## What is refused

problems = { $count ->
    [one] Please look at this:
   *[other] Please look at these { $count }:
}
wrong-password = The current password is wrong.
sign-in-failed = User name or password is wrong.
throttled = { $seconds ->
    [one] Too many failed attempts. Try again in { $seconds } second.
   *[other] Too many failed attempts. Try again in { $seconds } seconds.
}
busy = Too many people are signing in at this moment. Try again in a few seconds.
unavailable = The database does not answer. Nothing was lost; try again in a few seconds.
in-doubt = The database does not answer, so nobody can tell whether what this server knows is still in force. Try again in a few seconds.
unconfirmed-title = Made, but perhaps not in force everywhere yet
unconfirmed = The change was made, but the database was lost before every server was known to have it. Asking again is safe for an edit or a revocation; of what was to be made, look whether it is there first.
unconfirmed-key = The key { $id } was made, but the database was lost before every server was known to have it. Its secret is not shown: delete it, and make another.
taken = This name is taken. Case, width and surrounding spaces do not count: choose another.
name-empty = Enter a name.
name-too-long = A name has at most 200 characters.
name-control-character = A name has no control characters, such as line breaks.
password-too-short = The password needs at least 12 characters. Several words that do not belong together are easy to remember.
password-too-long = The password may have at most 128 characters.
password-common = This is one of the most common passwords and would be guessed first. Choose one that nobody else uses.
password-username = The password must not be the user name. Choose something that others do not know of you.
password-repeated = The password repeats the same few characters. Choose several words that do not belong together.
level-missing = Choose a level.
lifetime-missing = Choose when the key expires.
lifetime-not-positive = The lifetime must be greater than 0.
lifetime-above-maximum = A key lives for at most { $limit }.
current-password-needed = Enter your current password.
email-wrong = This is not an e-mail address of at most 254 characters.
details-now = Somebody changed this meanwhile, to “{ $now }”. Save again to put your text in its place.
details-now-empty = Somebody removed this meanwhile. Save again to put your text in its place.
role-unknown = There is no such role.
permission-wrong = This is not the name of a permission.
unknown-permissions = No service declares these permissions: { $names }
value-refused = The server does not accept this: { $why }
too-many-keys = You have { $max } live keys, the most that an account may have. Delete one first.
last-admin = This is the last active administrator. Make another one first.
admin-exists = There is an administrator already.
link-used = The link was used before.
key-immutable = Keys of people cannot be changed. Delete this one and make another.
policy-in-use = { $count ->
    [one] { $count } key uses this policy.
   *[other] { $count } keys use this policy.
}
service-spelled-otherwise = The service is declared as { $name }. Names of services are unique whatever their case.
refused-no-consent = Without your consent to the processing of your data there are no keys.
refused-locked = Your account is locked.
refused-blocked = Your account is blocked. An administrator can lift that.
refused-owner-unfit = The account cannot have keys now: it is locked, blocked, or lacks consent.
refused-level = This needs level { $needs }; you have level { $has }. The role of your account decides that; ask an administrator.
refused-above-owner = Level { $asked } is above level { $owner }, which is that of the role of the account.
refused-above-session = Level { $asked } is above level { $has }, which is that of your session.
refused-reserved-service = The name “keybearer” is reserved.
refused-title = You may not do this
not-found-title = There is nothing here
not-found-text = The address is mistyped, or what was here is gone.
no-such-account = There is no such account, or none that you may see.
no-such-session = There is no such session. Perhaps it has ended.
no-such-key = There is no such key, or none of yours. Perhaps it was deleted already.
no-such-gate = There is no such gate. Somebody may have deleted it.
no-such-policy = There is no such policy.
unreadable-title = This could not be read
ambiguous-credential = The request carries more than one credential. Send one, or none.
method-not-allowed = This address does not answer to that method.
unsupported-media = The form came in a format that is not read here.
too-large = The form is larger than { $limit } bytes.
too-slow = The form did not arrive in time. Send it again.
url-too-long = The address is longer than { $limit } bytes.
storage-full = The disk of the server is full, and nothing was changed. Keys work all the same. Try again once there is room.
key-in-url = A full key stands in the address, where logs keep it. Consider it leaked, and revoke it: { $id }
conflict-title = Something stands in the way
version-mismatch = It was changed since you opened the page. Look at it again.
later-title = Try again in a moment
internal-title = Something went wrong here
internal = It is not your fault. The log of the server has more under the number { $id }.
signed-out-title = You are not signed in
sign-in-needed = Your session has ended. Sign in, and do it again.
to-the-start = To the start
form-cross-site-title = This form came from elsewhere
form-cross-site-text = It was not sent by a page of this server, so nothing was done. If it was you, open the page here and try again. Whoever runs the server should check that public_url is the address in your browser.
form-stale-title = This form is no longer good
form-stale-text = It was made for another session, or before the server was restarted. Nothing was done. Open the page anew and try again.
form-used-title = This was made already
form-used-text = The form was sent before, and what it asks for was done then. Nothing was made a second time. A secret is shown only once: if you do not have it, delete the key and make another.
form-start-again = Start again

## Levels

level-can = Can:
level-cannot = Cannot:
level-0 = Identify
level-0-can = say which account it belongs to.
level-0-cannot = read or change anything.
level-1 = Read your content
level-1-can = read what you have made.
level-1-cannot = read your account data, or change anything.
level-2 = Read your account
level-2-can = read your content and all data of your account.
level-2-cannot = change anything.
level-3 = Write your content
level-3-can = read all that is yours, and make, change and delete your content.
level-3-cannot = change your account data or your keys.
level-4 = Write your account
level-4-can = read and change all that is yours, and make and delete your keys.
level-4-cannot = see anything of other people.
level-5 = Read others’ content
level-5-can = do all of level 4, and read what other people have made.
level-5-cannot = read account data of other people, or change what is theirs.
level-6 = Read all data of others
level-6-can = do all of level 4, and read content and account data of other people.
level-6-cannot = change what belongs to other people.
level-7 = Support operations
level-7-can = read everything, and change data of other people by support operations.
level-7-cannot = manage accounts, keys and policies of others.
level-8 = Everything
level-8-can = do everything, also manage all accounts, keys and policies.
level-8-cannot = change the password, e-mail address, consent or state of the account that it belongs to. Choose it only if nothing less will do.

## State of a key

state-active = Active
state-expired = Expired
state-revoked = Revoked
state-soon = About to expire
reason-deleted = It was deleted
reason-role-downgraded = The role of the account was lowered
reason-account-locked = The account was locked
reason-account-blocked = The account was blocked
reason-account-deleted = The account was deleted
reason-consent-revoked = Consent was withdrawn
reason-excessive-use = Its use was found excessive
reason-policy-deleted = Its policy was deleted

## Sign in

sign-in-help = Forgotten your password? Whoever runs this server can give you a link that sets another one.
kept-sign-in = Your session ended while you were typing. Sign in, and you can send it. Passwords have to be typed again.
kept-title = You are signed in again
kept-text = This is what you had typed. It has not been sent yet.
kept-send = Send it now

## Setup link

setup-title = Create the first administrator
setup-text = This account can do everything. The link works once, and for 30 minutes after the server has printed it.
setup-create = Create the administrator
setup-welcome = Welcome, { $name }
setup-done = Your account is there, and this link is used up. Sign in to make your first key.
setup-closed = It was used, it is older than 30 minutes, or there is an administrator already. While there is none, each start of the server prints a new link on its standard output.
setup-form-incomplete = The form must hold a user name and a password, and nothing else.
link-closed-title = This link is closed

## Password link

reset-title = Set a password
reset-for = Set a password for { $name }
reset-text = It replaces the one that the account has, and ends every session. The link works once, and for 30 minutes after it was made.
reset-set = Set the password
reset-done-title = The password of { $name } is set
reset-done = This link is used up, and all sessions have ended. Sign in with the new password.
reset-keys = { $count ->
    [one] { $count } live key was made by this account. If somebody else may have known the old password, look at it and delete what you do not know.
   *[other] { $count } live keys were made by this account. If somebody else may have known the old password, look at them and delete what you do not know.
}
reset-closed = It was used, it is older than 30 minutes, or there is no such account. Whoever runs the server makes a new one with this command:
reset-form-incomplete = The form must hold a password, and nothing else.

## Overview

overview = Overview
keys-of-people = Keys of people
keys-of-services = Keys of services
also-dead = active; { $expired } expired, { $revoked } revoked
accounts = Accounts
also-stopped = active; { $locked } locked, { $blocked } blocked
overview-verifications = Verifications
overview-period = Period
overview-hour = 1 hour
overview-day = 24 hours
overview-week = 7 days
overview-month = 30 days
overview-accepted = Accepted
overview-refused = Refused
overview-sum = { $accepted } accepted, { $refused } refused
overview-malformed = Not a key
overview-not-found = Unknown
overview-revoked = Revoked
overview-expired = Expired
overview-level = Level too low
overview-permissions = Permission missing
overview-as-table = Show as a table
overview-from = From
overview-quiet = Nobody asked about a key
overview-quiet-text = Your services show up here when they ask whether a key may do something:
overview-expiring = { $count ->
    [0] Expiring within 7 days
   *[other] Expiring within 7 days: { $count }
}
overview-none-expiring = No active key ends within a week.
overview-unused = { $count ->
    [0] Unused for 30 days
   *[other] Unused for 30 days: { $count }
}
overview-none-unused = Every active key older than 30 days was used since.
overview-never-used = never used
overview-see-all = See all in the list of keys
overview-recent = Recent changes
overview-none-recent = Nothing was changed yet.
overview-see-audit = See all changes
policies = Policies
permissions-declared = { $count ->
    [one] for { $count } declared permission
   *[other] for { $count } declared permissions
}

## Keys (admin)

all-keys = Keys
key-cause = The change that revoked it
all-keys-text = The keys of everybody: of people, with a level, and of services, with a policy.
nav-all-keys = Keys
kind = Kind
kind-account = Person
kind-service = Service
owner-or-policy = Owner or policy
owner = Owner
policy = Policy
any = Any
any-time = Any time
within-7-days = Within 7 days
within-30-days = Within 30 days
within-90-days = Within 90 days
not-for-7-days = Not for 7 days
not-for-30-days = Not for 30 days
not-for-90-days = Not for 90 days
sort = Order
sort-newest = Newest first
sort-oldest = Oldest first
sort-name = Name, A to Z
sort-name-down = Name, Z to A
sort-expires = Expiring first
sort-expires-down = Expiring last
sort-used-down = Used recently
sort-used = Used long ago
search-keys = Search for keys
name-contains = Name contains, or id
show = Show
more-filters = More filters
no-policy-named = There is no policy named { $name }.
no-account-named = There is no account named { $name }.
deleted-account = deleted account { $id }
deleted-policy = deleted policy
no-keys-found = No keys like these
no-keys-found-text = Nothing matches all of the filters. Keys that have expired or were revoked are shown when you choose so.
show-all-active = Show all active keys
no-keys-yet = There are no active keys
no-keys-yet-text = Make one for each service that is to be let in. People make theirs themselves, under “My keys”.
revoke-selected = Revoke selected keys
revoke-keys-title = Revoke keys
revoke-keys-text = { $count ->
    [one] Whoever uses this key is refused from the next request on. That cannot be undone.
   *[other] Whoever uses one of these { $count } keys is refused from the next request on. That cannot be undone.
}
revoke-keys = { $count ->
    [one] Revoke { $count } key
   *[other] Revoke { $count } keys
}
nothing-to-revoke-text = Select the keys that you want to revoke in the list. What is revoked already stays so.
note-keys-revoked = { $count ->
    [one] { $count } key was revoked. It is refused from now on.
   *[other] { $count } keys were revoked. They are refused from now on.
}
new-service-key = New service key
new-service-key-text = For a program that acts in its own name. Its policy says what it may do.
service-key-name-hint = Which service will use it, and where? Each name is given once.
policy-hint = You can give the key another one later.
policy-missing = Choose a policy.
choose-policy = Choose one
grants-title = What the policy grants
grants-nothing = Nothing
gains = The key gains:
loses = The key loses:
endless = Without an end
service-expiry-hint = A key without an end is good until somebody revokes it.
no-policy-yet = There is no policy yet
no-policy-yet-text = A service key may do what its policy grants, so the policy comes first.
create-policy-first = Create a policy
facts = About this key
created-by = by
declares-for = Declares permissions for
permissions = Permissions
metadata = Metadata
revoke-key = Revoke this key
change-key = Change
change-key-text = Saving takes effect immediately for every service that uses this key. The secret stays the same.
save-key = Save, with effect at once
key-immutable-admin = Keys of people cannot be changed. Revoke it, and its owner makes another.
note-key-changed = The key is changed. That is in effect now.
show-unrevoked = Active or expired
metadata-wrong = This is not a JSON object. Look at line { $line }.
metadata-too-large = This is too much: at most { $limit } bytes of JSON are kept.
metadata-too-deep = This is nested too deep: { $limit } levels are the most.
service-wrong = This is not the name of a service: a letter, then up to 63 letters, digits, dots, hyphens and underscores.
more-options = More options
key-metadata-hint = A JSON object that programs can keep with the key, such as its team or a ticket. Whoever may see the key sees it, so it is no place for secrets.
key-service = May declare permissions for
key-service-hint = The name of one service, if its key is to declare what that service’s permissions are. Most keys need none.
made-by-operator = whoever runs the server
made-by-key = the key { $name }
keys-with-policy = with the policy
count-keys = { $count ->
    [one] { $count } key
   *[other] { $count } keys
}
key-made-title = Keys that this key made
key-made-text = { $count ->
    [one] { $count } key that is not revoked was made with this one. It goes on when this one is revoked alone. If this one has leaked, revoke both.
   *[other] { $count } keys that are not revoked were made with this one, or with those that it made. They go on when this one is revoked alone. If this one has leaked, revoke them all.
}
key-made-revoke = Revoke together…
revoke-made-title = Revoke a key and all that it made
revoke-made-lead = The key { $name }, the keys that were made with it, and those that were made with these.
revoke-made-changed = Another key was made since you opened the page. Look at the list again.
revoke-made-none = Nothing is left to revoke
revoke-made-none-text = The key and all that it made are revoked already.

## Gates

gates = Gates
gates-text = A gate is a named requirement. A proxy asks it whether a request may go on, by the key that the request carries.
new-gate = New gate
new-gate-text = Say what a key must be or hold. Proxies ask for the gate by its name, and it is in force as soon as it is created.
edit-gate-text = Saving takes effect immediately, for every proxy that asks this gate.
no-gates = There are no gates of your own
no-gates-text = The gate “any” is always there: every valid key passes it. Make one of your own to require more.
gate-requires = What a key needs
gate-requires-hint = What every key needs that is to pass, whatever the rules say. Leave it empty for any valid key. Names of permissions stand with spaces between them.
gate-any-key = any valid key
gate-any-of = One of these permissions
gate-all-of = Each of these permissions
gate-level = Least level
gate-rules = Rules
gate-rules-hint = The first rule that fits says what a key needs besides. Where there are rules and none fits, nobody passes. Methods or paths that are left empty mean all; “*” is a rule for everything. Empty rows do not count, and saving adds more.
gate-rule = Rule { $number }
gate-methods = Methods
gate-path = Path and all below it
gate-carriers = Where it looks for a key
gate-carriers-hint = A key elsewhere counts as none.
gate-headers = What it tells of the key
gate-headers-hint = The others are set, too, to nothing, so that no client can forge them.
gate-name-hint = A lower-case letter, then lower-case letters, digits, dots, dashes. It cannot be changed later.
gate-example = A proxy that asks a gate
gate-example-text = This is for nginx. Put the name of a gate in place of “any”. Rules by method and path also need the setting trusted_proxies to name the proxy.
create-gate = Create the gate
delete-gate = Delete the gate
delete-gate-text = Proxies that ask this gate let nobody pass from the next request on.
note-gate-created = The gate was created.
note-gate-changed = The gate was saved. It is in force from now on.
note-gate-deleted = The gate was deleted. Nobody passes it any more.

## Policies

policies-text = A policy is a named set of permissions. Keys of services get theirs from one, and every change reaches them at once.
policies-granting = Policies that grant
policies-all = Show all policies
number-of-keys = Keys
new-policy = New policy
new-policy-text = Give it what one kind of service needs, and nothing more. It can be changed later.
no-policies = There are no policies
no-policies-text = A key of a service gets its permissions from a policy, so make a policy first.
undeclared = no longer declared
undeclared-granted-text = The service has ceased to declare it. Keys keep it as long as it is ticked; once removed, it cannot be granted again.
and-more = { $count ->
    [one] and { $count } more
   *[other] and { $count } more
}
edit-policy-text = The name may change too; keys stay tied to the policy.
policy-effect = { $count ->
    [0] Saving takes effect immediately. No key uses this policy now.
    [one] Saving takes effect immediately, for the { $count } key that uses this policy.
   *[other] Saving takes effect immediately, for the { $count } keys that use this policy.
}
policy-name-hint = Unique, whatever its case. For example “Read invoices”.
policy-permissions-hint = What the keys may do, by the service that declares it.
nothing-declared-text = No service has declared permissions. The policy can be made all the same; it grants nothing until you add some.
search-permissions = Search permissions
create-policy = Create the policy
save = Save
delete-policy = Delete the policy
delete-policy-ask = Delete…
delete-policy-ahead = { $count ->
    [0] No key uses it, so nothing else is lost.
    [one] The { $count } key that uses it dies with it. The next page names it.
   *[other] The { $count } keys that use it die with it. The next page names them.
}
delete-policy-text = { $count ->
    [0] No key uses this policy. Deleting it cannot be undone.
    [one] This key dies with the policy and is refused from the next request on. That cannot be undone.
   *[other] These { $count } keys die with the policy and are refused from the next request on. That cannot be undone.
}
delete-policy-now = { $count ->
    [0] Delete the policy
    [one] Delete the policy and { $count } key
   *[other] Delete the policy and { $count } keys
}
dying-keys = Keys that die with the policy
type-policy-name = Name of the policy
type-policy-name-hint = Type it to show that you mean this one.
policy-name-differs = This is not the name of the policy that you are about to delete.
policy-keys-changed = The keys of the policy have changed since you opened the page. Look at the list again.
note-policy-created = The policy was created.
note-policy-changed = { $count ->
    [0] The policy was saved. No key uses it now.
    [one] The policy was saved. It holds for its { $count } key from now on.
   *[other] The policy was saved. It holds for its { $count } keys from now on.
}
note-policy-deleted = { $count ->
    [0] The policy was deleted. No key used it.
    [one] The policy was deleted, and { $count } key with it. It is refused from now on.
   *[other] The policy was deleted, and { $count } keys with it. They are refused from now on.
}

## Permissions

permissions-text = What services have declared that a key can be allowed to do. Each service replaces its own list whenever it declares.
nothing-declared = No service has declared anything
declare-text = A service declares its permissions when it starts, with one call. Put it into the start of your service, with a session token of an administrator or the key of a service that may declare:
own-permissions = Keybearer’s own
own-permissions-text = They let keys of services manage Keybearer itself.
used-by = Used by
used-by-none = No policy
meaning = What it allows
undeclared-text = The service has ceased to declare it, but policies still grant it. Remove it from them once no key needs it.

## Accounts

accounts-text = People who can sign in and have keys of their own.
new-account = New account
filter-accounts = Filter the accounts
username-contains = User name contains
role = Role
filter = Filter
no-accounts = No such accounts
no-accounts-text = No account has this name, role and state together.
role-with-level = { $role } (level { $level })
account-active = Active
account-locked = Locked
account-blocked = Blocked
consent-given = Consent given
consent-lacking = No consent
new-account-text = It begins active and with consent. Its holder can sign in if you set a password.
new-username-hint = Unique, whatever its case. It cannot be changed later.
role-hint = The role decides the highest level that keys of the account can have.
password-optional = Password (optional)
password-optional-hint = 12 to 128 characters. Without one nobody can sign in to the account; keys can still be made for it.
email = E-mail
email-optional = E-mail (optional)
external-id = Name in the application
issuer = Vouched for by
external-id-optional = Name in the application (optional)
external-id-hint = What the application that uses Keybearer calls this person. Unique.
create-account = Create the account
account-number = Number
live-keys = Keys not revoked
none = None
has-password = Set
no-password = Not set; nobody can sign in
own-account-text = This is your own account. Whatever ends its keys also signs you out.
account-steps = Stop, revoke or delete
step-role-title = Change the role
step-role-ask = Go on…
step-role-text = If the new level is lower, all sessions end as well. New keys can be made up to that level.
step-same-role = This is the role that the account has already. Choose another one.
step-idle = There is nothing to do: the account is so already, or somebody changed it meanwhile.
role-change-ahead = { $count ->
    [0] A lower level revokes all keys of the account and ends its sessions; it has no keys now. A higher one revokes nothing.
    [one] A lower level revokes all keys of the account, which is { $count } key, and ends its sessions. A higher one revokes nothing.
   *[other] A lower level revokes all keys of the account, which are { $count } keys, and ends its sessions. A higher one revokes nothing.
}
role-from-to = From { $from } to { $to }.
step-lock-title = Lock the account
step-lock-text = All sessions end. The holder can sign in to unlock it.
step-unlock-title = Unlock the account
step-unlock-text = The holder can make and use keys again. What was revoked stays revoked.
step-block-title = Block the account
step-block-text = All sessions end, and the holder can no longer sign in. Only administrators can lift that.
step-unblock-title = Unblock the account
step-unblock-text = The holder can sign in and make keys again. What was revoked stays revoked.
step-give-consent-title = Record consent
step-give-consent-text = The holder consents to their data being processed and can have keys again. Record it only if they said so.
step-withdraw-consent-title = Record that consent is withdrawn
step-withdraw-consent-text = All sessions end. The holder can sign in to give consent again or to delete the account.
step-revoke-keys-title = Revoke all keys
step-revoke-keys-text = For excessive use. All sessions end; the account stays, and new keys can be made.
step-delete-title = Delete the account
step-delete-text = The account is gone, with its sessions. That cannot be undone.
their-keys-end = { $count ->
    [0] This revokes no keys.
    [one] This revokes { $count } key, for good.
   *[other] This revokes { $count } keys, for good.
}
their-keys-changed = The keys of the account have changed since you opened the page. Look at their number again.
revoke-reason = Reason
revoke-reason-missing = Give a reason.
revoke-reason-too-long = A reason has at most 200 characters.
revoke-reason-hint = It is kept in the audit log. For example “10,000 requests a minute since noon”.
note-account-created = The account was created.
note-their-account-changed = { $count ->
    [0] Done. No key was revoked.
    [one] Done. { $count } key was revoked and is refused from now on.
   *[other] Done. { $count } keys were revoked and are refused from now on.
}
note-their-account-deleted = { $count ->
    [0] The account was deleted. It had no keys.
    [one] The account was deleted, and { $count } key was revoked.
   *[other] The account was deleted, and { $count } keys were revoked.
}
account-metadata-hint = A JSON object that the application can keep with the account. It is no place for secrets.
manage-account = Manage
details-title = E-mail, name in the application, metadata
details-text = Changing these revokes nothing. The user name stays as it is.
details-ask = Change…
details-own-hint = This is your own account: needed for another e-mail address.
note-details-saved = The account is changed.
set-password-title = Set a password
set-password-text = Whoever signed in with the old password is signed out everywhere. Keys stay as they are.
set-password-own = This is your own account. You change its password under “Security”.
set-password-ask = Set…
set-password = Set the password
note-their-password-set = { $count ->
    [0] The password is set, and all sessions of the account have ended.
    [one] The password is set, and all sessions of the account have ended. { $count } key that the account made still lives: if somebody else may have known the old password, look at it.
   *[other] The password is set, and all sessions of the account have ended. { $count } keys that the account made still live: if somebody else may have known the old password, look at them.
}
sessions-ahead = Where the account is signed in. Each session can be ended on its own.
sessions-ask = Show
their-sessions-text = Each browser or program in which { $name } is signed in. Ending a session revokes no key.
their-sessions-none = Signed in nowhere
their-sessions-none-text = Nobody is signed in with this account now.
new-key-for-ask = New key for this account
new-key-for = New key for { $name }
new-key-for-text = It acts in the name of the account, up to the level that you give it and never above the level of its role. In the list below, “you” means this account.
new-key-for-owner = The key belongs to { $name }, who can see and delete it. You are shown its secret once, to hand it over.
their-too-many-keys = The account has { $max } live keys, the most that one may have. Revoke one of them first.
secret-belongs-to = It belongs to { $name }: whoever has the secret acts in that name.

## Explain

nav-explain = Explain
explain-title = Why a key is accepted or refused
explain-text = Ask what a service would be told about a key. Nothing is used up, and the secret plays no part.
explain-link = Explain
explain-key-hint = Its id, or all of the key: only the id is kept of it, and nothing of it gets into the address.
explain-key-missing = Choose a key, or paste one.
explain-key-unreadable = This is neither the id of a key nor a whole key. Perhaps a part is missing.
explain-demand = What would be demanded of it
explain-any = Any valid key
explain-any-text = It lives, and whose key it is has not been stopped.
explain-level = A level
explain-level-text = For keys of people: this level or a higher one.
explain-permissions-text = For keys of services: what their policy has to grant.
explain-how-many = How many of them
explain-match-all = Each is needed
explain-match-any = One of them is enough
explain-more = Permissions by name
explain-more-hint = With their service, such as billing:read. Several with commas or spaces between them.
explain-permission-wrong = A permission is written with its service, such as billing:read. These are not: { $names }
explain-more-is-key = There is a key among the permissions. It belongs into the first field.
explain-permissions-missing = Choose at least one permission.
explain-ask = Ask
explain-ask-again = Ask something else
explain-submit = Explain
explain-accepted = Accepted
explain-refused = Refused
explain-code = The API answers
explain-steps = Step by step
explain-active = The key is neither revoked nor expired, and has no end.
explain-active-until = The key is neither revoked nor expired. It lives until { $date }.
explain-expired = The key has expired.
explain-expired-at = The key has expired, on { $date }.
explain-revoked = The key was revoked, for good. { $why }.
explain-refused-revoked = The key is revoked. { $why }.
explain-owner = It acts for the account
explain-levels = It was made with level { $key }; the role of its owner has level { $role }.
explain-in-force = The lower one counts, so level { $level } is in force.
explain-owner-deleted = The account that it belonged to is deleted.
explain-policy = { $count ->
    [0] Its policy grants no permissions:
    [one] Its policy grants { $count } permission:
   *[other] Its policy grants { $count } permissions:
}
explain-granted = Of what is demanded, the policy grants:
explain-policy-deleted = The policy from which it had its permissions is deleted.
explain-forgotten = Its end is longer ago than keys.retention, the time for which the server remembers dead keys.
explain-not-found = Whoever presents it is told that there is no such key.
explain-matched = The policy grants { $permission }, and one of the permissions is enough.
explain-met-valid = Any valid key will do.
explain-met-person = It is a valid key of a person.
explain-met-service = It is a valid key of a service.
explain-met-level = Level { $level } is reached.
explain-met-permissions = The policy grants every permission that is needed.
explain-level-low = Level { $needs } is needed, but level { $has } is in force.
explain-level-none = Level { $needs } is needed, and keys of services have no level.
explain-person-needed = A key of a person is needed, and this is one of a service.
explain-service-needed = A key of a service is needed, and this is one of a person.
explain-permissions-none = Permissions are needed, and keys of people have none.
explain-permissions-lacking = { $count ->
    [one] A permission is needed that the policy does not grant.
   *[other] { $count } permissions are needed that the policy does not grant.
}
explain-permissions-lacking-all = { $count ->
    [one] A permission is needed that the policy does not grant.
   *[other] One of { $count } permissions is needed, and the policy grants none of them.
}

## Audit

nav-audit = Audit log
audit-title = Audit log
audit-text = Every change, the newest first: who made it, and what it changed.
audit-link = History
audit-done-by = What they did
audit-download = Download as JSON lines
audit-filter = Filter the events
audit-actor = By
audit-target = To
audit-action = What was done
audit-any-action = Anything
audit-all-of = { $group }: all
audit-since = From
audit-until = Up to and including
audit-filter-hint = “By” and “To” take a user name, the id of a key, or the name of a policy; also what is shown under “Details”. “operator” is whoever runs the server, “store” the whole database. Days are days in UTC.
audit-date-wrong = This is not a day. Write it as 2026-01-31.
audit-nobody = There is no account, key or policy “{ $name }”.
audit-show-all = Show everything
audit-none = No such events
audit-none-text = Nothing that was done matches all of the filters.
audit-empty = Nothing has been done yet
audit-empty-text = Each change will stand here, from then on.
audit-by = by
audit-details = Details
audit-changes = What changed
audit-field = Field
audit-before = Before
audit-after = After
audit-nothing = nothing
audit-stayed = { $count ->
    [one] { $count } more unchanged
   *[other] { $count } more unchanged
}
audit-no-changes = Nothing more is known of it.
audit-pruned = What was there before and after was removed, because the event is older than events.payload_retention.
audit-exactly = Exact time
audit-request = Request
audit-touched = Touched as well
audit-revision = Revision
audit-operator = whoever runs the server
audit-store = the whole database
audit-issuer = an application, for somebody new
audit-a-session = a session
audit-keys = Keys
audit-policies = Policies
audit-accounts = Accounts
audit-sessions = Sessions
audit-permissions = Permissions
audit-stores = Database
audit-key-created = Key created
audit-key-changed = Key changed
audit-key-revoked = Key revoked
audit-policy-created = Policy created
audit-policy-changed = Policy changed
audit-policy-deleted = Policy deleted
audit-gate-created = Gate created
audit-gate-changed = Gate changed
audit-gate-deleted = Gate deleted
audit-account-created = Account created
audit-account-changed = Account changed
audit-account-keys-revoked = All keys revoked
audit-account-deleted = Account deleted
audit-session-started = Signed in
audit-session-ended = Session ended
audit-permissions-declared = Permissions declared
audit-store-restored = Backup restored
audit-other = Something else
audit-account = Account
audit-consent = Consent
audit-declared = Declared
audit-undeclared = No longer declared
audit-ended-sessions = Sessions ended
audit-has-password = Has a password
audit-revoked-at = Revoked
audit-revoked-keys = Keys revoked
audit-yes = yes
audit-no = no
audit-password-changed = changed

## My keys

my-keys = My keys
my-keys-text = With a key, a program acts in your name, up to the level that you give it.
which-keys = Which keys are shown
show-active = Active
show-expired = Expired
show-revoked = Revoked
show-all = All
no-keys = You have no active keys
no-keys-text = Make one for each program that is to act in your name, so that you can delete each on its own.
no-such-keys = No keys in this state
no-such-keys-text = Keys that have expired or were revoked are shown here for as long as the server keeps them.
delete-selected = Delete selected keys
make-replacement = Make a replacement
no-consent-text = All your keys were revoked when consent was withdrawn. You can give it again, and then make new keys, or delete your account.
locked-text = All your keys were revoked when it was locked. Unlock it, and you can make new ones.
too-low-text = Somebody with a higher role may make keys for you. Your password and sessions are under “Security”.

## New key

new-key = New key
new-key-text = A key cannot be changed or extended later; you delete it and make another.
key-name-hint = What will use it? For example “backup on the NAS”.
level-hint = Give it no more than it needs. Each level includes those above it in this list.
expiry = Lifetime
expiry-limit = At most { $limit }, so until { $date }. After that the key is refused.
other-lifetime = Another
amount = Amount
unit = Unit
unit-days = days
unit-hours = hours
create-key = Create the key

## Secret, shown once

secret-title = Your new key
secret-once = This is the only time that it is shown.
secret-once-text = The server keeps a fingerprint only, and nobody can show the secret again. Store it now, for example in a password manager.
secret-token = As one text
secret-token-text = For Authorization: Bearer, or X-API-Key.
secret-pair = As a pair
secret-pair-text = For HTTP Basic: the key is the user name, the secret the password.
key-id = Key
secret-try = Try it
secret-samples = Or from a program. These commands tell it where the server is, and ask for the token, so that it is written down nowhere.
secret-stored = I have stored it
secret-leave = The key will not be shown again.

## Delete keys

delete-keys-title = Delete keys
delete-keys-text = { $count ->
    [one] This key is refused from the next request on. That cannot be undone.
   *[other] These { $count } keys are refused from the next request on. That cannot be undone.
}
delete-keys = { $count ->
    [one] Delete { $count } key
   *[other] Delete { $count } keys
}
delete-keys-made = { $count ->
    [one] { $count } more key was made with what you selected. It goes on unless you delete it too.
   *[other] { $count } more keys were made with what you selected. They go on unless you delete them too.
}
delete-keys-made-too = Select these too
nothing-selected = No key is selected
nothing-selected-text = Select the keys that you want to delete in the list of your keys. What is revoked already needs no deletion.

## Security

signed-in-as = Signed in as { $name }, with the role { $role }.
change-password = Change password
change-password-text = This ends all your other sessions. Your keys stay.
sessions = Sessions
sessions-text = Each browser or program that you signed in with.
signed-in-at = Signed in
session-until = Ends on
this-session = This one
end-session = End session
end-other-sessions = Sign out everywhere else
stop-title = Stop or delete the account
consent-give = Give consent
consent-give-title = Give consent
consent-give-text = You consent to your data being processed, and can have keys again.
consent-withdraw = Withdraw consent
consent-withdraw-title = Withdraw consent
consent-withdraw-text = Your data is no longer processed: all your keys are revoked, for good, and you are signed out everywhere. You can still sign in to give consent again or to delete the account.
lock = Lock my account
lock-title = Lock my account
lock-text = If something seems wrong: all your keys are revoked, for good, and you are signed out everywhere. You can sign in to unlock it.
unlock = Unlock my account
unlock-title = Unlock my account
unlock-text = You can make and use keys again. Those that were revoked stay revoked.
delete-account = Delete my account
delete-account-title = Delete my account
delete-account-text = All your keys are revoked, you are signed out everywhere, and the account is gone. That cannot be undone.
own-keys-changed = Your keys have changed since you opened the page. Look at their number again.
will-revoke = { $count ->
    [0] You have no keys that this would revoke.
    [one] This revokes { $count } key.
   *[other] This revokes { $count } keys.
}
own-email-none = None given
own-email-change = Change…
own-email-title = Change your e-mail address
own-email-text = It is kept with your account. Leave the field empty to have it removed. Your keys and sessions stay.
note-email-changed = Your e-mail address is changed.

## The reference of the API

nav-docs = API reference
docs-title = API reference
docs-lead = All that programs can ask of this server, made from its own OpenAPI document.
docs-english = The reference itself is in English.
docs-sections = Sections of the reference
docs-overview = Overview
docs-contents = On this page
docs-base = Base URL
docs-version = version { $version }
docs-credentials = Credentials
docs-credentials-text = Send one credential, in one header. Two are refused, whichever was meant.
docs-errors = Errors by status
docs-errors-text = Whatever needs a credential may answer so. Behind each status stand its codes.
docs-problem = What an error holds
docs-problem-example = Example of an error
docs-operations = All operations
docs-open = Needs no credential.
docs-closed = Needs a credential.
docs-either = Needs a credential if the server is set so.
docs-parameters = Parameters
docs-body = Request body
docs-body-optional = Request body, may be left out
docs-answers = Answers
docs-usual = Errors: as everywhere
docs-objects = Objects in the answers
docs-call = Call
docs-call-of = Example call of { $what }
docs-samples = In a program
docs-samples-text = What runs in a shell reads the address and the token from the environment:
samples-environment = Variables for the samples
docs-answer = Answer
docs-answer-of = Example answer of { $what }

# Nodes

nav-cluster = Nodes
cluster-text = Servers that answer from the same database. A change is in force on all of them when its call returns.
cluster-single-text = This server has its data in SQLite and is the only one. With the data in PostgreSQL there can be several.
cluster-revision = The last change has revision { $revision }.
cluster-states-text = A silent node is waited for by the next change, for at most two seconds, and then fenced. Nobody waits for a fenced one: it answers nothing from memory until it has registered anew.
node-applied = Has revision
node-lacks = lacks { $count ->
    [one] one change
   *[other] { $count } changes
  }
node-consistency = In force by
node-heartbeat = Last heartbeat
node-since = Registered
node-self = (this one)
node-serving = Serving
node-silent = Silent
node-fenced = Fenced
node-silent-for = { $ms } ms ago
node-lease-left = for { $ms } ms more
consistency-lease = a lease
consistency-strict = asking the database
consistency-single = being alone
