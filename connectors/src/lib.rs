//! Everything that talks to other software. So far: HTTP, the way in for logs of any client, and the kinds
//! of components whose configuration is managed.
//!
//! A connector calls the engine and is started by the binary. The engine never names one.

pub mod component;
pub mod http;

pub use http::{HttpOptions, serve};
