//! Whether a person meant the request.
//!
//! Asked in this order; the first that fits decides:
//!
//! | intent | when |
//! |---|---|
//! | background | the filter says so itself (Smoothwall's log levels 1 and 2) |
//! | background | the host works behind pages (`site/background.rs`) or the path is a suggestion or a beacon (`site/engines.csv`) |
//! | background | the name is one that only machines ask for: a service (`_ldap._tcp…`) or a reverse look-up (`….arpa`) |
//! | search | the URL holds search terms |
//! | background | method `OPTIONS` or `HEAD`: browsers send them unasked |
//! | background | status 204: a beacon; nothing was shown |
//! | background | the reply is an image, a style sheet, a script, a font, a certificate list; or, where the line says no type or an error page stood in, the path ends like one |
//! | download | the line names a file, or the type or the end of the path is that of a document, an archive, a program |
//! | page | anything else |
//!
//! Background is never read by a rule that accuses someone, so what cannot be told apart is a page.

use super::site::Place;
use crate::text;
use trustwatch_model::{Event, Intent};

pub(super) fn of(event: &Event<'_>, place: Place) -> Intent {
    let unasked_name = event.url_domain.is_some_and(|host| host.starts_with('_') || host.ends_with(".arpa"));
    if matches!(place, Place::Background) || unasked_name {
        return Intent::Background;
    }
    if event.search_terms.is_some() {
        return Intent::Search;
    }
    if matches!(event.http_method, Some("OPTIONS" | "HEAD")) || event.http_status == Some(204) {
        return Intent::Background;
    }
    let by_type = event.content_type.map_or(Kind::Unknown, kind_of_type);
    let by_name = event.url_path.and_then(extension).map_or(Kind::Unknown, kind_of_extension);
    match (by_type, by_name) {
        (Kind::Part, _) | (Kind::Unknown | Kind::Text, Kind::Part) => Intent::Background,
        (Kind::File, _) | (Kind::Unknown | Kind::Bytes, Kind::File) => Intent::Download,
        _ if event.file_name.is_some_and(names_a_file) => Intent::Download,
        _ => Intent::Page,
    }
}

/// What a media type or a file extension says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of a page.
    Part,
    /// Something to keep.
    File,
    /// A page, or an error page in place of something else.
    Text,
    /// Bytes of an unstated kind.
    Bytes,
    Unknown,
}

fn kind_of_type(media_type: &str) -> Kind {
    let essence = text::cut(media_type, b';').map_or(media_type, |(essence, _)| essence).trim_ascii();
    let (kind, subtype) = text::cut(essence, b'/').unwrap_or((essence, ""));
    let is = |word: &str| kind.eq_ignore_ascii_case(word);
    if is("image") || is("font") {
        return Kind::Part;
    }
    let one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(subtype));
    if is("text") {
        return if one_of(&["css", "javascript", "x-javascript", "ecmascript"]) {
            Kind::Part
        } else {
            Kind::Text
        };
    }
    if !is("application") {
        return Kind::Unknown;
    }
    if one_of(&PART_TYPES) {
        Kind::Part
    } else if one_of(&FILE_TYPES)
        || starts_with(subtype, "vnd.openxmlformats")
        || starts_with(subtype, "vnd.oasis")
    {
        Kind::File
    } else if one_of(&["octet-stream", "force-download", "x-download", "binary"]) {
        Kind::Bytes
    } else {
        Kind::Unknown
    }
}

