//! Findings to Parquet and back: one row for each event that one rule found, with what a reviewer needs to see of it.

use crate::groups::{BATCH_TEXT_BYTES_MAX, GroupWriter};
use crate::part::{PartLimits, Writing};
use crate::{LakeError, Part, keys};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};
use bytes::Bytes;
use jiff::civil::Date;
use std::sync::{Arc, LazyLock};
use trustwatch_model::{
    Attribution, Audience, Distinct, Finding, RuleId, Severity, SourceId, SubjectKey, SubjectRole, Threshold,
};

/// Longest path, search or list of category words that a finding shows. The event itself keeps the whole of it.
const SHOWN_BYTES_MAX: usize = 2_048;

/// What a reviewer sees of an event. Absent is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shown {
    /// Login as the filter knows it.
    pub user_name: Option<String>,
    /// Name of the client machine.
    pub device_name: Option<String>,
    /// Client address.
    pub source_ip: Option<String>,
    /// Year group, by the roster.
    pub year_group: Option<String>,
    /// Form, by the roster.
    pub form: Option<String>,
    /// Host.
    pub url_domain: Option<String>,
    /// Path as logged.
    pub url_path: Option<String>,
    /// What was searched for.
    pub search_terms: Option<String>,
    /// `allowed`, `blocked`, `warned` or `challenged`.
    pub action: Option<String>,
    /// The filter's category words.
    pub filter_category: Option<String>,
}

/// A row of a findings part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// The judgement.
    pub finding: Finding,
    /// The event.
    pub shown: Shown,
}

/// Where the value of a column comes from.
enum Column {
    Time(fn(&FindingRow) -> i64),
    Number(fn(&FindingRow) -> i64),
    Text(for<'r> fn(&'r FindingRow) -> &'r str),
    Shown(for<'r> fn(&'r Shown) -> &'r Option<String>),
    Texts(for<'r> fn(&'r FindingRow) -> &'r [String]),
    Word(fn(&FindingRow) -> Option<&'static str>),
}

impl Column {
    fn field(&self, name: &str) -> Field {
        let item = || Arc::new(Field::new_list_field(DataType::Utf8, true));
        let (kind, nullable) = match self {
            Self::Time(_) => (DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), false),
            Self::Number(_) => (DataType::Int64, false),
            Self::Text(_) => (DataType::Utf8, false),
            Self::Shown(_) | Self::Word(_) => (DataType::Utf8, true),
            Self::Texts(_) => (DataType::List(item()), false),
        };
        Field::new(name, kind, nullable)
    }

    fn text_bytes(&self, row: &FindingRow) -> usize {
        match self {
            Self::Time(_) | Self::Number(_) => 0,
            Self::Text(get) => get(row).len(),
            Self::Shown(get) => get(&row.shown).as_ref().map_or(0, String::len),
            Self::Texts(get) => get(row).iter().map(String::len).sum(),
            Self::Word(get) => get(row).map_or(0, str::len),
        }
    }

    fn array(&self, rows: &[FindingRow]) -> ArrayRef {
        match self {
            Self::Time(get) => Arc::new(
                TimestampMicrosecondArray::from_iter_values(rows.iter().map(get)).with_timezone("UTC"),
            ),
            Self::Number(get) => Arc::new(Int64Array::from_iter_values(rows.iter().map(get))),
            Self::Text(get) => Arc::new(StringArray::from_iter_values(rows.iter().map(get))),
            Self::Shown(get) => {
                Arc::new(StringArray::from_iter(rows.iter().map(|row| get(&row.shown).as_deref())))
            }
            Self::Word(get) => Arc::new(StringArray::from_iter(rows.iter().map(get))),
            Self::Texts(get) => {
                let mut lists = ListBuilder::new(StringBuilder::new());
                for row in rows {
                    lists.append_value(get(row).iter().map(Some));
                }
                Arc::new(lists.finish())
            }
        }
    }
}

