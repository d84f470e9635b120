//! From committed events to alerts.
#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "judging/splits.rs"]
mod splits;

use aws_sdk_dynamodb::types::AttributeValue;
use trustwatch_casework::Status;
use trustwatch_lake::Stage;
use trustwatch_model::SchoolId;
use trustwatch_pipeline::{
    Arrival, Context, Judged, PublishError, alerts, classify, judge_again, normalise, publish, put_roster,
    queue_unfinished, reconcile_judgements, verify,
};
use trustwatch_tests::judging::{
    POLICY, alert_facts, bet, hurt, judge, judged_school, manifest_of, roster, stricter, visit,
};
use trustwatch_tests::queue::{drain, work_on_what_is_due};
use trustwatch_tests::seam::{FailsAt, Fault};
use trustwatch_tests::system::{DAY_MS, Item, System, Worker};

/// 26 October 2026, 00:00 UTC: the edge between two windows of a day.
const MIDNIGHT: i64 = 1_792_972_800;

async fn deliver(system: &System, key: &str, text: &str) -> Arrival {
    let arrival = system.put(key, text).await;
    let context = system.context();
    normalise(&context, &arrival).await.unwrap();
    assert!(matches!(judge(&context, &arrival).await, Judged::Committed(_)));
    arrival
}

