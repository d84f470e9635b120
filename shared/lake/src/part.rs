//! Events to Parquet parts: one file per UTC day, named by its content.

use crate::columns::{Batch, ColumnSet, Object, schema};
use crate::groups::{BATCH_TEXT_BYTES_MAX, GroupWriter};
use crate::{LakeError, PartRef, SCHEMA_NUMBER, keys, sha256_hex};
use arrow_array::RecordBatch;
use jiff::civil::Date;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use std::io::Write;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use trustwatch_model::Event;

/// Bounds of the writer's memory, beside those in bytes that are fixed. Other limits give other parts with the same rows.
#[derive(Debug, Clone, Copy)]
pub struct PartLimits {
    /// Most rows of an Arrow batch; fewer where 8 MiB of text are reached first.
    pub batch_rows: usize,
    /// Most rows of a row group; fewer where 128 MiB of decoded values are reached first.
    pub row_group_rows: usize,
    /// Length at which a part is finished and the next one begun.
    pub part_bytes: usize,
    /// Days that are written at the same time; the one not touched for longest is finished first.
    pub days_open: usize,
}

impl Default for PartLimits {
    fn default() -> Self {
        Self { batch_rows: 8_192, row_group_rows: 131_072, part_bytes: 16 << 20, days_open: 3 }
    }
}

/// A finished part.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its entry in the manifest.
    pub entry: PartRef,
    /// The file.
    pub bytes: Vec<u8>,
}

/// Writes the events of one object.
///
/// Memory: for each open day one batch and the part so far, encoded pages included. With lines of up to 1 MiB and the
/// limits of [`PartLimits::default`]:
///
/// * a batch is encoded at 8 MiB of text, so it holds that and the texts of one line more; its buffers grow by
///   doubling, so up to twice as much is reserved;
/// * a part is finished at 16 MiB, looked at after each batch, so it is at most one batch longer;
/// * while a batch is encoded, one page of it stands plain and compressed.
///
/// That is some 40 MiB a day and 120 MiB for three; 2,400 lines of 1 MB over three days took 105 MiB. A line whose
/// columns repeat it (query and search terms) or that is not UTF-8 (one byte becomes up to three) adds a few MiB.
pub struct EventWriter {
    object: Object,
    limits: PartLimits,
    /// The day touched last stands last.
    open: Vec<Day>,
    done: Vec<Part>,
}

struct Day {
    /// Days since 1970-01-01 UTC.
    number: i64,
    file: EventFile<Vec<u8>>,
    writing: Writing,
}

/// What is counted while a part is written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Writing {
    rows: u64,
    /// Earliest and latest event.
    events: Option<(i64, i64)>,
}

impl Writing {
    pub(crate) fn row(&mut self, event_at: i64) {
        self.rows += 1;
        let (first, last) = self.events.unwrap_or((event_at, event_at));
        self.events = Some((first.min(event_at), last.max(event_at)));
    }

    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// The part of a day, with the key that follows from its content.
    pub(crate) fn part(&self, date: Date, bytes: Vec<u8>, key: impl FnOnce(&str) -> String) -> Part {
        let sha256 = sha256_hex(&bytes);
        let (first_event_at, last_event_at) = self.events.unwrap_or_default();
        let entry = PartRef {
            key: key(&sha256),
            date,
            rows: self.rows,
            bytes: bytes.len() as u64,
            sha256,
            first_event_at,
            last_event_at,
        };
        Part { entry, bytes }
    }
}

/// Writes events of any day into one Parquet file: for `trustwatch convert`, and one of it for each open day of
/// [`EventWriter`].
///
/// Memory: one batch and the encoded pages of one row group; with a thread of its own, two more batches.
pub struct EventFile<W: Write + Send> {
    batch: Batch,
    batch_rows: usize,
    encoder: Encoder<W>,
}

/// Where batches are encoded.
enum Encoder<W: Write + Send> {
    Here(Box<GroupWriter<W>>),
    Thread(SyncSender<RecordBatch>, JoinHandle<Result<W, LakeError>>),
}

/// Batches that wait for the encoding thread.
const BATCHES_WAITING: usize = 2;

impl<W: Write + Send> EventFile<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn new(sink: W, object: &Object, columns: ColumnSet, limits: &PartLimits) -> Result<Self, LakeError> {
        Ok(Self {
            batch: Batch::new(columns, object, limits.batch_rows),
            batch_rows: limits.batch_rows,
            encoder: Encoder::Here(Box::new(GroupWriter::new(sink, schema(columns), limits)?)),
        })
    }

    /// Takes one event. Returns the length of the file so far each time a batch went into it.
    ///
    /// # Errors
    /// When the sink fails; no event is a reason to fail.
    pub fn push(&mut self, event: &Event<'_>) -> Result<Option<usize>, LakeError> {
        self.batch.push(event);
        let full = self.batch.rows() >= self.batch_rows || self.batch.text_bytes() >= BATCH_TEXT_BYTES_MAX;
        if full { self.flush() } else { Ok(None) }
    }

    fn flush(&mut self) -> Result<Option<usize>, LakeError> {
        let batch = self.batch.finish()?;
        match &mut self.encoder {
            Encoder::Here(writer) => Ok(Some(writer.write(&batch)?)),
            Encoder::Thread(batches, _) => {
                // A thread that is gone has failed, and `finish` tells why.
                let _ = batches.send(batch);
                Ok(None)
            }
        }
    }

    /// Ends the file and gives the sink back.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> Result<W, LakeError> {
        if self.batch.rows() > 0 {
            self.flush()?;
        }
        match self.encoder {
            Encoder::Here(writer) => writer.finish(),
            Encoder::Thread(batches, thread) => {
                drop(batches);
                thread.join().unwrap_or(Err(LakeError::Thread))
            }
        }
    }
}

