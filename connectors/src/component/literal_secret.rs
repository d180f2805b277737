//! Secrets that stand in settings themselves, where anybody reads them.

use strata_catalog::etl::secret::is_secret;

/// Whether a setting of that name holds a secret: named like one, and neither a field of an event nor the name of a file or a
/// variable.
pub fn holds_secret(key: &str) -> bool {
    is_secret(key) && !key.contains('[') && !["_filepath", "_file", "_path", "_env"].iter().any(|end| key.ends_with(end))
}

/// Whether a text is `scheme://user:password@host`, with a password that is no reference.
pub fn holds_password(text: &str) -> bool {
    let Some((_, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', ' ']).next().unwrap_or_default();
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.contains("${"))
}
