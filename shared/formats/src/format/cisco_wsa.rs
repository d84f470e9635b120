//! Cisco Secure Web Appliance (WSA, formerly IronPort): access log.
//!
//! Squid's native layout, and behind it the decision tag and the scanning verdict (AsyncOS User Guide, "Access Log File"):
//! `epoch elapsed client RESULT/status size method URL user HIERARCHY/peer type DECISION-policy-identity-… <verdicts> …`.
//! Further words may stand before the tag. `Info: ` may stand in front of all.
//!
//! **Outcome.** The decision, not the status: `BLOCK_…` is a refusal with status 200 too. `TCP_DENIED/407` asks the user to
//! log in. **Category.** The full name where the verdicts hold it, otherwise the abbreviation.

use super::by_line::ByLine;
use crate::clock::Clock;
use crate::parser::{NoEvent, ReadLine};
use crate::read::csv::Cells;
use crate::read::words::Words;
use crate::read::wrap::Message;
use crate::row::{self, Field, Row, Rules};
use crate::text;
use bumpalo::Bump;
use trustwatch_model::{Event, RejectReason};

/// The format `cisco_wsa`.
pub(super) static CISCO_WSA: ByLine<WsaParser> = ByLine {
    id: "cisco_wsa",
    title: "Cisco Secure Web Appliance access log",
    reason: "Squid's layout with a decision tag and verdicts in angle brackets",
    parser: |clock| WsaParser { clock },
};

pub(super) struct WsaParser {
    clock: Clock,
}

impl ReadLine for WsaParser {
    fn read<'a>(
        &mut self,
        message: Message<'a>,
        event: &mut Event<'a>,
        arena: &'a Bump,
    ) -> Result<(), NoEvent> {
        let text = message.text.split_once("Info: ").map_or(message.text, |(_, line)| line);
        let mut row = Row::default();
        native(&mut row, text, arena).ok_or(RejectReason::Malformed)?;
        row::event(event, &row, Rules::default(), &mut self.clock, arena)
    }
}

fn native<'a>(row: &mut Row<'a>, text: &'a str, arena: &'a Bump) -> Option<()> {
    let mut words = Words::new(text);
    let mut next = || words.word();
    let (time, _elapsed, client, result, size) = (next()?, next()?, next()?, next()?, next()?);
    let (method, url, user, peer, media_type) = (next()?, next()?, next()?, next()?, next()?);
    let (_, status) = text::cut(result, b'/')?;
    let (_, peer) = text::cut(peer, b'/')?;
    let (tags, verdicts) = words.rest().split_once(" <")?;
    let tag = tags.rsplit(' ').next()?;
    let (decision, policies) = tag.split_once('-')?;
    let values = [
        (Field::Time, time),
        (Field::SourceIp, client),
        (Field::Status, status),
        (Field::BytesIn, size),
        (Field::Method, method),
        (Field::Url, url),
        (Field::User, user.trim_matches('"')),
        (Field::DestinationIp, peer),
        (Field::ContentType, media_type),
        (Field::Action, decision),
        (Field::Outcome, outcome(decision, result)),
        (Field::Rule, policies.split('-').next()?),
    ];
    values.into_iter().for_each(|(field, value)| row.set(field, value));
    read_verdicts(row, verdicts, arena);
    Some(())
}

/// The common word for a decision such as `BLOCK_WEBCAT_11` or `DEFAULT_CASE_12`.
fn outcome(decision: &str, result: &str) -> &'static str {
    if result.starts_with("TCP_DENIED/407") {
        "challenge"
    } else if decision.starts_with("BLOCK_CONTINUE") || decision.starts_with("WARN") {
        "warn"
    } else if decision.starts_with("BLOCK") || decision.starts_with("DROP") {
        "block"
    } else {
        "allow"
    }
}

/// Where the full name of the category stands among the verdicts.
const CATEGORY_NAME: usize = 22;

fn read_verdicts<'a>(row: &mut Row<'a>, verdicts: &'a str, arena: &'a Bump) {
    let verdicts = verdicts.split_once('>').map_or(verdicts, |(inside, _)| inside);
    let mut before = "";
    for (index, verdict) in Cells::new(verdicts, b',', arena).enumerate() {
        let named = text::present(verdict).filter(|verdict| *verdict != "Unknown" && *verdict != "nc");
        if let Some(name) = named.filter(|_| index == 0 || index == CATEGORY_NAME) {
            row.set(Field::Category, name);
        }
        // Behind the name of a scanned file stands its SHA-256.
        if verdict.len() == 64 && verdict.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            row.set(Field::FileName, before);
        }
        before = verdict;
    }
}
