//! Comments as people read them in SQL, and as the file has them.
//!
//! ```text
//! file          column
//! # the port    the port          one blank behind the sign is left away
//! #port         #port             otherwise the sign stays, so that the line comes back as it was
//! #             (empty)
//! ## Ports      ## Ports
//! ```

use super::tree::Comment;

/// A comment that has no place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a line of a comment cannot hold a line break")]
pub struct LineBreak;

/// One comment as a line of a column.
#[must_use]
pub fn to_line(comment: &Comment) -> String {
    match comment.text.strip_prefix(' ') {
        Some(rest) if !rest.is_empty() && !rest.starts_with('#') => rest.to_owned(),
        _ if comment.text.is_empty() => String::new(),
        _ => format!("#{}", comment.text),
    }
}

/// The comment that a line of a column stands for.
///
/// # Errors
/// [`LineBreak`] if the line is more than one.
pub fn from_line(line: &str, same_line: bool) -> Result<Comment, LineBreak> {
    if line.contains(['\n', '\r']) {
        return Err(LineBreak);
    }
    let text = match line.strip_prefix('#') {
        Some(text) => text.to_owned(),
        None if line.is_empty() => String::new(),
        None => format!(" {line}"),
    };
    Ok(Comment { text, same_line })
}

/// All comments as one column, a line each; `None` without comments.
#[must_use]
pub fn to_column(comments: &[Comment]) -> Option<String> {
    let lines: Vec<String> = comments.iter().map(to_line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The comments that a column stands for, each on a line of its own.
///
/// # Errors
/// [`LineBreak`] for a carriage return that is not part of a line's end.
pub fn from_column(column: &str) -> Result<Vec<Comment>, LineBreak> {
    column.split('\n').map(|line| from_line(line.strip_suffix('\r').unwrap_or(line), false)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_column_reads_as_a_person_would_write_it() {
        for (file, column) in [
            (" the port", "the port"),
            ("port", "#port"),
            ("", ""),
            ("# Ports", "## Ports"),
            (" ", "# "),
            ("  in", " in"),
            (" #x", "# #x"),
        ] {
            let comment = Comment { text: file.to_owned(), same_line: false };
            assert_eq!(to_line(&comment), column);
            assert_eq!(from_line(column, false), Ok(comment));
        }
        assert_eq!(from_column("one\r\ntwo").unwrap().len(), 2);
        assert_eq!(from_column("one\rtwo"), Err(LineBreak));
    }

    proptest! {
        #[test]
        fn comments_come_back(texts in proptest::collection::vec("[ #a\u{e9}]{0,6}", 1..5)) {
            let comments: Vec<Comment> = texts.into_iter().map(|text| Comment { text, same_line: false }).collect();
            let column = to_column(&comments).unwrap();
            prop_assert_eq!(from_column(&column), Ok(comments));
        }
    }
}
