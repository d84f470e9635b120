//! Two schools with an alert of each kind.

use std::collections::BTreeMap;
use trustwatch_pipeline::{Arrival, normalise};
use trustwatch_tests::desk::Desk;
use trustwatch_tests::judging::{hurt, judge, judged_school};
use trustwatch_tests::system::System;

/// 25 October 2026, noon UTC.
pub(crate) const NOON: i64 = 1_792_929_600;

/// Whom the alerts of a school are about, and the login that the filter logged.
pub(crate) const SUBJECTS: [(&str, &str); 4] =
    [("pupil", "pat.ash"), ("staff", "sam.elm"), ("head", "kim.oak"), ("unknown", "nobody.knows")];

pub(crate) async fn deliver(system: &System, key: &str, text: &str) -> Arrival {
    let arrival = system.put(key, text).await;
    let context = system.context();
    normalise(&context, &arrival).await.unwrap();
    judge(&context, &arrival).await;
    arrival
}

/// The alerts of oak and elm, by school and whom they are about: `oak pupil`.
pub(crate) struct World {
    pub(crate) system: System,
    pub(crate) desk: Desk,
    pub(crate) alerts: BTreeMap<String, String>,
}

impl World {
    pub(crate) async fn begin() -> Self {
        let system = System::start().await;
        for school in ["oak", "elm"] {
            judged_school(&system, school).await;
            let lines: String = SUBJECTS.iter().map(|(_, login)| hurt(NOON, login)).collect();
            deliver(&system, &format!("{school}/web/a.log"), &lines).await;
        }
        let desk = Desk::over(&system).await;
        let mut alerts = BTreeMap::new();
        let everybody =
            desk.token(&["dsl-oak", "dsl-elm", "head-oak", "head-elm", "trust_lead", "chair"], None);
        for alert in desk.listed(&everybody, "open").await {
            let login = alert["subject"]["name"].as_str().unwrap();
            let (about, _) = SUBJECTS.iter().find(|(_, name)| *name == login).unwrap();
            let school = alert["school"].as_str().unwrap();
            alerts.insert(format!("{school} {about}"), alert["id"].as_str().unwrap().to_owned());
        }
        assert_eq!(alerts.len(), 2 * SUBJECTS.len(), "{alerts:?}");
        Self { system, desk, alerts }
    }

    pub(crate) fn id(&self, name: &str) -> &str {
        &self.alerts[name]
    }
}
