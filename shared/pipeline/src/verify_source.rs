//! The proof for one source: its bytes are read again, and each of its lines must lie where they say: in a part, in a
//! file of rejects, or in no file by a stated rule.

use crate::account::{AccountError, Rules};
use crate::commit::{Context, utc_day};
use crate::lines::quarantine_reason;
use crate::reread::{Numbers, Reread, reread};
use crate::step::{At, StepError};
use std::collections::BTreeMap;
use trustwatch_lake::{Manifest, PartRef, RejectsRef, read_part, reject_lines, sha256_hex};
use trustwatch_model::{ObjectVersion, SourceId};

/// The check of one source: collects every problem instead of stopping at the first.
pub(crate) struct Check<'c> {
    context: &'c Context,
    source_id: SourceId,
    pub(crate) problems: Vec<String>,
    /// Whether another build read the lines, and this one would take some of them for something else.
    pub(crate) is_read_otherwise: bool,
}

impl<'c> Check<'c> {
    pub(crate) const fn new(context: &'c Context, source_id: SourceId) -> Self {
        Self { context, source_id, problems: Vec::new(), is_read_otherwise: false }
    }

    /// Checks the account of one version against its bytes. Returns whether its last line came with its newline.
    pub(crate) async fn source(
        &mut self,
        version: &ObjectVersion,
        manifest: &Manifest,
        tail: Option<&Manifest>,
    ) -> Result<bool, StepError> {
        let rules = Rules {
            repeat_lines: manifest.counts.skipped.repeat,
            hold_last: manifest.held.is_some(),
            only_line: None,
        };
        let Some(read) = self.reread(version, manifest, rules).await? else { return Ok(true) };
        self.expect("lines of the raw object", &read.counts.lines, &manifest.counts.lines);
        let filed = self.files(manifest).await?;
        self.rules(manifest, &filed, read.counts.lines);
        self.same(manifest, &filed, &read);
        let is_last_ended = read.is_last_ended;
        if let Some(tail) = tail {
            self.tail(version, manifest, tail).await?;
        }
        Ok(is_last_ended)
    }

    /// Checks what a manifest says of its own files: all that is left to prove where the raw object is gone.
    pub(crate) async fn files_alone(&mut self, manifest: &Manifest) -> Result<(), StepError> {
        let filed = self.files(manifest).await?;
        self.rules(manifest, &filed, manifest.counts.lines);
        Ok(())
    }

    /// A settled line is the one that was held, and lies here unless another version delivers it.
    async fn tail(
        &mut self,
        version: &ObjectVersion,
        manifest: &Manifest,
        tail: &Manifest,
    ) -> Result<(), StepError> {
        let filed = self.tail_alone(manifest, tail).await?;
        if tail.repeats.is_none() {
            let held = manifest.held.as_ref().map(|held| held.line);
            let rules = Rules { repeat_lines: 0, hold_last: false, only_line: held };
            if let Some(read) = self.reread(version, tail, rules).await? {
                self.same(tail, &filed, &read);
            }
        }
        Ok(())
    }

    /// What a settled line became, by its own files.
    pub(crate) async fn tail_alone(
        &mut self,
        manifest: &Manifest,
        tail: &Manifest,
    ) -> Result<Numbers, StepError> {
        let filed = self.files(tail).await?;
        let held = manifest.held.as_ref().map(|held| held.line);
        if filed.events.iter().chain(&filed.rejects).any(|line| Some(*line) != held) {
            self.problems.push("the held line was settled as another line".to_owned());
        }
        Ok(filed)
    }

    async fn reread(
        &mut self,
        version: &ObjectVersion,
        manifest: &Manifest,
        rules: Rules,
    ) -> Result<Option<Reread<Numbers>>, StepError> {
        let Ok(feed) = &manifest.pins.feed else {
            self.problems.push("it was read without settings of its feed".to_owned());
            return Ok(None);
        };
        let id = self.source_id.as_str();
        let numbers = Numbers::default();
        match reread(self.context, version, (&manifest.pins, feed), rules, numbers, id).await? {
            Ok(read) => Ok(Some(read)),
            Err(AccountError::Read(error)) => {
                quarantine_reason(error).at("read version", id)?;
                self.problems.push("the raw object cannot be read, but was not set aside".to_owned());
                Ok(None)
            }
            Err(AccountError::Sink(never)) => match never {},
        }
    }

    /// What holds of every account, whoever wrote it: no line twice, none that is not there, none of those that other
    /// versions deliver. Repeats stand at the beginning and a held line at the end.
    fn rules(&mut self, manifest: &Manifest, filed: &Numbers, raw_lines: u64) {
        if !manifest.counts.balances() {
            self.problems.push(format!("the counts do not balance: {:?}", manifest.counts));
        }
        let mut lines: Vec<u64> = filed.events.iter().chain(&filed.rejects).copied().collect();
        let rows = lines.len();
        lines.sort_unstable();
        lines.dedup();
        self.expect("distinct line numbers", &lines.len(), &rows);
        if lines.last().is_some_and(|last| *last > raw_lines) {
            self.problems.push(format!("a row names a line beyond the {raw_lines} of the raw object"));
        }
        let repeats = manifest.counts.skipped.repeat;
        if lines.first().is_some_and(|first| *first <= repeats) {
            self.problems.push(format!("a row names one of the {repeats} repeated lines"));
        }
        if manifest.held.as_ref().is_some_and(|held| lines.binary_search(&held.line).is_ok()) {
            self.problems.push("a row names the held line".to_owned());
        }
    }

