//! Full text through SQL, with the answers PostgreSQL gives for its `simple` configuration.

mod arrays;
mod grammar;
mod sql;
