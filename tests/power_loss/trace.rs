//! Runs a program under `strace` and reads back what it did to files: every write with its bytes, every sync, every name.
//!
//! `strace -y -xx` prints each descriptor with the path it stands for, and every text as hexadecimal bytes:
//!
//! ```text
//! 812 pwrite64(12<\x2f\x61>, "\x68\x69", 2, 512) = 2
//! 812 fdatasync(12<\x2f\x61> <unfinished ...>
//! 813 close(14<\x2f\x62>) = 0
//! 812 <... fdatasync resumed>) = 0
//! ```
//!
//! **Invariant:** a call inside the folder that changes a file and is not understood is an error, never ignored.

use std::collections::{BTreeSet, HashMap};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use bytes::Bytes;

/// Every call that can change a file or a name, or move a descriptor's cursor.
const CALLS: &str = "open,openat,openat2,creat,close,dup,dup2,dup3,fcntl,lseek,write,pwrite64,writev,pwritev,pwritev2,fsync,fdatasync,\
    sync,syncfs,sync_file_range,msync,truncate,ftruncate,fallocate,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,\
    link,linkat,symlink,symlinkat,copy_file_range,sendfile,splice";

/// Longest write that is recorded whole.
const WRITE_BYTES_MAX: usize = 100 << 20;

/// What a call did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A file was opened; made if it was not there and `create` was asked for.
    Open {
        /// Descriptor.
        fd: i64,
        /// Path.
        path: PathBuf,
        /// `O_CREAT`.
        create: bool,
        /// `O_TRUNC`.
        truncate: bool,
        /// `O_APPEND`.
        append: bool,
    },
    /// Bytes were written, at the cursor if `at` is not given.
    Write {
        /// Descriptor.
        fd: i64,
        /// The file's path then.
        path: PathBuf,
        /// Where.
        at: Option<u64>,
        /// What, as far as it was written.
        bytes: Bytes,
    },
    /// The cursor stands at `at`.
    Seek {
        /// Descriptor.
        fd: i64,
        /// Where.
        at: u64,
    },
    /// A descriptor was doubled and shares its cursor from now on, which is not followed.
    Double {
        /// The file's path.
        path: PathBuf,
    },
    /// A descriptor was closed.
    Close {
        /// Descriptor.
        fd: i64,
    },
    /// A file or folder was synced.
    Sync {
        /// Path.
        path: PathBuf,
    },
    /// A file got a length.
    SetLen {
        /// Path.
        path: PathBuf,
        /// Bytes.
        len: u64,
    },
    /// A file got at least a length.
    Allocate {
        /// Path.
        path: PathBuf,
        /// Bytes.
        len: u64,
    },
    /// A file got another name.
    Rename {
        /// Old.
        from: PathBuf,
        /// New.
        to: PathBuf,
    },
    /// A name went.
    Remove {
        /// Path.
        path: PathBuf,
    },
    /// A folder came.
    CreateFolder {
        /// Path.
        path: PathBuf,
    },
}

/// A call that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Bytes of the trace before the line of its begin.
    pub begun_at: u64,
    /// Bytes of the trace up to the end of the line of its end.
    pub ended_at: u64,
    /// What it did.
    pub action: Action,
}

/// What a trace says about a folder.
#[derive(Debug, Default)]
pub struct Trace {
    /// Calls that succeeded, in the order of their begin.
    pub calls: Vec<Call>,
    /// Files and folders named by calls that had begun when the process was killed: the kernel did them whole, in part or not.
    pub in_flight: BTreeSet<PathBuf>,
}

