//! Whether the parts of the server work.

use crate::app::App;

/// How one part is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Component {
    /// Which part.
    pub name: &'static str,
    /// Whether it works.
    pub healthy: bool,
    /// The same in words. Details go to the log, since anybody may ask.
    pub status: &'static str,
}

/// Asks every part that can fail while the server runs.
pub async fn components(app: &App) -> Vec<Component> {
    let database = match app.store.ping().await {
        Ok(()) => Component { name: "database", healthy: true, status: "answers" },
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            Component { name: "database", healthy: false, status: "does not answer" }
        }
    };
    vec![database]
}
