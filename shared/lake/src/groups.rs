//! Row groups that are bounded in bytes as well as in rows.

use crate::LakeError;
use crate::part::{PartLimits, properties};
use arrow_array::{Array, RecordBatch};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use std::io::Write;

/// Text at which a batch is encoded, however few its rows are. A line may be 1 MiB long, so a bound in rows alone
/// lets a batch grow to gigabytes, and Arrow panics when a column passes 2 GiB.
pub(crate) const BATCH_TEXT_BYTES_MAX: usize = 8 << 20;

/// Decoded bytes at which a row group is closed: 1 KiB a row for the 131,072 rows of an ordinary one.
///
/// Decoded, because that is what a reader has to hold; a dictionary and zstd can make very little of very much. No
/// row group is much longer encoded than decoded, so this bounds the writer's own buffers too.
const ROW_GROUP_BYTES_MAX: usize = 128 << 20;

/// An [`ArrowWriter`] that closes its row groups at [`ROW_GROUP_BYTES_MAX`].
///
/// Memory: the encoded pages of one row group.
pub(crate) struct GroupWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    /// Decoded bytes of the row group that is being written.
    group_bytes: usize,
}

impl<W: Write + Send> GroupWriter<W> {
    pub(crate) fn new(sink: W, schema: SchemaRef, limits: &PartLimits) -> Result<Self, LakeError> {
        let options =
            ArrowWriterOptions::new().with_properties(properties(limits)?).with_skip_arrow_metadata(true);
        Ok(Self { writer: ArrowWriter::try_new_with_options(sink, schema, options)?, group_bytes: 0 })
    }

    /// Takes a batch. Returns the length of the file so far.
    pub(crate) fn write(&mut self, batch: &RecordBatch) -> Result<usize, LakeError> {
        let rows = self.writer.in_progress_rows() + batch.num_rows();
        self.writer.write(batch)?;
        if self.writer.in_progress_rows() < rows {
            // The limit of rows ended a group within the batch. All of the batch is counted to the next one.
            self.group_bytes = 0;
        }
        self.group_bytes += decoded_bytes(batch)?;
        if self.group_bytes >= ROW_GROUP_BYTES_MAX {
            self.writer.flush()?;
            self.group_bytes = 0;
        }
        Ok(self.writer.bytes_written() + self.writer.in_progress_size())
    }

    /// Ends the file and gives the sink back.
    pub(crate) fn finish(self) -> Result<W, LakeError> {
        Ok(self.writer.into_inner()?)
    }
}

fn decoded_bytes(batch: &RecordBatch) -> Result<usize, LakeError> {
    let bytes = batch.columns().iter().map(|column| column.to_data().get_slice_memory_size());
    Ok(bytes.sum::<Result<usize, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringArray;
    use arrow_schema::{DataType, Field, Schema};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use std::sync::Arc;

    /// Rows of each row group, of a file of batches of four equal texts.
    fn groups(batches: usize, text_bytes: usize, row_group_rows: usize) -> Vec<i64> {
        let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8, false)]));
        let texts = StringArray::from_iter_values(std::iter::repeat_n("x".repeat(text_bytes), 4));
        let batch = RecordBatch::try_new(schema.clone(), vec![Arc::new(texts)]).unwrap();
        let limits = PartLimits { row_group_rows, ..PartLimits::default() };
        let mut writer = GroupWriter::new(Vec::new(), schema, &limits).unwrap();
        for _ in 0..batches {
            writer.write(&batch).unwrap();
        }
        let file =
            ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(writer.finish().unwrap())).unwrap();
        file.metadata().row_groups().iter().map(|group| group.num_rows()).collect()
    }

    #[test]
    fn a_row_group_ends_at_its_bytes_however_well_they_pack() {
        assert_eq!(groups(80, 1 << 20, 131_072), [128, 128, 64]);
    }

    #[test]
    fn a_row_group_of_short_rows_ends_at_its_rows() {
        assert_eq!(groups(5, 10, 10), [10, 10]);
    }
}
