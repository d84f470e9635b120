//! One version of one raw object to events, rejects and its manifest.

use crate::account::{AccountError, Rules, Sink, account};
use crate::arrival::{Arrival, SourcePins, Versions, pins_now, versions_around};
use crate::bridge;
use crate::commit::{Committed, Context, utc_day};
use crate::due::{again_due, tail_due};
use crate::grow::{Shared, SharedError, shared_lines};
use crate::notification::Notified;
use crate::step::{At, Cause, StepError};
use crate::tail::{delivered_before, is_final_before, settle_when_final};
use std::collections::BTreeMap;
use tokio::sync::mpsc;
use trustwatch_formats::{LineReader, ParseContext, RawLine, ReadError};
use trustwatch_lake::{
    EventWriter, FeedPin, LakeError, Manifest, Object, Outcome, Part, PartLimits, Pins, RejectFile,
    RejectWriter, Stage,
};
use trustwatch_model::{Counts, Event, HeldLine, ObjectVersion, QuarantineReason, RejectReason, Window};
use trustwatch_store::Claim;

/// How an arrival ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Done {
    /// Committed by this call or by another worker meanwhile.
    Committed(Box<Committed>),
    /// It was finished before, and its held line is now settled.
    Settled,
    /// It was finished before.
    Before,
    /// The version is no longer there: somebody deleted it, and its certificate says so.
    Gone,
}

/// Does what is left to be done for one version of a raw object, once, whoever else is told to do the same: it is
/// normalised, and when that is long done and its last line was held, the line is settled.
///
/// # Errors
/// [`StepError`] says whether to give the message back. After an error nothing half-done can be seen by readers,
/// and the next call goes on from the same pinned inputs.
pub async fn normalise(context: &Context, arrival: &Arrival) -> Result<Done, StepError> {
    let (stage, source_id) = (Stage::Normalise, arrival.source_id());
    let id = source_id.as_str();
    let Some(versions) = versions_around(context, arrival).await.at("list versions", id)? else {
        context.store.settle_due(&source_id, stage.table_key()).await.at("forget source", id)?;
        return Ok(Done::Gone);
    };
    let source = pins_now(context, &versions.this).await?;
    // Looked for before the claim: one that is found although nobody claimed the source is older than its ledger row.
    let before = context.find_manifest(stage, &versions.this).await?;
    // It was worked on from the pins that it names, whatever the settings are now.
    let pins = before.as_ref().map_or_else(|| source.pins.clone(), |manifest| manifest.pins.clone());
    let source = SourcePins::new(&versions.this, pins);
    let again = again_due(&Notified::from(&versions.this), context.now_ms()).at("write message", id)?;
    let (source, attempt, counted) =
        match context.claim(stage, &source, before.is_some(), Some(&again)).await? {
            Claim::Done { is_due: true } => return settle_when_final(context, arrival, &versions).await,
            Claim::Done { is_due: false } => return Ok(Done::Before),
            Claim::Busy { until_ms } => return Err(StepError::new("claim", id, Cause::Busy { until_ms })),
            Claim::Mine { pins, attempt, counted } => {
                (SourcePins::pinned(&versions.this, &pins)?, attempt, counted)
            }
        };
    // The first claim of all need not look again; for a later one somebody may have committed meanwhile.
    let earlier = if attempt == 1 { before } else { context.find_manifest(stage, &versions.this).await? };
    let committed = match earlier {
        Some(manifest) => Committed { manifest, ours: false },
        None => {
            let manifest = write_source(context, &source, &versions).await?;
            context.commit(&source, manifest).await?
        }
    };
    let due = tail_due(&committed.manifest).at("note the held line", id)?;
    context.finish(&source, &committed.manifest, due.as_ref(), counted).await?;
    Ok(Done::Committed(Box::new(committed)))
}

