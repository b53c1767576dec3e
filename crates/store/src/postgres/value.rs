//! Values of statements, and values of rows. Each statement is sent with the types of its values and without a name, so that nothing of it
//! outlives its transaction at the server: a proxy may give the next one to another connection.

use bytes::BytesMut;
use keybearer_core::account::AccountId;
use keybearer_core::policy::PolicyId;
use keybearer_core::time::UnixMillis;
use keybearer_core::token::KeyId;
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

use crate::{SessionId, StoreError};

/// A value of a statement, `None` for NULL.
#[derive(Debug, Clone)]
pub(super) enum Value<'a> {
    Truth(bool),
    Integer(i32),
    Number(Option<i64>),
    Level(Option<i16>),
    Text(Option<&'a str>),
    Bytes(&'a [u8]),
    Id(Option<Uuid>),
    Ids(Vec<Uuid>),
    IdsOrNone(Vec<Option<Uuid>>),
    Integers(Vec<i32>),
    Numbers(Vec<i64>),
    NumbersOrNone(Vec<Option<i64>>),
    Levels(Vec<Option<i16>>),
    Blobs(Vec<&'a [u8]>),
    Texts(Vec<Option<&'a str>>),
}

impl Value<'_> {
    pub(super) fn kind(&self) -> Type {
        match self {
            Self::Truth(_) => Type::BOOL,
            Self::Integer(_) => Type::INT4,
            Self::Number(_) => Type::INT8,
            Self::Level(_) => Type::INT2,
            Self::Text(_) => Type::TEXT,
            Self::Bytes(_) => Type::BYTEA,
            Self::Id(_) => Type::UUID,
            Self::Ids(_) | Self::IdsOrNone(_) => Type::UUID_ARRAY,
            Self::Integers(_) => Type::INT4_ARRAY,
            Self::Numbers(_) | Self::NumbersOrNone(_) => Type::INT8_ARRAY,
            Self::Levels(_) => Type::INT2_ARRAY,
            Self::Blobs(_) => Type::BYTEA_ARRAY,
            Self::Texts(_) => Type::TEXT_ARRAY,
        }
    }
}

impl ToSql for Value<'_> {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Truth(value) => value.to_sql(kind, out),
            Self::Integer(value) => value.to_sql(kind, out),
            Self::Number(value) => value.to_sql(kind, out),
            Self::Level(value) => value.to_sql(kind, out),
            Self::Text(value) => value.to_sql(kind, out),
            Self::Bytes(value) => value.to_sql(kind, out),
            Self::Id(value) => value.to_sql(kind, out),
            Self::Ids(value) => value.to_sql(kind, out),
            Self::IdsOrNone(value) => value.to_sql(kind, out),
            Self::Integers(value) => value.to_sql(kind, out),
            Self::Numbers(value) => value.to_sql(kind, out),
            Self::NumbersOrNone(value) => value.to_sql(kind, out),
            Self::Levels(value) => value.to_sql(kind, out),
            Self::Blobs(value) => value.to_sql(kind, out),
            Self::Texts(value) => value.to_sql(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl From<bool> for Value<'_> {
    fn from(value: bool) -> Self {
        Self::Truth(value)
    }
}

impl From<i64> for Value<'_> {
    fn from(value: i64) -> Self {
        Self::Number(Some(value))
    }
}

impl From<u16> for Value<'_> {
    fn from(value: u16) -> Self {
        Self::Integer(value.into())
    }
}

impl From<UnixMillis> for Value<'_> {
    fn from(value: UnixMillis) -> Self {
        Self::Number(Some(value.0))
    }
}

impl From<Option<UnixMillis>> for Value<'_> {
    fn from(value: Option<UnixMillis>) -> Self {
        Self::Number(value.map(|at| at.0))
    }
}

impl From<AccountId> for Value<'_> {
    fn from(value: AccountId) -> Self {
        Self::Number(Some(value.0))
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Some(value))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(value: Option<&'a str>) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a Option<String>> for Value<'a> {
    fn from(value: &'a Option<String>) -> Self {
        Self::Text(value.as_deref())
    }
}

impl From<KeyId> for Value<'_> {
    fn from(value: KeyId) -> Self {
        Self::Id(Some(Uuid::from_bytes(*value.as_bytes())))
    }
}

impl From<PolicyId> for Value<'_> {
    fn from(value: PolicyId) -> Self {
        Self::Id(Some(value.0))
    }
}

impl From<SessionId> for Value<'_> {
    fn from(value: SessionId) -> Self {
        Self::Id(Some(value.0))
    }
}

/// The value in a column of a row.
pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, StoreError> {
    row.try_get(column).map_err(unreadable)
}

/// What does not read back as it was written.
pub(super) fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Unavailable(format!("a stored value cannot be read: {error}"))
}

pub(super) fn key_id(row: &Row, column: usize) -> Result<KeyId, StoreError> {
    Ok(KeyId::from_bytes(get::<Uuid>(row, column)?.into_bytes()))
}

pub(super) fn session_id(row: &Row, column: usize) -> Result<SessionId, StoreError> {
    get(row, column).map(SessionId)
}

pub(super) fn policy_id(row: &Row, column: usize) -> Result<PolicyId, StoreError> {
    get(row, column).map(PolicyId)
}

pub(super) fn moment(row: &Row, column: usize) -> Result<UnixMillis, StoreError> {
    get(row, column).map(UnixMillis)
}

pub(super) fn moment_or_none(row: &Row, column: usize) -> Result<Option<UnixMillis>, StoreError> {
    Ok(get::<Option<i64>>(row, column)?.map(UnixMillis))
}
