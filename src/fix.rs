//! Building blocks of edits.

pub mod at_once;
pub mod await_it;
pub mod chain;
mod doubts;
mod edits;
pub mod give_way;
pub mod hand_over;
pub mod helper;
pub mod hoist;
pub mod join;
pub mod lend;
mod lines;
pub mod lock;
pub mod migrate;
pub mod narrow;
pub mod once;
pub mod one_step;
pub mod otherwise;
mod own_runtime;
pub mod own_task;
pub mod path;
pub mod pool;
pub mod read_later;
pub mod spawn_items;
pub mod telling;
pub mod template;
pub mod twin;
