//! Segments against the slow obvious model: all rows in a vector.

mod attrs;
mod bounds;
mod corruption;
mod model;
mod order;
mod round_trip;
