//! The variable part of a path.

use std::sync::Arc;

use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;

use crate::app::App;
use crate::error::AppError;

/// The one variable part of a path. What is no text once it is decoded names nothing.
pub struct InPath(pub String);

/// The two variable parts of a path, as [`InPath`].
pub struct BothInPath(pub String, pub String);

impl FromRequestParts<Arc<App>> for BothInPath {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let texts = Path::<(String, String)>::from_request_parts(parts, app).await;
        texts.map(|Path((first, second))| Self(first, second)).map_err(|_| AppError::NoSuchPath)
    }
}

impl FromRequestParts<Arc<App>> for InPath {
    type Rejection = AppError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, AppError> {
        let text = Path::<String>::from_request_parts(parts, app).await;
        text.map(|Path(text)| Self(text)).map_err(|_| AppError::NoSuchPath)
    }
}
