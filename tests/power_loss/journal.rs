//! Turns traced calls into the journal that crash images are made from.
//!
//! A write counts from its begin, for it may reach the disk before it returns; a sync counts from its end, and covers what
//! was done before its begin; a name counts from its end.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use strata_storage::disk::crash::{DiskState, Op, SyncOf};

use crate::trace::{Action, Call};

/// An operation and the length of the trace when it had surely been done.
#[derive(Debug)]
pub struct Entry {
    /// Bytes of the trace.
    pub at: u64,
    /// What was done.
    pub op: Op,
}

/// The journal of everything below a folder, which was empty at the start.
pub fn of(calls: Vec<Call>, folder: &Path) -> anyhow::Result<Vec<Entry>> {
    let mut events: Vec<(u64, Event)> = Vec::new();
    for (sync, call) in (0..).zip(calls) {
        match call.action {
            Action::Sync { path } => {
                events.push((call.begun_at, Event::SyncBegin { sync, path }));
                events.push((call.ended_at, Event::SyncEnd { sync }));
            }
            action @ (Action::Write { .. } | Action::SetLen { .. } | Action::Allocate { .. }) => {
                events.push((call.begun_at, Event::Plain(action)));
            }
            // Another thread may get the number again before this call returns.
            action @ Action::Close { .. } => events.push((call.begun_at, Event::Plain(action))),
            action => events.push((call.ended_at, Event::Plain(action))),
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut journal = Journal { folder: folder.to_owned(), ..Journal::default() };
    for (at, event) in events {
        let about = format!("{event:.200?}");
        journal.add(at, event).with_context(|| about)?;
    }
    Ok(journal.entries)
}

#[derive(Debug)]
enum Event {
    Plain(Action),
    SyncBegin { sync: u64, path: PathBuf },
    SyncEnd { sync: u64 },
}

#[derive(Debug, Default)]
struct Journal {
    folder: PathBuf,
    entries: Vec<Entry>,
    names: DiskState,
    lengths: HashMap<u64, u64>,
    /// Cursors of descriptors; `None` if it is shared with another descriptor and so not known.
    cursors: HashMap<i64, Cursor>,
    files: u64,
}

#[derive(Debug, Clone, Copy)]
struct Cursor {
    at: u64,
    append: bool,
}

impl Journal {
    fn add(&mut self, at: u64, event: Event) -> anyhow::Result<()> {
        match event {
            Event::SyncBegin { sync, path } => {
                let path = self.relative(&path)?;
                let of = self.names.file_at(&path).map_or(SyncOf::Folder(path), SyncOf::File);
                self.push(at, Op::SyncBegin { sync, of });
            }
            Event::SyncEnd { sync } => self.push(at, Op::SyncEnd { sync }),
            Event::Plain(action) => self.add_action(at, action)?,
        }
        Ok(())
    }

    fn add_action(&mut self, at: u64, action: Action) -> anyhow::Result<()> {
        match action {
            Action::Open { fd, path, create, truncate, append } => {
                let path = self.relative(&path)?;
                self.cursors.insert(fd, Cursor { at: 0, append });
                match self.names.file_at(&path) {
                    Some(file) if truncate => self.set_len(at, file, 0),
                    // A folder that was opened, or a file that was there.
                    Some(_) => {}
                    None if create => {
                        self.files += 1;
                        self.lengths.insert(self.files, 0);
                        self.push(at, Op::Create { file: self.files, path });
                    }
                    None => {}
                }
            }
            Action::Write { fd, path, at: place, bytes } => {
                let file = self.file(&path)?;
                let len = self.lengths.get(&file).copied().unwrap_or(0);
                let start = match place {
                    Some(place) => place,
                    None => {
                        let cursor = self.cursors.get_mut(&fd).context("the cursor is not known")?;
                        let start = if cursor.append { len } else { cursor.at };
                        cursor.at = start + bytes.len() as u64;
                        start
                    }
                };
                self.lengths.insert(file, len.max(start + bytes.len() as u64));
                self.push(at, Op::Write { file, at: start, bytes });
            }
            Action::Seek { fd, at: place } => {
                if let Some(cursor) = self.cursors.get_mut(&fd) {
                    cursor.at = place;
                }
            }
            Action::Double { path } => bail!("{} has two descriptors with one cursor", path.display()),
            Action::Close { fd } => drop(self.cursors.remove(&fd)),
            Action::SetLen { path, len } => {
                let file = self.file(&path)?;
                self.set_len(at, file, len);
            }
            Action::Allocate { path, len } => {
                let file = self.file(&path)?;
                if len > self.lengths.get(&file).copied().unwrap_or(0) {
                    self.set_len(at, file, len);
                }
            }
            Action::Rename { from, to } => {
                let (from, to) = (self.relative(&from)?, self.relative(&to)?);
                self.push(at, Op::Rename { from, to });
            }
            Action::Remove { path } => {
                let path = self.relative(&path)?;
                self.push(at, Op::Remove { path });
            }
            Action::CreateFolder { path } => {
                let path = self.relative(&path)?;
                self.push(at, Op::CreateFolder { path });
            }
            Action::Sync { .. } => bail!("a sync has a begin and an end"),
        }
        Ok(())
    }

    fn set_len(&mut self, at: u64, file: u64, len: u64) {
        self.lengths.insert(file, len);
        self.push(at, Op::SetLen { file, len });
    }

    fn push(&mut self, at: u64, op: Op) {
        // Names only: contents are not needed to tell files apart.
        if !matches!(op, Op::Write { .. } | Op::SetLen { .. } | Op::SyncBegin { .. } | Op::SyncEnd { .. }) {
            self.names.apply(&op);
        }
        self.entries.push(Entry { at, op });
    }

    fn file(&self, path: &Path) -> anyhow::Result<u64> {
        self.names.file_at(&self.relative(path)?).with_context(|| format!("{} was never created", path.display()))
    }

    fn relative(&self, path: &Path) -> anyhow::Result<PathBuf> {
        Ok(path.strip_prefix(&self.folder)?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs::{self, File, OpenOptions};
    use std::io::{Seek, SeekFrom, Write};
    use std::os::unix::fs::FileExt;
    use std::process::Command;

    use super::*;
    use crate::replay::differences;
    use crate::trace;

    /// Names the folder in which the traced copy of this test program works.
    const TRACED_FOLDER: &str = "STRATA_TRACED_FOLDER";

    /// Does nothing unless it runs in the traced copy.
    #[test]
    fn work_of_the_traced_process() {
        let Some(folder) = std::env::var_os(TRACED_FOLDER).map(PathBuf::from) else { return };
        fs::create_dir_all(folder.join("deep/er")).unwrap();
        let threads = (0..4).map(|n: u8| {
            let folder = folder.clone();
            std::thread::spawn(move || {
                let path = folder.join(format!("deep/er/new-{n}"));
                let mut file = File::create_new(&path).unwrap();
                for i in 0..50u8 {
                    file.write_all(&vec![i + n; 1_000]).unwrap();
                }
                file.seek(SeekFrom::Start(777)).unwrap();
                file.write_all(b"in the middle").unwrap();
                file.write_all_at(b"positioned", 60_000).unwrap();
                file.sync_data().unwrap();
                fs::rename(&path, folder.join(format!("deep/{n}"))).unwrap();
                file.set_len(55_555).unwrap();
                OpenOptions::new().append(true).open(folder.join(format!("deep/{n}"))).unwrap().write_all(b"the end").unwrap();
            })
        });
        threads.collect::<Vec<_>>().into_iter().for_each(|thread| thread.join().unwrap());
        fs::remove_file(folder.join("deep/3")).unwrap();
        fs::write(folder.join("again"), b"long text").unwrap();
        fs::write(folder.join("again"), b"short").unwrap();
        File::open(folder.join("deep")).unwrap().sync_all().unwrap();
    }

    #[test]
    fn a_traced_process_replays_to_its_files() {
        if let Some(obstacle) = trace::obstacle() {
            println!("skipped: {obstacle}");
            return;
        }
        let temporary = tempfile::tempdir().unwrap();
        let base = temporary.path().canonicalize().unwrap();
        let (folder, script, trace) = (base.join("data"), base.join("traced"), base.join("trace"));
        fs::create_dir(&folder).unwrap();
        trace::wrap(&std::env::current_exe().unwrap(), &script, &trace).unwrap();
        let status = Command::new(script)
            .args(["--exact", "journal::tests::work_of_the_traced_process"])
            .env(TRACED_FOLDER, &folder)
            .output()
            .unwrap()
            .status;
        assert!(status.success());
        trace::wait_for_end(&trace).unwrap();
        let journal = of(trace::read(&trace, &folder).unwrap().calls, &folder).unwrap();
        let mut state = DiskState::default();
        journal.iter().for_each(|entry| state.apply(&entry.op));
        assert_eq!(differences(&state.after_kill(), &folder, &BTreeSet::new()).unwrap(), Vec::<String>::new());
        assert!(state.after_kill().len() == 4);
        let syncs = journal.iter().filter(|entry| matches!(entry.op, Op::SyncEnd { .. })).count();
        assert_eq!(syncs, 5);
    }
}