/// Column order is part of schema number 1: columns are only added, at the end.
const COLUMNS: &[(&str, Column)] = &[
    ("event_at", Column::Time(|row| row.finding.event_at)),
    ("rule", Column::Text(|row| row.finding.rule.as_str())),
    ("category", Column::Text(|row| &row.finding.category)),
    ("policy", Column::Number(|row| row.finding.policy.into())),
    ("severity", Column::Number(|row| row.finding.severity.level().into())),
    ("threshold_count", Column::Number(|row| row.finding.threshold.count.into())),
    ("threshold_within_ms", Column::Number(|row| row.finding.threshold.within_ms)),
    ("threshold_distinct", Column::Text(|row| row.finding.threshold.distinct.as_str())),
    ("grid_ms", Column::Number(|row| row.finding.grid_ms)),
    ("audience", Column::Text(|row| row.finding.audience.as_str())),
    ("attribution", Column::Text(|row| row.finding.attribution.as_str())),
    ("subject", Column::Text(|row| row.finding.subject.as_str())),
    ("thing", Column::Text(|row| &row.finding.thing)),
    ("matched", Column::Texts(|row| &row.finding.matched)),
    ("factors", Column::Texts(|row| &row.finding.factors)),
    ("user_name", Column::Shown(|shown| &shown.user_name)),
    ("device_name", Column::Shown(|shown| &shown.device_name)),
    ("source_ip", Column::Shown(|shown| &shown.source_ip)),
    ("year_group", Column::Shown(|shown| &shown.year_group)),
    ("form", Column::Shown(|shown| &shown.form)),
    ("url_domain", Column::Shown(|shown| &shown.url_domain)),
    ("url_path", Column::Shown(|shown| &shown.url_path)),
    ("search_terms", Column::Shown(|shown| &shown.search_terms)),
    ("action", Column::Shown(|shown| &shown.action)),
    ("filter_category", Column::Shown(|shown| &shown.filter_category)),
    ("source_id", Column::Text(|row| row.finding.source_id.as_str())),
    ("line", Column::Number(|row| i64::try_from(row.finding.line).unwrap_or(i64::MAX))),
    ("subject_role", Column::Word(|row| row.finding.subject_role.map(SubjectRole::as_str))),
];

static SCHEMA: LazyLock<SchemaRef> = LazyLock::new(|| {
    Arc::new(Schema::new(COLUMNS.iter().map(|(name, column)| column.field(name)).collect::<Vec<_>>()))
});

/// Rows that wait until they are encoded together.
const BATCH_ROWS: usize = 4_096;

/// Writes the findings of one events part: all of one UTC day.
///
/// Memory: 4,096 rows or 8 MiB of text, the encoded pages of one row group and the file so far.
pub struct FindingsWriter {
    school: String,
    date: Date,
    waiting: Vec<FindingRow>,
    /// Text of what waits.
    waiting_bytes: usize,
    writing: Writing,
    writer: GroupWriter<Vec<u8>>,
}

impl FindingsWriter {
    /// Begins a file of a school-day.
    ///
    /// # Errors
    /// When Parquet fails.
    pub fn new(school: &str, date: Date, limits: &PartLimits) -> Result<Self, LakeError> {
        Ok(Self {
            school: school.to_owned(),
            date,
            waiting: Vec::new(),
            waiting_bytes: 0,
            writing: Writing::default(),
            writer: GroupWriter::new(Vec::new(), Arc::clone(&SCHEMA), limits)?,
        })
    }

    /// Takes one finding.
    ///
    /// # Errors
    /// When Parquet fails, which no finding can cause.
    pub fn push(&mut self, row: FindingRow) -> Result<(), LakeError> {
        self.writing.row(row.finding.event_at);
        self.waiting_bytes += COLUMNS.iter().map(|(_, column)| column.text_bytes(&row)).sum::<usize>();
        self.waiting.push(row);
        let full = self.waiting.len() >= BATCH_ROWS || self.waiting_bytes >= BATCH_TEXT_BYTES_MAX;
        if full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), LakeError> {
        let arrays = COLUMNS.iter().map(|(_, column)| column.array(&self.waiting)).collect();
        self.writer.write(&RecordBatch::try_new(Arc::clone(&SCHEMA), arrays)?)?;
        self.waiting.clear();
        self.waiting_bytes = 0;
        Ok(())
    }

    /// Ends the file. `None` when nothing was found.
    ///
    /// # Errors
    /// As [`FindingsWriter::push`].
    pub fn finish(mut self) -> Result<Option<Part>, LakeError> {
        if self.writing.rows() == 0 {
            return Ok(None);
        }
        if !self.waiting.is_empty() {
            self.flush()?;
        }
        let bytes = self.writer.finish()?;
        let (school, date) = (self.school, self.date);
        Ok(Some(self.writing.part(date, bytes, |sha256| keys::findings(&school, date, sha256))))
    }
}

/// What a judgement needs of one event beside what matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Microseconds since 1970 UTC.
    pub event_at: i64,
    /// Line in its source.
    pub line: u64,
    /// Whom it can be laid to.
    pub attribution: Attribution,
    /// What a reviewer sees; year group and form are the roster's to say.
    pub shown: Shown,
}

/// One row of a batch of events.
///
/// # Errors
/// [`LakeError::Column`] when the batch is not one of events.
pub fn event_row(batch: &RecordBatch, row: usize) -> Result<EventRow, LakeError> {
    let cells = Cells { batch, row };
    Ok(EventRow {
        event_at: cells.time("event_at")?,
        line: cells.line()?,
        attribution: cells.word("attribution", Attribution::parse)?,
        shown: Shown {
            user_name: cells.text("user_name")?,
            device_name: cells.text("device_name")?,
            source_ip: cells.text("source_ip")?,
            year_group: None,
            form: None,
            url_domain: cells.text("url_domain")?,
            url_path: cells.clipped("url_path")?,
            search_terms: cells.clipped("search_terms")?,
            action: cells.text("action")?,
            filter_category: cells.clipped("filter_category")?,
        },
    })
}

