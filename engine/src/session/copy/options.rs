//! Options of COPY, in the form of today (`WITH (FORMAT csv, HEADER)`) and in that of old (`WITH CSV HEADER`).

use datafusion::sql::sqlparser::ast::{CopyLegacyCsvOption, CopyLegacyOption, CopyOption};

use crate::Result;
use crate::error::{EngineError, Refusal};
use crate::session::outcome::{CopyFormat, CopyOptions};

/// What was said, before defaults that depend on the format.
#[derive(Debug, Default)]
struct Said {
    format: Option<CopyFormat>,
    delimiter: Option<char>,
    null: Option<String>,
    quote: Option<char>,
    escape: Option<char>,
    header: bool,
}

/// The options with their defaults.
///
/// # Errors
/// Options that go with another format, or that are not supported.
pub(super) fn read(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Result<CopyOptions> {
    let mut said = Said::default();
    for option in options {
        match option {
            CopyOption::Format(name) => said.format = Some(format(&name.value)?),
            CopyOption::Delimiter(c) => said.delimiter = Some(*c),
            CopyOption::Null(text) => said.null = Some(text.clone()),
            CopyOption::Header(on) => said.header = *on,
            CopyOption::Quote(c) => said.quote = Some(*c),
            CopyOption::Escape(c) => said.escape = Some(*c),
            CopyOption::Encoding(name) if name.to_ascii_lowercase().replace('-', "") == "utf8" => {}
            CopyOption::Freeze(_) => {}
            other => return Err(unsupported(&other.to_string())),
        }
    }
    for option in legacy {
        match option {
            CopyLegacyOption::Binary => said.format = Some(CopyFormat::Binary),
            CopyLegacyOption::Delimiter(c) => said.delimiter = Some(*c),
            CopyLegacyOption::Null(text) => said.null = Some(text.clone()),
            CopyLegacyOption::Csv(csv) => {
                said.format = Some(CopyFormat::Csv);
                for option in csv {
                    match option {
                        CopyLegacyCsvOption::Header => said.header = true,
                        CopyLegacyCsvOption::Quote(c) => said.quote = Some(*c),
                        CopyLegacyCsvOption::Escape(c) => said.escape = Some(*c),
                        other => return Err(unsupported(&other.to_string())),
                    }
                }
            }
            other => return Err(unsupported(&other.to_string())),
        }
    }
    finish(said)
}

fn finish(said: Said) -> Result<CopyOptions> {
    let format = said.format.unwrap_or(CopyFormat::Text);
    if format != CopyFormat::Csv && (said.quote.is_some() || said.escape.is_some()) {
        return Err(wrong("COPY QUOTE and ESCAPE are available only in CSV mode"));
    }
    if format == CopyFormat::Binary && (said.delimiter.is_some() || said.null.is_some() || said.header) {
        return Err(wrong("cannot specify DELIMITER, NULL or HEADER in BINARY mode"));
    }
    let csv = format == CopyFormat::Csv;
    let quote = one_byte("QUOTE", said.quote.unwrap_or('"'))?;
    let options = CopyOptions {
        format,
        delimiter: one_byte("DELIMITER", said.delimiter.unwrap_or(if csv { ',' } else { '\t' }))?,
        null: said.null.unwrap_or_else(|| if csv { String::new() } else { "\\N".to_owned() }),
        quote,
        escape: said.escape.map_or(Ok(quote), |escape| one_byte("ESCAPE", escape))?,
        header: said.header,
    };
    if options.null.contains(['\r', '\n']) {
        return Err(wrong("COPY null representation cannot use newline or carriage return"));
    }
    if csv && options.delimiter == options.quote {
        return Err(wrong("COPY delimiter and quote must be different"));
    }
    if !csv && options.delimiter.is_ascii_alphanumeric() || matches!(options.delimiter, b'\r' | b'\n' | b'\\') {
        return Err(wrong("COPY delimiter cannot be a letter, a digit, a backslash or the end of a line"));
    }
    Ok(options)
}

fn format(name: &str) -> Result<CopyFormat> {
    match name.to_ascii_lowercase().as_str() {
        "text" => Ok(CopyFormat::Text),
        "csv" => Ok(CopyFormat::Csv),
        "binary" => Ok(CopyFormat::Binary),
        _ => Err(wrong(&format!("COPY format \"{name}\" not recognized"))),
    }
}

fn one_byte(option: &str, c: char) -> Result<u8> {
    u8::try_from(c).ok().filter(u8::is_ascii).ok_or_else(|| wrong(&format!("COPY {option} must be a single one-byte character")))
}

fn wrong(message: &str) -> EngineError {
    EngineError::Refused { reason: Refusal::InvalidParameter, message: message.to_owned(), hint: None }
}

fn unsupported(option: &str) -> EngineError {
    EngineError::Unsupported {
        message: format!("COPY option {option} is not supported"),
        hint: Some("There are FORMAT, DELIMITER, NULL, HEADER, QUOTE, ESCAPE and ENCODING 'UTF8'.".into()),
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::ast::Statement;

    use super::*;
    use crate::session::statement::{Command, parse};

    fn options(with: &str) -> Result<CopyOptions> {
        let parsed = parse(&format!("COPY t FROM STDIN {with}"))?;
        let Some(Command::Sql(statement)) = parsed[0].command.as_deref() else { panic!("no COPY") };
        let Statement::Copy { options, legacy_options, .. } = statement.as_ref() else { panic!("no COPY") };
        read(options, legacy_options)
    }

    #[test]
    fn old_and_new_forms_mean_the_same() {
        assert_eq!(
            options("WITH (FORMAT csv, HEADER true, DELIMITER ';')").unwrap(),
            options("WITH DELIMITER ';' CSV HEADER").unwrap()
        );
        assert_eq!(options("").unwrap().null, "\\N");
        assert_eq!(options("(FORMAT csv, QUOTE '''')").unwrap().escape, b'\'');
        assert_eq!(options("(FORMAT binary)").unwrap().format, CopyFormat::Binary);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for with in [
            "(FORMAT xml)",
            "(QUOTE 'x')",
            "(FORMAT binary, HEADER)",
            "(DELIMITER 'a')",
            "(FORMAT csv, DELIMITER '\"')",
            "(ENCODING 'latin1')",
        ] {
            assert!(options(with).is_err(), "{with}");
        }
    }
}
