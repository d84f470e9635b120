//! The lines of one version, read by a thread of their own: to parts and rejects, or only to see whether they can be.

use crate::account::{AccountError, Rules, Sink, account};
use crate::arrival::SourcePins;
use crate::bridge;
use crate::commit::{Context, utc_day};
use crate::reread::reread;
use crate::step::{At, Cause, StepError};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use trustwatch_formats::{HeaderSearch, LineParser, LineReader, ParseContext, RawLine, ReadError};
use trustwatch_lake::{
    EventWriter, FeedPin, LakeError, Manifest, Object, Part, PartLimits, RejectFile, RejectWriter,
};
use trustwatch_model::{Counts, Event, HeldLine, ObjectVersion, QuarantineReason, RejectReason, Window};

/// What the lines of an object came to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    counts: Counts,
    pub(crate) held: Option<HeldLine>,
    parts: Vec<trustwatch_lake::PartRef>,
    rejects: Vec<trustwatch_lake::RejectsRef>,
    rejects_by_reason: BTreeMap<RejectReason, u64>,
    unknown_header: Option<String>,
}

impl Written {
    pub(crate) fn into_manifest(self, empty: Manifest) -> Manifest {
        Manifest {
            counts: self.counts,
            held: self.held,
            parts: self.parts,
            rejects: self.rejects,
            rejects_by_reason: self.rejects_by_reason,
            unknown_header: self.unknown_header,
            ..empty
        }
    }
}

enum Output {
    Part(Box<Part>),
    Rejects(RejectFile),
}

/// Finished files that wait to be put. One is being put, one waits, one is being written.
const FILES_WAITING: usize = 1;

/// Reads the lines of a version and puts its parts and rejects. The outer error is ours or passing; the inner one
/// is the object's own.
pub(crate) async fn write_lines(
    context: &Context,
    source: &SourcePins,
    feed: &FeedPin,
    version: &ObjectVersion,
    rules: Rules,
) -> Result<Result<Written, QuarantineReason>, StepError> {
    let id = source.source_id.as_str();
    let (body, _fetch) = open(context, version, id).await?;
    let (send, mut finished) = mpsc::channel(FILES_WAITING);
    let job = Job {
        object: Object { school: source.school.clone(), feed: source.feed.clone(), source_id: id.to_owned() },
        feed: feed.clone(),
        key: version.key.clone(),
        arrived_at: source.pins.arrived_at,
        parts: context.limits.parts,
        rules,
    };
    let worker = tokio::task::spawn_blocking(move || job.run(body, &send));
    let (mut parts, mut rejects) = (Vec::new(), Vec::new());
    while let Some(output) = finished.recv().await {
        match output {
            Output::Part(part) => {
                parts.push(part.entry.clone());
                context.put_part(*part).await.at("put part", id)?;
            }
            Output::Rejects(file) => {
                rejects.push(file.entry.clone());
                context.put_rejects(file).await.at("put rejects", id)?;
            }
        }
    }
    let written = match worker.await.map_err(|_| Cause::Worker).at("read lines", id)? {
        Ok(written) => written,
        Err(AccountError::Sink(Stop::Lake(error))) => return Err(StepError::new("write parts", id, error)),
        // What was put is named by no manifest.
        Err(AccountError::Sink(Stop::Scattered)) => return Ok(Err(SCATTERED)),
        Err(AccountError::Read(error)) => return quarantine_reason(error).at("read lines", id).map(Err),
    };
    // Counted when written, counted again from what was finished.
    let rows: u64 = parts.iter().map(|part| part.rows).sum();
    let lines: u64 = rejects.iter().map(|file| file.lines).sum();
    if rows != written.counts.events || lines != written.counts.rejects {
        let what = format!("{rows} rows and {lines} rejects were written for {:?}", written.counts);
        return Err(StepError::new("read lines", id, Cause::Unbalanced(what)));
    }
    Ok(Ok(Written { parts, rejects, ..written }))
}

