//! Moments on the wire.

use std::fmt;
use std::str::FromStr;

use jiff::fmt::temporal::DateTimePrinter;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

/// A moment, on the wire as RFC 3339 in UTC with milliseconds: `2022-11-06T15:57:30.190Z`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Timestamp {
    milliseconds: i64,
}

/// 0001-01-01T00:00:00.000Z.
const FIRST: i64 = -62_135_596_800_000;
/// 9998-12-31T23:59:59.999Z.
const LAST: i64 = 253_370_764_799_999;

impl Timestamp {
    /// The moment this many milliseconds after 1970-01-01T00:00:00Z. Outside the years 1 to 9998, which can all be written with four digits
    /// and read by every library, the nearest moment within.
    #[must_use]
    pub fn from_unix_millis(milliseconds: i64) -> Self {
        Self { milliseconds: milliseconds.clamp(FIRST, LAST) }
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_unix_millis(self) -> i64 {
        self.milliseconds
    }
}

/// How a moment is written.
static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// The 24 bytes of a moment, on the stack: answers hold many of them.
#[derive(Default)]
struct Written {
    bytes: [u8; 24],
    len: usize,
}

impl Written {
    fn of(moment: Timestamp) -> Option<Self> {
        let moment = jiff::Timestamp::from_millisecond(moment.milliseconds).ok()?;
        let mut written = Self::default();
        PRINTER.print_timestamp(&moment, &mut written).ok()?;
        Some(written)
    }

    fn text(&self) -> &str {
        str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl jiff::fmt::Write for Written {
    fn write_str(&mut self, part: &str) -> Result<(), jiff::Error> {
        let end = self.len + part.len();
        let room = self.bytes.get_mut(self.len..end).ok_or_else(|| jiff::Error::from_args(format_args!("no such moment")))?;
        room.copy_from_slice(part.as_bytes());
        self.len = end;
        Ok(())
    }
}

impl Timestamp {
    /// Writes what [`Display`](fmt::Display) shows behind other bytes.
    pub fn put(self, out: &mut Vec<u8>) {
        if let Some(written) = Written::of(self) {
            out.extend_from_slice(&written.bytes[..written.len]);
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Written::of(*self).ok_or(fmt::Error)?.text())
    }
}

impl FromStr for Timestamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, jiff::Error> {
        text.parse::<jiff::Timestamp>().map(|moment| Self::from_unix_millis(moment.as_millisecond()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let written = Written::of(*self).ok_or_else(|| ser::Error::custom("no such moment"))?;
        serializer.serialize_str(written.text())
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| de::Error::custom("must be a moment in RFC 3339 form, such as 2022-11-06T15:57:30.190Z"))
    }
}

#[cfg(feature = "openapi")]
mod openapi {
    use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};

    impl utoipa::PartialSchema for super::Timestamp {
        fn schema() -> RefOr<Schema> {
            let format = SchemaFormat::KnownFormat(KnownFormat::DateTime);
            ObjectBuilder::new().schema_type(Type::String).format(Some(format)).into()
        }
    }

    impl utoipa::ToSchema for super::Timestamp {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_milliseconds_and_z() {
        assert_eq!(Timestamp::from_unix_millis(1_667_750_250_190).to_string(), "2022-11-06T15:57:30.190Z");
        assert_eq!(Timestamp::from_unix_millis(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!("2022-11-06T15:57:30.190Z".parse::<Timestamp>().unwrap().as_unix_millis(), 1_667_750_250_190);
        assert_eq!(Timestamp::from_unix_millis(i64::MAX).to_string(), "9998-12-31T23:59:59.999Z");
        assert_eq!(Timestamp::from_unix_millis(i64::MIN).to_string(), "0001-01-01T00:00:00.000Z");
        assert!("9999-12-30T22:00:00.999Z".parse::<Timestamp>().is_ok_and(|moment| moment.to_string().len() == 24));
    }
}
