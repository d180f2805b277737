//! Configuration as layers: what the rollout engine works with.
//!
//! Roles and rules are rows; a kind of component turns them into files and back behind [`component::Component`].

pub mod component;
pub mod position;
