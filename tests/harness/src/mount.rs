//! A small file system of its own for one server: to fill it, or to make it read-only, without touching the machine.
//!
//! It lives in a mount namespace held by a sleeping process and goes with it. Needs root, or user namespaces.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, ensure};

/// A tmpfs that only processes of one namespace see.
#[derive(Debug)]
pub struct SmallDisk {
    holder: Child,
    mounted_at: PathBuf,
}

impl SmallDisk {
    /// Mounts `bytes` of memory at `folder`, which must exist.
    ///
    /// # Errors
    /// The machine does not let us; the message says what it said.
    pub fn mount(folder: &Path, bytes: u64) -> anyhow::Result<Self> {
        let script = "mount -t tmpfs -o size=\"$1\" tmpfs \"$0\" && echo mounted && exec sleep infinity";
        let flags = if rustix::process::geteuid().is_root() { "-m" } else { "-rm" };
        let mut holder = Command::new("unshare")
            .args([flags, "sh", "-c", script])
            .arg(folder)
            .arg(bytes.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run unshare")?;
        let mut line = String::new();
        BufReader::new(holder.stdout.take().context("standard output is piped")?).read_line(&mut line)?;
        if line.trim() != "mounted" {
            let mut said = String::new();
            holder.stderr.take().context("standard error is piped")?.read_to_string(&mut said)?;
            holder.wait()?;
            anyhow::bail!("cannot mount a small disk: {}", said.trim());
        }
        Ok(Self { holder, mounted_at: folder.to_owned() })
    }

    /// Writes a script to `path` that runs `binary` where the disk is mounted; the process keeps its id.
    ///
    /// # Errors
    /// The script cannot be written.
    pub fn wrap(&self, binary: &Path, path: &Path) -> anyhow::Result<PathBuf> {
        use std::os::unix::fs::PermissionsExt as _;
        let enter = format!("nsenter -t {} -m", self.holder.id());
        let user = if rustix::process::geteuid().is_root() { "" } else { " -U --preserve-credentials" };
        std::fs::write(path, format!("#!/bin/sh\nexec {enter}{user} -- '{}' \"$@\"\n", binary.display()))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
        Ok(path.to_owned())
    }

    /// The mounted folder as processes outside see it.
    pub fn path(&self) -> PathBuf {
        let inside = self.mounted_at.strip_prefix("/").unwrap_or(&self.mounted_at);
        Path::new("/proc").join(self.holder.id().to_string()).join("root").join(inside)
    }

    /// Makes the disk read-only, or writable again.
    ///
    /// # Errors
    /// A process has a file open for writing.
    pub fn set_read_only(&self, read_only: bool) -> anyhow::Result<()> {
        let mode = if read_only { "remount,ro" } else { "remount,rw" };
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.holder.id().to_string(), "-m"]);
        if !rustix::process::geteuid().is_root() {
            command.args(["-U", "--preserve-credentials"]);
        }
        let output = command.args(["--", "mount", "-o", mode]).arg(&self.mounted_at).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The namespace and the mount go with its last process.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
