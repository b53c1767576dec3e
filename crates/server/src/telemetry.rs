//! The log: structured lines on standard error, and nothing of a secret in them. Below it, traces.

pub mod traces;

use std::io::IsTerminal;

use tracing::Subscriber;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// Begins to log. Where something logs already, that stays.
pub fn init(log: &LogConfig) {
    let is_text = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    // It fails only where it was done before, as in a test that starts two servers.
    let _ = subscriber(log, is_text, std::io::stderr).try_init();
}

/// Writes events of the level and above: as text for people, or one JSON object a line.
fn subscriber<W>(log: &LogConfig, is_text: bool, writer: W) -> Box<dyn Subscriber + Send + Sync>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt().with_max_level(log.level).with_writer(writer);
    if is_text {
        Box::new(lines.with_ansi(std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()).finish())
    } else {
        Box::new(lines.json().flatten_event(true).with_current_span(false).finish())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;
    use tracing::level_filters::LevelFilter;

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(is_text: bool, level: LevelFilter) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = LogConfig { level, format: LogFormat::Auto };
        tracing::subscriber::with_default(subscriber(&log, is_text, move || writer.clone()), || {
            tracing::info!(key = "7ea1", "key revoked");
            tracing::debug!("a detail");
        });
        String::from_utf8(lines.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn a_line_of_json_is_an_object_with_the_fields_of_the_event() {
        let text = logged(false, LevelFilter::INFO);
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((&line["level"], &line["message"], &line["key"]), (&"INFO".into(), &"key revoked".into(), &"7ea1".into()));
        assert!(line["timestamp"].is_string());
    }

    #[test]
    fn the_level_decides_what_is_logged() {
        assert_eq!(logged(true, LevelFilter::OFF), "");
        assert_eq!(logged(true, LevelFilter::INFO).lines().count(), 1);
        assert_eq!(logged(true, LevelFilter::DEBUG).lines().count(), 2);
        assert!(logged(true, LevelFilter::INFO).contains("key revoked"));
    }

    #[test]
    fn beginning_twice_does_no_harm() {
        let log = LogConfig { level: LevelFilter::OFF, format: LogFormat::Text };
        init(&log);
        init(&log);
    }
}
