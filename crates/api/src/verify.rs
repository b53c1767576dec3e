//! Verification on the wire.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use uuid::Uuid;

use crate::{KeyKind, Metadata, Named, Timestamp, whole};

/// `POST /v1/verify`.
// No `Debug`: it holds a key.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"key": "kb_…", "any_of": ["shop:orders.read", "shop:orders.refund"]})))]
#[serde(deny_unknown_fields)]
pub struct Verify<'a> {
    /// The token, or the pair as `id:secret`.
    #[serde(borrow)]
    pub key: Cow<'a, str>,
    /// One of these permissions suffices.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// Each of these permissions is needed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// The least level, 0 to 8. Not together with permissions.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8))]
    pub level: Option<i64>,
    /// The kind of key, where only one will do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// `POST /v1/verify/batch`.
// No `Debug`: it holds keys.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct VerifyBatch<'a> {
    /// 1 to 1,000 questions.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    #[serde(borrow, deserialize_with = "objects")]
    pub items: Vec<Verify<'a>>,
}

impl VerifyBatch<'_> {
    /// The most questions of a batch.
    pub const MOST: usize = 1_000;
}

/// An array of objects. serde alone would take an array for an object, too, its entries for the fields by their place.
fn objects<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ObjectsVisitor(PhantomData))
}

struct ObjectsVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectsVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<Vec<T>, A::Error> {
        // Nobody tells how many they are, and a list that grows is moved again and again.
        let mut objects = Vec::with_capacity(all.size_hint().unwrap_or(VerifyBatch::MOST).min(VerifyBatch::MOST));
        while let Some(Object(object)) = all.next_element()? {
            objects.push(object);
        }
        Ok(objects)
    }
}

struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map(Object)
    }
}

/// Why.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerdictCode {
    /// Yes.
    Valid,
    /// The text cannot be a key.
    Malformed,
    /// No such key, or a wrong secret.
    NotFound,
    /// Revoked; never valid again.
    Revoked,
    /// Its time is over.
    Expired,
    /// Of too low a level, or without one.
    InsufficientLevel,
    /// Without the permissions.
    InsufficientPermissions,
}

/// The answer to a verification. A bad key is an answer, not an error.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"valid": true, "code": "VALID", "key": {"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "service", "name": "front desk 1", "policy": {"id": "7ea12968-7758-40b6-8c73-75cc99be762b", "name": "front desk"}, "permissions": ["shop:orders.read"], "metadata": {}}})))]
pub struct Verdict<'a> {
    /// Yes or no.
    pub valid: bool,
    /// Why.
    pub code: VerdictCode,
    /// The key, where the right secret was presented.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<VerifiedKey<'a>>,
    /// What the key lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

/// An answer to each question, in their order.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyResults<'a> {
    /// In the order of the request.
    pub results: Vec<Verdict<'a>>,
}

/// What a service wants to know of a key that was presented to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifiedKey<'a> {
    /// Its public name.
    pub id: Uuid,
    /// Whether it stands for a person or for a service.
    pub kind: KeyKind,
    /// The name that somebody gave it.
    pub name: Cow<'a, str>,
    /// Of a person's key: number of the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<i64>,
    /// Of a person's key: the account's name in the application it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Cow<'a, str>>,
    /// Of a person's key: the level in force, the lesser of the key's and its owner's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// Of a service's key: its policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Named>,
    /// Of a service's key: full names of what its policy grants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<Vec<Cow<'a, str>>>,
    /// What applications keep with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub metadata: Metadata,
    /// When it expires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// What a key lacks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"any_of": ["shop:orders.refund"]})))]
pub struct Missing {
    /// It has none of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// It has not these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// It would need this level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// It would have to be of this kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// `POST /v1/explain`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"key_id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "any_of": ["shop:orders.read"]})))]
#[serde(deny_unknown_fields)]
pub struct Explain {
    /// The public name of the key.
    pub key_id: Uuid,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any_of: Vec<String>,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub all_of: Vec<String>,
    /// As in a verification.
    #[serde(default, deserialize_with = "whole", skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(minimum = 0, maximum = 8))]
    pub level: Option<i64>,
    /// As in a verification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<KeyKind>,
}

/// What the verdict would be, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "openapi", schema(example = json!({"verdict": {"valid": true, "code": "VALID", "key": {"id": "0198c2a4-7d1e-7c3a-9f52-3b6e8d0a4c11", "kind": "service", "name": "front desk 1", "policy": {"id": "7ea12968-7758-40b6-8c73-75cc99be762b", "name": "front desk"}, "permissions": ["shop:orders.read"], "metadata": {}}}, "granted_by": "shop:orders.read", "why": ["The key is active.", "Its policy grants shop:orders.read."]})))]
pub struct Explanation<'a> {
    /// The answer that whoever presents the key gets.
    #[serde(flatten)]
    pub verdict: Verdict<'a>,
    /// Which permission satisfied `any_of`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub granted_by: Option<String>,
    /// The reason in words, one sentence a step.
    pub why: Vec<String>,
}