fn starts_with(text: &str, prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

const PART_TYPES: [&str; 14] = [
    "javascript",
    "x-javascript",
    "ecmascript",
    "font-woff",
    "font-woff2",
    "x-font-woff",
    "x-font-ttf",
    "x-font-opentype",
    "vnd.ms-fontobject",
    "ocsp-response",
    "pkix-crl",
    "pkix-cert",
    "x-x509-ca-cert",
    "wasm",
];

const FILE_TYPES: [&str; 24] = [
    "pdf",
    "zip",
    "x-zip-compressed",
    "x-7z-compressed",
    "x-rar-compressed",
    "vnd.rar",
    "gzip",
    "x-gzip",
    "x-tar",
    "x-bzip2",
    "x-xz",
    "x-msdownload",
    "x-msdos-program",
    "x-dosexec",
    "x-executable",
    "x-msi",
    "x-apple-diskimage",
    "vnd.android.package-archive",
    "java-archive",
    "x-bittorrent",
    "x-iso9660-image",
    "msword",
    "vnd.ms-excel",
    "vnd.ms-powerpoint",
];

/// The extension of the path's last segment: at most eight letters or digits, in lower case, packed.
fn extension(path: &str) -> Option<[u8; 8]> {
    let bytes = path.as_bytes();
    let mut packed = [0; 8];
    let start = bytes.len().saturating_sub(packed.len() + 1);
    let tail = bytes.get(start..)?;
    let dot = tail.iter().rposition(|byte| *byte == b'.')?;
    let letters = tail.get(dot + 1..)?;
    if letters.is_empty() || !letters.iter().all(u8::is_ascii_alphanumeric) {
        return None;
    }
    for (to, from) in packed.iter_mut().zip(letters) {
        *to = from.to_ascii_lowercase();
    }
    Some(packed)
}

fn kind_of_extension(packed: [u8; 8]) -> Kind {
    let end = packed.iter().position(|byte| *byte == 0).unwrap_or(packed.len());
    match packed.get(..end).unwrap_or_default() {
        b"css" | b"js" | b"mjs" | b"map" | b"png" | b"gif" | b"jpg" | b"jpeg" | b"webp" | b"avif"
        | b"svg" | b"ico" | b"bmp" | b"woff" | b"woff2" | b"ttf" | b"otf" | b"eot" | b"cur" | b"m3u8"
        | b"m4s" | b"ts" | b"mpd" | b"crl" | b"wasm" => Kind::Part,
        b"zip" | b"7z" | b"rar" | b"gz" | b"tgz" | b"tar" | b"bz2" | b"xz" | b"iso" | b"dmg" | b"pkg"
        | b"exe" | b"msi" | b"apk" | b"ipa" | b"jar" | b"bat" | b"cmd" | b"ps1" | b"scr" | b"vbs"
        | b"torrent" | b"cab" | b"deb" | b"rpm" | b"appx" | b"crx" | b"pdf" | b"doc" | b"docx" | b"docm"
        | b"xls" | b"xlsx" | b"xlsm" | b"ppt" | b"pptx" | b"odt" | b"ods" | b"odp" | b"epub" | b"mobi"
        | b"mp3" | b"mp4" | b"mkv" | b"avi" | b"mov" | b"wmv" | b"flac" | b"wav" => Kind::File,
        _ => Kind::Unknown,
    }
}

/// Whether a column for file names holds one that is kept, rather than a part of a page (`the.js`).
fn names_a_file(name: &str) -> bool {
    extension(name).map(kind_of_extension) == Some(Kind::File)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intent_follows_its_table() {
        let check = |path: &str, media_type: Option<&'static str>, want: Intent| {
            let event = Event { url_path: Some(path), content_type: media_type, ..Event::at(0) };
            assert_eq!(of(&event, Place::Elsewhere), want, "{path} {media_type:?}");
        };
        check("/", Some("text/html"), Intent::Page);
        check("/", None, Intent::Page);
        check("/logo", Some("image/png"), Intent::Background);
        check("/app", Some("application/javascript; charset=utf-8"), Intent::Background);
        check("/style.css", None, Intent::Background);
        check("/PHOTO.JPG", Some("text/html"), Intent::Background);
        check("/f/report.pdf", None, Intent::Download);
        check("/f", Some("application/zip"), Intent::Download);
        check("/setup.exe", Some("application/octet-stream"), Intent::Download);
        check("/collect", Some("application/octet-stream"), Intent::Page);
        check("/viewer.pdf", Some("text/html"), Intent::Page);
        check("/a.b/c", None, Intent::Page);
        check("/name.longextension", None, Intent::Page);
        check("/name.torrent", None, Intent::Download);
        check("/name.js\0x", None, Intent::Page);
        check("/f", Some("application/vnd.oasis.opendocument.text"), Intent::Download);
        check(
            "/f",
            Some("application/VND.openxmlformats-officedocument.wordprocessingml.document"),
            Intent::Download,
        );
        check("/.", None, Intent::Page);
    }

    #[test]
    fn what_a_browser_sends_unasked_is_background() {
        let check = |method: Option<&'static str>, status: Option<u16>, want: Intent| {
            let event = Event { http_method: method, http_status: status, ..Event::at(0) };
            assert_eq!(of(&event, Place::Elsewhere), want);
        };
        check(Some("OPTIONS"), Some(200), Intent::Background);
        check(Some("POST"), Some(204), Intent::Background);
        check(Some("GET"), Some(200), Intent::Page);
    }

    #[test]
    fn names_that_only_machines_ask_for_are_background() {
        for host in ["_ldap._tcp.example.sch.uk", "4.3.2.1.in-addr.arpa"] {
            assert_eq!(
                of(&Event { url_domain: Some(host), ..Event::at(0) }, Place::Elsewhere),
                Intent::Background
            );
        }
    }

    #[test]
    fn a_named_file_is_a_download_unless_it_is_part_of_a_page() {
        let check = |name: &'static str, want: Intent| {
            let event = Event { file_name: Some(name), ..Event::at(0) };
            assert_eq!(of(&event, Place::Elsewhere), want, "{name}");
        };
        check("homework.docx", Intent::Download);
        check("the.js", Intent::Page);
        check("Counter", Intent::Page);
    }
}
