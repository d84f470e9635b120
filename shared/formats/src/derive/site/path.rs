//! Paths of the table of engines.

/// Which paths a rule is for: whole segments from the start, in any letter case.
#[derive(Debug, Clone)]
pub(in crate::derive) enum Path {
    /// Segments as they stand; none fits every path.
    Plain(&'static str),
    /// Segments of which one is open.
    Open(Vec<Segment>),
}

/// One segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::derive) enum Segment {
    /// This text.
    Word(&'static str),
    /// One segment or more.
    Any,
    /// The term, between these texts.
    Term(&'static str, &'static str),
}

impl Path {
    /// Reads `/search`, `/api/*/search` or `/search/{term}-gifs`.
    pub(super) fn new(text: &'static str) -> Self {
        if !text.contains(['*', '{']) {
            return Self::Plain(text);
        }
        let segment = |word: &'static str| match word.split_once("{term}") {
            Some((before, behind)) => Segment::Term(before, behind),
            None if word == "*" => Segment::Any,
            None => Segment::Word(word),
        };
        Self::Open(text.split('/').skip(1).map(segment).collect())
    }

    /// How many segments there are: the more, the more exact.
    pub(super) fn segments(&self) -> usize {
        match self {
            Self::Plain(text) => text.matches('/').count(),
            Self::Open(segments) => segments.len(),
        }
    }

    /// Whether a path fits, and the term in it, or an empty text.
    pub(in crate::derive) fn fit<'p>(&self, path: &'p str) -> Option<&'p str> {
        match self {
            Self::Plain(text) => {
                let (head, rest) = path.split_at_checked(text.len())?;
                let whole = text.is_empty() || rest.is_empty() || rest.starts_with('/');
                (whole && head.eq_ignore_ascii_case(text)).then_some("")
            }
            Self::Open(segments) => fit(segments, path.strip_prefix('/')?, ""),
        }
    }
}

/// Fits segments to the rest of a path; `term` is what was found so far.
fn fit<'p>(segments: &[Segment], rest: &'p str, term: &'p str) -> Option<&'p str> {
    let Some((first, others)) = segments.split_first() else { return Some(term) };
    let (word, behind) = match rest.split_once('/') {
        Some((word, behind)) => (word, Some(behind)),
        None => (rest, None),
    };
    let go_on = |term| match behind {
        Some(behind) => fit(others, behind, term),
        None => others.is_empty().then_some(term),
    };
    match first {
        Segment::Word(text) if word.eq_ignore_ascii_case(text) => go_on(term),
        Segment::Word(_) => None,
        Segment::Term(before, after) => {
            let inner = word.strip_prefix(before)?.strip_suffix(after)?;
            if inner.is_empty() { None } else { go_on(inner) }
        }
        Segment::Any => {
            let mut rest = rest;
            while let Some((_, behind)) = rest.split_once('/') {
                if let Some(term) = fit(others, behind, term) {
                    return Some(term);
                }
                rest = behind;
            }
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_fits_by_whole_segments() {
        let check = |template: &'static str, path: &str, want: Option<&str>| {
            assert_eq!(Path::new(template).fit(path), want, "{template} {path}");
        };
        check("", "/anything", Some(""));
        check("/search", "/Search", Some(""));
        check("/search", "/search/x", Some(""));
        check("/search", "/searching", None);
        check("/search", "/", None);
        check("/*/search", "/en/gb/search/x", Some(""));
        check("/*/search", "/search", None);
        check("/api/*/messages/search", "/api/v9/guilds/1/messages/search", Some(""));
        check("/search/{term}", "/search/barn%20owls/page", Some("barn%20owls"));
        check("/search/{term}", "/search/", None);
        check("/search/{term}-gifs", "/search/owls-gifs", Some("owls"));
        check("/search/{term}-gifs", "/search/owls", None);
        check("/translation/*/{term}", "/translation/english-french/good/x", Some("good"));
    }
}
