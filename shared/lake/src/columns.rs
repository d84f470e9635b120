//! The columns of an event, in one table. The schema, the writer and the JSON of `trustwatch parse` read it.

use crate::LakeError;
use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::sync::{Arc, LazyLock};
use trustwatch_model::Event;

/// The columns that are the same for every event of an object.
#[derive(Debug, Clone)]
pub struct Object {
    /// School.
    pub school: String,
    /// Feed.
    pub feed: String,
    /// Source id of the version.
    pub source_id: String,
}

type Text = for<'e> fn(&Event<'e>) -> Option<&'e str>;

/// Where the value of a column comes from.
#[derive(Clone, Copy)]
enum From {
    Time,
    Object(fn(&Object) -> &str),
    Text(Text),
    /// A word that every event has.
    Word(fn(&Event<'_>) -> &'static str),
    Int32(fn(&Event<'_>) -> Option<i32>),
    Int64(fn(&Event<'_>) -> Option<i64>),
    Line,
    /// Judged later under versioned data; always null in the parts of normalise.
    Later,
}

/// Column order is part of schema number 1: columns are only added, at the end.
const COLUMNS: &[(&str, From)] = &[
    ("event_at", From::Time),
    ("school", From::Object(|o| &o.school)),
    ("feed", From::Object(|o| &o.feed)),
    ("user_name", From::Text(|e| e.user_name)),
    ("user_group", From::Text(|e| e.user_group)),
    ("audience", From::Later),
    ("year_group", From::Later),
    ("source_ip", From::Text(|e| e.source_ip)),
    ("destination_ip", From::Text(|e| e.destination_ip)),
    ("device_name", From::Text(|e| e.device_name)),
    ("http_method", From::Text(|e| e.http_method)),
    ("url_scheme", From::Text(|e| e.url_scheme)),
    ("url_domain", From::Text(|e| e.url_domain)),
    ("url_port", From::Int32(|e| e.url_port.map(i32::from))),
    ("registered_domain", From::Text(|e| e.registered_domain)),
    ("url_path", From::Text(|e| e.url_path)),
    ("url_query", From::Text(|e| e.url_query)),
    ("search_terms", From::Text(|e| e.search_terms)),
    ("http_status", From::Int32(|e| e.http_status.map(i32::from))),
    ("action", From::Text(|e| e.action.map(trustwatch_model::Action::as_str))),
    ("filter_action", From::Text(|e| e.filter_action)),
    ("filter_rule", From::Text(|e| e.filter_rule)),
    ("filter_category", From::Text(|e| e.filter_category)),
    ("category", From::Later),
    ("bytes_in", From::Int64(|e| e.bytes_in)),
    ("bytes_out", From::Int64(|e| e.bytes_out)),
    ("content_type", From::Text(|e| e.content_type)),
    ("file_name", From::Text(|e| e.file_name)),
    ("user_agent", From::Text(|e| e.user_agent)),
    ("referrer", From::Text(|e| e.referrer)),
    ("precision", From::Word(|e| e.precision.as_str())),
    ("attribution", From::Word(|e| e.attribution.as_str())),
    ("intent", From::Word(|e| e.intent.as_str())),
    ("source_id", From::Object(|o| &o.source_id)),
    ("line", From::Line),
];

/// Names of all columns, in order.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    let fields: Vec<Field> = COLUMNS
        .iter()
        .map(|(name, from)| {
            let (kind, nullable) = match from {
                From::Time => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
                From::Object(_) | From::Word(_) => (DataType::Utf8, false),
                From::Text(_) | From::Later => (DataType::Utf8, true),
                From::Int32(_) => (DataType::Int32, true),
                From::Int64(_) => (DataType::Int64, true),
                From::Line => (DataType::Int64, false),
            };
            Field::new(*name, kind, nullable)
        })
        .collect();
    Arc::new(Schema::new(fields))
});

/// The Arrow schema of an events part.
#[must_use]
pub fn schema() -> SchemaRef {
    SCHEMA.clone()
}

/// Builders of one batch.
pub(crate) struct Batch {
    builders: Vec<Column>,
    rows: usize,
}

enum Column {
    Time(TimestampMicrosecondBuilder),
    Object(StringArray),
    Text(StringBuilder, Text),
    Word(StringBuilder, fn(&Event<'_>) -> &'static str),
    Int32(Int32Builder, fn(&Event<'_>) -> Option<i32>),
    Int64(Int64Builder, fn(&Event<'_>) -> Option<i64>),
    Line(Int64Builder),
    Later,
}

impl Batch {
    /// Room for `rows_max` events of one object.
    pub(crate) fn new(object: &Object, rows_max: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows_max, 0);
        let builders = COLUMNS
            .iter()
            .map(|(_, from)| match *from {
                From::Time => {
                    Column::Time(TimestampMicrosecondBuilder::with_capacity(rows_max).with_timezone("UTC"))
                }
                From::Object(get) => {
                    Column::Object(StringArray::from_iter_values(std::iter::repeat_n(get(object), rows_max)))
                }
                From::Text(get) => Column::Text(text(), get),
                From::Word(get) => Column::Word(text(), get),
                From::Int32(get) => Column::Int32(Int32Builder::with_capacity(rows_max), get),
                From::Int64(get) => Column::Int64(Int64Builder::with_capacity(rows_max), get),
                From::Line => Column::Line(Int64Builder::with_capacity(rows_max)),
                From::Later => Column::Later,
            })
            .collect();
        Self { builders, rows: 0 }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    pub(crate) fn push(&mut self, event: &Event<'_>) {
        for builder in &mut self.builders {
            match builder {
                Column::Time(times) => times.append_value(event.event_at),
                Column::Text(texts, get) => texts.append_option(get(event)),
                Column::Word(texts, get) => texts.append_value(get(event)),
                Column::Int32(numbers, get) => numbers.append_option(get(event)),
                Column::Int64(numbers, get) => numbers.append_option(get(event)),
                Column::Line(numbers) => numbers.append_value(i64::try_from(event.line).unwrap_or(i64::MAX)),
                Column::Object(_) | Column::Later => {}
            }
        }
        self.rows += 1;
    }

    /// The batch so far; the builders start again.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, LakeError> {
        let rows = std::mem::take(&mut self.rows);
        let arrays = self
            .builders
            .iter_mut()
            .map(|builder| -> ArrayRef {
                match builder {
                    Column::Time(times) => Arc::new(times.finish()),
                    Column::Object(same) => Arc::new(same.slice(0, rows)),
                    Column::Text(texts, _) | Column::Word(texts, _) => Arc::new(texts.finish()),
                    Column::Int32(numbers, _) => Arc::new(numbers.finish()),
                    Column::Int64(numbers, _) | Column::Line(numbers) => Arc::new(numbers.finish()),
                    Column::Later => new_null_array(&DataType::Utf8, rows),
                }
            })
            .collect();
        Ok(RecordBatch::try_new(schema(), arrays)?)
    }
}

/// One event as a JSON object: `event_at` in RFC 3339 UTC, absent values left out.
#[must_use]
pub fn event_json(event: &Event<'_>, object: &Object) -> serde_json::Map<String, serde_json::Value> {
    let mut row = serde_json::Map::new();
    for (name, from) in COLUMNS {
        let value = match from {
            From::Time => {
                jiff::Timestamp::from_microsecond(event.event_at).ok().map(|at| at.to_string().into())
            }
            From::Object(get) => Some(get(object).into()),
            From::Text(get) => get(event).map(Into::into),
            From::Word(get) => Some(get(event).into()),
            From::Int32(get) => get(event).map(Into::into),
            From::Int64(get) => get(event).map(Into::into),
            From::Line => Some(event.line.into()),
            From::Later => None,
        };
        if let Some(value) = value {
            row.insert((*name).to_owned(), value);
        }
    }
    row
}
