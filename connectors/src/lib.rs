//! Everything that talks to other software. So far: HTTP, the way in for logs of any client.
//!
//! A connector calls the engine and is started by the binary. The engine never names one.

pub mod http;

pub use http::{HttpOptions, serve};
