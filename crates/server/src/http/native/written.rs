//! Verdicts as serde writes them, written without it: nothing else is asked for as often, and one answer may hold a thousand of them.

use std::io;

use keybearer_api as api;
use uuid::Uuid;
use uuid::fmt::Hyphenated;

/// Writes a verdict.
///
/// # Errors
/// Never, for memory takes all JSON.
pub(super) fn verdict(verdict: &api::Verdict<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let api::Verdict { valid, code, key, missing } = verdict;
    match (*valid, *code) {
        // Nearly all of them.
        (true, api::VerdictCode::Valid) => out.extend_from_slice(b"{\"valid\":true,\"code\":\"VALID\""),
        (valid, code) => {
            out.extend_from_slice(if valid { b"{\"valid\":true,\"code\":" } else { b"{\"valid\":false,\"code\":" });
            serde_json::to_writer(&mut *out, &code)?;
        }
    }
    if let Some(key) = key {
        verified(key, out)?;
    }
    if let Some(missing) = missing {
        out.extend_from_slice(b",\"missing\":");
        serde_json::to_writer(&mut *out, missing)?;
    }
    out.push(b'}');
    Ok(())
}

/// The key of a verdict, with what stands before it.
fn verified(key: &api::VerifiedKey<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    let api::VerifiedKey { id, kind, name, owner, external_id, level, policy, permissions, metadata, expires_at } = key;
    out.extend_from_slice(b",\"key\":{\"id\":");
    uuid(id, out);
    out.extend_from_slice(match kind {
        api::KeyKind::Account => b",\"kind\":\"account\",\"name\":",
        api::KeyKind::Service => b",\"kind\":\"service\",\"name\":",
    });
    text(name, out)?;
    if let Some(owner) = owner {
        out.extend_from_slice(b",\"owner\":");
        serde_json::to_writer(&mut *out, owner)?;
    }
    if let Some(external_id) = external_id {
        out.extend_from_slice(b",\"external_id\":");
        text(external_id, out)?;
    }
    if let Some(level) = level {
        out.extend_from_slice(b",\"level\":");
        serde_json::to_writer(&mut *out, level)?;
    }
    if let Some(api::Named { id, name }) = policy {
        out.extend_from_slice(b",\"policy\":{\"id\":");
        uuid(id, out);
        if let Some(name) = name {
            out.extend_from_slice(b",\"name\":");
            text(name, out)?;
        }
        out.push(b'}');
    }
    if let Some(permissions) = permissions {
        out.extend_from_slice(b",\"permissions\":");
        list(permissions, out, |permission, out| text(permission, out))?;
    }
    if metadata.is_empty() {
        out.extend_from_slice(b",\"metadata\":{}");
    } else {
        out.extend_from_slice(b",\"metadata\":");
        serde_json::to_writer(&mut *out, metadata)?;
    }
    if let Some(expires_at) = expires_at {
        out.extend_from_slice(b",\"expires_at\":\"");
        expires_at.put(out);
        out.push(b'"');
    }
    out.push(b'}');
    Ok(())
}

/// Writes all of them, in brackets.
pub(super) fn list<T>(
    all: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>) -> io::Result<()>,
) -> io::Result<()> {
    out.push(b'[');
    for (place, one) in all.into_iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        write(one, out)?;
    }
    out.push(b']');
    Ok(())
}

fn uuid(id: &Uuid, out: &mut Vec<u8>) {
    let mut text = [b'"'; Hyphenated::LENGTH + 2];
    id.hyphenated().encode_lower(&mut text[1..=Hyphenated::LENGTH]);
    out.extend_from_slice(&text);
}

/// A text, which is plain but for a few.
fn text(text: &str, out: &mut Vec<u8>) -> io::Result<()> {
    // Without an early end, so that many bytes are looked at together.
    let is_plain = text.bytes().fold(true, |is_plain, byte| is_plain & (byte >= b' ') & (byte != b'"') & (byte != b'\\'));
    if is_plain {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
        return Ok(());
    }
    Ok(serde_json::to_writer(out, text)?)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;

    /// Texts, among them those that JSON does not hold as they are.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof!["[a-z0-9 :._-]{0,40}", "\\PC{0,20}", "[\\x00-\\x7f]{0,20}"]
    }

    fn uuids() -> impl Strategy<Value = Uuid> {
        any::<u128>().prop_map(Uuid::from_u128)
    }

    fn keys() -> impl Strategy<Value = api::VerifiedKey<'static>> {
        let named = (uuids(), prop::option::of(texts())).prop_map(|(id, name)| api::Named { id, name });
        let metadata = prop::collection::btree_map(texts(), texts(), 0..3);
        let moment = any::<i64>().prop_map(api::Timestamp::from_unix_millis);
        let of_account = (prop::option::of(any::<i64>()), prop::option::of(texts()), prop::option::of(0..9u8));
        let of_service = (prop::option::of(named), prop::option::of(prop::collection::vec(texts(), 0..3)));
        let kind = prop_oneof![Just(api::KeyKind::Account), Just(api::KeyKind::Service)];
        ((uuids(), kind, texts(), metadata, prop::option::of(moment)), of_account, of_service).prop_map(
            |((id, kind, name, metadata, expires_at), (owner, external_id, level), (policy, permissions))| api::VerifiedKey {
                id,
                kind,
                name: name.into(),
                owner,
                external_id: external_id.map(Cow::from),
                level,
                policy,
                permissions: permissions.map(|all| all.into_iter().map(Cow::from).collect()),
                metadata: metadata.into_iter().map(|(name, value)| (name, value.into())).collect(),
                expires_at,
            },
        )
    }

    proptest! {
        #[test]
        fn a_verdict_is_written_as_serde_writes_it(
            valid in any::<bool>(),
            code in prop::sample::select(&[
                api::VerdictCode::Valid,
                api::VerdictCode::NotFound,
                api::VerdictCode::InsufficientPermissions,
            ][..]),
            key in prop::option::of(keys()),
            missing in prop::option::of(texts()),
        ) {
            let missing = missing.map(|name| api::Missing { any_of: vec![name], ..api::Missing::default() });
            let one = api::Verdict { valid, code, key, missing };
            let mut out = Vec::new();
            verdict(&one, &mut out).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap(), serde_json::to_string(&one).unwrap());
        }
    }
}
