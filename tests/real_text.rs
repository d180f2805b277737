//! Searching real text finds what grep finds: words, phrases, pieces of words and regexes in the lines of sixteen systems, and Chinese
//! words inside sentences; with the word index and without it. The samples are not part of this project; where they are not beside
//! it the tests say that they skip.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use strata_harness::{Server, ServerOptions, Sql};
use tempfile::TempDir;

/// Every so many lines one gives words to look for.
const STEP: usize = 211;

/// Regexes that mean the same to PostgreSQL and to `grep -E`.
const REGEXES: [&str; 6] = ["err(or)?s?", "[0-9]{4,}", "^[A-Z]", "(fail|refus|time).*[0-9]", "[a-z]+-[0-9]+", "://|\\.log"];

/// Words of everyday Chinese.
const CHINESE: [&str; 8] = ["数据", "配置", "系统", "日志", "角色", "管理", "接口", "组件"];

fn shared(folder: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared").join(folder);
    if !folder.exists() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

/// A server with one topic of all lines, in memory and in segments, and an index of their words.
struct Searched {
    server: Server,
    lines: Vec<String>,
    _folder: TempDir,
}

impl Searched {
    fn new(lines: Vec<String>, options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&ServerOptions::in_folder(env!("CARGO_BIN_EXE_strata"), folder.path())).unwrap();
        let sql = server.sql().unwrap();
        sql.rows("CREATE TABLE logs.lines (message text)").unwrap();
        sql.rows(&format!("CREATE INDEX ON logs.lines USING inverted (message){options}")).unwrap();
        let file = folder.path().join("lines.log");
        fs::write(&file, lines.join("\n")).unwrap();
        let load = Command::new(env!("CARGO_BIN_EXE_strata"))
            .args(["load", "--format", "raw", "--topic", "logs.lines", "--url", &format!("http://{}", server.http_addr())])
            .arg(&file)
            .output()
            .unwrap();
        assert!(load.status.success(), "{}", String::from_utf8_lossy(&load.stderr));
        sql.rows("CALL sys.optimize('logs.lines')").unwrap();
        assert_eq!(sql.value::<usize>("SELECT count(*) FROM logs.lines").unwrap(), lines.len());
        Self { server, lines, _folder: folder }
    }

    /// The count under a condition, which is the same without indexes.
    #[track_caller]
    fn count(&self, sql: &Sql, condition: &str) -> usize {
        let count = |scan: &str| -> usize {
            sql.rows(&format!("SET enable_indexscan = {scan}")).unwrap();
            sql.value(&format!("SELECT count(*) FROM logs.lines WHERE {condition}")).unwrap()
        };
        let (with, without) = (count("on"), count("off"));
        assert_eq!(with, without, "{condition}: with and without the index");
        with
    }

    /// Lines that grep finds.
    fn grep(&self, options: &[&str], pattern: &str) -> usize {
        let mut grep = Command::new("grep");
        grep.env("LC_ALL", "C.UTF-8").arg("-c").args(options).args(["-e", pattern]);
        let mut child = grep.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut input, text) = (child.stdin.take().unwrap(), self.lines.join("\n") + "\n");
        let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().unwrap()
    }
}

/// A text as a literal of SQL.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn words_of(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty() && word.is_ascii()).collect()
}

/// A pattern of `grep -P` for whole words with something between them that is no word.
fn whole_words(words: &[&str]) -> String {
    format!(r"(?<![\p{{L}}\p{{N}}]){}(?![\p{{L}}\p{{N}}])", words.join(r"[^\p{L}\p{N}]+"))
}

#[test]
fn lines_of_sixteen_systems_are_found_as_grep_finds_them() {
    let Some(folder) = shared("loghub") else { return };
    let mut lines = Vec::new();
    let mut systems: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    systems.sort();
    for system in &systems {
        let name = system.file_name().unwrap().to_string_lossy();
        let text = String::from_utf8(fs::read(system.join(format!("{name}_2k.log"))).unwrap()).unwrap();
        lines.extend(text.lines().map(str::to_owned));
    }
    assert_eq!(lines.len(), 32_000);
    let searched = Searched::new(lines, "");
    let sql = searched.server.sql().unwrap();
    let (mut checked, mut found) = (0, 0);
    let mut agree = |condition: &str, expected: usize| {
        assert_eq!(searched.count(&sql, condition), expected, "{condition}");
        checked += 1;
        found += usize::from(expected > 0);
    };
    for line in searched.lines.iter().step_by(STEP) {
        let words = words_of(line);
        let Some(longest) = words.iter().max_by_key(|word| word.len()) else { continue };
        agree(&format!("message @@ {}", literal(longest)), searched.grep(&["-i", "-P"], &whole_words(&[longest])));
        if let [.., before, last] = words.as_slice() {
            let phrase = format!("message @@ phraseto_tsquery({})", literal(&format!("{before} {last}")));
            agree(&phrase, searched.grep(&["-i", "-P"], &whole_words(&[before, last])));
        }
        let piece: String = line.chars().skip(line.chars().count() / 2).take(7).collect();
        let escaped = piece.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        agree(&format!("message LIKE {}", literal(&format!("%{escaped}%"))), searched.grep(&["-F"], &piece));
    }
    for regex in REGEXES {
        agree(&format!("message ~ {}", literal(regex)), searched.grep(&["-E"], regex));
    }
    println!("{checked} questions agree with grep, {found} of them find something");
    assert!(checked > 400 && found * 10 > checked * 9);
}

#[test]
fn chinese_sentences_are_found_by_the_words_inside_them() {
    let Some(folder) = shared("seeds") else { return };
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let texts: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let lines: Vec<String> =
        texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim().is_empty()).map(str::to_owned).collect();

    let simple = Searched::new(lines.clone(), "");
    let sql = simple.server.sql().unwrap();
    for word in CHINESE {
        let expected = simple.grep(&["-F"], word);
        assert!(expected > 0, "{word}");
        assert_eq!(simple.count(&sql, &format!("message LIKE '%{word}%'")), expected, "{word}");
    }

    let cjk = Searched::new(lines, " WITH (tokenizer = 'cjk')");
    let sql = cjk.server.sql().unwrap();
    for word in CHINESE {
        let containing = cjk.grep(&["-F"], word);
        let found = cjk.count(&sql, &format!("to_tsvector('cjk', message) @@ to_tsquery('cjk', '{word}')"));
        println!("{word}: {found} of {containing} lines");
        assert!(found > 0 && found <= containing, "{word}: {found} of {containing}");
        let elsewhere = format!("to_tsvector('cjk', message) @@ to_tsquery('cjk', '{word}') AND message NOT LIKE '%{word}%'");
        assert_eq!(cjk.count(&sql, &elsewhere), 0, "{word}");
    }
}