/// Writes the parts of a source and returns the manifest that will make them visible.
async fn write_source(
    context: &Context,
    source: &SourcePins,
    versions: &Versions,
) -> Result<Manifest, StepError> {
    let quarantine = |reason| {
        context.empty_manifest(Stage::Normalise, source, &versions.this, Outcome::Quarantined { reason })
    };
    let feed = match &source.pins.feed {
        Ok(feed) => feed,
        Err(reason) => return Ok(quarantine(reason.clone())),
    };
    let repeats = match repeats(context, source, feed, versions).await? {
        Ok(repeats) => repeats,
        Err(reason) => return Ok(quarantine(reason)),
    };
    let rules = Rules { repeat_lines: repeats.lines, hold_last: true, only_line: None };
    let written = match write_lines(context, source, feed, &versions.this, rules).await? {
        Ok(written) => written,
        Err(reason) => return Ok(quarantine(reason)),
    };
    let manifest = context.empty_manifest(Stage::Normalise, source, &versions.this, Outcome::Complete);
    Ok(Manifest { repeats: repeats.of, ..written.into_manifest(manifest) })
}

/// The lines that the preceding version delivered.
#[derive(Debug, Default)]
struct Repeats {
    lines: u64,
    of: Option<String>,
}

/// Looks for the nearest older version that was not set aside, and compares.
async fn repeats(
    context: &Context,
    source: &SourcePins,
    feed: &FeedPin,
    versions: &Versions,
) -> Result<Result<Repeats, QuarantineReason>, StepError> {
    let id = source.source_id.as_str();
    for (place, older) in versions.older.iter().enumerate() {
        if !is_routed(context, older, feed).await? {
            continue;
        }
        let shared = match compare(context, older, &versions.this, id).await? {
            Ok(shared) => shared,
            Err(SharedError::Older(_)) => continue,
            Err(SharedError::Newer(error)) => {
                return quarantine_reason(error).at("compare versions", id).map(Err);
            }
        };
        // What the older version broke off with may have been delivered as it stood, by it or by one before it.
        let rest = versions.older.get(place + 1..).unwrap_or_default();
        let delivered = shared.tail_ended
            && (is_final_before(older, &versions.this)
                || delivered_before(context, older, rest, feed, id).await?.is_some());
        let lines = shared.lines + u64::from(delivered);
        let of = (lines > 0).then(|| older.version_id.clone());
        return Ok(Ok(Repeats { lines, of }));
    }
    Ok(Ok(Repeats::default()))
}

/// Whether a version is read at all. A version that nobody has claimed yet is pinned to the same settings here,
/// so that its lines are delivered by it and not lost between the two.
pub(crate) async fn is_routed(
    context: &Context,
    version: &ObjectVersion,
    feed: &FeedPin,
) -> Result<bool, StepError> {
    // Its manifest says whether it was set aside, also when the ledger has forgotten it.
    if let Some(manifest) = context.find_manifest(Stage::Normalise, version).await? {
        return Ok(manifest.is_complete());
    }
    let pins = Pins { arrived_at: version.arrived_at, feed: Ok(feed.clone()) };
    let now = SourcePins::new(version, pins);
    let pins = context.store.pin(&now.source_id, Stage::Normalise.table_key(), &now.to_json()?).await;
    let pins = pins.at("pin version", now.source_id.as_str())?;
    Ok(SourcePins::pinned(version, &pins)?.pins.feed.is_ok())
}

/// Compares two versions of a key.
pub(crate) async fn compare(
    context: &Context,
    older: &ObjectVersion,
    newer: &ObjectVersion,
    id: &str,
) -> Result<Result<Shared, SharedError>, StepError> {
    let (older, newer) = (open(context, older, id).await?, open(context, newer, id).await?);
    let compared = tokio::task::spawn_blocking(move || {
        shared_lines(&mut LineReader::new(older), &mut LineReader::new(newer))
    });
    match compared.await.map_err(|_| Cause::Worker).at("compare versions", id)? {
        Err(SharedError::Older(ReadError::Io(error)) | SharedError::Newer(ReadError::Io(error))) => {
            Err(StepError::new("compare versions", id, Cause::Body(error)))
        }
        compared => Ok(compared),
    }
}

