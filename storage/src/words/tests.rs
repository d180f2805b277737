//! Tests of tokenizers, and of the matcher against PostgreSQL's answers and a model of its own.

mod matching;
mod tokenizers;
