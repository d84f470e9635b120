//! Events to Parquet parts: one file per UTC day, named by its content.

use crate::columns::{Batch, Object, schema};
use crate::{LakeError, PartRef, SCHEMA_NUMBER, keys, sha256_hex};
use jiff::civil::Date;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use trustwatch_model::Event;

/// Bounds of the writer's memory. Other limits give other parts with the same rows.
#[derive(Debug, Clone, Copy)]
pub struct PartLimits {
    /// Rows of an Arrow batch.
    pub batch_rows: usize,
    /// Rows of a row group.
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
/// Memory: for each open day one batch, the encoded pages of one row group and the part so far.
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
    batch: Batch,
    writer: ArrowWriter<Vec<u8>>,
    rows: u64,
    first_event_at: i64,
    last_event_at: i64,
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
        day.batch.push(event);
        day.rows += 1;
        day.first_event_at = day.first_event_at.min(event.event_at);
        day.last_event_at = day.last_event_at.max(event.event_at);
        if day.batch.rows() == self.limits.batch_rows {
            day.writer.write(&day.batch.finish()?)?;
            if day.writer.bytes_written() + day.writer.in_progress_size() >= self.limits.part_bytes
                && let Some(day) = self.open.pop()
            {
                self.close_day(day)?;
            }
        }
        Ok(())
    }

    fn open_day(&mut self, number: i64) -> Result<usize, LakeError> {
        if self.open.len() >= self.limits.days_open {
            let oldest = self.open.remove(0);
            self.close_day(oldest)?;
        }
        let options = ArrowWriterOptions::new()
            .with_properties(properties(&self.limits)?)
            .with_skip_arrow_metadata(true);
        self.open.push(Day {
            number,
            batch: Batch::new(&self.object, self.limits.batch_rows),
            writer: ArrowWriter::try_new_with_options(Vec::new(), schema(), options)?,
            rows: 0,
            first_event_at: i64::MAX,
            last_event_at: i64::MIN,
        });
        Ok(self.open.len() - 1)
    }

    fn close_day(&mut self, mut day: Day) -> Result<(), LakeError> {
        if day.batch.rows() > 0 {
            day.writer.write(&day.batch.finish()?)?;
        }
        let bytes = day.writer.into_inner()?;
        let sha256 = sha256_hex(&bytes);
        let days = jiff::Span::new().try_days(day.number).and_then(|days| EPOCH.checked_add(days));
        let date = days.map_err(|error| arrow_schema::ArrowError::InvalidArgumentError(error.to_string()))?;
        self.done.push(Part {
            entry: PartRef {
                key: keys::events(&self.object.school, date, &sha256),
                date,
                rows: day.rows,
                bytes: bytes.len() as u64,
                sha256,
                first_event_at: day.first_event_at,
                last_event_at: day.last_event_at,
            },
            bytes,
        });
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
const NO_DICTIONARY: [&str; 4] = ["event_at", "line", "bytes_in", "bytes_out"];
/// Columns that are judged once per distinct value: their dictionary must not give way to plain pages.
const HOST_COLUMNS: [&str; 2] = ["url_domain", "registered_domain"];
const HOST_DICTIONARY_BYTES: usize = 8 << 20;

fn properties(limits: &PartLimits) -> Result<WriterProperties, LakeError> {
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
