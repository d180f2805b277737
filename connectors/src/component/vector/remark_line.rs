//! Comments as people read them in SQL, and as the file has them.
//!
//! ```text
//! file          column
//! # the port    the port          one blank behind the sign is left away
//! #port         #port             otherwise the sign stays, so that the line comes back as it was
//! #             (empty)
//! ## Ports      ## Ports
//! ```

/// What follows the comment sign, as a line of a column.
#[must_use]
pub fn to_line(text: &str) -> String {
    match text.strip_prefix(' ') {
        Some(rest) if !rest.is_empty() && !rest.starts_with('#') => rest.to_owned(),
        _ if text.is_empty() => String::new(),
        _ => format!("#{text}"),
    }
}

/// What follows the comment sign in a file for this line.
#[must_use]
pub fn from_line(line: &str) -> String {
    match line.strip_prefix('#') {
        Some(text) => text.to_owned(),
        None if line.is_empty() => String::new(),
        None => format!(" {line}"),
    }
}

/// All comments as one column, a line each; `None` without comments.
#[must_use]
pub fn to_column(comments: &[String]) -> Option<String> {
    let lines: Vec<String> = comments.iter().map(|comment| to_line(comment)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The comments that a column stands for.
#[must_use]
pub fn from_column(column: Option<&str>) -> Vec<String> {
    column.map(|column| column.split('\n').map(|line| from_line(line.trim_end_matches('\r'))).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_reads_as_a_person_would_write_it() {
        for (file, column) in [(" the port", "the port"), ("port", "#port"), ("", ""), ("# Ports", "## Ports"), (" ", "# ")] {
            assert_eq!((to_line(file).as_str(), from_line(column).as_str()), (column, file));
        }
        assert_eq!(from_column(Some("one\r\ntwo")), [" one", " two"]);
    }

    proptest! {
        #[test]
        fn comments_come_back(comments in proptest::collection::vec("[ #a\u{e9}]{0,6}", 1..5)) {
            prop_assert_eq!(from_column(to_column(&comments).as_deref()), comments);
        }
    }
}
