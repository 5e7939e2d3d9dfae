//! What is known of the bodies of a workspace. Computed when first asked for.

pub mod alive;
pub mod body;
pub mod calls;
pub mod captures;
pub mod chains;
pub mod changes;
mod closures;
pub mod compiled;
pub mod errors;
pub mod functions;
mod guard_names;
mod guards;
pub mod held;
mod mentions;
pub mod narrow;
mod ownership;
pub mod place;
mod receiver;
pub mod runs_on;
pub mod runtime;
mod scope;
mod sources;
pub mod surroundings;
pub mod suspends;
pub mod syntax;
pub mod unseen;
