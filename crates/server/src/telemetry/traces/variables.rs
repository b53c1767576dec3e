//! What the variables of OpenTelemetry say about whether spans are taken, and by what. Samplers, headers, time limits and the like are
//! read by its library.

/// The address of the collector, for all signals and for traces.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"];
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];

/// Why traces cannot be taken as the environment asks. The values are not repeated where they may hold a secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TracesError {
    /// Another protocol.
    #[error(
        "{0} is {1:?}: this version speaks http/protobuf alone. Set it to http/protobuf, and the endpoint to the collector's port for it (often 4318)"
    )]
    Protocol(&'static str, String),
    /// Another exporter.
    #[error("OTEL_TRACES_EXPORTER is {0:?}: this version knows otlp and none")]
    Unknown(String),
    /// Another scheme.
    #[error(
        "{0} does not begin with http://: this version sends traces in the clear, to a collector on this machine or in a network that is trusted"
    )]
    Scheme(&'static str),
    /// What else is wrong with the endpoint and its like.
    #[error("traces cannot be sent as the OTEL_ variables say: {0}")]
    Exporter(String),
}

/// Whether the environment names a collector that is to have traces.
pub(super) fn is_wanted(variable: impl Fn(&str) -> Option<String>) -> Result<bool, TracesError> {
    // An empty variable counts as absent, by the specification.
    let get = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let first = |names: [&'static str; 2]| names.into_iter().find_map(|name| get(name).map(|value| (name, value)));
    let Some((endpoint, address)) = first(ENDPOINTS) else { return Ok(false) };
    if get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return Ok(false);
    }
    match get("OTEL_TRACES_EXPORTER").as_deref() {
        Some("none") => return Ok(false),
        Some("otlp") | None => {}
        Some(other) => return Err(TracesError::Unknown(other.to_owned())),
    }
    if let Some((name, protocol)) = first(PROTOCOLS).filter(|(_, protocol)| protocol != "http/protobuf") {
        return Err(TracesError::Protocol(name, protocol));
    }
    if !address.starts_with("http://") {
        return Err(TracesError::Scheme(endpoint));
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(variables: &[(&str, &str)]) -> Result<bool, TracesError> {
        is_wanted(|name| variables.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned()))
    }

    const TO: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");

    #[test]
    fn only_an_endpoint_turns_traces_on() {
        assert_eq!(wanted(&[]), Ok(false));
        assert_eq!(wanted(&[("OTEL_TRACES_EXPORTER", "otlp"), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]), Ok(false));
        assert_eq!(wanted(&[TO]), Ok(true));
        assert_eq!(wanted(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://collector/v1/traces")]), Ok(true));
        assert_eq!(wanted(&[TO, ("OTEL_SDK_DISABLED", "True")]), Ok(false));
        assert_eq!(wanted(&[TO, ("OTEL_SDK_DISABLED", "false")]), Ok(true));
        assert_eq!(wanted(&[TO, ("OTEL_TRACES_EXPORTER", "none"), (PROTOCOLS[1], "grpc")]), Ok(false));
    }

    #[test]
    fn what_is_not_supported_is_refused_by_name() {
        assert_eq!(wanted(&[TO, (PROTOCOLS[1], "grpc")]), Err(TracesError::Protocol(PROTOCOLS[1], "grpc".into())));
        assert_eq!(wanted(&[TO, (PROTOCOLS[1], "grpc"), (PROTOCOLS[0], "http/protobuf")]), Ok(true));
        assert_eq!(wanted(&[TO, ("OTEL_TRACES_EXPORTER", "zipkin")]), Err(TracesError::Unknown("zipkin".into())));
        let secret = wanted(&[("OTEL_EXPORTER_OTLP_ENDPOINT", "https://user:hush@collector")]).unwrap_err();
        assert!(secret.to_string().starts_with("OTEL_EXPORTER_OTLP_ENDPOINT ") && !secret.to_string().contains("hush"));
    }
}
