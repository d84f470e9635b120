//! The lines of a version read to learn of them, without writing any.

use crate::account::{AccountError, Rules, Sink, account};
use crate::commit::Context;
use crate::lines::{open, parser};
use crate::step::{At, Cause, StepError};
use std::convert::Infallible;
use trustwatch_formats::{LineReader, RawLine};
use trustwatch_lake::{FeedPin, LakeError, Pins};
use trustwatch_model::{Counts, Event, HeldLine, ObjectVersion, RejectReason};

/// What the lines of a version come to.
#[derive(Debug)]
pub(crate) struct Reread<S> {
    pub(crate) counts: Counts,
    pub(crate) held: Option<HeldLine>,
    /// What was learnt.
    pub(crate) sink: S,
    /// Whether the last line came with its newline.
    pub(crate) is_last_ended: bool,
}

/// Reads a version by the settings that it was pinned to, on a thread of its own. The inner error is the object's own,
/// or the sink's.
pub(crate) async fn reread<S>(
    context: &Context,
    version: &ObjectVersion,
    (pins, feed): (&Pins, &FeedPin),
    rules: Rules,
    mut sink: S,
    id: &str,
) -> Result<Result<Reread<S>, AccountError<S::Error>>, StepError>
where
    S: Sink + Send + 'static,
    S::Error: Send,
{
    let (body, _fetch) = open(context, version, id).await?;
    let (feed, key, arrived_at) = (feed.clone(), version.key.clone(), pins.arrived_at);
    let reading = tokio::task::spawn_blocking(move || {
        let mut parser = parser(&feed, &key, arrived_at)?;
        let mut lines = LineReader::new(body);
        let counted = account(&mut lines, parser.as_mut(), rules, &mut sink);
        let is_last_ended = lines.last_ended();
        Ok::<_, LakeError>(counted.map(|(counts, held)| Reread { counts, held, sink, is_last_ended }))
    });
    reading.await.map_err(|_| Cause::Worker).at("read version", id)?.at("read version", id)
}

/// The numbers of lines, in order.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// Of those that are events.
    pub(crate) events: Vec<u64>,
    /// Of those that are rejects.
    pub(crate) rejects: Vec<u64>,
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