/// Writes a script to `script` that runs `binary` under `strace`, which writes to `trace`. The process keeps its id.
pub fn wrap(binary: &Path, script: &Path, trace: &Path) -> anyhow::Result<()> {
    let (binary, trace) = (binary.display(), trace.display());
    let text = format!(
        "#!/bin/sh\nexec strace -D -f -y -xx -s {WRITE_BYTES_MAX} -e signal=kill -e trace={CALLS} -o '{trace}' '{binary}' \"$@\"\n"
    );
    std::fs::write(script, text)?;
    std::fs::set_permissions(script, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// Why nothing can be traced here, if so.
pub fn obstacle() -> Option<String> {
    let traced = Command::new("strace").args(["-D", "-f", "-o", "/dev/null", "true"]).stdin(Stdio::null()).output();
    match traced {
        Err(error) => Some(format!("strace cannot be run: {error}")),
        Ok(output) if !output.status.success() => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
        Ok(_) => None,
    }
}

/// Waits until `strace` has written that the process ended.
pub fn wait_for_end(trace: &Path) -> anyhow::Result<()> {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let mut file = std::fs::File::open(trace)?;
        file.seek(SeekFrom::End(-(file.metadata()?.len().min(200) as i64)))?;
        let mut tail = String::new();
        file.read_to_string(&mut tail)?;
        let last = tail.trim_end().lines().last().unwrap_or_default();
        if last.contains("+++ exited with") || last.contains("+++ killed by") {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "the trace does not end: {last}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Reads what a trace says about `folder`.
pub fn read(trace: &Path, folder: &Path) -> anyhow::Result<Trace> {
    let mut lines = BufReader::with_capacity(1 << 20, std::fs::File::open(trace)?);
    let (mut known, mut open_calls, mut at) = (Trace::default(), HashMap::new(), 0);
    let mut line = Vec::new();
    loop {
        line.clear();
        let bytes = lines.read_until(b'\n', &mut line)? as u64;
        if bytes == 0 {
            break;
        }
        let (begun_at, ended_at) = (at, at + bytes);
        at = ended_at;
        let text = std::str::from_utf8(&line).context("strace writes hexadecimal, and so plain text")?.trim_end();
        let Some((thread, text)) = text.split_once(' ') else { continue };
        let text = text.trim_start();
        if let Some(begin) = text.strip_suffix("<unfinished ...>") {
            open_calls.insert(thread.to_owned(), (begun_at, begin.trim_end().to_owned()));
            continue;
        }
        let (begun_at, whole) = match text.strip_prefix("<... ") {
            Some(rest) => {
                let Some((begun_at, begin)) = open_calls.remove(thread) else { continue };
                let (_, end) = rest.split_once(" resumed>").context("a resumed call")?;
                (begun_at, format!("{begin}{end}"))
            }
            None => (begun_at, text.to_owned()),
        };
        if whole.ends_with(" = ?") {
            known.in_flight.extend(paths(&whole, folder));
        }
        let action = parse(&whole, folder).with_context(|| whole.chars().take(300).collect::<String>())?;
        known.calls.extend(action.map(|action| Call { begun_at, ended_at, action }));
    }
    known.calls.sort_by_key(|call| call.begun_at);
    known.in_flight.extend(open_calls.values().flat_map(|(_, begin)| paths(begin, folder)));
    Ok(known)
}

/// Every path inside `folder` that a call names, whole or as far as it was written.
fn paths(text: &str, folder: &Path) -> Vec<PathBuf> {
    let Some((_, arguments)) = text.split_once('(') else { return Vec::new() };
    let arguments = arguments.rsplit_once(')').map_or(arguments, |(arguments, _)| arguments);
    let mut base = PathBuf::new();
    let mut paths = Vec::new();
    for argument in split(arguments) {
        let path = match argument.starts_with('"') {
            true => quoted(argument).ok().map(|name| base.join(name)),
            false => descriptor(argument).ok().and_then(|(_, path)| path).inspect(|path| base.clone_from(path)),
        };
        paths.extend(path.filter(|path| path.starts_with(folder)));
    }
    paths
}

/// One whole call; `None` if it failed, changes nothing, or is not about `folder`.
fn parse(text: &str, folder: &Path) -> anyhow::Result<Option<Action>> {
    let Some((name, rest)) = text.split_once('(') else { return Ok(None) };
    let Some((arguments, result)) = rest.rsplit_once(" = ") else { return Ok(None) };
    let arguments = arguments.trim_end().strip_suffix(')').context("a closing parenthesis")?;
    let result: String = result.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    let Ok(result) = result.parse::<i64>() else { return Ok(None) };
    if result < 0 {
        return Ok(None);
    }
    let arguments = split(arguments);
    let argument = |i: usize| arguments.get(i).copied().with_context(|| format!("argument {i}"));
    let number = |i: usize| -> anyhow::Result<u64> { Ok(argument(i)?.parse()?) };
    let inside = |path: PathBuf| path.starts_with(folder).then_some(path);
    // The file of the descriptor in argument `i`; none if it is elsewhere, a socket, or has no name any more.
    let file = |i: usize| -> anyhow::Result<Option<(i64, PathBuf)>> {
        let (fd, path) = descriptor(argument(i)?)?;
        Ok(path.and_then(inside).map(|path| (fd, path)))
    };
    // A path below the folder of the descriptor in argument `i`.
    let path_at = |i: usize| -> anyhow::Result<Option<PathBuf>> {
        let (_, base) = descriptor(argument(i)?)?;
        Ok(inside(base.unwrap_or_default().join(quoted(argument(i + 1)?)?)))
    };
    let path = |i: usize| -> anyhow::Result<Option<PathBuf>> { Ok(inside(quoted(argument(i)?)?)) };

    Ok(match name {
        "openat" => path_at(0)?.map(|path| open(result, path, arguments.get(2).copied().unwrap_or_default())),
        "open" => path(0)?.map(|path| open(result, path, arguments.get(1).copied().unwrap_or_default())),
        "creat" => path(0)?.map(|path| open(result, path, "O_CREAT|O_TRUNC")),
        // A closed descriptor has a path or not; its number is what counts.
        "close" => Some(Action::Close { fd: descriptor(argument(0)?)?.0 }),
        "lseek" => file(0)?.map(|(fd, _)| Action::Seek { fd, at: result.unsigned_abs() }),
        "dup" | "dup2" | "dup3" => file(0)?.map(|(_, path)| Action::Double { path }),
        "fcntl" if argument(1)?.starts_with("F_DUPFD") => file(0)?.map(|(_, path)| Action::Double { path }),
        "write" | "writev" | "pwrite64" | "pwritev" | "pwritev2" => match file(0)? {
            None => None,
            Some((fd, path)) => {
                let mut bytes = match name {
                    "write" | "pwrite64" => hex(argument(1)?)?,
                    _ => vectors(argument(1)?)?,
                };
                ensure!(bytes.len() as i64 >= result, "{} bytes were recorded", bytes.len());
                bytes.truncate(result.unsigned_abs() as usize);
                let at = if name.starts_with('p') { Some(number(3)?) } else { None };
                Some(Action::Write { fd, path, at, bytes: bytes.into() })
            }
        },
        "fsync" | "fdatasync" => file(0)?.map(|(_, path)| Action::Sync { path }),
        "ftruncate" => match file(0)? {
            Some((_, path)) => Some(Action::SetLen { path, len: number(1)? }),
            None => None,
        },
        "fallocate" => match file(0)? {
            Some((_, path)) => {
                ensure!(argument(1)? == "0", "only plain reservations are understood");
                Some(Action::Allocate { path, len: number(2)? + number(3)? })
            }
            None => None,
        },
        "rename" => renamed(path(0)?, path(1)?)?,
        "renameat" | "renameat2" => renamed(path_at(0)?, path_at(2)?)?,
        "unlink" => path(0)?.map(|path| Action::Remove { path }),
        "unlinkat" => path_at(0)?.map(|path| Action::Remove { path }),
        "mkdir" => path(0)?.map(|path| Action::CreateFolder { path }),
        "mkdirat" => path_at(0)?.map(|path| Action::CreateFolder { path }),
        // Neither is counted on: they promise less than fsync, or nothing.
        "fcntl" | "sync" | "syncfs" | "sync_file_range" => None,
        _ if arguments.iter().any(|argument| mentions(argument, folder)) => bail!("the call {name} is not understood"),
        _ => None,
    })
}

fn open(fd: i64, path: PathBuf, flags: &str) -> Action {
    let has = |flag: &str| flags.split('|').any(|set| set == flag);
    Action::Open { fd, path, create: has("O_CREAT"), truncate: has("O_TRUNC"), append: has("O_APPEND") }
}

fn renamed(from: Option<PathBuf>, to: Option<PathBuf>) -> anyhow::Result<Option<Action>> {
    match (from, to) {
        (Some(from), Some(to)) => Ok(Some(Action::Rename { from, to })),
        (None, None) => Ok(None),
        _ => bail!("a file moved into the folder or out of it"),
    }
}

/// Splits at commas outside of brackets and quotes. Hexadecimal texts contain none of either.
fn split(arguments: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (i, byte) in arguments.bytes().enumerate() {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(arguments[start..i].trim());
                start = i + 1;
            }
            _ => {}
        }
    }
    parts.push(arguments[start..].trim());
    parts
}

/// `12</path>`, `AT_FDCWD</path>`, `12</path>(deleted)`, `7`: number and path, which is none for a nameless file.
fn descriptor(text: &str) -> anyhow::Result<(i64, Option<PathBuf>)> {
    let (number, rest) = text.split_once('<').unwrap_or((text, ""));
    let fd = if number == "AT_FDCWD" { -1 } else { number.trim().parse().with_context(|| format!("descriptor {number}"))? };
    let path = match rest.split_once('>') {
        Some((path, "")) => Some(PathBuf::from(OsStr::from_bytes(&hex(path)?))),
        _ => None,
    };
    Ok((fd, path))
}

fn quoted(text: &str) -> anyhow::Result<PathBuf> {
    Ok(PathBuf::from(OsStr::from_bytes(&hex(text)?)))
}

/// `"\x68\x69"`, with or without quotes.
fn hex(text: &str) -> anyhow::Result<Vec<u8>> {
    let text = text.trim_matches('"');
    ensure!(!text.ends_with("..."), "a text was cut short");
    let mut bytes = Vec::with_capacity(text.len() / 4);
    let mut rest = text.as_bytes();
    while let [b'\\', b'x', high, low, tail @ ..] = rest {
        let digit = |byte: &u8| char::from(*byte).to_digit(16).context("a hexadecimal digit");
        bytes.push((digit(high)? * 16 + digit(low)?) as u8);
        rest = tail;
    }
    ensure!(rest.is_empty(), "{} is not hexadecimal", String::from_utf8_lossy(&rest[..rest.len().min(20)]));
    Ok(bytes)
}

/// `[{iov_base="\x68", iov_len=1}, ...]`.
fn vectors(text: &str) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for piece in text.split("iov_base=").skip(1) {
        let (base, _) = piece.split_once(", iov_len=").context("a vector's length")?;
        bytes.extend(hex(base)?);
    }
    Ok(bytes)
}

fn mentions(argument: &str, folder: &Path) -> bool {
    let quoted = argument.starts_with('"').then(|| quoted(argument).ok()).flatten();
    let path = quoted.or_else(|| descriptor(argument).ok().and_then(|(_, path)| path));
    path.is_some_and(|path| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_hex(text: &str) -> String {
        text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
    }

    fn parsed(text: &str) -> anyhow::Result<Option<Action>> {
        // Texts in `''` are written as strace would.
        let text: String =
            text.split('\'').enumerate().map(|(i, part)| if i % 2 == 1 { as_hex(part) } else { part.to_owned() }).collect();
        parse(&text, Path::new("/d"))
    }

    #[test]
    fn calls_are_understood() {
        let path = || PathBuf::from("/d/a");
        let bytes = || Bytes::from("hi, [you]");
        for (text, action) in [
            (
                r#"openat(AT_FDCWD<'/x'>, "'/d/a'", O_RDWR|O_CREAT|O_CLOEXEC, 0666) = 12<'/d/a'>"#,
                Action::Open { fd: 12, path: path(), create: true, truncate: false, append: false },
            ),
            (
                r#"openat(5<'/d'>, "'a'", O_RDONLY) = 6<'/d/a'>"#,
                Action::Open { fd: 6, path: path(), create: false, truncate: false, append: false },
            ),
            (r#"write(7<'/d/a'>, "'hi, [you]'", 9) = 9"#, Action::Write { fd: 7, path: path(), at: None, bytes: bytes() }),
            (r#"write(7<'/d/a'>, "'hi, [you]'", 9) = 2"#, Action::Write { fd: 7, path: path(), at: None, bytes: "hi".into() }),
            (
                r#"pwrite64(7<'/d/a'>, "'hi, [you]'", 9, 512) = 9"#,
                Action::Write { fd: 7, path: path(), at: Some(512), bytes: bytes() },
            ),
            (
                r#"pwritev(7<'/d/a'>, [{iov_base="'hi, '", iov_len=4}, {iov_base="'[you]'", iov_len=5}], 2, 8) = 9"#,
                Action::Write { fd: 7, path: path(), at: Some(8), bytes: bytes() },
            ),
            (r#"lseek(7<'/d/a'>, -4, SEEK_END) = 96"#, Action::Seek { fd: 7, at: 96 }),
            (r#"fdatasync(7<'/d/a'>) = 0"#, Action::Sync { path: path() }),
            (r#"ftruncate(7<'/d/a'>, 33) = 0"#, Action::SetLen { path: path(), len: 33 }),
            (r#"fallocate(7<'/d/a'>, 0, 0, 4096) = 0"#, Action::Allocate { path: path(), len: 4096 }),
            (r#"rename("'/d/a'", "'/d/b'") = 0"#, Action::Rename { from: path(), to: "/d/b".into() }),
            (r#"unlink("'/d/a'") = 0"#, Action::Remove { path: path() }),
            (r#"mkdir("'/d/a'", 0777) = 0"#, Action::CreateFolder { path: path() }),
            (r#"close(7<'/d/a'>) = 0"#, Action::Close { fd: 7 }),
        ] {
            assert_eq!(parsed(text).unwrap(), Some(action), "{text}");
        }
    }

    #[test]
    fn what_does_not_matter_is_left_out() {
        for text in [
            r#"write(7<'/elsewhere'>, "'x'", 1) = 1"#,
            r#"write(9<'socket:[12]'>, "'x'", 1) = 1"#,
            r#"write(7<'/d/a'>(deleted), "'x'", 1) = 1"#,
            r#"openat(AT_FDCWD<'/d'>, "'/d/a'", O_RDONLY) = -1 ENOENT (No such file or directory)"#,
            r#"fdatasync(7<'/d/a'>) = ?"#,
            "+++ exited with 0 +++",
        ] {
            assert_eq!(parsed(text).unwrap(), None, "{text}");
        }
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        for text in [
            r#"linkat(AT_FDCWD<'/x'>, "'/d/a'", AT_FDCWD<'/x'>, "'/d/b'", 0) = 0"#,
            r#"copy_file_range(7<'/d/a'>, NULL, 8<'/d/b'>, NULL, 10, 0) = 10"#,
            r#"rename("'/d/a'", "'/elsewhere'") = 0"#,
            r#"fallocate(7<'/d/a'>, FALLOC_FL_PUNCH_HOLE, 0, 4096) = 0"#,
            r#"write(7<'/d/a'>, "'x'"..., 9) = 9"#,
        ] {
            assert!(parsed(text).is_err(), "{text}");
        }
    }

    #[test]
    fn interrupted_calls_keep_both_ends() {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("trace");
        let lines = [
            format!("12 fdatasync(7<{}> <unfinished ...>", as_hex("/d/a")),
            format!("13 pwrite64(8<{}>, \"{}\", 1, 0) = 1", as_hex("/d/b"), as_hex("x")),
            "12 <... fdatasync resumed>) = 0".to_owned(),
        ];
        let ends: Vec<u64> = lines
            .iter()
            .scan(0, |at, line| {
                *at += line.len() as u64 + 1;
                Some(*at)
            })
            .collect();
        std::fs::write(&trace, lines.join("\n") + "\n").unwrap();
        let Trace { calls, in_flight } = read(&trace, Path::new("/d")).unwrap();
        assert!(in_flight.is_empty());
        assert_eq!(calls.len(), 2);
        assert_eq!((calls[0].begun_at, calls[0].ended_at), (0, ends[2]));
        assert_eq!((calls[1].begun_at, calls[1].ended_at), (ends[0], ends[1]));
    }

    #[test]
    fn calls_cut_by_a_kill_are_in_flight() {
        let folder = tempfile::tempdir().unwrap();
        let trace = folder.path().join("trace");
        let lines = [
            format!("12 unlinkat(7<{}>, \"{}\", 0 <unfinished ...>", as_hex("/d/deep"), as_hex("a")),
            format!("13 rename(\"{}\", \"{}\" <unfinished ...>", as_hex("/d/b"), as_hex("/d/c")),
            "13 <... rename resumed>) = ?".to_owned(),
            "13 +++ killed by SIGKILL +++".to_owned(),
            "12 +++ killed by SIGKILL +++".to_owned(),
        ];
        std::fs::write(&trace, lines.join("\n") + "\n").unwrap();
        let Trace { calls, in_flight } = read(&trace, Path::new("/d")).unwrap();
        assert_eq!(calls, []);
        assert_eq!(
            in_flight.iter().map(|path| path.to_str().unwrap()).collect::<Vec<_>>(),
            ["/d/b", "/d/c", "/d/deep", "/d/deep/a"]
        );
    }
}