    /// Each line is what its bytes say. Another build may have read them otherwise, and was right to stand by it.
    fn same(&mut self, manifest: &Manifest, filed: &Numbers, read: &Reread<Numbers>) {
        let differs = [
            ("the account of the lines", manifest.counts == read.counts),
            ("the held line", manifest.held == read.held),
            ("the lines that are events", filed.events == read.sink.events),
            ("the lines that are rejects", filed.rejects == read.sink.rejects),
        ];
        for (what, _) in differs.iter().filter(|(_, is_same)| !is_same) {
            if manifest.writer == self.context.writer {
                self.problems.push(format!("{what}: the raw object says something else"));
            } else {
                self.is_read_otherwise = true;
            }
        }
    }

    /// Reads the files of a manifest, and checks them and the index against it.
    async fn files(&mut self, manifest: &Manifest) -> Result<Numbers, StepError> {
        let mut filed = Numbers::default();
        let mut days: BTreeMap<String, u64> = BTreeMap::new();
        for part in &manifest.parts {
            let lines = self.part(manifest, part).await?;
            *days.entry(part.date.to_string()).or_default() += lines.len() as u64;
            filed.events.extend(lines);
        }
        for file in &manifest.rejects {
            filed.rejects.extend(self.reject_file(file).await?);
        }
        filed.events.sort_unstable();
        filed.rejects.sort_unstable();
        self.expect("events in parts", &(filed.events.len() as u64), &manifest.counts.events);
        self.expect("lines in reject files", &(filed.rejects.len() as u64), &manifest.counts.rejects);
        let id = self.source_id.to_string();
        for (date, rows) in days {
            let index = self.context.store.day(&manifest.school, &date).await.at("read day", &id)?;
            let name = format!("{}#{id}", manifest.stage.table_key());
            let indexed = index.iter().find(|(key, _)| *key == name).map_or(0, |(_, rows)| *rows);
            self.expect(&format!("rows in the index of {date}"), &indexed, &rows);
        }
        Ok(filed)
    }

    /// The line numbers of a part, once it was found to be what the manifest says.
    async fn part(&mut self, manifest: &Manifest, part: &PartRef) -> Result<Vec<u64>, StepError> {
        let what = format!("a part of {} rows", part.rows);
        let Some(bytes) = self.object(&part.key, &part.sha256, &what).await? else { return Ok(Vec::new()) };
        let facts = match read_part(bytes) {
            Ok(facts) => facts,
            Err(error) => {
                self.problems.push(format!("{what} cannot be read: {error}"));
                return Ok(Vec::new());
            }
        };
        self.expect("rows of a part", &facts.rows, &part.rows);
        let ours = [manifest.school.as_str(), manifest.feed.as_str(), self.source_id.as_str()];
        if facts.sources.iter().any(|source| *source != ours) {
            self.problems.push("a part holds rows of another school, feed or source".to_owned());
        }
        let days = [facts.first_event_at, facts.last_event_at].into_iter().flatten().map(utc_day);
        if days.into_iter().any(|day| day != part.date) {
            self.problems.push(format!("a part of {} holds events of another day", part.date));
        }
        Ok(facts.lines)
    }

    async fn reject_file(&mut self, file: &RejectsRef) -> Result<Vec<u64>, StepError> {
        let what = format!("a file of {} rejects", file.lines);
        let Some(bytes) = self.object(&file.key, &file.sha256, &what).await? else { return Ok(Vec::new()) };
        match reject_lines(&bytes) {
            Ok(lines) => Ok(lines.iter().map(|line| line.line).collect()),
            Err(error) => {
                self.problems.push(format!("{what} cannot be read: {error}"));
                Ok(Vec::new())
            }
        }
    }

    async fn object(
        &mut self,
        key: &str,
        sha256: &str,
        what: &str,
    ) -> Result<Option<bytes::Bytes>, StepError> {
        let lake = &self.context.store.names().lake;
        let object = self.context.store.read(lake, key).await.at("read file", self.source_id.as_str())?;
        match &object {
            None => self.problems.push(format!("{what} is missing")),
            Some(object) if sha256_hex(&object.bytes) != sha256 => {
                self.problems.push(format!("{what} does not have the bytes that its name says"));
            }
            Some(_) => {}
        }
        Ok(object.map(|object| object.bytes))
    }

    fn expect<T: PartialEq + std::fmt::Display>(&mut self, what: &str, found: &T, wanted: &T) {
        if found != wanted {
            self.problems.push(format!("{what}: found {found}, expected {wanted}"));
        }
    }
}