impl<W: Write + Send + 'static> EventFile<W> {
    /// Begins a file that a thread of its own encodes.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn threaded(
        sink: W,
        object: &Object,
        columns: ColumnSet,
        limits: &PartLimits,
    ) -> Result<Self, LakeError> {
        let mut writer = GroupWriter::new(sink, schema(columns), limits)?;
        let (batches, waiting) = std::sync::mpsc::sync_channel::<RecordBatch>(BATCHES_WAITING);
        let thread = std::thread::spawn(move || {
            for batch in waiting {
                writer.write(&batch)?;
            }
            writer.finish()
        });
        Ok(Self {
            batch: Batch::new(columns, object, limits.batch_rows),
            batch_rows: limits.batch_rows,
            encoder: Encoder::Thread(batches, thread),
        })
    }
}

const DAY_US: i64 = 86_400_000_000;
const EPOCH: Date = jiff::civil::date(1970, 1, 1);

impl EventWriter {
    /// A writer for the events of one object.
    #[must_use]
    pub const fn new(object: Object, limits: PartLimits) -> Self {
        Self { object, limits, open: Vec::new(), done: Vec::new() }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// Only when Parquet fails, which no event can cause.
    pub fn push(&mut self, event: &Event<'_>) -> Result<(), LakeError> {
        let number = event.event_at.div_euclid(DAY_US);
        let at = match self.open.iter().rposition(|day| day.number == number) {
            Some(at) => at,
            None => self.open_day(number)?,
        };
        let last = self.open.len() - 1;
        if at != last {
            let day = self.open.remove(at);
            self.open.push(day);
        }
        let Some(day) = self.open.last_mut() else { return Ok(()) };
        day.writing.row(event.event_at);
        let full = day.file.push(event)?.is_some_and(|bytes| bytes >= self.limits.part_bytes);
        if full && let Some(day) = self.open.pop() {
            self.close_day(day)?;
        }
        Ok(())
    }

    fn open_day(&mut self, number: i64) -> Result<usize, LakeError> {
        if self.open.len() >= self.limits.days_open {
            let oldest = self.open.remove(0);
            self.close_day(oldest)?;
        }
        self.open.push(Day {
            number,
            file: EventFile::new(Vec::new(), &self.object, ColumnSet::All, &self.limits)?,
            writing: Writing::default(),
        });
        Ok(self.open.len() - 1)
    }

    fn close_day(&mut self, day: Day) -> Result<(), LakeError> {
        let bytes = day.file.finish()?;
        let days = jiff::Span::new().try_days(day.number).and_then(|days| EPOCH.checked_add(days));
        let date = days.map_err(|error| arrow_schema::ArrowError::InvalidArgumentError(error.to_string()))?;
        let school = &self.object.school;
        self.done.push(day.writing.part(date, bytes, |sha256| keys::events(school, date, sha256)));
        Ok(())
    }

    /// The parts that are finished so far; the caller puts them where they belong.
    pub fn take_finished(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.done)
    }

    /// Finishes every open day, in the order of the days.
    ///
    /// # Errors
    /// As [`EventWriter::push`].
    pub fn finish(mut self) -> Result<Vec<Part>, LakeError> {
        self.open.sort_by_key(|day| day.number);
        for day in std::mem::take(&mut self.open) {
            self.close_day(day)?;
        }
        Ok(self.done)
    }
}

/// Columns whose values hardly repeat: a dictionary would only cost its upkeep.
const NO_DICTIONARY: [&str; 5] = ["event_at", "timestamp", "line", "bytes_in", "bytes_out"];
/// Columns that are judged once per distinct value: their dictionary must not give way to plain pages.
const HOST_COLUMNS: [&str; 2] = ["url_domain", "registered_domain"];
const HOST_DICTIONARY_BYTES: usize = 8 << 20;

pub(crate) fn properties(limits: &PartLimits) -> Result<WriterProperties, LakeError> {
    let mut properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(limits.row_group_rows))
        .set_created_by(concat!("trustwatch ", env!("CARGO_PKG_VERSION")).to_owned())
        .set_key_value_metadata(Some(vec![KeyValue::new(
            "trustwatch.schema".to_owned(),
            SCHEMA_NUMBER.to_string(),
        )]));
    for name in NO_DICTIONARY {
        properties = properties
            .set_column_dictionary_enabled(ColumnPath::from(name), false)
            .set_column_encoding(ColumnPath::from(name), Encoding::DELTA_BINARY_PACKED);
    }
    for name in HOST_COLUMNS {
        properties =
            properties.set_column_dictionary_page_size_limit(ColumnPath::from(name), HOST_DICTIONARY_BYTES);
    }
    Ok(properties.build())
}
