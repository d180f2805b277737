//! The HTTP front end from outside: sockets on one side, the engine on the other.

mod bad_input;
mod exactly_once;
mod limits;
mod records;
mod server;
mod vanishing;
