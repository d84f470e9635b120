//! A small policy, made-up people and visits that it judges, and alerts as facts that can be compared.

use crate::system::System;
use std::fmt::Write as _;
use trustwatch_casework::{Alert, Status};
use trustwatch_lake::{Stage, keys};
use trustwatch_model::SchoolId;
use trustwatch_pipeline::{Arrival, Context, Judged, alerts, classify, publish, put_roster};

/// Three visits of betting sites within ten minutes, or one search, are an alert.
pub const POLICY: &str = r#"
version: 1
title: Policy of the tests
documents:
  - id: t
    title: Rules of the tests
    clauses: {c1: No betting, c2: Look after each other}
categories:
  - {code: gambling, title: Gambling}
  - {code: illegal_csam, title: Known images of abuse, vendors: {fortinet: [Abuse images]}}
  - {code: self_harm, title: Self-harm}
lists:
  - {name: betting, source: made up, licence: none, date: 2026-01-01, domains: [bets.example]}
  - {name: games, source: made up, licence: none, date: 2026-01-01, domains: [games.example]}
lexicons:
  - name: hurt
    phrases:
      - {text: hurt myself, grade: clear, unless: [football]}
rules:
  - id: betting
    title: Betting
    category: gambling
    when: {domain: betting}
    severity: {pupil: 3, staff: 2, visitor: 2}
    threshold: {count: 3, within: 10 min}
    advice: Speak to them.
    cites: [t c1]
    tests:
      - {domain: www.bets.example, fires: true}
      - {domain: bets.example.org, fires: false}
  - id: games
    title: Games, for pupils alone
    category: gambling
    when: {domain: games}
    severity: {pupil: 3}
    advice: Speak to them.
    cites: [t c1]
    tests:
      - {domain: games.example, fires: true}
      - {domain: games.example, audience: staff, fires: false}
  - id: known-images
    title: The filter knows it as images of abuse
    category: illegal_csam
    when: {category: true}
    severity: {pupil: 5, staff: 5, visitor: 5}
    advice: Do not open the address.
    cites: [t c2]
    tests:
      - {category: Abuse images, product: fortinet, fires: true}
      - {category: News, product: fortinet, fires: false}
  - id: hurt-search
    title: Search about hurting oneself
    category: self_harm
    when: {search: hurt}
    severity: {pupil: 5, staff: 4, visitor: 4}
    advice: See them now.
    cites: [t c2]
    tests:
      - {search: hurt myself, fires: true}
      - {search: hurt myself at football, fires: false}
"#;

/// The same with a threshold of two.
#[must_use]
pub fn stricter() -> String {
    POLICY.replace("version: 1", "version: 2").replace("count: 3", "count: 2")
}

/// A pupil, a member of staff with a second login, and the head.
#[must_use]
pub fn roster(school: &str) -> String {
    let mut csv = "user_name,aliases,audience,year_group,form,school,leaving_date,role\n".to_owned();
    let _ = writeln!(csv, "pat.ash,,pupil,7,7B,{school},,\nsam.elm,elm2,staff,,,{school},,");
    let _ = writeln!(csv, "kim.oak,,staff,,,{school},,head");
    csv
}

/// A school whose events are judged.
pub async fn judged_school(system: &System, school: &str) {
    system.feed(school, "web", "squid").await;
    let context = system.context();
    publish(&context, POLICY, 0).await.unwrap();
    let id = SchoolId::new(school).unwrap();
    put_roster(&context, &id, roster(school).into_bytes()).await.unwrap();
}

/// A line of squid: a visit of this address.
#[must_use]
pub fn visit(second: i64, user: &str, url: &str) -> String {
    format!(
        "{second}.000 87 10.20.1.15 TCP_MISS/200 1823 GET {url} {user} HIER_DIRECT/192.0.2.10 text/html\n"
    )
}

/// A search that is an alert by itself.
#[must_use]
pub fn hurt(second: i64, user: &str) -> String {
    visit(second, user, "http://www.google.com/search?q=hurt+myself")
}

/// A visit of a betting site.
#[must_use]
pub fn bet(second: i64, user: &str) -> String {
    visit(second, user, "http://www.bets.example/odds")
}

/// The manifest of a source, as the event of S3 tells of it.
#[must_use]
pub fn manifest_of(context: &Context, arrival: &Arrival, stage: Stage) -> Arrival {
    let school = arrival.key.split('/').next().unwrap();
    Arrival {
        bucket: context.store.names().lake.clone(),
        key: keys::manifest(stage, school, arrival.source_id().as_str()),
        version_id: "null".to_owned(),
    }
}

/// Judges a source that was normalised.
pub async fn judge(context: &Context, arrival: &Arrival) -> Judged {
    classify(context, &manifest_of(context, arrival, Stage::Normalise), 0).await.unwrap()
}

/// Every alert of a school as a line, without what tells of the work: names, times of the work, ids.
pub async fn alert_facts(context: &Context, school: &str) -> Vec<String> {
    let schools = [SchoolId::new(school).unwrap()];
    let mut facts = Vec::new();
    for status in [Status::Open, Status::Acknowledged, Status::Closed] {
        for (id, row) in alerts(context, &schools, status).await.unwrap() {
            let cell = context.store.cell(&id).await.unwrap();
            let alert: Alert = serde_json::from_str(cell.alert.as_deref().unwrap()).unwrap();
            let episodes = alert.episodes.len();
            let queues: Vec<String> = cell.queues.keys().map(|name| name.replace(school, "SCHOOL")).collect();
            let firing = alert.state.firing.map(|firing| {
                let evidence: Vec<_> =
                    firing.evidence.iter().map(|event| (event.at, event.severity.level())).collect();
                (firing.severity.level(), firing.events, firing.crossed_ms, firing.last_ms, evidence)
            });
            facts.push(format!(
                "alert {} {} {:?} {} {status:?} episodes {episodes} {queues:?} {firing:?}",
                row.about.cell.rule,
                row.about.cell.window_ms,
                row.about.user_name,
                row.audience.as_str(),
            ));
        }
    }
    facts.sort();
    facts
}
