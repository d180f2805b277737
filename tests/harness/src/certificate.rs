//! The certificates of `tests/certificates/`, put where servers and clients take them from.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::ServerOptions;

/// The folder that has them; `make.sh` there makes them.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("certificates")
}

/// Copies a certificate or key into `folder` as a file that nobody else reads; its path.
///
/// # Errors
/// The operating system's.
pub fn place(into: &Path, certificate: &str, name: &str) -> anyhow::Result<PathBuf> {
    let path = into.join(name);
    std::fs::copy(folder().join(certificate), &path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(path)
}

impl ServerOptions {
    /// TLS with the first authority's certificate for `localhost`, as files `server.pem` and `server.key` of `folder`; with
    /// `client_ca`, only for clients who show a certificate of that authority.
    ///
    /// # Errors
    /// The operating system's; a path that is not UTF-8.
    pub fn encrypted(self, folder: &Path, client_ca: bool) -> anyhow::Result<Self> {
        let mut files = vec![("--tls-cert", "first-server.pem", "server.pem"), ("--tls-key", "first-server.key", "server.key")];
        if client_ca {
            files.push(("--tls-client-ca", "first-ca.pem", "ca.pem"));
        }
        let flag = |options: Self, (flag, certificate, name): (&str, &str, &str)| {
            let path = place(folder, certificate, name)?;
            let path = path.to_str().ok_or_else(|| anyhow::anyhow!("{} is not UTF-8", path.display()))?;
            Ok(options.flag(flag, path))
        };
        files.into_iter().try_fold(self, flag)
    }
}
