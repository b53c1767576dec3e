//! From a line to a row, by the rules that need no store.

use std::collections::BTreeMap;

use keybearer_api::Timestamp;
use keybearer_core::account::{AccountId, Status};
use keybearer_core::name::Name;
use keybearer_core::permission::{MAX_DESCRIPTION, MAX_PER_SERVICE, Permission, ServiceName};
use keybearer_core::policy::{MAX_PERMISSIONS, PermissionSet, PolicyId};
use keybearer_core::role::Level;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::{Credential, Digest, KeyId, PepperVersion, Peppers};
use keybearer_store::{
    Account, AccountRow, DeclaredPermission, IncomingHolder, IncomingKey, IncomingRow, Metadata, NamedGate, OwnerName, Policy, PolicyName,
    PolicyRow, ServiceRow,
};

use super::line::{self, AnyLine, FORMAT, Kind};
use super::wording::read;
use crate::error::AppError;
use crate::ops;
use crate::password;

/// Reads lines, and remembers what earlier ones said of those that follow.
pub(super) struct Reader {
    peppers: Peppers,
    /// The export that lines belong to, if any.
    export: Option<Export>,
}

struct Export {
    /// Which of our peppers each of its versions is; `None` where we lack it.
    peppers: BTreeMap<PepperVersion, Option<PepperVersion>>,
    rows: u64,
}

impl Reader {
    pub(super) fn new(peppers: Peppers) -> Self {
        Self { peppers, export: None }
    }

    /// Whether an export began and did not end.
    pub(super) fn is_cut_off(&self) -> bool {
        self.export.is_some()
    }

    /// The row of a line, where it is one. The error says what is wrong with it.
    pub(super) fn read(&mut self, text: &[u8]) -> Result<Option<IncomingRow>, String> {
        let AnyLine { kind } = read(text).inspect_err(|_| self.count())?;
        match kind {
            Kind::Export => {
                let header: line::Header = read(text)?;
                self.begin(&header)?;
                return Ok(None);
            }
            Kind::End => {
                let end: line::End = read(text)?;
                return match self.export.take() {
                    None => Err("ends an export that did not begin".to_owned()),
                    Some(export) if export.rows != end.rows => {
                        Err(format!("says that the export has {} rows, but there are {}", end.rows, export.rows))
                    }
                    Some(_) => Ok(None),
                };
            }
            Kind::Service | Kind::Account | Kind::Policy | Kind::Gate | Kind::Key => self.count(),
        }
        let row = match kind {
            Kind::Service => IncomingRow::Service(service(read(text)?)?),
            Kind::Account => IncomingRow::Account(account(read(text)?)?),
            Kind::Policy => IncomingRow::Policy(policy(read(text)?)?),
            Kind::Gate => IncomingRow::Gate(Box::new(gate(read(text)?)?)),
            _ => IncomingRow::Key(Box::new(self.key(read(text)?)?)),
        };
        Ok(Some(row))
    }

    fn count(&mut self) {
        if let Some(export) = &mut self.export {
            export.rows += 1;
        }
    }

    fn begin(&mut self, header: &line::Header) -> Result<(), String> {
        if header.format != FORMAT {
            return Err(format!("is of format {}, this version reads format {FORMAT}", header.format));
        }
        let held = self.peppers.fingerprints();
        let ours = |theirs: &String| held.iter().find(|(_, fingerprint)| *fingerprint == theirs).map(|(version, _)| *version);
        let peppers = header.peppers.iter().map(|(version, fingerprint)| (*version, ours(fingerprint))).collect();
        self.export = Some(Export { peppers, rows: 0 });
        Ok(())
    }

    fn key(&self, line: line::Key) -> Result<IncomingKey, String> {
        let (id, digests) = self.proof(&line)?;
        let is_token = line.token.is_some();
        let (name, name_key) = name("name", &line.name)?;
        let holder = holder(&line)?;
        let expires_at = line.expires_at.map(moment);
        if !is_token && expires_at.is_none() && matches!(holder, IncomingHolder::Account { .. }) {
            return Err("lacks `expires_at`: the key of a person always expires".to_owned());
        }
        let revoked = match (line.revoked_at, line.revoked_reason) {
            (None, None) => None,
            (Some(at), Some(reason)) => Some((moment(at), reason)),
            _ => return Err("has only one of `revoked_at` and `revoked_reason`".to_owned()),
        };
        let created_by = line.created_by.map(maker).transpose()?;
        if !is_token && (line.created_at.is_none() || created_by.is_none()) {
            return Err("lacks `created_at` or `created_by`, which a line with a digest has".to_owned());
        }
        Ok(IncomingKey {
            id,
            name,
            name_key,
            holder,
            revoked,
            expires_at,
            metadata: metadata(line.metadata)?,
            digests,
            created_at: line.created_at.map(moment),
            created_by,
            last_used_at: line.last_used_at.map(moment),
        })
    }

