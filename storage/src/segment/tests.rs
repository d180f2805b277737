//! Segments against the slow obvious model: all rows in a vector.

mod attrs;
mod blocks;
mod bounds;
mod corruption;
mod disk;
mod model;
mod order;
mod round_trip;
