//! Style, script and pictures. Their addresses hold a digest of their content, so that browsers may keep them for ever.

use std::sync::LazyLock;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use tower_http::compression::CompressionLayer;

use crate::error::AppError;
use crate::http::path::InPath;

/// A file that pages load.
struct Asset {
    /// Under `/assets/`.
    name: String,
    content_type: &'static str,
    content: &'static str,
}

impl Asset {
    fn new(stem: &str, extension: &str, content_type: &'static str, content: &'static str) -> Self {
        let digest: String = Sha256::digest(content).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        Self { name: format!("{stem}-{digest}.{extension}"), content_type, content }
    }

    fn url(&self) -> String {
        format!("/assets/{}", self.name)
    }
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        Asset::new("keybearer", "css", "text/css; charset=utf-8", include_str!("../../../static/keybearer.css")),
        Asset::new("keybearer", "js", "text/javascript; charset=utf-8", include_str!("../../../static/keybearer.js")),
        Asset::new("icons", "svg", "image/svg+xml", include_str!("../../../static/icons.svg")),
        Asset::new("mark", "svg", "image/svg+xml", include_str!("../../../static/mark.svg")),
    ]
});

/// The addresses, for templates.
pub(super) struct Assets {
    /// The style sheet.
    pub(super) css: String,
    /// The script.
    pub(super) js: String,
    /// The sprite of icons.
    pub(super) icons: String,
    /// The picture of the tab.
    pub(super) mark: String,
}

pub(super) static URLS: LazyLock<Assets> = LazyLock::new(|| {
    let [css, js, icons, mark] = &*ASSETS;
    Assets { css: css.url(), js: js.url(), icons: icons.url(), mark: mark.url() }
});

/// Packs the files for who takes them so. Pages are never packed: they hold secrets beside what others can put there, and the length would
/// tell of them.
pub(super) fn compressed() -> CompressionLayer {
    CompressionLayer::new()
}

/// `GET /assets/{name}`.
pub(super) async fn serve(InPath(name): InPath) -> Result<Response, AppError> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(AppError::NoSuchPath)?;
    let mut response = asset.content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    Ok(response)
}
