//! Takes off what a syslog collector put in front of a line.

/// The message behind `<134>`, an RFC 5424 header, an RFC 3164 header (`Nov 23 09:00:00 host `) or the RFC 3339 stamp
/// that rsyslog writes (`2026-11-23T09:00:00+00:00 host `). One header per kind at most; a line without one is
/// returned as it is. Nothing is read out of the header: its time is the collector's and not the device's.
pub(crate) fn strip(line: &str) -> &str {
    let text = strip_priority(line);
    if let Some(message) = text.strip_prefix("1 ").and_then(strip_rfc5424) {
        return message;
    }
    // Most lines come without a header: their first letter says so.
    let stripped = match text.as_bytes().first() {
        Some(b'A'..=b'Z') => strip_rfc3164(text),
        Some(b'0'..=b'9') => strip_rfc3339(text),
        _ => None,
    };
    stripped.map_or(text, strip_priority)
}

fn strip_priority(text: &str) -> &str {
    let inner = text.strip_prefix('<').and_then(|text| text.split_once('>'));
    match inner {
        Some((number, rest))
            if (1..=3).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            rest.trim_ascii_start()
        }
        _ => text,
    }
}

/// Behind the version: time, host, application, process, message id, structured data.
fn strip_rfc5424(text: &str) -> Option<&str> {
    let mut rest = text;
    for _ in 0..5 {
        rest = rest.split_once(' ')?.1;
    }
    if let Some(message) = rest.strip_prefix('-') {
        return Some(message.trim_ascii_start());
    }
    while let Some(element) = rest.strip_prefix('[') {
        rest = element.split_once(']')?.1;
    }
    Some(rest.trim_ascii_start())
}

fn strip_rfc3164(text: &str) -> Option<&str> {
    crate::time::month_number(text)?;
    let rest = text.get(3..)?.strip_prefix(' ')?.trim_ascii_start();
    let (day, rest) = rest.split_once(' ')?;
    // Some devices write the year between day and time.
    let (next, after) = rest.split_once(' ')?;
    let (time, rest) = if next.len() == 4 { after.split_once(' ')? } else { (next, after) };
    let shaped =
        day.parse::<u8>().is_ok() && time.len() >= 8 && time.bytes().filter(|b| *b == b':').count() == 2;
    let (_host, message) = rest.split_once(' ').filter(|_| shaped)?;
    Some(message.trim_ascii_start())
}

fn strip_rfc3339(text: &str) -> Option<&str> {
    let (stamp, rest) = text.split_once(' ')?;
    let (date, time) = stamp.split_once('T')?;
    let shaped = date.len() == 10
        && time.len() >= 8
        && stamp.bytes().all(|b| !b.is_ascii_alphabetic() || matches!(b, b'T' | b'Z'));
    let (_host, message) = rest.split_once(' ').filter(|_| shaped)?;
    Some(message.trim_ascii_start())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_off_and_messages_stay_whole() {
        let check = |line: &str, want: &str| assert_eq!(strip(line), want, "{line}");
        check("date=2026-11-23 time=09:00:00", "date=2026-11-23 time=09:00:00");
        check("<188>date=2026-11-23", "date=2026-11-23");
        check("<134>Nov 23 09:00:00 fw01 date=2026-11-23", "date=2026-11-23");
        check("Nov  3 09:00:00 fw01 date=2026-11-23", "date=2026-11-23");
        check("Nov 23 2026 09:00:00 fw01 date=2026-11-23", "date=2026-11-23");
        check("<134>1 2026-11-23T09:00:00Z fw01 - - - - date=2026-11-23", "date=2026-11-23");
        check("<134>1 2026-11-23T09:00:00Z fw01 a 1 m [x@1 k=\"v\"] date=2026-11-23", "date=2026-11-23");
        check("2026-11-23T09:00:00.1+00:00 fw01 <188>date=2026-11-23", "date=2026-11-23");
        check("<x>date=1", "<x>date=1");
        check("Nov 23", "Nov 23");
        for text in ["Nov third 09:00:00 fw01 a=1", "Nov 23 no-clock fw01 a=1", "2026-11-23T9:00 fw01 a=1"] {
            check(text, text);
        }
        check("<134>1 short", "1 short");
        check("", "");
    }
}
