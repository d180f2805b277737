//! Starts, stops and kills real Strata servers, and talks to them as clients do.
//!
//! Besides, it runs what Strata works with: sidecars, a real etcd, a real broker.
//!
//! Used by the tests in `tests/` and by `strata verify`. It knows the binary by its path, the ready line on its standard
//! output, and the two wires; it links nothing of Strata, so that what it sees is what a user sees.
//!
//! **Invariant:** no server outlives its [`Server`], and likewise the others.

pub mod certificate;
pub mod etcd;
pub mod http;
mod layers;
pub mod machine;
pub mod mount;
mod patience;
mod process;
pub mod psql;
pub mod server;
pub mod sidecar;
pub mod sql;
pub mod tansu;

pub use etcd::Etcd;
pub use http::{Answer, Http};
pub use machine::Machine;
pub use mount::SmallDisk;
pub use patience::eventually;
pub use psql::Psql;
pub use server::{Server, ServerOptions};
pub use sidecar::Sidecar;
pub use sql::{Reply, Rows, Sql};
pub use tansu::Tansu;