    /// Which key, and what may be stored in place of its secret.
    fn proof(&self, line: &line::Key) -> Result<(KeyId, Vec<(PepperVersion, Digest)>), String> {
        match (&line.token, &line.id, &line.digest, line.pepper) {
            (Some(token), None, None, None) => {
                let credential =
                    Credential::parse_token(&token.0).map_err(|_| "`token` is no well-formed key: a character is wrong or missing")?;
                let (newest, digest) = self.peppers.seal(&credential);
                let older = self.peppers.fingerprints().into_keys().filter(|version| *version != newest);
                let older = older.filter_map(|version| Some((version, self.peppers.seal_with(version, &credential)?)));
                Ok((credential.id, [(newest, digest)].into_iter().chain(older).collect()))
            }
            (None, Some(id), Some(digest), Some(pepper)) => {
                let id = id.parse().map_err(|error| format!("`id` {error}"))?;
                let digest = unhex(digest).ok_or("`digest` is not 64 lower-case hex digits")?;
                Ok((id, vec![(self.pepper(pepper)?, Digest::from_bytes(digest))]))
            }
            (Some(_), _, _, _) => Err("has a `token`, and so neither `id`, `digest` nor `pepper`".to_owned()),
            (None, _, _, _) => Err("needs a `token`, or `id`, `digest` and `pepper`".to_owned()),
        }
    }

    fn pepper(&self, theirs: PepperVersion) -> Result<PepperVersion, String> {
        let export = self.export.as_ref().ok_or("has a `digest`, but no line of type \"export\" before it says which pepper is in it")?;
        match export.peppers.get(&theirs) {
            Some(Some(ours)) => Ok(*ours),
            Some(None) => {
                Err(format!("needs pepper {theirs} of the installation that it comes from: name its keyring by the setting `keyring`"))
            }
            None => Err(format!("has pepper {theirs}, of which the line of type \"export\" knows nothing")),
        }
    }
}

fn moment(at: Timestamp) -> UnixMillis {
    UnixMillis(at.as_unix_millis())
}

/// A name as it was given, and the spelling under which it is compared.
fn name(field: &str, text: &str) -> Result<(String, String), String> {
    let name = Name::parse(text).map_err(|error| format!("`{field}` {error}"))?;
    Ok((name.as_str().to_owned(), name.canonical()))
}

fn metadata(given: Metadata) -> Result<Metadata, String> {
    if given.is_empty() { Ok(given) } else { ops::metadata(Some(given)).map_err(told) }
}

/// What an operation says of a field.
fn told(error: AppError) -> String {
    match error {
        AppError::Invalid(fields) => fields
            .iter()
            .map(|field| format!("`{}` {}", field.pointer.trim_start_matches('/'), field.message))
            .collect::<Vec<_>>()
            .join("; "),
        _ => "is not as documented".to_owned(),
    }
}

/// Who made something, as the store writes it.
fn maker(text: String) -> Result<String, String> {
    let known = match text.split_once(':') {
        None => text == "operator",
        Some(("account", number)) => number.parse::<i64>().is_ok_and(|number| number.to_string() == *text.trim_start_matches("account:")),
        Some(("key", id)) => id.parse::<KeyId>().is_ok_and(|key| key.to_string() == id),
        Some(_) => false,
    };
    if known { Ok(text) } else { Err("`created_by` is none of operator, account:NUMBER and key:ID".to_owned()) }
}

fn holder(line: &line::Key) -> Result<IncomingHolder, String> {
    let has_owner = line.owner.is_some() || line.owner_name.is_some();
    let has_policy = line.policy.is_some() || line.policy_id.is_some();
    match (has_owner, has_policy) {
        (true, true) => Err("has an owner and a policy: the key of a person has the one, that of a service the other".to_owned()),
        (false, false) => Err("needs `owner_name` and `level`, or `policy`".to_owned()),
        (true, false) => {
            if line.service.is_some() {
                return Err("has `service`, which the key of a person does not have".to_owned());
            }
            let username = line.owner_name.as_deref().map(|text| name("owner_name", text)).transpose()?.map(|(_, canonical)| canonical);
            let level = line.level.ok_or("lacks `level`")?;
            let level = Level::new(level).map_err(|error| format!("`level` {error}"))?;
            let owner = match (line.owner, username) {
                (Some(number), username) => OwnerName::Number(AccountId(number), username),
                (None, username) => OwnerName::Username(username.unwrap_or_default()),
            };
            Ok(IncomingHolder::Account { owner, level })
        }
        (false, true) => {
            if line.level.is_some() {
                return Err("has `level`, which the key of a service does not have".to_owned());
            }
            let policy = match (line.policy_id, &line.policy) {
                (Some(id), None) => PolicyName::Id(PolicyId(id)),
                (None, Some(text)) => PolicyName::Name(name("policy", text)?.1),
                _ => return Err("has both `policy` and `policy_id`: one is enough".to_owned()),
            };
            let service = line.service.as_deref().map(service_name).transpose()?;
            Ok(IncomingHolder::Service { policy, service })
        }
    }
}

