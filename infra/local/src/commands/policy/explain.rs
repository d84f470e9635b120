//! `trustwatch policy explain`

use super::parsed;
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use trustwatch_model::{Action, Audience, Intent, SchoolId};
use trustwatch_policy::{Explanation, Judge, Sighting};

/// Longest search that is read from standard input, in bytes; what follows on the line is left out.
const SEARCH_BYTES_MAX: u64 = 64 * 1024;

#[derive(Args)]
pub(crate) struct Explain {
    /// The policy; without it the starter policy
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Who: pupil, staff, visitor or unknown
    #[arg(long, default_value = "pupil", value_parser = audience)]
    audience: Audience,
    /// Year group of a pupil, such as 5
    #[arg(long)]
    year: Option<String>,
    /// School, such as `oak-primary`
    #[arg(long)]
    school: Option<SchoolId>,
    /// When it was, such as 2026-11-06T15:59:59Z; without it no exemption covers it
    #[arg(long, value_name = "TIME")]
    at: Option<jiff::Timestamp>,
    /// What was searched for; `-` reads one search a line from standard input
    #[arg(long, value_name = "TEXT")]
    search: Option<String>,
    /// Host that was asked for
    #[arg(long, value_name = "HOST")]
    domain: Option<String>,
    /// Category word of the filter
    #[arg(long, value_name = "WORD", requires = "product")]
    category: Option<String>,
    /// Filter product whose word that is (`trustwatch formats` lists their ids)
    #[arg(long, value_name = "ID", requires = "category", value_parser = product)]
    product: Option<String>,
    /// What the filter did: allowed, blocked, warned or challenged
    #[arg(long, default_value = "allowed", value_parser = action)]
    action: Action,
    /// What for: page, search, download or background; a search without it is a search, all else a page
    #[arg(long, value_parser = intent)]
    intent: Option<Intent>,
}

/// One line of the output.
#[derive(Serialize)]
struct Explained<'e> {
    input: &'e Value,
    #[serde(flatten)]
    explanation: Explanation,
}

impl Explain {
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        if self.search.is_none() && self.domain.is_none() && self.category.is_none() {
            anyhow::bail!("nothing to explain: give --search, --domain or --category with --product");
        }
        let Some(policy) = parsed(self.policy.as_ref())? else { return Ok(ExitCode::FAILURE) };
        let judge = Judge::new(&policy)?;
        let printed = match self.search.as_deref() {
            Some("-") => self.column(&judge, io::stdin().lock()),
            search => {
                let input = search.map_or_else(|| self.input(), |text| json!(text));
                let mut out = io::stdout().lock();
                self.line(&judge, search, &input, &mut out)
            }
        };
        match printed {
            // The reader of our output has seen enough.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
            printed => printed.context("cannot explain").map(|()| ExitCode::SUCCESS),
        }
    }

    /// One search a line, one answer a line, also to an empty one.
    fn column(&self, judge: &Judge, mut searches: impl BufRead) -> io::Result<()> {
        let mut out = BufWriter::new(io::stdout().lock());
        let mut line = Vec::new();
        loop {
            line.clear();
            io::Read::take(&mut searches, SEARCH_BYTES_MAX).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                return out.flush();
            }
            if line.last() != Some(&b'\n') {
                searches.skip_until(b'\n')?;
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\r', '\n']);
            self.line(judge, Some(text), &json!(text), &mut out)?;
        }
    }

    fn line(
        &self,
        judge: &Judge,
        search: Option<&str>,
        input: &Value,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let host = self.domain.as_deref().map(|host| host.trim_end_matches('.').to_lowercase());
        let usual = if search.is_some() { Intent::Search } else { Intent::Page };
        let event = Sighting {
            search,
            host: host.as_deref(),
            category: self.category.as_deref(),
            action: Some(self.action),
            intent: self.intent.unwrap_or(usual),
            audience: self.audience,
            year_group: self.year.as_deref(),
            school: self.school.as_ref().map(SchoolId::as_str),
            at: self.at.map(jiff::Timestamp::as_microsecond),
        };
        let explanation = judge.explain(&event, self.product.as_deref().unwrap_or_default());
        serde_json::to_writer(&mut *out, &Explained { input, explanation })?;
        out.write_all(b"\n")
    }

    /// What an event without a search is called.
    fn input(&self) -> Value {
        let given = [("domain", &self.domain), ("category", &self.category), ("product", &self.product)];
        given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))))
            .collect()
    }
}

/// The id of a log format, which is what category words are kept by.
fn product(id: &str) -> anyhow::Result<String> {
    crate::commands::format(id).map(|format| format.id().to_owned())
}

fn audience(word: &str) -> Result<Audience, String> {
    one_of(word, Audience::parse, Audience::ALL, Audience::as_str)
}

fn action(word: &str) -> Result<Action, String> {
    one_of(word, Action::parse, Action::ALL, Action::as_str)
}

fn intent(word: &str) -> Result<Intent, String> {
    one_of(word, Intent::parse, Intent::ALL, Intent::as_str)
}

fn one_of<T: Copy>(
    word: &str,
    parse: fn(&str) -> Option<T>,
    all: &[T],
    as_str: fn(T) -> &'static str,
) -> Result<T, String> {
    parse(word).ok_or_else(|| {
        let words: Vec<&str> = all.iter().map(|value| as_str(*value)).collect();
        format!("expected one of {}", words.join(", "))
    })
}
