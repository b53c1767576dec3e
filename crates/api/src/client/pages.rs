//! Lists, a page at a time.

use std::marker::PhantomData;

use reqwest::{Method, Url};
use serde::de::DeserializeOwned;

use super::{Client, Error};
use crate::Page;

/// The most rows of a page.
const MOST: usize = 200;

/// A list that is fetched page by page.
pub struct Pages<'a, T> {
    client: &'a Client,
    /// The list, with its filters.
    url: Url,
    /// Where the next page begins; `None` before the first.
    cursor: Option<String>,
    /// How many more rows are wanted.
    left: usize,
    rows: PhantomData<T>,
}

impl<'a, T: DeserializeOwned> Pages<'a, T> {
    pub(super) fn new(client: &'a Client, url: Url) -> Self {
        Self { client, url, cursor: None, left: usize::MAX, rows: PhantomData }
    }

    /// At most so many rows in all.
    #[must_use]
    pub fn at_most(mut self, rows: usize) -> Self {
        self.left = rows;
        self
    }

    /// The rows of the next page, or `None` after the last.
    ///
    /// # Errors
    /// As any call.
    pub async fn next(&mut self) -> Result<Option<Vec<T>>, Error> {
        if self.left == 0 {
            return Ok(None);
        }
        let mut url = self.url.clone();
        url.query_pairs_mut().append_pair("limit", &self.left.min(MOST).to_string());
        if let Some(cursor) = &self.cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        let Page { mut items, next_cursor } = self.client.call_at(Method::GET, url).read::<Page<T>>().await?;
        items.truncate(self.left);
        self.left = if next_cursor.is_some() { self.left - items.len() } else { 0 };
        self.cursor = next_cursor;
        Ok(Some(items))
    }

    /// All rows of all pages.
    ///
    /// # Errors
    /// As any call.
    pub async fn all(mut self) -> Result<Vec<T>, Error> {
        let mut all = Vec::new();
        while let Some(mut rows) = self.next().await? {
            all.append(&mut rows);
        }
        Ok(all)
    }
}