async fn balanced(context: &Context) {
    let report = verify(context).await.unwrap();
    assert!(report.balances(), "{:?}", report.findings);
    assert_eq!(report.pending, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_threshold_that_only_two_files_together_cross_is_an_alert() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let noon = MIDNIGHT - 43_200;
    deliver(&system, "oak/web/a.log", &(bet(noon, "pat.ash") + &bet(noon + 60, "pat.ash"))).await;
    assert_eq!(alert_facts(&context, "oak").await, Vec::<String>::new());
    // The same second and site again is no third visit, and neither is somebody else's.
    deliver(&system, "oak/web/b.log", &(bet(noon + 60, "pat.ash") + &bet(noon + 90, "sam.elm"))).await;
    assert_eq!(alert_facts(&context, "oak").await, Vec::<String>::new());
    deliver(&system, "oak/web/c.log", &bet(noon + 599, "pat.ash")).await;
    let facts = alert_facts(&context, "oak").await;
    assert_eq!(facts.len(), 1, "{facts:?}");
    assert!(
        facts[0].starts_with("alert betting")
            && facts[0].contains("pat.ash")
            && facts[0].contains("Q#SCHOOL#dsl")
    );
    balanced(&context).await;
    system.stop().await;
}

/// A worker that is cut off after the first of many has told of the child in danger, and of nobody's games.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_gravest_is_told_first() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let noon = MIDNIGHT - 43_200;
    let games = |n| visit(noon + n, &format!("p{n}"), "http://games.example/");
    let text = (0..20).map(games).collect::<String>() + &hurt(noon + 30, "pat.ash");
    let arrival = system.put("oak/web/a.log", text).await;
    normalise(&system.context(), &arrival).await.unwrap();
    let (context, seam) = system.worker(Worker::default()).await;
    // The call that would add to the second alert.
    seam.appoint(FailsAt::nth("put_contribution", 1, Fault::NotSent));
    let manifest = manifest_of(&context, &arrival, Stage::Normalise);
    assert!(classify(&context, &manifest, 0).await.is_err());
    let facts = alert_facts(&system.context(), "oak").await;
    assert_eq!(facts.len(), 1, "{facts:?}");
    assert!(facts[0].starts_with("alert hurt-search") && facts[0].contains("pat.ash"), "{facts:?}");
    system.time.pass_ms(DAY_MS);
    judge(&system.context(), &arrival).await;
    assert_eq!(alert_facts(&system.context(), "oak").await.len(), 21);
    balanced(&system.context()).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_on_both_sides_of_midnight_are_one_alert() {
    let system = System::start().await;
    let context = system.context();
    let (before, after) =
        (bet(MIDNIGHT - 60, "pat.ash"), bet(MIDNIGHT, "pat.ash") + &bet(MIDNIGHT + 60, "pat.ash"));
    // The window belongs to the day before, whichever day is delivered last.
    for (school, first, second) in [("oak", &before, &after), ("elm", &after, &before)] {
        judged_school(&system, school).await;
        deliver(&system, &format!("{school}/web/first.log"), first).await;
        assert_eq!(alert_facts(&context, school).await, Vec::<String>::new());
        deliver(&system, &format!("{school}/web/second.log"), second).await;
        let facts = alert_facts(&context, school).await;
        assert_eq!(facts.len(), 1, "{school}: {facts:?}");
    }
    balanced(&context).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_search_is_an_alert_at_once_and_goes_to_those_who_may_know() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let search =
        |user: &str, words: &str| visit(MIDNIGHT, user, &format!("http://www.google.com/search?q={words}"));
    deliver(
        &system,
        "oak/web/a.log",
        &(search("pat.ash", "hurt+myself") + &search("pat.ash", "hurt+myself+football")),
    )
    .await;
    deliver(&system, "oak/web/b.log", &search("sam.elm", "hurt+myself")).await;
    deliver(&system, "oak/web/c.log", &search("nobody.known", "hurt+myself")).await;
    let facts = alert_facts(&context, "oak").await;
    let of = |who: &str| {
        facts.iter().find(|fact| fact.contains(who)).unwrap_or_else(|| panic!("{who}: {facts:?}"))
    };
    assert_eq!(facts.len(), 3);
    assert!(of("pat.ash").contains(r#"pupil Open episodes 1 ["Q#SCHOOL#dsl"] Some((5, 1,"#), "{facts:?}");
    assert!(of("sam.elm").contains(r#"staff Open episodes 1 ["Q#SCHOOL#head"] Some((4, 1,"#), "{facts:?}");
    assert!(
        of("nobody.known").contains(r#"unknown Open episodes 1 ["Q#SCHOOL#dsl", "Q#trust"] Some((5,"#),
        "{facts:?}"
    );
    balanced(&context).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_change_between_two_files_judges_each_event_by_its_own_time() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let now = system.time.now_ms() / 1_000;
    let change = now + 1_800;
    assert_eq!(publish(&context, &stricter(), change * 1_000_000).await.unwrap(), 2);
    system.time.pass_ms(DAY_MS);
    // Two before the change are none, in whatever file they stand; one before and one behind are two for the one
    // behind.
    let both = bet(change - 400, "sam.elm") + &bet(change - 300, "sam.elm");
    let behind = visit(change + 100, "sam.elm", "http://www.example.org/");
    deliver(&system, "oak/web/a.log", &(both + &behind)).await;
    deliver(&system, "oak/web/b.log", &bet(change - 60, "pat.ash")).await;
    assert_eq!(alert_facts(&context, "oak").await, Vec::<String>::new());
    deliver(&system, "oak/web/c.log", &bet(change, "pat.ash")).await;
    let facts = alert_facts(&context, "oak").await;
    assert!(facts.len() == 1 && facts[0].contains("pat.ash"), "{facts:?}");
    balanced(&context).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judging_again_replaces_what_a_source_added() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let noon = MIDNIGHT - 43_200;
    let text: String = (0..3).map(|minute| bet(noon + 60 * minute, "pat.ash")).collect();
    let arrival = deliver(&system, "oak/web/a.log", &text).await;
    assert_eq!(alert_facts(&context, "oak").await.len(), 1);
    // The roster was wrong: it was a member of staff.
    let school = SchoolId::new("oak").unwrap();
    let right = roster("oak").replace("pat.ash,,pupil,7,7B", "pat.ash,,staff,,");
    put_roster(&context, &school, right.into_bytes()).await.unwrap();
    let manifest = manifest_of(&context, &arrival, Stage::Normalise);
    for _ in 0..2 {
        classify(&context, &manifest, 1).await.unwrap();
        let facts = alert_facts(&context, "oak").await;
        assert_eq!(facts.len(), 1);
        assert!(facts[0].contains("staff") && facts[0].contains(r#"["Q#SCHOOL#head"]"#), "{facts:?}");
        balanced(&context).await;
    }
    // The first judgement, delivered late once more, does not come back.
    classify(&context, &manifest, 0).await.unwrap();
    assert!(alert_facts(&context, "oak").await[0].contains("staff"));
    system.stop().await;
}

/// Whoever is told of the manifest next ends what a dead worker began, also where a further generation was begun.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judging_again_that_broke_off_is_brought_to_its_end() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let text = hurt(MIDNIGHT, "pat.ash") + &visit(MIDNIGHT, "pat.ash", "http://games.example/");
    let arrival = deliver(&system, "oak/web/a.log", &text).await;
    let school = SchoolId::new("oak").unwrap();
    let right = roster("oak").replace("pat.ash,,pupil,7,7B", "pat.ash,,staff,,");
    put_roster(&system.context(), &school, right.into_bytes()).await.unwrap();
    let manifest = manifest_of(&system.context(), &arrival, Stage::Normalise);
    for (generation, contribution) in [(1, 1), (2, 0)] {
        let (context, seam) = system.worker(Worker::default()).await;
        seam.appoint(FailsAt::nth("put_contribution", contribution, Fault::NotSent));
        assert!(classify(&context, &manifest, generation).await.is_err());
        system.time.pass_ms(DAY_MS);
        let report = verify(&system.context()).await.unwrap();
        assert_eq!(report.pending, 1, "{report:?}");
        queue_unfinished(&system.context()).await.unwrap();
        drain(&system, &system.context()).await;
        let facts = alert_facts(&system.context(), "oak").await;
        assert_eq!(facts.len(), 2, "{facts:?}");
        assert!(facts.iter().any(|fact| fact.starts_with("alert hurt-search") && fact.contains("staff")));
        assert!(facts.iter().any(|fact| fact.starts_with("alert games") && fact.ends_with("None")));
        balanced(&system.context()).await;
    }
    system.stop().await;
}

/// The roster came late, as it does when a school is set up: everything is judged again by it, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_roster_that_came_late_is_applied_once() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let (context, school) = (system.context(), SchoolId::new("oak").unwrap());
    publish(&context, POLICY, 0).await.unwrap();
    for (nth, login) in ["pat.ash", "sam.elm"].into_iter().enumerate() {
        deliver(&system, &format!("oak/web/{nth}.log"), &hurt(MIDNIGHT, login)).await;
    }
    let audiences = async || -> Vec<bool> {
        let facts = alert_facts(&context, "oak").await;
        ["pupil", "staff", "unknown"].map(|word| facts.iter().any(|fact| fact.contains(word))).to_vec()
    };
    assert_eq!(judge_again(&context, &school).await.unwrap(), 0);
    assert_eq!(audiences().await, [false, false, true]);
    put_roster(&context, &school, roster("oak").into_bytes()).await.unwrap();
    assert_eq!(judge_again(&context, &school).await.unwrap(), 2);
    assert_eq!(audiences().await, [true, true, false]);
    balanced(&context).await;
    // A worker that died in a generation is followed by whoever asks again.
    put_roster(&context, &school, roster("oak").replace("7B", "7C").into_bytes()).await.unwrap();
    let (dying, seam) = system.worker(Worker::default()).await;
    seam.appoint(FailsAt::nth("put_new judgement", 1, Fault::NotSent));
    assert!(judge_again(&dying, &school).await.is_err());
    system.time.pass_ms(DAY_MS);
    assert_eq!(judge_again(&context, &school).await.unwrap(), 1);
    assert_eq!(judge_again(&context, &school).await.unwrap(), 0);
    balanced(&context).await;
    system.stop().await;
}

/// The open episode stays for a person to close, and says that its evidence is gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn judging_again_takes_back_what_is_no_finding_any_more() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let arrival =
        deliver(&system, "oak/web/a.log", &visit(MIDNIGHT, "pat.ash", "http://games.example/")).await;
    assert!(alert_facts(&context, "oak").await[0].contains("Some((3, 1,"));
    let school = SchoolId::new("oak").unwrap();
    let right = roster("oak").replace("pat.ash,,pupil,7,7B", "pat.ash,,staff,,");
    put_roster(&context, &school, right.into_bytes()).await.unwrap();
    classify(&context, &manifest_of(&context, &arrival, Stage::Normalise), 1).await.unwrap();
    let facts = alert_facts(&context, "oak").await;
    assert!(facts.len() == 1 && facts[0].ends_with(r#"Open episodes 1 ["Q#SCHOOL#dsl"] None"#), "{facts:?}");
    balanced(&context).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_from_before_the_first_policy_are_judged_when_it_is_published() {
    let system = System::start().await;
    system.feed("oak", "web", "squid").await;
    let context = system.context();
    let text: String = (0..3).map(|minute| bet(MIDNIGHT - 60 * minute, "pat.ash")).collect();
    let arrival = system.put("oak/web/a.log", text.trim_end()).await;
    normalise(&context, &arrival).await.unwrap();
    assert_eq!(judge(&context, &arrival).await, Judged::NoPolicy);
    assert_eq!(reconcile_judgements(&context).await.unwrap(), 0);
    system.time.pass_ms(DAY_MS + 2 * 3_600_000);
    work_on_what_is_due(&system).await;
    publish(&context, POLICY, 0).await.unwrap();
    // The body of the file and its held line, which was settled for itself.
    assert_eq!(reconcile_judgements(&context).await.unwrap(), 2);
    drain(&system, &context).await;
    assert_eq!(reconcile_judgements(&context).await.unwrap(), 0);
    assert_eq!(alert_facts(&context, "oak").await.len(), 1);
    balanced(&context).await;
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_takes_effect_no_sooner_than_every_worker_knows_it() {
    let system = System::start().await;
    let context = system.context();
    publish(&context, POLICY, 0).await.unwrap();
    publish(&context, &stricter(), 0).await.unwrap();
    let names = context.store.names();
    let object = context.store.read(&names.config, "policy/timeline.json").await.unwrap().unwrap();
    let timeline: serde_json::Value = serde_json::from_slice(&object.bytes).unwrap();
    let from = timeline["versions"][1]["effective_from"].as_i64().unwrap();
    assert_eq!(from, (system.time.now_ms() + 600_000) * 1_000);
    // The same number with another text is refused, and so is a text with mistakes.
    let other = publish(&context, &stricter().replace("No betting", "No bets"), 0).await;
    assert!(matches!(other, Err(PublishError::Taken(2))), "{other:?}");
    let wrong = publish(&context, &stricter().replace("count: 2", "count: 0"), 0).await;
    assert!(matches!(wrong, Err(PublishError::Mistakes(_))), "{wrong:?}");
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_that_is_not_what_it_should_be_is_named() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let set = |mut item: Item, name: &str, value: String| {
        item.insert(name.to_owned(), AttributeValue::S(value));
        Some(item)
    };
    type Forge<'a> = Box<dyn Fn(Item) -> Option<Item> + 'a>;
    let forgeries: [(&str, &str, Forge<'_>, &str); 4] = [
        ("pat.ash", "QUEUE#", Box::new(|_| None), "does not stand where those who may know look"),
        (
            "sam.elm",
            "META",
            Box::new(|item| {
                let mut alert: serde_json::Value = serde_json::from_str(&text(&item, "alert")).unwrap();
                alert["ep"] = serde_json::json!([]);
                set(item, "alert", alert.to_string())
            }),
            "fires and has no episode",
        ),
        (
            "kim.oak",
            "META",
            Box::new(|item| {
                let alert = text(&item, "alert").replace("\"sev\":4", "\"sev\":3");
                set(item, "alert", alert)
            }),
            "is not what its evidence says",
        ),
        (
            "nobody.knows",
            "SRC#",
            Box::new(|item| set(item, "body", String::new())),
            "is not what its findings say",
        ),
    ];
    for (user, ..) in &forgeries {
        let line = hurt(MIDNIGHT - 43_200, user);
        deliver(&system, &format!("oak/web/{user}.log"), &line).await;
    }
    balanced(&context).await;
    let school = [SchoolId::new("oak").unwrap()];
    let rows = alerts(&context, &school, Status::Open).await.unwrap();
    for (user, sort, forge, words) in &forgeries {
        let (id, _) = rows.iter().find(|(_, row)| row.about.user_name.as_deref() == Some(*user)).unwrap();
        system.forge_alert(id.as_str(), sort, forge).await;
        let problems = verify(&context).await.unwrap().findings;
        let named = problems.iter().any(|found| found.problem.contains(words) && found.key.contains(user));
        assert!(named, "{user}: {problems:?}");
    }
    // What one source added, laid to another: to one that was judged and added nothing here, and to one that never was.
    let before = verify(&context).await.unwrap().findings;
    let (id, _) = rows.iter().find(|(_, row)| row.about.user_name.as_deref() == Some("pat.ash")).unwrap();
    let judged =
        deliver(&system, "oak/web/quiet.log", &visit(MIDNIGHT - 43_200, "sam.elm", "http://a.example/"))
            .await;
    for source in [judged.source_id().to_string(), "0".repeat(32)] {
        system.forge_alert(id.as_str(), "SRC#", |item| set(item, "SK", format!("SRC#{source}"))).await;
        let told = verify(&context).await.unwrap().findings;
        let words = format!("what it adds to alert {id} follows from nothing that was judged");
        let named = told.iter().any(|found| found.source_id == source && found.problem == words);
        assert!(named && !before.iter().any(|found| found.problem == words), "{source}: {told:?}");
    }
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_that_a_stricter_build_would_refuse_goes_on_judging() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    // As an earlier build let it pass: a limit that names nobody.
    let (config, key) = (&context.store.names().config, "policy/1.yaml");
    let published = context.store.read(config, key).await.unwrap().unwrap();
    let text = String::from_utf8(published.bytes.to_vec()).unwrap();
    let laxer = text.replace("    severity:", "    years: []\n    severity:");
    assert_ne!(laxer, text);
    assert!(
        matches!(publish(&context, &laxer, 0).await, Err(PublishError::Mistakes(_))),
        "it cannot be published"
    );
    context.store.replace(config, key, laxer.into(), Some(&published.etag)).await.unwrap();
    deliver(&system, "oak/web/a.log", &hurt(MIDNIGHT - 43_200, "pat.ash")).await;
    assert_eq!(alert_facts(&context, "oak").await.len(), 1);
    system.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alert_to_which_nothing_was_added_is_named() {
    let system = System::start().await;
    judged_school(&system, "oak").await;
    let context = system.context();
    deliver(&system, "oak/web/a.log", &hurt(MIDNIGHT - 43_200, "pat.ash")).await;
    balanced(&context).await;
    let school = [SchoolId::new("oak").unwrap()];
    let (id, row) = alerts(&context, &school, Status::Open).await.unwrap().pop_first().unwrap();
    // The same again, about somebody of whom no line says anything.
    let mut cell = row.about.cell.clone();
    cell.window_ms -= 50 * cell.grid_ms;
    let forged = cell.id();
    let told = async |about: String| {
        for sort in ["META", "QUEUE#"] {
            let copy = |mut item: Item| {
                item.insert("PK".to_owned(), AttributeValue::S(format!("ALERT#{forged}")));
                if sort == "META" {
                    item.insert("about".to_owned(), AttributeValue::S(about.clone()));
                }
                Some(item)
            };
            system.forge_alert(id.as_str(), sort, copy).await;
        }
        let problems = verify(&context).await.unwrap().findings.into_iter().map(|found| found.problem);
        problems.filter(|problem| problem.contains(forged.as_str())).collect::<Vec<_>>()
    };
    let mut about = serde_json::to_value(&row.about).unwrap();
    let other = told(about.to_string()).await;
    assert_eq!(other, [format!("alert {forged} says that it is about what another one is about")]);
    about["cell"] = serde_json::to_value(&cell).unwrap();
    let own = told(about.to_string()).await;
    assert!(own.contains(&format!("alert {forged} is not what its evidence says")), "{own:?}");
    // A place in a queue is all that a list looks at.
    system.forge_alert(forged.as_str(), "META", |_| None).await;
    let problems = verify(&context).await.unwrap().findings;
    let words = format!("alert {forged} stands in a queue and is nowhere else");
    assert!(problems.iter().any(|found| found.problem == words), "{problems:?}");
    system.stop().await;
}
