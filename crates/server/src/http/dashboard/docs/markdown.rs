//! Markdown, as descriptions in the document hold it. HTML in it is shown as text, and links lead nowhere strange.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// A text with its headings, each with its anchor.
pub(super) struct Text {
    /// What stands before the first heading, as HTML.
    pub(super) intro: String,
    /// All from there on, as HTML.
    pub(super) html: String,
    pub(super) headings: Vec<Heading>,
}

/// A heading of a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Heading {
    pub(super) anchor: String,
    pub(super) label: String,
}

/// The events of a text, without what could do harm.
fn events(text: &str) -> Vec<Event<'_>> {
    let mut kept = Vec::new();
    let mut strange = Vec::new();
    for event in Parser::new_ext(text, Options::empty()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => kept.push(Event::Text(html)),
            Event::Start(Tag::HtmlBlock) => kept.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => kept.push(Event::End(TagEnd::Paragraph)),
            // The policy of the pages lets no picture in from elsewhere: its text stands for it.
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let is_strange = !["https://", "http://", "#"].iter().any(|start| dest_url.starts_with(start)) && !is_local(dest_url);
                strange.push(is_strange);
                if !is_strange {
                    kept.push(event);
                }
            }
            Event::End(TagEnd::Link) => {
                if strange.pop() == Some(false) {
                    kept.push(event);
                }
            }
            other => kept.push(other),
        }
    }
    kept
}

/// Whether an address stays on this server.
fn is_local(address: &str) -> bool {
    address.starts_with('/') && !address.starts_with("//") && !address.contains('\\')
}

fn written<'a>(events: impl Iterator<Item = Event<'a>>) -> String {
    let mut written = String::new();
    html::push_html(&mut written, events);
    written
}

/// Plain text as HTML, for between tags. Unlike templates it leaves quotes as they are: JSON is full of them.
pub(super) fn escaped(text: impl AsRef<str>) -> String {
    text.as_ref().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A text of paragraphs, without headings of its own.
pub(super) fn paragraphs(text: &str) -> String {
    let is_heading = |event: &Event<'_>| matches!(event, Event::Start(Tag::Heading { .. }) | Event::End(TagEnd::Heading(_)));
    written(events(text).into_iter().filter(|event| !is_heading(event)))
}

/// A text that stands in a line: its first paragraph, without being one.
pub(super) fn line(text: &str) -> String {
    let paragraph = |event: &Event<'_>| matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph));
    written(events(text).into_iter().filter(|event| !paragraph(event)))
}

/// A long text. Its headings become those of the second level, whatever they were.
pub(super) fn text(source: &str) -> Text {
    let mut headings: Vec<Heading> = Vec::new();
    let mut events = events(source);
    for place in 0..events.len() {
        let label: String = match events.get(place) {
            Some(Event::Start(Tag::Heading { .. })) => events[place..].iter().map_while(words).collect(),
            _ => continue,
        };
        let anchor = anchor(&label, &headings);
        if let Event::Start(Tag::Heading { level, id, .. }) = &mut events[place] {
            (*level, *id) = (HeadingLevel::H2, Some(anchor.clone().into()));
        }
        headings.push(Heading { anchor, label });
    }
    let level_two = |event| match event {
        Event::End(TagEnd::Heading(_)) => Event::End(TagEnd::Heading(HeadingLevel::H2)),
        other => other,
    };
    let first = events.iter().position(|event| matches!(event, Event::Start(Tag::Heading { .. }))).unwrap_or(events.len());
    let rest = events.split_off(first);
    Text { intro: written(events.into_iter()), html: written(rest.into_iter().map(level_two)), headings }
}

/// What an event says, up to the end of a heading.
fn words(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text.to_string()),
        Event::End(TagEnd::Heading(_)) => None,
        _ => Some(String::new()),
    }
}

/// An anchor that none of these headings has.
fn anchor(label: &str, taken: &[Heading]) -> String {
    let letters: String = label.chars().map(|one| if one.is_ascii_alphanumeric() { one.to_ascii_lowercase() } else { '-' }).collect();
    let plain = format!("about-{}", letters.trim_matches('-'));
    let is_taken = |anchor: &String| taken.iter().any(|heading| heading.anchor == *anchor);
    let numbered = (2..).map(|number| format!("{plain}-{number}"));
    std::iter::once(plain.clone()).chain(numbered).find(|anchor| !is_taken(anchor)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_text_and_links_lead_nowhere_strange() {
        let shown =
            paragraphs("<script>alert(1)</script>\n\na <b onclick=x>b</b> `<i>` [x](javascript:alert(1)) [y](//evil.example) [z](/v1)");
        assert!(!shown.contains("<script") && !shown.contains("<b") && !shown.contains("<i>"), "{shown}");
        assert_eq!(shown.matches("<a ").count(), 1, "{shown}");
        assert!(shown.contains("<a href=\"/v1\">z</a>") && shown.contains("&lt;script&gt;"), "{shown}");
        assert!(!paragraphs("![x](https://evil.example/x.png)").contains("<img"));
    }

    #[test]
    fn headings_are_of_the_second_level_and_each_has_an_anchor_of_its_own() {
        let text = text("# Keys `a`\n\nb\n\n#### Keys a\n");
        let anchors: Vec<&str> = text.headings.iter().map(|heading| heading.anchor.as_str()).collect();
        assert_eq!(anchors, ["about-keys-a", "about-keys-a-2"]);
        assert!(text.html.contains("<h2 id=\"about-keys-a-2\">Keys a</h2>") && !text.html.contains("<h4"), "{}", text.html);
    }

    #[test]
    fn plain_text_stays_text() {
        assert_eq!(escaped("<b>\"&amp;\""), "&lt;b&gt;\"&amp;amp;\"");
    }

    #[test]
    fn a_line_is_no_paragraph() {
        assert_eq!(line("One of `a` & b.").trim(), "One of <code>a</code> &amp; b.");
    }
}