pub(crate) fn quarantine_reason(error: ReadError) -> Result<QuarantineReason, Cause> {
    match error {
        ReadError::Io(error) => Err(Cause::Body(error)),
        ReadError::Damaged { detail, lines_read } => Ok(QuarantineReason::Damaged { detail, lines_read }),
        ReadError::Expansion { compressed_bytes, expanded_bytes } => {
            Ok(QuarantineReason::Expansion { compressed_bytes, expanded_bytes })
        }
    }
}

/// What the thread that decompresses, parses and encodes needs.
struct Job {
    object: Object,
    feed: FeedPin,
    key: String,
    arrived_at: i64,
    parts: PartLimits,
    rules: Rules,
}

impl Job {
    fn run(
        self,
        body: bridge::BodyReader,
        send: &mpsc::Sender<Output>,
    ) -> Result<Written, AccountError<Stop>> {
        let parser = parser(&self.feed, &self.key, self.arrived_at);
        let mut parser = parser.map_err(|error| AccountError::Sink(Stop::Lake(error)))?;
        let mut sink = PartSink {
            events: EventWriter::new(self.object.clone(), self.parts),
            rejects: RejectWriter::new(
                self.object.school.clone(),
                self.object.source_id.clone(),
                utc_day(self.arrived_at),
            ),
            by_reason: BTreeMap::new(),
            header: HeaderSearch::new(Some(&self.feed.settings.format), &self.feed.settings.reading),
            days: DayChanges::default(),
            send,
        };
        let mut lines = LineReader::new(body);
        let (counts, held) = account(&mut lines, parser.as_mut(), self.rules, &mut sink)?;
        let PartSink { events, rejects, by_reason, header, send, .. } = sink;
        let lake = |error: LakeError| AccountError::Sink(Stop::Lake(error));
        for part in events.finish().map_err(lake)? {
            deliver(send, Output::Part(Box::new(part))).map_err(lake)?;
        }
        for file in rejects.finish().map_err(lake)? {
            deliver(send, Output::Rejects(file)).map_err(lake)?;
        }
        let unknown_header = header.found().map(|header| header.to_string());
        Ok(Written { counts, held, rejects_by_reason: by_reason, unknown_header, ..Written::default() })
    }
}

pub(crate) fn parser(feed: &FeedPin, key: &str, arrived_at: i64) -> Result<Box<dyn LineParser>, LakeError> {
    let format = trustwatch_formats::find(&feed.settings.format).ok_or(LakeError::Column("format"))?;
    let zone = jiff::tz::TimeZone::get(&feed.settings.zone).unwrap_or(jiff::tz::TimeZone::UTC);
    let window = Window::around(arrived_at, feed.settings.horizon_days);
    Ok(format.parser(&ParseContext { zone, window, key, arrived_at, reading: &feed.settings.reading }))
}

/// Why the lines are read no further.
#[derive(Debug)]
enum Stop {
    Lake(LakeError),
    Scattered,
}

impl From<LakeError> for Stop {
    fn from(error: LakeError) -> Self {
        Self::Lake(error)
    }
}

/// Why a version is set aside that can be read from its settings, from its bytes alone: whoever asks, before or after
/// it was worked on, gets the same answer. `None` when it is not.
pub(crate) async fn fault_of(
    context: &Context,
    pins: &SourcePins,
    feed: &FeedPin,
    version: &ObjectVersion,
) -> Result<Option<QuarantineReason>, StepError> {
    let id = pins.source_id.as_str();
    match reread(context, version, (&pins.pins, feed), Rules::default(), DayChanges::default(), id).await? {
        Ok(_) => Ok(None),
        Err(AccountError::Sink(Scattered)) => Ok(Some(SCATTERED)),
        Err(AccountError::Read(error)) => quarantine_reason(error).at("read version", id).map(Some),
    }
}

/// Days between which lines may go to and fro: as many as [`PartLimits`] has open at once.
const DAYS_AT_ONCE: usize = 3;
/// Changes to another day than those. Each makes a file; a log does not make so many.
const DAY_CHANGES_MAX: u64 = 1_000;
const SCATTERED: QuarantineReason = QuarantineReason::Scattered { files: DAY_CHANGES_MAX };

/// There were more changes.
#[derive(Debug)]
struct Scattered;

impl From<Scattered> for Stop {
    fn from(_: Scattered) -> Self {
        Self::Scattered
    }
}

