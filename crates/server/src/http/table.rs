//! A face as one table: method, path, and what answers there. Router and authorisation test are made from it.

use std::sync::Arc;

use axum::Router;
use axum::http::Method;
use axum::routing::{MethodFilter, MethodRouter};

use crate::app::App;

/// Method, path, and what answers there.
pub(super) type Operation = (&'static str, &'static str, fn(MethodFilter) -> MethodRouter<Arc<App>>);

/// Method and path of the first `N` rows.
pub(super) const fn routes<const N: usize>(table: &[Operation]) -> [(&'static str, &'static str); N] {
    let mut routes = [("", ""); N];
    let mut row = 0;
    while row < N {
        routes[row] = (table[row].0, table[row].1);
        row += 1;
    }
    routes
}

/// The router of a table.
pub(super) fn router(table: &[Operation]) -> Router<Arc<App>> {
    table.iter().fold(Router::new(), |router, (method, path, answered_by)| {
        let method = method.parse().ok().and_then(|method: Method| MethodFilter::try_from(method).ok());
        router.route(path, answered_by(method.expect("the table names methods of HTTP")))
    })
}
