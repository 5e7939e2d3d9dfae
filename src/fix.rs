//! Building blocks of edits.

mod doubts;
pub mod path;
pub mod template;
pub mod twin;
