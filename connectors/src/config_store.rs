//! Config stores that are somewhere else: [`etcd`], and the one of a Strata server as its sidecars see it ([`remote`]).
//!
//! Both stand behind the catalog's trait `ConfigStore`; where the keys lie is chosen by configuration and known to nobody
//! else.

pub mod etcd;
pub mod remote;
pub mod wire;
