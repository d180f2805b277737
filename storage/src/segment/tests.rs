//! Segments against the slow obvious model: all rows in a vector.

mod model;
mod round_trip;
