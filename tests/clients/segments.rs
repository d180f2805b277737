//! Programs that read a topic's segments as Parquet, straight from the data folder: DuckDB and Spark. Spark reads over JDBC, too.

use crate::events;
use crate::world::{World, beside, check, driver, is_heavy_wanted, python, python_of};

/// So small that segments of different forms are not merged into one.
const MERGE_ROWS_MAX: &str = "1000";
const FIVE_MILLION: u64 = 5_000_000;

fn world(rows: u64) -> World {
    let world = World::with(|_, options| options.flag("--merge-rows-max", MERGE_ROWS_MAX));
    events::fill(&world.sql(), rows);
    world
}

fn duckdb(rows: u64) {
    let Some(mut python) = python("python") else { return };
    let world = world(rows);
    check(python.arg(beside("duckdb_client.py")).arg(world.address()), 4);
}

#[test]
fn duckdb_reads_segments() {
    duckdb(100_000);
}

#[test]
fn duckdb_reads_five_million_rows() {
    if !is_heavy_wanted() {
        return;
    }
    duckdb(FIVE_MILLION);
}

#[test]
fn spark_reads_five_million_rows() {
    if !is_heavy_wanted() {
        return;
    }
    let (Some(mut python), Some(driver)) = (python_of("spark", "python"), driver()) else { return };
    let world = world(FIVE_MILLION);
    check(python.arg(beside("spark_client.py")).args([world.address(), world.jdbc()]).arg(driver), 8);
}
