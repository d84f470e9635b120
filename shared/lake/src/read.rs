//! Reading what was written: for `trustwatch verify`, which believes nothing that it has not counted.

use crate::LakeError;
use crate::groups::BATCH_TEXT_BYTES_MAX;
use crate::rejects::RejectLine;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{RecordBatch, StringArray};
use bytes::Bytes;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::file::metadata::ParquetMetaData;
use std::collections::BTreeSet;
use std::io::BufRead;

/// What a part holds, counted row by row.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartFacts {
    /// Rows.
    pub rows: u64,
    /// Line number of each row.
    pub lines: Vec<u64>,
    /// Earliest event: microseconds since 1970 UTC.
    pub first_event_at: Option<i64>,
    /// Latest event.
    pub last_event_at: Option<i64>,
    /// Distinct sources: school, feed and source id.
    pub sources: BTreeSet<[String; 3]>,
}

/// The batches of an events part, all columns.
///
/// # Errors
/// When the bytes are not Parquet; each batch may fail for itself.
pub fn event_batches(
    bytes: Bytes,
) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>>, LakeError> {
    Ok(batches(bytes)?.map(|batch| Ok(batch?)))
}

/// Most rows that are decoded at a time.
const ROWS_AT_ONCE: usize = 1024;

/// The batches of a file, each of at most 1,024 rows and, where the texts of a row group are of equal length, of 8 MiB
/// of text. However the lengths vary, a batch holds no more than two row groups do.
pub(crate) fn batches(bytes: Bytes) -> Result<ParquetRecordBatchReader, LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let rows = rows_at_once(builder.metadata());
    Ok(builder.with_batch_size(rows).build()?)
}

/// As many rows as hold the text of a batch in the row group of the longest rows.
fn rows_at_once(metadata: &ParquetMetaData) -> usize {
    let row_bytes = metadata.row_groups().iter().map(|group| {
        let texts = group.columns().iter().filter_map(|column| column.unencoded_byte_array_data_bytes());
        texts.sum::<i64>() / group.num_rows().max(1)
    });
    let longest = usize::try_from(row_bytes.max().unwrap_or_default()).unwrap_or_default();
    (BATCH_TEXT_BYTES_MAX / longest.max(1)).clamp(1, ROWS_AT_ONCE)
}

/// Counts an events part.
///
/// # Errors
/// When the bytes are not Parquet or lack the columns of an events part.
pub fn read_part(bytes: Bytes) -> Result<PartFacts, LakeError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(bytes)?;
    let mask = ProjectionMask::columns(
        builder.parquet_schema(),
        ["event_at", "school", "feed", "source_id", "line"],
    );
    let mut facts = PartFacts::default();
    for batch in builder.with_projection(mask).build()? {
        let batch = batch?;
        let lines = batch
            .column_by_name("line")
            .and_then(|column| column.as_primitive_opt::<Int64Type>())
            .ok_or(LakeError::Column("line"))?;
        let times = batch
            .column_by_name("event_at")
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or(LakeError::Column("event_at"))?;
        let [schools, feeds, sources] =
            [text(&batch, "school")?, text(&batch, "feed")?, text(&batch, "source_id")?];
        facts.rows += batch.num_rows() as u64;
        facts.lines.extend(lines.values().iter().map(|line| u64::try_from(*line).unwrap_or(0)));
        for at in times.values() {
            facts.first_event_at = Some(facts.first_event_at.map_or(*at, |first| first.min(*at)));
            facts.last_event_at = Some(facts.last_event_at.map_or(*at, |last| last.max(*at)));
        }
        for row in 0..batch.num_rows() {
            let source = [schools.value(row), feeds.value(row), sources.value(row)];
            if !facts.sources.iter().any(|known| *known == source) {
                facts.sources.insert(source.map(str::to_owned));
            }
        }
    }
    Ok(facts)
}

fn text<'b>(batch: &'b RecordBatch, name: &'static str) -> Result<&'b StringArray, LakeError> {
    let column = batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    column.ok_or(LakeError::Column(name))
}

/// The lines of a reject file.
///
/// # Errors
/// When it is not zstd or a row is not a reject.
pub fn reject_lines(bytes: &[u8]) -> Result<Vec<RejectLine>, LakeError> {
    let decoder = zstd::Decoder::new(bytes)?;
    std::io::BufReader::new(decoder)
        .lines()
        .map(|row| Ok(serde_json::from_str(&row?).map_err(std::io::Error::from)?))
        .collect()
}
