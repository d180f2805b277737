//! The process that a sidecar runs: started, told of new files, stopped, and its last words kept.
//!
//! **Invariant:** at most one runs. One that was left behind by a sidecar that was killed is ended before another starts. It is
//! known by its environment, in which the path of the state is, or by its number and the time of its start, because some
//! software writes over its environment; so no stranger is ended.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Child;
use tokio::task::JoinHandle;

use super::command::{self, Output};
use super::reload::SignalName;
use super::settings::Supervise;

/// How often one looks whether a process has ended that is nobody's child.
const LOOK: Duration = Duration::from_millis(50);
/// A variable in the environment of the process: the path of the file with its number.
const MARK: &str = "STRATA_AGENT_PROCESS";
/// How long the system may take to clear away an ended process that is nobody's child.
const REAPED_WITHIN: Duration = Duration::from_secs(5);
/// How long the last words of a process may take to be read. One that it started may keep its output open.
const LAST_WORDS_WITHIN: Duration = Duration::from_millis(500);

/// See the module.
#[derive(Debug)]
pub struct Daemon {
    settings: Supervise,
    root: PathBuf,
    pid_file: PathBuf,
    child: Option<Child>,
    output: Output,
    /// Read the output of the child.
    readers: Vec<JoinHandle<()>>,
    /// Why the last start failed.
    not_started: Option<String>,
}

impl Daemon {
    /// One that does not run yet.
    pub fn new(settings: &Supervise, root: &Path, pid_file: PathBuf) -> Self {
        Self {
            settings: settings.clone(),
            root: root.to_owned(),
            pid_file,
            child: None,
            output: Output::default(),
            readers: Vec::new(),
            not_started: None,
        }
    }

    /// Ends what a killed sidecar left behind.
    pub async fn end_orphans(&self) {
        let orphans = self.orphans();
        let some = |state: fn(&str) -> bool| orphans.iter().any(|orphan| orphan.is(state));
        let until_none = async |state: fn(&str) -> bool| {
            while some(state) {
                tokio::time::sleep(LOOK).await;
            }
        };
        let send = |signal: SignalName| {
            for orphan in orphans.iter().filter(|orphan| orphan.is(runs)) {
                tracing::warn!(process = orphan.process, "ending the process that an earlier sidecar left behind");
                // One that ended in this moment cannot be told, and need not be.
                let _ = signal.send(orphan.process);
            }
        };
        send(SignalName::TERM);
        if tokio::time::timeout(self.settings.stop_within.duration(), until_none(runs)).await.is_err() {
            send(SignalName::KILL);
            until_none(runs).await;
        }
        // Software that looks whether another one of it runs takes a dead one for it, too.
        let _ = tokio::time::timeout(REAPED_WITHIN, until_none(|_| true)).await;
    }

    fn orphans(&self) -> Vec<Orphan> {
        let noted = std::fs::read_to_string(&self.pid_file).ok().as_deref().and_then(parse);
        let mut orphans: Vec<Orphan> = noted.into_iter().filter(|noted| noted.is(runs)).collect();
        let mark = format!("{MARK}={}", self.pid_file.display());
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let Some(process) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes())
                && let Some((_, started)) = start_of(process)
                && orphans.iter().all(|orphan| orphan.process != process)
            {
                orphans.push(Orphan { process, started });
            }
        }
        orphans
    }

    /// Starts it.
    ///
    /// # Errors
    /// The program cannot be run.
    pub fn start(&mut self) -> Result<(), String> {
        self.output.clear();
        let program = self.settings.command.first().cloned().unwrap_or_default();
        let mut command = command::prepare(&self.settings.command, &self.root);
        let started = command.env(MARK, &self.pid_file).spawn();
        let mut child = started.map_err(|error| {
            let error = format!("cannot run {program}: {error}");
            self.not_started = Some(error.clone());
            error
        })?;
        self.not_started = None;
        self.readers.clear();
        self.readers.extend(child.stdout.take().map(|out| self.output.follow(out)));
        self.readers.extend(child.stderr.take().map(|err| self.output.follow(err)));
        if let Some((process, started)) = child.id().and_then(|process| Some((process, start_of(process)?.1))) {
            let text = format!("{process} {started}\n");
            if let Err(error) = super::files::replace(&self.pid_file, text.as_bytes()) {
                tracing::warn!(file = %self.pid_file.display(), %error, "cannot note the number of the process");
            }
            tracing::info!(process, program, "started");
        }
        self.child = Some(child);
        Ok(())
    }

    /// Tells it of new files, by its signal or by starting it anew.
    ///
    /// # Errors
    /// It could not be told or started.
    pub async fn load(&mut self) -> Result<(), String> {
        let running = self.child.as_ref().and_then(Child::id);
        match (self.settings.reload, running) {
            (Some(signal), Some(process)) => {
                self.output.clear();
                signal.send(process)
            }
            _ => {
                self.stop().await;
                self.start()
            }
        }
    }

    /// Why it does not run, in its last words, if it ended by itself or could not be started.
    pub async fn gone(&mut self) -> Option<String> {
        let Some(child) = self.child.as_mut() else { return self.not_started.clone() };
        let status = match child.try_wait() {
            Ok(None) => return None,
            Ok(Some(status)) => status,
            Err(error) => return Some(format!("the process cannot be asked: {error}")),
        };
        let read = async {
            for reader in &mut self.readers {
                // A reader that panicked has nothing to say.
                let _ = reader.await;
            }
        };
        let _ = tokio::time::timeout(LAST_WORDS_WITHIN, read).await;
        self.readers.clear();
        Some(match self.complaint() {
            Some(complaint) => format!("the process ended with {status}: {complaint}"),
            None => format!("the process ended with {status}"),
        })
    }

    /// The first line with one of these texts since it was told of its files.
    pub fn alarm(&self, texts: &[String]) -> Option<String> {
        self.output.line_with(texts)
    }

    /// What it says is wrong.
    pub fn complaint(&self) -> Option<String> {
        self.output.complaint()
    }

    /// Asks it to end, and ends it if it does not.
    pub async fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Some(process) = child.id() {
            // One that ended in this moment cannot be told, and need not be.
            let _ = SignalName::TERM.send(process);
        }
        if tokio::time::timeout(self.settings.stop_within.duration(), child.wait()).await.is_err() {
            tracing::warn!(within = %self.settings.stop_within, "the process did not end and is killed");
            let _ = child.kill().await;
        }
        let _ = std::fs::remove_file(&self.pid_file);
    }
}

