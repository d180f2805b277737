//! What an index can be asked about a column.

use arrow::array::ArrayRef;

use crate::words::{Tokenizer, WordQuery};

/// A condition on one row's value.
#[derive(Debug, Clone)]
pub enum Question {
    /// The value equals one of these, which have the column's logical type.
    Equals(ArrayRef),
    /// The words of the text match the query.
    Words {
        /// How the text is cut into words.
        tokenizer: Tokenizer,
        /// What is looked for.
        query: WordQuery,
    },
    /// The text contains all of these, and perhaps must be more: an answer is never exact.
    Contains(Vec<Literal>),
}

/// A piece of text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Its characters, case as they stand.
    pub text: String,
    /// The text of a row begins with it.
    pub begins: bool,
    /// The text of a row ends with it.
    pub ends: bool,
}