/// Reads the findings of a part, in their order.
///
/// # Errors
/// When the bytes are not Parquet, lack a column of a findings part, or hold a value that no finding has.
pub fn read_findings(bytes: Bytes) -> Result<Vec<FindingRow>, LakeError> {
    let mut rows = Vec::new();
    for batch in crate::read::batches(bytes)? {
        let batch = batch?;
        for row in 0..batch.num_rows() {
            rows.push(Cells { batch: &batch, row }.finding()?);
        }
    }
    Ok(rows)
}

/// One row of a batch.
struct Cells<'b> {
    batch: &'b RecordBatch,
    row: usize,
}

impl Cells<'_> {
    fn finding(&self) -> Result<FindingRow, LakeError> {
        let threshold = Threshold {
            count: self.small("threshold_count")?,
            within_ms: self.number("threshold_within_ms")?,
            distinct: self.word("threshold_distinct", Distinct::parse)?,
        };
        let finding = Finding {
            source_id: self.word("source_id", SourceId::parse)?,
            line: self.line()?,
            event_at: self.time("event_at")?,
            rule: self.word("rule", |text| RuleId::new(text).ok())?,
            category: self.word("category", |text| Some(text.to_owned()))?,
            policy: self.small("policy")?,
            severity: self.severity()?,
            threshold,
            grid_ms: self.number("grid_ms")?,
            audience: self.word("audience", Audience::parse)?,
            subject_role: self.subject_role()?,
            attribution: self.word("attribution", Attribution::parse)?,
            subject: self.word("subject", SubjectKey::parse)?,
            thing: self.word("thing", |text| Some(text.to_owned()))?,
            matched: self.texts("matched")?,
            factors: self.texts("factors")?,
        };
        let shown = Shown {
            user_name: self.text("user_name")?,
            device_name: self.text("device_name")?,
            source_ip: self.text("source_ip")?,
            year_group: self.text("year_group")?,
            form: self.text("form")?,
            url_domain: self.text("url_domain")?,
            url_path: self.text("url_path")?,
            search_terms: self.text("search_terms")?,
            action: self.text("action")?,
            filter_category: self.text("filter_category")?,
        };
        Ok(FindingRow { finding, shown })
    }

    fn column(&self, name: &'static str) -> Result<&ArrayRef, LakeError> {
        self.batch.column_by_name(name).ok_or(LakeError::Column(name))
    }

    fn text(&self, name: &'static str) -> Result<Option<String>, LakeError> {
        let texts = self.column(name)?.as_string_opt::<i32>().ok_or(LakeError::Column(name))?;
        Ok(texts.is_valid(self.row).then(|| texts.value(self.row).to_owned()))
    }

    fn clipped(&self, name: &'static str) -> Result<Option<String>, LakeError> {
        let mut text = self.text(name)?;
        if let Some(text) = &mut text {
            text.truncate(text.floor_char_boundary(SHOWN_BYTES_MAX));
        }
        Ok(text)
    }

    fn word<T>(&self, name: &'static str, parse: impl Fn(&str) -> Option<T>) -> Result<T, LakeError> {
        self.text(name)?.as_deref().and_then(parse).ok_or(LakeError::Column(name))
    }

    fn texts(&self, name: &'static str) -> Result<Vec<String>, LakeError> {
        let lists = self.column(name)?.as_list_opt::<i32>().ok_or(LakeError::Column(name))?;
        let list = lists.value(self.row);
        let texts = list.as_string_opt::<i32>().ok_or(LakeError::Column(name))?;
        Ok(texts.iter().flatten().map(str::to_owned).collect())
    }

    fn number(&self, name: &'static str) -> Result<i64, LakeError> {
        let numbers = self.column(name)?.as_primitive_opt::<Int64Type>().ok_or(LakeError::Column(name))?;
        Ok(numbers.value(self.row))
    }

    fn small(&self, name: &'static str) -> Result<u32, LakeError> {
        u32::try_from(self.number(name)?).map_err(|_| LakeError::Column(name))
    }

    fn line(&self) -> Result<u64, LakeError> {
        u64::try_from(self.number("line")?).map_err(|_| LakeError::Column("line"))
    }

    fn severity(&self) -> Result<Severity, LakeError> {
        let level = u8::try_from(self.number("severity")?).ok().and_then(Severity::new);
        level.ok_or(LakeError::Column("severity"))
    }

    /// A column that came later: findings of an earlier build lack it.
    fn subject_role(&self) -> Result<Option<SubjectRole>, LakeError> {
        const NAME: &str = "subject_role";
        if self.batch.column_by_name(NAME).is_none() {
            return Ok(None);
        }
        let parse = |text: String| SubjectRole::parse(&text).ok_or(LakeError::Column(NAME));
        self.text(NAME)?.map(parse).transpose()
    }

    fn time(&self, name: &'static str) -> Result<i64, LakeError> {
        let times = self.column(name)?.as_primitive_opt::<TimestampMicrosecondType>();
        Ok(times.ok_or(LakeError::Column(name))?.value(self.row))
    }
}
