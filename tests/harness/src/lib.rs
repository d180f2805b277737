//! Starts, stops and kills real Strata servers, and talks to them as clients do.
//!
//! Used by the tests in `tests/` and by `strata verify`. It knows the binary by its path, the ready line on its standard
//! output, and the two wires; it links nothing of Strata, so that what it sees is what a user sees.
//!
//! **Invariant:** no server outlives its [`Server`].

pub mod http;
pub mod mount;
pub mod server;
pub mod sql;

pub use http::{Answer, Http};
pub use mount::SmallDisk;
pub use server::{Server, ServerOptions};
pub use sql::{Reply, Rows, Sql};
