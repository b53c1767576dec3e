//! Bodies: read whole within a limit, then as JSON in which nothing is said twice.

mod documented;

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use self::documented::Documented;
use crate::error::AppError;
use crate::strict_json::Strict;
pub(super) use crate::strict_json::is_tellable;

/// The most bytes of a body, where a route does not say otherwise.
pub const LIMIT: usize = 64 * 1024;

/// A body did not arrive in time.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the body did not arrive in time")]
pub struct TooSlow;

/// Reads a body whole.
///
/// # Errors
/// [`AppError::TooLarge`] beyond the limit; [`AppError::TooSlow`] where it takes too long; [`AppError::Malformed`] where it breaks off.
pub async fn read<B>(headers: &HeaderMap, body: B, limit: usize) -> Result<Bytes, AppError>
where
    B: HttpBody<Data = Bytes, Error: Into<axum::BoxError>>,
{
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > limit as u64) {
        return Err(AppError::TooLarge { limit });
    }
    // Most bodies are one piece, which is left where it is.
    let collected = Limited::new(body, limit).collect().await.map_err(|error| unread(&*error, limit))?;
    Ok(collected.to_bytes())
}

/// Why a body was not read to its end.
fn unread(error: &(dyn std::error::Error + Send + Sync + 'static), limit: usize) -> AppError {
    let mut source: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = source {
        if error.is::<LengthLimitError>() {
            return AppError::TooLarge { limit };
        }
        if error.is::<TooSlow>() {
            return AppError::TooSlow;
        }
        source = error.source();
    }
    AppError::malformed("", "the body could not be read to its end")
}

/// Whether the headers announce plain JSON in UTF-8.
///
/// # Errors
/// [`AppError::UnsupportedMedia`] says what is announced instead.
pub fn require_json(headers: &HeaderMap) -> Result<(), AppError> {
    require_uncompressed(headers)?;
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let content_type = match (types.next(), types.next()) {
        (Some(content_type), None) if content_type == "application/json" => return Ok(()),
        (Some(content_type), None) => content_type.to_str().unwrap_or_default().to_ascii_lowercase(),
        _ => return Err(AppError::UnsupportedMedia("say what the body is with the header Content-Type: application/json, once")),
    };
    let mut parts = content_type.split(';').map(str::trim);
    let is_json = parts.next() == Some("application/json");
    let is_utf8 = parts.filter_map(|part| part.strip_prefix("charset=")).all(|charset| charset.trim_matches('"') == "utf-8");
    if is_json && is_utf8 { Ok(()) } else { Err(AppError::UnsupportedMedia("the body must be application/json in UTF-8")) }
}

/// Whether the headers announce the fields of a form.
///
/// # Errors
/// [`AppError::UnsupportedMedia`] says what is announced instead.
pub fn require_form(headers: &HeaderMap) -> Result<(), AppError> {
    require_uncompressed(headers)?;
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return Err(AppError::UnsupportedMedia("a form must say once what it is"));
    };
    let essence = content_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Ok(())
    } else {
        Err(AppError::UnsupportedMedia("a form must be application/x-www-form-urlencoded"))
    }
}

fn require_uncompressed(headers: &HeaderMap) -> Result<(), AppError> {
    match headers.get(header::CONTENT_ENCODING) {
        None => Ok(()),
        Some(encoding) if encoding.as_bytes().eq_ignore_ascii_case(b"identity") => Ok(()),
        Some(_) => Err(AppError::UnsupportedMedia("compressed bodies are not read: send it without Content-Encoding")),
    }
}

/// Reads JSON, refusing duplicate keys at any depth.
///
/// # Errors
/// [`AppError::Malformed`] names the place.
pub fn value(bytes: &[u8]) -> Result<Value, AppError> {
    if bytes.is_empty() {
        return Err(AppError::malformed("", "a JSON body is needed"));
    }
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let Strict(value) =
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| AppError::malformed(pointer(error.path()), error.inner()))?;
    deserializer.end().map_err(|error| AppError::malformed("", error))?;
    Ok(value)
}

/// Reads a documented shape from JSON.
///
/// # Errors
/// [`AppError::Malformed`] names the field and what it should be.
pub fn shape<'a, T: Deserialize<'a>>(value: Value) -> Result<T, AppError> {
    serde_path_to_error::deserialize(Documented(value))
        .map_err(|error| AppError::malformed(pointer(error.path()), without_content(&error.inner().to_string())))
}

/// Reads a body of the documented shape.
///
/// # Errors
/// [`AppError::Malformed`] or [`AppError::UnsupportedMedia`].
pub fn json<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, AppError> {
    require_json(headers)?;
    shape(value(bytes)?)
}

/// A body of a shape that is an object, and takes only objects for those in it: it is tried at once, which is several times as fast, and may
/// leave its texts where they are. What serde then refuses is read the longer way, which knows the place of the fault.
pub struct Flat<'a, T> {
    bytes: &'a [u8],
    at_once: Option<T>,
}

impl<'a, T: Deserialize<'a>> Flat<'a, T> {
    /// Reads it, whatever it was announced as.
    pub fn read(bytes: &'a [u8]) -> Self {
        // From an array, serde would take the entries for the fields, by their place.
        let is_object = bytes.trim_ascii_start().first() == Some(&b'{');
        // Once for all texts in it, instead of for each.
        let text = Some(bytes).filter(|_| is_object).and_then(|bytes| str::from_utf8(bytes).ok());
        Self { bytes, at_once: text.and_then(|text| serde_json::from_str(text).ok()) }
    }

    /// What was read, if it was plain.
    pub fn at_once(&self) -> Option<&T> {
        self.at_once.as_ref()
    }

    /// What was read, where the headers announce it.
    ///
    /// # Errors
    /// As [`json`].
    pub fn announced(self, headers: &HeaderMap) -> Result<T, AppError> {
        require_json(headers)?;
        match self.at_once {
            Some(read) => Ok(read),
            None => shape(value(self.bytes)?),
        }
    }
}

/// serde's message without what the client sent, which may be a secret in the wrong place.
pub(super) fn without_content(message: &str) -> String {
    if let Some(unknown) = message.strip_prefix("unknown field `") {
        // The last one: the name may hold the same words.
        return match unknown.rsplit_once("`, expected ") {
            Some((name, _)) if is_tellable(name) => message.to_owned(),
            Some((_, expected)) => format!("unknown field, expected {expected}"),
            None => "unknown field".to_owned(),
        };
    }
    let about_content = message.starts_with("invalid ") || message.starts_with("unknown variant ");
    // The last one: what was sent may hold the same words.
    let Some((_, expected)) = message.rsplit_once(", expected ").filter(|_| about_content) else {
        return message.to_owned();
    };
    match expected {
        "i64" | "u64" | "u32" | "u8" => "must be a whole number".to_owned(),
        expected => format!("must be {expected}"),
    }
}

/// A path of serde as a JSON pointer (RFC 6901), or so much of it as may be told.
fn pointer(path: &Path) -> String {
    path.iter()
        .take_while(|segment| !matches!(segment, Segment::Map { key } if !is_tellable(key)))
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
            Segment::Enum { .. } | Segment::Unknown => String::new(),
        })
        .collect()
}
