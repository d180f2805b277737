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
//! | `psql_commands.rs` | psql 15 |
//! | `tokio_postgres.rs` | tokio-postgres |
//!
//! What is large, or reads millions of rows, is ignored here and run by `make heavy-clients`.
//!
//! `.ci/setup test` installs them. The scripts also pass against PostgreSQL 15, but for what only Strata has. Where a client is not
//! installed its test says that it skips.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod events;
mod pgcli;
mod pgjdbc;
mod psql_commands;
mod scripts;
mod tokio_postgres;
mod world;