fn service_name(text: &str) -> Result<ServiceName, String> {
    text.parse().map_err(|error| format!("`service`: {error}"))
}

fn service(line: line::Service) -> Result<ServiceRow, String> {
    let service = service_name(&line.service)?;
    if line.permissions.iter().filter(|one| one.declared).count() > MAX_PER_SERVICE {
        return Err(format!("declares more than {MAX_PER_SERVICE} permissions"));
    }
    let mut permissions: BTreeMap<Permission, DeclaredPermission> = BTreeMap::new();
    for one in line.permissions {
        let permission = Permission::of(&service, &one.name).map_err(|error| error.to_string())?;
        let description = one.description;
        if description.trim().is_empty() || description.chars().count() > MAX_DESCRIPTION || description.chars().any(char::is_control) {
            return Err(format!(
                "`description` of {permission} must say in 1 to {MAX_DESCRIPTION} characters what the permission lets a key do"
            ));
        }
        let declared = DeclaredPermission { permission: permission.clone(), description, declared: one.declared };
        if permissions.insert(permission, declared).is_some() {
            return Err("has a permission twice".to_owned());
        }
    }
    Ok(ServiceRow { service, permissions: permissions.into_values().collect() })
}

fn account(line: line::Account) -> Result<AccountRow, String> {
    let (id, created_at) = (AccountId(line.id), moment(line.created_at));
    if line.id < 1 {
        return Err("`id` must be greater than 0".to_owned());
    }
    if let Some(deleted_at) = line.deleted_at {
        return match (line.username, line.email, line.external_id, line.issuer, line.password_hash) {
            (None, None, None, None, None) => Ok(AccountRow::Deleted { id, created_at, deleted_at: moment(deleted_at) }),
            _ => Err("is deleted, and so has no `username`, `email`, `external_id`, `issuer` or `password_hash`".to_owned()),
        };
    }
    if line.issuer.is_some() && line.external_id.is_none() {
        return Err("has an `issuer` without an `external_id`".to_owned());
    }
    let (username, _) = name("username", &line.username.ok_or("lacks `username`")?)?;
    if line.password_hash.as_deref().is_some_and(|hash| !password::is_hash(hash)) {
        return Err("`password_hash` is no hash by argon2 in PHC form".to_owned());
    }
    let account = Account {
        id,
        username,
        email: line.email.map(ops::account::email).transpose().map_err(told)?,
        external_id: line.external_id.map(ops::account::external_id).transpose().map_err(told)?,
        issuer: line.issuer.map(ops::account::issuer).transpose().map_err(told)?,
        metadata: metadata(line.metadata)?,
        has_password: line.password_hash.is_some(),
        role: line.role.ok_or("lacks `role`")?,
        status: line.status.unwrap_or(Status::Active),
        consent: line.consent.unwrap_or(true),
        created_at,
    };
    Ok(AccountRow::Present { account, password_hash: line.password_hash })
}

fn policy(line: line::Policy) -> Result<PolicyRow, String> {
    let id = PolicyId(line.id);
    let (name, _) = name("name", &line.name)?;
    let (created_at, created_by) = (moment(line.created_at), maker(line.created_by)?);
    if let Some(deleted_at) = line.deleted_at {
        return Ok(PolicyRow::Deleted { id, name, created_at, created_by, deleted_at: moment(deleted_at) });
    }
    if line.permissions.len() > MAX_PERMISSIONS {
        return Err(format!("has more than {MAX_PERMISSIONS} permissions"));
    }
    let permissions = line.permissions.iter().map(|one| one.parse::<Permission>().map_err(|error| format!("`permissions`: {error}")));
    let permissions = permissions.collect::<Result<PermissionSet, String>>()?;
    Ok(PolicyRow::Present(Policy { id, name, permissions, created_at, created_by, version: 0, keys: 0 }))
}

fn gate(line: line::Gate) -> Result<NamedGate, String> {
    Ok(NamedGate {
        name: line.name.parse().map_err(|error| format!("`name`: {error}"))?,
        gate: line.gate.try_into().map_err(|error| format!("`gate`: {error}"))?,
        created_at: moment(line.created_at),
        created_by: maker(line.created_by)?,
        version: 0,
    })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let value = |digit: u8| match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = (value(pair[0])? << 4) | value(pair[1])?;
    }
    Some(bytes)
}
