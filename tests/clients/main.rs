//! Clients of PostgreSQL against the real binary, each the program that people use, run for real.
//!
//! | file | client |
//! |---|---|
//! | `psycopg_client.py` | psycopg 3 |
//! | `asyncpg_client.py` | asyncpg, which speaks binary only |
//! | `sqlalchemy_client.py` | SQLAlchemy and pandas over psycopg 3 and psycopg2 |
//! | `node_client.js` | node-postgres with its cursors and COPY streams |
//! | `pgjdbc.rs` with `PgJdbc*.java` | pgjdbc |
//! | `pgcli.rs` | pgcli |
//! | `psql_commands.rs`, `psql_completion.py` | psql 15 |
//! | `tokio_postgres.rs` | tokio-postgres |
//! | `browsers.rs` with `superset_client.py` | Apache Superset |
//! | `browsers.rs` with `pgadmin_client.py` | the catalogue queries of pgAdmin 4 |
//! | `segments.rs` with `duckdb_client.py` | DuckDB, which reads the files |
//! | `segments.rs` with `spark_client.py` | Spark 4, which reads the files and over JDBC |
//!
//! What is large, or reads millions of rows, is left out unless `STRATA_HEAVY_CLIENTS` is set: `make heavy-clients`.
//!
//! `.ci/setup test` installs them, `.ci/setup clients` those. The scripts also pass against PostgreSQL 15, but for what only Strata has. Where a client is not
//! installed its test says that it skips.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod browsers;
mod events;
mod pgcli;
mod pgjdbc;
mod psql_commands;
mod scripts;
mod segments;
mod tokio_postgres;
mod world;
