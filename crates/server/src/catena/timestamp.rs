//! `google.protobuf.Timestamp`. Ours, since proto3 JSON asks for RFC 3339 ending in `Z`, where pbjson-types writes `+00:00`.

use keybearer_api as api;
use keybearer_core::time::UnixMillis;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A moment, on the wire as `google.protobuf.Timestamp`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, prost::Message)]
pub struct Timestamp {
    /// Whole seconds since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// What comes on top, forwards in time.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

impl From<UnixMillis> for Timestamp {
    fn from(at: UnixMillis) -> Self {
        let nanos = i32::try_from(at.0.rem_euclid(1_000) * 1_000_000).expect("less than a second in nanoseconds");
        Self { seconds: at.0.div_euclid(1_000), nanos }
    }
}

impl From<Timestamp> for UnixMillis {
    fn from(at: Timestamp) -> Self {
        Self(at.seconds.saturating_mul(1_000).saturating_add(i64::from(at.nanos / 1_000_000)))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        api::Timestamp::from_unix_millis(UnixMillis::from(*self).0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        api::Timestamp::deserialize(deserializer).map(|at| UnixMillis(at.as_unix_millis()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_in_rfc_3339_ending_in_z() {
        let at = Timestamp::from(UnixMillis(1_767_225_600_001));
        assert_eq!((at.seconds, at.nanos), (1_767_225_600, 1_000_000));
        let json = serde_json::to_value(at).unwrap();
        assert_eq!(json, "2026-01-01T00:00:00.001Z");
        assert_eq!(serde_json::from_value::<Timestamp>(json).unwrap(), at);
    }

    #[test]
    fn nanoseconds_count_forwards_before_1970_too() {
        let at = Timestamp::from(UnixMillis(-1));
        assert_eq!((at.seconds, at.nanos), (-1, 999_000_000));
        assert_eq!(UnixMillis::from(at), UnixMillis(-1));
    }
}
