//! How long the control plane takes when it is large: 1,000 layers that make one role of 10,000 rules, and a rollout to 200
//! simulated sidecars.
//!
//! ```text
//! configuration_at_scale [LAYERS] [RULES a layer] [SIDECARS]
//! ```
//!
//! Everything is in this process, on a folder of its own with the embedded config store; questions are asked in SQL. Each is
//! asked once to warm up and then several times; the median and the slowest are told. Ends with 1 when a bound is passed.

#[path = "../tests/rollout/simulator.rs"]
mod simulator;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use futures::TryStreamExt as _;
use simulator::Simulator;
use strata_catalog::etl::config_store::ConfigStore;
use strata_catalog::etl::{LayerState, Origin, Relation, Row};
use strata_engine::etl::Components;
use strata_engine::etl::configuration::Authorship;
use strata_engine::session::{Outcome, Session, SessionOptions};
use strata_engine::{Engine, EngineConfig};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// All sidecars have loaded their first files by then.
const START_MAX: Duration = Duration::from_secs(60);
/// How often a question is asked.
const TIMES: usize = 9;
/// An answer that takes longer is too slow.
const ANSWER_WITHIN: Duration = Duration::from_millis(200);
/// A rollout that takes longer is too slow.
const ROLLOUT_WITHIN: Duration = Duration::from_secs(5);

fn main() -> anyhow::Result<ExitCode> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<usize>());
    let mut number = |usual| numbers.next().unwrap_or(Ok(usual));
    let (layers, rules, sidecars) = (number(1000)?, number(10)?, number(200)?);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let mut config = EngineConfig::for_folder(folder.path(), 512 << 20);
        config.components = Components::new(strata_connectors::component::all());
        config.free_bytes_min = 0;
        let engine = Engine::open_folder(config).await?;
        let began = Instant::now();
        make(&engine, layers, rules).await?;
        println!("{layers} layers with {} rules made in {:.1} s", layers * rules, began.elapsed().as_secs_f64());
        let mut good = true;
        good &= fold(&engine);
        let session = session(&engine)?;
        let half = layers / 2;
        for (what, sql) in [
            ("diff of half of the layers", format!("SELECT count(*) FROM etl.diff({half}, {layers})")),
            ("plan: drop one in the middle", format!("SELECT count(*) FROM etl.plan_drop({half})")),
            ("plan: roll back half", format!("SELECT count(*) FROM etl.plan_rollback({half})")),
            ("render", "SELECT length(content) FROM etl.render('web')".to_owned()),
        ] {
            good &= ask(&session, what, &sql).await?;
        }
        good &= roll_out(&engine, &session, sidecars).await?;
        engine.drain().await?;
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    })
}

fn session(engine: &Arc<Engine>) -> anyhow::Result<Session> {
    let options = SessionOptions { user: "bench".into(), database: "strata".into(), ..SessionOptions::default() };
    Ok(Session::new(engine.clone(), options)?)
}

fn row(value: serde_json::Value) -> anyhow::Result<Row> {
    Ok(value.as_object().context("an object")?.clone())
}

/// Layers that each make some filters and edit one that is there.
async fn make(engine: &Arc<Engine>, layers: usize, rules: usize) -> anyhow::Result<()> {
    let configuration = engine.configuration();
    for layer in 0..layers {
        let mut staging = configuration.begin();
        if layer == 0 {
            let role = serde_json::json!({"name": "web", "kind": "logstash"});
            staging.insert(Relation::Roles, vec![row(role)?])?;
        } else {
            let old = staging.fold().of_relation(Relation::Rules).nth(layer * 7 % (layer * rules)).context("a rule")?.uid;
            staging.update(Relation::Rules, vec![(old, row(serde_json::json!({"comment": format!("layer {layer}")}))?)])?;
        }
        let new = (0..rules).map(|number| {
            let at = layer * rules + number;
            row(serde_json::json!({
                "role": "web", "stage": "filter", "name": format!("rule_{at}"), "position": (at + 1).to_string(),
                "construct": "plugin", "plugin": "mutate", "settings": {"add_tag": [format!("tag {at}")]},
            }))
        });
        staging.insert(Relation::Rules, new.collect::<anyhow::Result<_>>()?)?;
        let by = Authorship { author: "bench".to_owned(), comment: None, draft: false, now_us: engine.clock().now_us() };
        let made = configuration.commit(&staging, Origin::Sql, by).await?.context("a layer")?;
        // Nobody runs it, and nothing is to be written for each layer.
        configuration.set_state(made.id, LayerState::Active).await?;
    }
    Ok(())
}