async fn open(context: &Context, version: &ObjectVersion, id: &str) -> Result<bridge::BodyReader, StepError> {
    let body = context.store.open_raw(version).await.at("open object", id)?;
    let gone = || Cause::Body(std::io::Error::from(std::io::ErrorKind::NotFound));
    Ok(bridge::reader(body.ok_or_else(gone).at("open object", id)?))
}

/// What the lines of an object came to.
#[derive(Debug, Default)]
pub(crate) struct Written {
    counts: Counts,
    held: Option<HeldLine>,
    parts: Vec<trustwatch_lake::PartRef>,
    rejects: Vec<trustwatch_lake::RejectsRef>,
    rejects_by_reason: BTreeMap<RejectReason, u64>,
}

impl Written {
    pub(crate) fn into_manifest(self, empty: Manifest) -> Manifest {
        Manifest {
            counts: self.counts,
            held: self.held,
            parts: self.parts,
            rejects: self.rejects,
            rejects_by_reason: self.rejects_by_reason,
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

/// Files of one object. Lines that jump between more days than may be open at once make a file each; a log does not.
const FILES_MAX: usize = 1_000;

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
    let body = open(context, version, id).await?;
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
        if parts.len() + rejects.len() == FILES_MAX {
            // The worker finds its channel closed and ends; what was put is named by no manifest.
            return Ok(Err(QuarantineReason::Scattered { files: FILES_MAX as u64 }));
        }
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
        Err(AccountError::Sink(error)) => return Err(StepError::new("write parts", id, error)),
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

fn quarantine_reason(error: ReadError) -> Result<QuarantineReason, Cause> {
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
    ) -> Result<Written, AccountError<LakeError>> {
        let settings = &self.feed.settings;
        let format = trustwatch_formats::find(&settings.format).ok_or(LakeError::Column("format"));
        let format = format.map_err(AccountError::Sink)?;
        let zone = jiff::tz::TimeZone::get(&settings.zone).unwrap_or(jiff::tz::TimeZone::UTC);
        let window = Window::around(self.arrived_at, settings.horizon_days);
        let mut parser = format.parser(&ParseContext {
            zone,
            window,
            key: &self.key,
            arrived_at: self.arrived_at,
            reading: &settings.reading,
        });
        let mut sink = PartSink {
            events: EventWriter::new(self.object.clone(), self.parts),
            rejects: RejectWriter::new(
                self.object.school.clone(),
                self.object.source_id.clone(),
                utc_day(self.arrived_at),
            ),
            by_reason: BTreeMap::new(),
            send,
        };
        let mut lines = LineReader::new(body);
        let (counts, held) = account(&mut lines, parser.as_mut(), self.rules, &mut sink)?;
        let PartSink { events, rejects, by_reason, send } = sink;
        for part in events.finish().map_err(AccountError::Sink)? {
            deliver(send, Output::Part(Box::new(part))).map_err(AccountError::Sink)?;
        }
        for file in rejects.finish().map_err(AccountError::Sink)? {
            deliver(send, Output::Rejects(file)).map_err(AccountError::Sink)?;
        }
        Ok(Written { counts, held, rejects_by_reason: by_reason, ..Written::default() })
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
    send: &'s mpsc::Sender<Output>,
}

impl Sink for PartSink<'_> {
    type Error = LakeError;

    fn event(&mut self, event: &Event<'_>) -> Result<(), LakeError> {
        self.events.push(event)?;
        for part in self.events.take_finished() {
            deliver(self.send, Output::Part(Box::new(part)))?;
        }
        Ok(())
    }

    fn reject(&mut self, line: &RawLine<'_>, reason: RejectReason) -> Result<(), LakeError> {
        *self.by_reason.entry(reason).or_default() += 1;
        self.rejects.push(line.number, reason, line.bytes, line.whole_bytes)?;
        for file in self.rejects.take_finished() {
            deliver(self.send, Output::Rejects(file))?;
        }
        Ok(())
    }
}