/// A process that nobody looks after.
#[derive(Debug)]
struct Orphan {
    process: u32,
    started: String,
}

impl Orphan {
    /// Whether it is still there, and in such a state.
    fn is(&self, state: fn(&str) -> bool) -> bool {
        start_of(self.process).is_some_and(|(now, started)| started == self.started && state(&now))
    }
}

fn parse(text: &str) -> Option<Orphan> {
    let (process, started) = text.trim().split_once(' ')?;
    Some(Orphan { process: process.parse().ok()?, started: started.to_owned() })
}

/// The state of a process and when it was started, in the kernel's own words; `None` if there is none.
fn start_of(process: u32) -> Option<(String, String)> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name of the program may hold anything, so one counts from behind its end.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?.to_owned();
    Some((state, fields.nth(18)?.to_owned()))
}

/// Whether a process in this state has not ended.
fn runs(state: &str) -> bool {
    state != "Z"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Period;

    fn daemon(script: &str, folder: &Path) -> Daemon {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        let settings = Supervise { command, reload: None, stop_within: Period::seconds(5) };
        Daemon::new(&settings, folder, folder.join("process"))
    }

    #[tokio::test]
    async fn a_process_that_ends_leaves_its_last_words() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut daemon = daemon("echo 'fatal: no port'; exit 3", folder.path());
        daemon.start().unwrap();
        let words = loop {
            match daemon.gone().await {
                Some(words) => break words,
                None => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        assert_eq!(words, "the process ended with exit status: 3: fatal: no port");
        assert_eq!(daemon.alarm(&["no port".to_owned()]).as_deref(), Some("fatal: no port"));
        daemon.stop().await;
        assert_eq!(daemon.gone().await, None, "nobody wants it to run");
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_gone_before_it_began() {
        let folder = tempfile::TempDir::new().unwrap();
        let mut daemon = daemon("", folder.path());
        daemon.settings.command = vec!["there-is-no-such-program".to_owned()];
        let error = daemon.start().unwrap_err();
        assert!(error.starts_with("cannot run there-is-no-such-program"), "{error}");
        assert_eq!(daemon.gone().await, Some(error));
    }

    #[tokio::test]
    async fn what_a_killed_sidecar_left_behind_is_ended_and_nobody_else() {
        let folder = tempfile::TempDir::new().unwrap();
        let daemon = daemon("sleep 600", folder.path());
        let sleep = |mark: &Path| std::process::Command::new("sleep").arg("600").env(MARK, mark).spawn().unwrap();
        let mut stranger = sleep(&folder.path().join("other"));
        std::fs::write(folder.path().join("process"), format!("{} 1\n", stranger.id())).unwrap();
        daemon.end_orphans().await;
        assert!(stranger.try_wait().unwrap().is_none(), "it was started at another time, so it is somebody else");

        // One is known by its number, one by its environment only.
        let mut orphans = [sleep(&folder.path().join("other")), sleep(&folder.path().join("process"))];
        let text = format!("{} {}\n", orphans[0].id(), start_of(orphans[0].id()).unwrap().1);
        std::fs::write(folder.path().join("process"), text).unwrap();
        let ended = std::thread::spawn(move || orphans.each_mut().map(|orphan| orphan.wait().unwrap()));
        daemon.end_orphans().await;
        assert!(ended.join().unwrap().iter().all(|status| status.code().is_none()), "ended by the signal");
        assert!(stranger.try_wait().unwrap().is_none());
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }
}
