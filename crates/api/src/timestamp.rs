//! Moments on the wire.

use std::fmt;
use std::str::FromStr;

use jiff::tz::Offset;
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

impl Timestamp {
    /// Its text, on the stack and without formatters: answers hold many of them.
    fn text(self) -> [u8; 24] {
        let at = Offset::UTC.to_datetime(jiff::Timestamp::from_millisecond(self.milliseconds).unwrap_or_default());
        let (century, year) = (at.year() / 100, at.year() % 100);
        let (tens, ones) = (at.millisecond() / 10, at.millisecond() % 10);
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |place: usize, digits: i16| {
            for (place, digit) in [(place, digits / 10), (place + 1, digits % 10)] {
                text[place] = b'0' + digit.to_le_bytes()[0];
            }
        };
        put(0, century);
        put(2, year);
        put(5, at.month().into());
        put(8, at.day().into());
        put(11, at.hour().into());
        put(14, at.minute().into());
        put(17, at.second().into());
        put(20, tens);
        text[22] = b'0' + ones.to_le_bytes()[0];
        text
    }

    /// Writes what [`Display`](fmt::Display) shows behind other bytes.
    pub fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).map_err(|_| fmt::Error)?)
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
        serializer.serialize_str(str::from_utf8(&self.text()).map_err(ser::Error::custom)?)
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

    #[test]
    fn writes_every_moment_as_jiff_does() {
        let printer = jiff::fmt::temporal::DateTimePrinter::new().precision(Some(3));
        // Nearly ten days, so that all parts of a moment change from each to the next.
        for milliseconds in (FIRST..=LAST).step_by(863_991_237).chain([LAST, -1, 0, 951_868_799_999]) {
            let moment = Timestamp::from_unix_millis(milliseconds);
            let expected = printer.timestamp_to_string(&jiff::Timestamp::from_millisecond(milliseconds).unwrap());
            assert_eq!(moment.to_string(), expected);
        }
    }
}
