//! The lines of a version read once more, to say of each what it is without writing any of them.

use crate::account::{AccountError, Rules, Sink, account};
use crate::commit::Context;
use crate::lines::{open, parser, quarantine_reason};
use crate::step::{At, Cause, StepError};
use std::convert::Infallible;
use trustwatch_formats::{LineReader, RawLine};
use trustwatch_lake::{FeedPin, LakeError, Pins};
use trustwatch_model::{Counts, Event, HeldLine, ObjectVersion, QuarantineReason, RejectReason};

/// What the lines of a version come to.
#[derive(Debug, Default)]
pub(crate) struct Reread {
    pub(crate) counts: Counts,
    pub(crate) held: Option<HeldLine>,
    /// Numbers of the lines that are events, in order.
    pub(crate) events: Vec<u64>,
    /// Numbers of the lines that are rejects, in order.
    pub(crate) rejects: Vec<u64>,
    /// Whether the last line came with its newline.
    pub(crate) is_last_ended: bool,
}

/// Reads a version by the settings that it was pinned to. The inner error is the object's own.
pub(crate) async fn reread(
    context: &Context,
    version: &ObjectVersion,
    (pins, feed): (&Pins, &FeedPin),
    rules: Rules,
    id: &str,
) -> Result<Result<Reread, QuarantineReason>, StepError> {
    let (body, _fetch) = open(context, version, id).await?;
    let (feed, key, arrived_at) = (feed.clone(), version.key.clone(), pins.arrived_at);
    let reading = tokio::task::spawn_blocking(move || {
        let mut parser = parser(&feed, &key, arrived_at)?;
        let (mut lines, mut numbers) = (LineReader::new(body), Numbers::default());
        let counted = account(&mut lines, parser.as_mut(), rules, &mut numbers);
        let Numbers { events, rejects } = numbers;
        Ok::<_, LakeError>(counted.map(|(counts, held)| Reread {
            counts,
            held,
            events,
            rejects,
            is_last_ended: lines.last_ended(),
        }))
    });
    let reading = reading.await.map_err(|_| Cause::Worker).at("read again", id)?;
    match reading.at("read again", id)? {
        Ok(reread) => Ok(Ok(reread)),
        Err(AccountError::Read(error)) => quarantine_reason(error).at("read again", id).map(Err),
        Err(AccountError::Sink(never)) => match never {},
    }
}

#[derive(Default)]
struct Numbers {
    events: Vec<u64>,
    rejects: Vec<u64>,
}

impl Sink for Numbers {
    type Error = Infallible;

    fn event(&mut self, event: &Event<'_>) -> Result<(), Infallible> {
        self.events.push(event.line);
        Ok(())
    }

    fn reject(&mut self, line: &RawLine<'_>, _: RejectReason) -> Result<(), Infallible> {
        self.rejects.push(line.number);
        Ok(())
    }
}
