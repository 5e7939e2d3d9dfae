//! Building blocks of edits.

pub mod chain;
mod doubts;
mod lines;
pub mod migrate;
pub mod narrow;
pub mod path;
pub mod pool;
pub mod template;
pub mod twin;
