//! Micro benchmarks of what queries and writers wait for: building an index, asking it, telling the rows of its answer, decoding
//! chunks and log bodies, appending to the log. `make micro-bench` runs them; a name after `--` picks some.
//!
//! Everything lies in memory but the log, whose `fdatasync` is what its figures are about.

#![allow(clippy::unwrap_used, reason = "a benchmark stops at the first surprise")]

mod decode;
mod index;
mod records;
mod wal;

fn main() {
    divan::main();
}
