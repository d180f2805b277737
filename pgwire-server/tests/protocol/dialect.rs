//! Asks Strata the statements of `tests/dialect`, compares with what PostgreSQL 15 said, and prints the share that agrees.
//!
//! `tests/dialect/differences.md` lists what is known to differ, with its reason. The test fails when a statement differs that is
//! not listed, and when one that is listed agrees, so that the list stays true; and when docs/dialect.md says other figures.
//! `DIALECT_REPORT=file` writes what differs, with both answers.

mod differences;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use differences::Differences;
use sqllogictest::{DefaultColumnType, ExpectedError, QueryExpect, Record, StatementExpect};
use strata_pgwire::PgOptions;
use tokio_postgres::{Client, SimpleQueryMessage};

use super::server::{self, Server};

/// Where the statements are, and what is known to differ.
const FOLDER: &str = "../tests/dialect";
/// The document with the figures.
const DOCUMENT: &str = "../docs/dialect.md";
/// The file that makes the tables of all others.
const SETUP: &str = "setup.slt";
/// How many connections ask at once.
const CONNECTIONS: usize = 4;
/// What every connection begins with: one statement must not hold up the others.
const SETTINGS: &str = "SET statement_timeout = '20s'";

/// What a server says to a statement: its SQLSTATE, or rows with cells parted by tabs.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Fault(String),
    Rows(Vec<String>),
    Done,
}

struct Case {
    family: String,
    sql: String,
    expected: Answer,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_postgresqls() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER);
    let server = Server::with(PgOptions { shutdown_grace: Duration::from_secs(2), ..PgOptions::default() }).await;
    let client = server.connect().await;
    for case in cases(&folder.join(SETUP)) {
        assert_eq!(ask(&client, &case.sql).await.0, case.expected, "{}", case.sql);
    }
    let cases: Vec<Case> = files(&folder).iter().flat_map(|file| cases(file)).collect();
    let found = ask_all(&server, &cases).await;

    let mut report = String::new();
    let mut families: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    let mut different = Vec::new();
    for (case, (answer, message)) in cases.iter().zip(&found) {
        let (agreed, asked) = families.entry(&case.family).or_default();
        *asked += 1;
        if *answer == case.expected {
            *agreed += 1;
        } else {
            different.push(one_line(&case.sql));
            let Case { family, sql, expected } = case;
            let (sql, message) = (one_line(sql), one_line(message));
            writeln!(report, "{family}\t{sql}\n  PostgreSQL {expected:?}\n  Strata     {answer:?} {message}").unwrap();
        }
    }
    if let Ok(path) = std::env::var("DIALECT_REPORT") {
        std::fs::write(path, report).unwrap();
    }
    for (family, (agreed, asked)) in &families {
        println!("{family}: {agreed} of {asked} agree");
    }
    let agreed = cases.len() - different.len();
    println!("{agreed} of {} statements agree: {}", cases.len(), share(agreed, cases.len()));

    let listed = Differences::read(&folder.join("differences.md"));
    let faults = listed.compare(&different);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let document = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT)).unwrap();
    let figures = format!("{agreed} of {} statements ({})", cases.len(), share(agreed, cases.len()));
    assert!(document.contains(&figures), "{DOCUMENT} does not say \"{figures}\"");
    for (title, count) in listed.groups() {
        let row = format!("| {title} | {count} |");
        assert!(document.contains(&row), "{DOCUMENT} has no row \"{row}\"");
    }
    server.stop().await;
}

/// In percent, with one digit, rounded down.
fn share(part: usize, whole: usize) -> String {
    let tenths = part * 1000 / whole;
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// Asks everything, in the order of `cases`.
async fn ask_all(server: &Server, cases: &[Case]) -> Vec<(Answer, String)> {
    let asked = (0..CONNECTIONS).map(async |first| {
        let client = server.connect().await;
        client.simple_query(SETTINGS).await.unwrap();
        let mut answers = Vec::new();
        for case in cases.iter().skip(first).step_by(CONNECTIONS) {
            answers.push(ask(&client, &case.sql).await);
        }
        answers
    });
    let mut answers: Vec<_> = futures::future::join_all(asked).await.into_iter().map(Vec::into_iter).collect();
    (0..cases.len()).map(|at| answers[at % CONNECTIONS].next().unwrap()).collect()
}

/// The answer, and the message of an error.
async fn ask(client: &Client, sql: &str) -> (Answer, String) {
    match client.simple_query(sql).await {
        Ok(messages) => (answer(&messages), String::new()),
        Err(error) => {
            let (code, message) = server::code(&error);
            (Answer::Fault(code), message)
        }
    }
}

fn answer(messages: &[SimpleQueryMessage]) -> Answer {
    let has_columns = messages.iter().any(|message| matches!(message, SimpleQueryMessage::RowDescription(_)));
    let row = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| cell(row.get(at))).collect::<Vec<_>>().join("\t")),
        _ => None,
    };
    if has_columns { Answer::Rows(messages.iter().filter_map(row).collect()) } else { Answer::Done }
}

fn cell(text: Option<&str>) -> String {
    match text {
        None => "NULL".to_owned(),
        Some("") => "(empty)".to_owned(),
        Some(text) => text.replace('\t', "\\t").replace('\n', "\\n"),
    }
}

fn one_line(sql: &str) -> String {
    sql.replace('\n', " ")
}

/// The files with statements, without the one that is run first.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "slt") && !file.ends_with(SETUP));
    files.sort();
    files
}

fn cases(file: &Path) -> Vec<Case> {
    let family = file.file_stem().unwrap().to_string_lossy().into_owned();
    let records = sqllogictest::parse_file::<DefaultColumnType>(file).unwrap();
    let case = |record| {
        let (sql, expected) = match record {
            Record::Statement { sql, expected: StatementExpect::Ok, .. } => (sql, Answer::Done),
            Record::Statement { sql, expected: StatementExpect::Error(ExpectedError::SqlState(code)), .. } => {
                (sql, Answer::Fault(code))
            }
            Record::Query { sql, expected: QueryExpect::Results { results, .. }, .. } => (sql, Answer::Rows(results)),
            Record::Comment(_) | Record::Newline => return None,
            other => panic!("{}: {other:?}", file.display()),
        };
        Some(Case { family: family.clone(), sql, expected })
    };
    records.into_iter().filter_map(case).collect()
}
