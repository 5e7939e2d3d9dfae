//! Building blocks of edits.

pub mod path;
pub mod template;
pub mod twin;
