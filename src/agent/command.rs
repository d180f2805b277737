//! Commands of `agent.toml`: run without a shell, for a bounded time, their output kept to a bounded length.

use std::collections::VecDeque;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};
use tokio::process::Command;

/// Lines of output that are kept; older ones go.
const LINES_MAX: usize = 100;
/// Longest line; the rest of it is a line of its own.
const LINE_BYTES_MAX: u64 = 4 << 10;
/// Lines of an error that are reported.
const REPORTED_MAX: usize = 5;
/// Words by which software says that something is wrong.
const ALARMS: [&str; 7] = ["error", "fail", "fatal", "cannot", "could not", "invalid", "unable"];

/// The last lines that a process wrote.
#[derive(Debug, Clone, Default)]
pub struct Output(Arc<Mutex<VecDeque<String>>>);

impl Output {
    /// Reads to the end, in the background.
    pub fn follow(&self, stream: impl AsyncRead + Unpin + Send + 'static) -> tokio::task::JoinHandle<()> {
        let lines = self.clone();
        tokio::spawn(async move {
            let mut stream = BufReader::new(stream);
            let mut line = Vec::new();
            loop {
                line.clear();
                match (&mut stream).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => lines.add(String::from_utf8_lossy(&line).trim_end()),
                }
            }
        })
    }

    fn add(&self, line: &str) {
        if line.is_empty() {
            return;
        }
        let mut lines = self.0.lock();
        if lines.len() == LINES_MAX {
            lines.pop_front();
        }
        lines.push_back(line.to_owned());
    }

    /// Forgets what was written so far.
    pub fn clear(&self) {
        self.0.lock().clear();
    }

    /// The first line.
    pub fn first(&self) -> Option<String> {
        self.0.lock().front().cloned()
    }

    /// The first line that contains one of these texts.
    pub fn line_with(&self, texts: &[String]) -> Option<String> {
        let lines = self.0.lock();
        lines.iter().find(|line| texts.iter().any(|text| line.contains(text))).cloned()
    }

    /// What the software says is wrong: from the first line that sounds like it, or the last lines.
    pub fn complaint(&self) -> Option<String> {
        let lines = self.0.lock();
        let alarming = |line: &String| {
            let line = line.to_lowercase();
            ALARMS.iter().any(|word| line.contains(word))
        };
        let first = lines.iter().position(alarming).unwrap_or(lines.len().saturating_sub(REPORTED_MAX));
        let chosen: Vec<&str> = lines.iter().skip(first).take(REPORTED_MAX).map(String::as_str).collect();
        (!chosen.is_empty()).then(|| chosen.join("\n"))
    }
}

/// A command with `{root}` replaced, not started. It runs in that folder, so that files may name each other by relative paths.
pub fn prepare(words: &[String], root: &Path) -> Command {
    let named = root.display().to_string();
    let mut words = words.iter().map(|word| word.replace("{root}", &named));
    let mut command = Command::new(words.next().expect("the settings were checked: a command has a word"));
    command.args(words).current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    command
}

/// Runs a command to its end; what it wrote.
///
/// # Errors
/// What went wrong, in the command's own words where it said any.
pub async fn run(what: &str, words: &[String], root: &Path, within: Duration) -> Result<Output, String> {
    let program = words.first().map_or("", String::as_str);
    let mut child = prepare(words, root).spawn().map_err(|error| format!("{what}: cannot run {program}: {error}"))?;
    let output = Output::default();
    let readers = [child.stdout.take().map(|out| output.follow(out)), child.stderr.take().map(|err| output.follow(err))];
    let ended = tokio::time::timeout(within, async {
        let status = child.wait().await;
        for reader in readers.into_iter().flatten() {
            // A reader that panicked has nothing to say.
            let _ = reader.await;
        }
        status
    });
    match ended.await {
        Ok(Ok(status)) if status.success() => Ok(output),
        Ok(Ok(status)) => Err(format!("{what}: {}", output.complaint().unwrap_or_else(|| format!("{program}: {status}")))),
        Ok(Err(error)) => Err(format!("{what}: {program}: {error}")),
        Err(_) => Err(format!("{what}: {program} did not end within {within:?}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, within: Duration) -> Result<Output, String> {
        run("check", &["sh".to_owned(), "-c".to_owned(), script.to_owned()], Path::new("/"), within).await
    }

    #[tokio::test]
    async fn a_command_says_in_its_own_words_what_is_wrong() {
        let minute = Duration::from_secs(60);
        assert_eq!(shell("echo one; echo two >&2", minute).await.unwrap().0.lock().len(), 2);
        assert_eq!(shell("echo {root}; pwd", minute).await.unwrap().0.lock().make_contiguous(), ["/", "/"]);
        for (script, expected) in [
            ("echo fine; echo 'ERROR in line 3'; echo bye; exit 1", "check: ERROR in line 3\nbye"),
            ("echo only this; exit 3", "check: only this"),
            ("exit 3", "check: sh: exit status: 3"),
        ] {
            assert_eq!(shell(script, minute).await.unwrap_err(), expected);
        }
        let late = shell("sleep 60", Duration::from_millis(50)).await.unwrap_err();
        assert_eq!(late, "check: sh did not end within 50ms");
        let missing = run("check", &["there-is-no-such-program".to_owned()], Path::new("."), minute).await.unwrap_err();
        assert!(missing.starts_with("check: cannot run there-is-no-such-program"), "{missing}");
    }

    #[tokio::test]
    async fn output_without_end_is_bounded() {
        let output = shell("head -c 3000000 /dev/zero | tr '\\0' x; seq 1000", Duration::from_secs(60)).await.unwrap();
        let lines = output.0.lock();
        assert_eq!((lines.len(), lines.back().map(String::as_str)), (LINES_MAX, Some("1000")));
    }
}
