//! Kinds of components: one folder each, behind the catalog's trait `Component`.
//!
//! A component turns rows of `etl.rules` into the files of one piece of software and back. It is pure: it reads no file,
//! asks no network, knows no layer.

pub mod logstash;
