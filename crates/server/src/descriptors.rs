//! File descriptors: every connection is one, and systems give a process few unless it asks for more.

/// What the server needs besides connections: the database and its readers, the log, the listener.
#[cfg(unix)]
const OTHERS: u64 = 64;

/// Takes as many file descriptors as the system allows, and warns where they are too few for so many connections.
#[cfg(unix)]
pub fn take_all(connections: usize) {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    let mut raised = limit;
    raised.current = raised.maximum;
    if setrlimit(Resource::Nofile, raised).is_ok() {
        limit = raised;
    }
    let needed = connections as u64 + OTHERS;
    if let Some(allowed) = limit.current.filter(|allowed| *allowed < needed) {
        tracing::warn!(
            allowed,
            needed,
            "the system allows fewer open files than http.max_connections needs: raise its limit (ulimit -n, LimitNOFILE), or lower the setting"
        );
    }
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn take_all(_: usize) {}
