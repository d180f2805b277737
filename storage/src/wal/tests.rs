//! The log as a whole, over a faulty disk.

mod append;
mod crash;
mod damage;
mod fixture;
mod full_disk;