/// Counts how often the complete lines of an object go to a day that is not one of the last three. This depends on
/// the object alone, and not on which of its lines are delivered here, nor on how parts are cut.
#[derive(Debug, Default)]
struct DayChanges {
    /// The last one first.
    recent: [Option<i64>; DAYS_AT_ONCE],
    changes: u64,
}

impl DayChanges {
    fn visit(&mut self, event_at: i64) -> Result<(), Scattered> {
        const DAY_US: i64 = 86_400_000_000;
        let day = Some(event_at.div_euclid(DAY_US));
        let place = self.recent.iter().position(|recent| *recent == day);
        self.changes += u64::from(place.is_none());
        if let Some(moved) = self.recent.get_mut(..=place.unwrap_or(DAYS_AT_ONCE - 1)) {
            moved.rotate_right(1);
        }
        if let Some(first) = self.recent.first_mut() {
            *first = day;
        }
        if self.changes > DAY_CHANGES_MAX { Err(Scattered) } else { Ok(()) }
    }
}

impl Sink for DayChanges {
    type Error = Scattered;

    fn event(&mut self, _: &Event<'_>) -> Result<(), Scattered> {
        Ok(())
    }

    fn reject(&mut self, _: &RawLine<'_>, _: RejectReason) -> Result<(), Scattered> {
        Ok(())
    }

    fn passes(&mut self, event_at: i64) -> Result<(), Scattered> {
        self.visit(event_at)
    }
}

/// Hands a finished file on. A receiver that is gone has failed or seen enough: the rest of the work is in vain.
fn deliver(send: &mpsc::Sender<Output>, output: Output) -> Result<(), LakeError> {
    send.blocking_send(output).map_err(|_| LakeError::Abandoned)
}

struct PartSink<'s> {
    events: EventWriter,
    rejects: RejectWriter,
    by_reason: BTreeMap<RejectReason, u64>,
    header: HeaderSearch,
    days: DayChanges,
    send: &'s mpsc::Sender<Output>,
}

impl Sink for PartSink<'_> {
    type Error = Stop;

    fn event(&mut self, event: &Event<'_>) -> Result<(), Stop> {
        self.events.push(event)?;
        for part in self.events.take_finished() {
            deliver(self.send, Output::Part(Box::new(part)))?;
        }
        Ok(())
    }

    fn reject(&mut self, line: &RawLine<'_>, reason: RejectReason) -> Result<(), Stop> {
        *self.by_reason.entry(reason).or_default() += 1;
        if reason == RejectReason::NoHeader {
            self.header.look(line.bytes);
        }
        self.rejects.push(line.number, reason, line.bytes, line.whole_bytes)?;
        for file in self.rejects.take_finished() {
            deliver(self.send, Output::Rejects(file))?;
        }
        Ok(())
    }

    fn passes(&mut self, event_at: i64) -> Result<(), Stop> {
        Ok(self.days.visit(event_at)?)
    }
}

/// Opens a version for a reading thread. The thread ends when the second value is dropped.
pub(crate) async fn open(
    context: &Context,
    version: &ObjectVersion,
    id: &str,
) -> Result<(bridge::BodyReader, bridge::Fetch), StepError> {
    let body = context.store.open_raw(version).await.at("open object", id)?;
    let gone = || Cause::Body(std::io::Error::from(std::io::ErrorKind::NotFound));
    Ok(bridge::reader(body.ok_or_else(gone).at("open object", id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn going_to_and_fro_between_three_days_is_no_change() {
        const DAY_US: i64 = 86_400_000_000;
        let changes = |days: &[i64]| {
            let mut counted = DayChanges::default();
            days.iter().for_each(|day| counted.visit(day * DAY_US - 1).unwrap());
            counted.changes
        };
        assert_eq!(changes(&[]), 0);
        assert_eq!(changes(&[1, 2, 3, 2, 1, 3, 3, 1]), 3);
        // The one that was not visited for longest is closed.
        assert_eq!(changes(&[1, 2, 3, 1, 4, 1, 3, 2]), 5);
        assert_eq!(changes(&[0, -1, 0]), 2);
    }
}
