//! `${secret:name}` in files: replaced on the machine where the file is used, so that no secret is ever in the config store.

use std::path::Path;

use super::settings::Secrets;

const BEGIN: &str = "${secret:";

/// Replaces every secret in a text.
///
/// # Errors
/// A secret that is not there or has a name that cannot be one; the message names it.
pub fn resolve(text: &str, secrets: &Secrets) -> Result<String, String> {
    resolve_with(text, |name| {
        if let Some(folder) = &secrets.folder {
            match read(folder, name) {
                Ok(secret) => return Ok(secret),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(format!("secret {name}: {error}")),
            }
        }
        let variable = format!("STRATA_SECRET_{}", name.to_uppercase().replace(['-', '.'], "_"));
        std::env::var(&variable)
            .map_err(|_| format!("secret {name} is neither a file of the folder of secrets nor in {variable}"))
    })
}

/// The content of a file, without the end of its last line.
fn read(folder: &Path, name: &str) -> std::io::Result<String> {
    let text = std::fs::read_to_string(folder.join(name))?;
    Ok(text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text)).to_owned())
}

fn resolve_with(text: &str, find: impl Fn(&str) -> Result<String, String>) -> Result<String, String> {
    let mut resolved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(BEGIN) {
        let (name, behind) = after.split_once('}').ok_or_else(|| format!("a secret has no end: {BEGIN}"))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
            return Err(format!("\"{name}\" cannot be the name of a secret"));
        }
        resolved.push_str(before);
        resolved.push_str(&find(name)?);
        rest = behind;
    }
    resolved.push_str(rest);
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_once_and_names_cannot_lead_elsewhere() {
        let find = |name: &str| if name == "db-pw" { Ok("s3cret ${secret:x}".to_owned()) } else { Err(format!("no {name}")) };
        for (text, expected) in [
            ("nothing", Ok("nothing")),
            ("a ${secret:db-pw} b ${HOME}", Ok("a s3cret ${secret:x} b ${HOME}")),
            ("${secret:other}", Err("no other")),
            ("${secret:../etc/passwd}", Err("cannot be the name")),
            ("${secret:..}", Err("cannot be the name")),
            ("${secret:}", Err("cannot be the name")),
            ("${secret:db", Err("has no end")),
        ] {
            match (resolve_with(text, find), expected) {
                (Ok(found), Ok(expected)) => assert_eq!(found, expected),
                (Err(error), Err(part)) => assert!(error.contains(part), "{text}: {error}"),
                (found, _) => panic!("{text}: {found:?}"),
            }
        }
    }

    #[test]
    fn a_secret_is_a_file_without_the_end_of_its_line() {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("token"), "abc\n").unwrap();
        let secrets = Secrets { folder: Some(folder.path().to_owned()) };
        assert_eq!(resolve("<${secret:token}>", &secrets), Ok("<abc>".to_owned()));
        assert!(resolve("${secret:none}", &secrets).unwrap_err().contains("STRATA_SECRET_NONE"));
    }
}
