//! The layer model as a whole: worked examples, and random histories against a slow model that is obviously right.

mod conflicts;
mod example;
mod histories;
mod plans;
mod slow;
mod staged;
mod world;
