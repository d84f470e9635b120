//! The columns of an event, in one table. The schema, the writer and the JSON of `trustwatch parse` read it.

use crate::LakeError;
use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, new_null_array};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use std::fmt::Write;
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
    /// Written piece by piece.
    Url,
    /// Judged later under versioned data; always null in the parts of normalise.
    Later,
}

/// Which columns a file has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnSet {
    /// All of the lake's.
    All,
    /// Those that the benchmark's peers write, so that both sides do the same work.
    Bench,
}

type Columns = &'static [(&'static str, From)];

impl ColumnSet {
    const fn columns(self) -> Columns {
        match self {
            Self::All => COLUMNS,
            Self::Bench => BENCH_COLUMNS,
        }
    }
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

const BENCH_COLUMNS: &[(&str, From)] = &[
    ("timestamp", From::Time),
    ("school", From::Object(|o| &o.school)),
    ("user_name", From::Text(|e| e.user_name)),
    ("user_group", From::Text(|e| e.user_group)),
    ("source_ip", From::Text(|e| e.source_ip)),
    ("device_name", From::Text(|e| e.device_name)),
    ("http_method", From::Text(|e| e.http_method)),
    ("url", From::Url),
    ("http_status", From::Int32(|e| e.http_status.map(i32::from))),
    ("action", From::Text(|e| e.filter_action)),
    ("vendor_category", From::Text(|e| e.filter_category)),
    ("bytes_in", From::Int64(|e| e.bytes_in)),
    ("bytes_out", From::Int64(|e| e.bytes_out)),
    ("content_type", From::Text(|e| e.content_type)),
    ("user_agent", From::Text(|e| e.user_agent)),
    ("referrer", From::Text(|e| e.referrer)),
    ("url_domain", From::Text(|e| e.url_domain)),
    ("registered_domain", From::Text(|e| e.registered_domain)),
    ("url_path", From::Text(|e| e.url_path)),
    ("search_terms", From::Text(|e| e.search_terms)),
    ("file_name", From::Text(|e| e.file_name)),
    ("category", From::Later),
    ("source_object", From::Object(|o| &o.source_id)),
];

/// Names of all columns, in order.
pub fn column_names() -> impl Iterator<Item = &'static str> {
    COLUMNS.iter().map(|(name, _)| *name)
}

fn schema_of(columns: Columns) -> SchemaRef {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, from)| {
            let (kind, nullable) = match from {
                From::Time => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
                From::Object(_) | From::Word(_) => (DataType::Utf8, false),
                From::Text(_) | From::Url | From::Later => (DataType::Utf8, true),
                From::Int32(_) => (DataType::Int32, true),
                From::Int64(_) => (DataType::Int64, true),
                From::Line => (DataType::Int64, false),
            };
            Field::new(*name, kind, nullable)
        })
        .collect();
    Arc::new(Schema::new(fields))
}

/// The Arrow schema of an events file with these columns.
#[must_use]
pub fn schema(columns: ColumnSet) -> SchemaRef {
    static ALL: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(ColumnSet::All.columns()));
    static BENCH: LazyLock<SchemaRef> = LazyLock::new(|| schema_of(ColumnSet::Bench.columns()));
    match columns {
        ColumnSet::All => ALL.clone(),
        ColumnSet::Bench => BENCH.clone(),
    }
}

/// Builders of one batch.
pub(crate) struct Batch {
    columns: ColumnSet,
    builders: Vec<Column>,
    rows: usize,
    /// Bytes of all texts.
    text_bytes: usize,
}

enum Column {
    Time(TimestampMicrosecondBuilder),
    Object(StringArray),
    Text(StringBuilder, Text),
    Word(StringBuilder, fn(&Event<'_>) -> &'static str),
    Int32(Int32Builder, fn(&Event<'_>) -> Option<i32>),
    Int64(Int64Builder, fn(&Event<'_>) -> Option<i64>),
    Line(Int64Builder),
    Url(StringBuilder),
    Later,
}

impl Batch {
    /// Room for `rows_max` events of one object.
    pub(crate) fn new(columns: ColumnSet, object: &Object, rows_max: usize) -> Self {
        let text = || StringBuilder::with_capacity(rows_max, 0);
        let builders = columns
            .columns()
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
                From::Url => Column::Url(text()),
                From::Later => Column::Later,
            })
            .collect();
        Self { columns, builders, rows: 0, text_bytes: 0 }
    }

    pub(crate) const fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the texts that vary from event to event.
    pub(crate) const fn text_bytes(&self) -> usize {
        self.text_bytes
    }

    pub(crate) fn push(&mut self, event: &Event<'_>) {
        for builder in &mut self.builders {
            match builder {
                Column::Time(times) => times.append_value(event.event_at),
                Column::Text(texts, get) => {
                    let text = get(event);
                    self.text_bytes += text.map_or(0, str::len);
                    texts.append_option(text);
                }
                Column::Word(texts, get) => texts.append_value(get(event)),
                Column::Int32(numbers, get) => numbers.append_option(get(event)),
                Column::Int64(numbers, get) => numbers.append_option(get(event)),
                Column::Line(numbers) => numbers.append_value(i64::try_from(event.line).unwrap_or(i64::MAX)),
                Column::Url(texts) => {
                    let before = texts.values_slice().len();
                    append_url(texts, event);
                    self.text_bytes += texts.values_slice().len() - before;
                }
                Column::Object(_) | Column::Later => {}
            }
        }
        self.rows += 1;
    }

    /// The batch so far; the builders start again.
    pub(crate) fn finish(&mut self) -> Result<RecordBatch, LakeError> {
        let rows = std::mem::take(&mut self.rows);
        self.text_bytes = 0;
        let arrays = self
            .builders
            .iter_mut()
            .map(|builder| -> ArrayRef {
                match builder {
                    Column::Time(times) => Arc::new(times.finish()),
                    Column::Object(same) => Arc::new(same.slice(0, rows)),
                    Column::Text(texts, _) | Column::Word(texts, _) | Column::Url(texts) => {
                        Arc::new(texts.finish())
                    }
                    Column::Int32(numbers, _) => Arc::new(numbers.finish()),
                    Column::Int64(numbers, _) | Column::Line(numbers) => Arc::new(numbers.finish()),
                    Column::Later => new_null_array(&DataType::Utf8, rows),
                }
            })
            .collect();
        Ok(RecordBatch::try_new(schema(self.columns), arrays)?)
    }
}

/// The URL as one text again.
fn append_url(texts: &mut StringBuilder, event: &Event<'_>) {
    let Some(domain) = event.url_domain else { return texts.append_null() };
    let mut write = |pieces: &[&str]| {
        for piece in pieces {
            // Writing into a builder cannot fail.
            let _ = texts.write_str(piece);
        }
    };
    if let Some(scheme) = event.url_scheme {
        write(&[scheme, "://"]);
    }
    write(&[domain]);
    if let Some(port) = event.url_port {
        write(&[":", &port.to_string()]);
    }
    write(&[event.url_path.unwrap_or_default()]);
    if let Some(query) = event.url_query {
        write(&["?", query]);
    }
    texts.append_value("");
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
            From::Url | From::Later => None,
        };
        if let Some(value) = value {
            row.insert((*name).to_owned(), value);
        }
    }
    row
}