/// Prints the times of something; whether it is quick enough.
fn told(what: &str, mut times: Vec<Duration>) -> bool {
    times.sort_unstable();
    let (median, slowest) = (times[times.len() / 2], times[times.len() - 1]);
    let good = median <= ANSWER_WITHIN;
    let verdict = if good { "" } else { "  TOO SLOW" };
    println!("{what:<32} {:>8.1} ms, slowest {:.1} ms{verdict}", median.as_secs_f64() * 1e3, slowest.as_secs_f64() * 1e3);
    good
}

fn fold(engine: &Engine) -> bool {
    let stack = engine.configuration().stack();
    let times = (0..=TIMES).map(|_| {
        let began = Instant::now();
        let fold = stack.fold_rendered(None).expect("no layer is named");
        let objects = fold.objects().count();
        assert!(objects > 1, "the configuration is empty");
        began.elapsed()
    });
    told("fold of all layers", times.skip(1).collect())
}

async fn ask(session: &Session, what: &str, sql: &str) -> anyhow::Result<bool> {
    let mut times = Vec::new();
    for _ in 0..=TIMES {
        let began = Instant::now();
        let rows = run(session, sql).await?;
        ensure!(rows > 0, "{sql} has no answer");
        times.push(began.elapsed());
    }
    Ok(told(what, times.split_off(1)))
}

async fn run(session: &Session, sql: &str) -> anyhow::Result<usize> {
    let mut rows = 0;
    for parsed in session.parse(sql)? {
        let prepared = session.prepare(&parsed, &[]).await?;
        if let Outcome::Rows { stream, .. } = session.execute(&prepared, Vec::new()).await? {
            let batches: Vec<arrow::array::RecordBatch> = stream.try_collect().await?;
            rows = batches.iter().map(arrow::array::RecordBatch::num_rows).sum();
        }
    }
    Ok(rows)
}

async fn roll_out(engine: &Arc<Engine>, session: &Session, count: usize) -> anyhow::Result<bool> {
    let role = "BEGIN;
        INSERT INTO etl.roles (name, kind, settings) VALUES ('fleet', 'generic', '{\"settle\": \"1 s\"}');
        INSERT INTO etl.rules (role, stage, name, body) VALUES ('fleet', 'file', 'a.txt', 'first');
        COMMIT";
    run(session, role).await?;
    let mut fleet = Vec::new();
    for number in 0..count {
        let store: Arc<dyn ConfigStore> = engine.config_store().clone();
        fleet.push(Simulator::start(store, "fleet", &format!("i{number}"), "").await);
    }
    let started = Instant::now();
    for sidecar in &fleet {
        while sidecar.seen().loads == 0 {
            ensure!(started.elapsed() < START_MAX, "sidecar {} of {} did not load its files", sidecar.id, sidecar.role);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let began = Instant::now();
    run(session, "UPDATE etl.rules SET body = 'second' WHERE role = 'fleet'").await?;
    let took = began.elapsed();
    let arrived = fleet.iter().all(|sidecar| sidecar.seen().files.values().all(|content| content == "second"));
    ensure!(arrived, "COMMIT returned before all instances had it");
    let verdict = if took <= ROLLOUT_WITHIN { "" } else { "  TOO SLOW" };
    println!("rollout to {count} sidecars, which settle for 1 s: {:.2} s{verdict}", took.as_secs_f64());
    Ok(took <= ROLLOUT_WITHIN)
}
