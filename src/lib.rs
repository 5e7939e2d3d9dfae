//! async-fix finds the traps of async Rust in a Cargo workspace and rewrites them.
//!
//! The map, from the ground up; a module uses only modules above it:
//!
//! | module | what it is for |
//! |---|---|
//! | [`finding`] | `Finding`, `Fix`, `Place`: the words every layer shares |
//! | [`page`] | `rules/*.md` as data |
//! | [`knowledge`] | what single functions do: `rules/knowledge/*.toml` and the user's own rows |
//! | [`config`] | what the user asked for: `async-fix.toml` and flags |
//! | [`workspace`] | a Cargo workspace, or what a `rust-project.json` describes, as a database and files; the only reader of disk and of `cargo` |
//! | [`facts`] | what is known of each body |
//! | [`fix`] | building blocks of edits |
//! | [`rules`] | a name, a page, a check |
//! | [`plan`] | rounds in memory until nothing changes |
//! | [`apply`] | guard, journal, atomic writes, verification, undo |
//! | [`report`] | findings and plans as text, patch or JSON |
//! | [`lsp`] | the language server |
//! | [`cli`] | the command line |

pub mod apply;
pub mod cli;
pub mod config;
pub mod facts;
pub mod finding;
pub mod fix;
pub mod knowledge;
pub mod lsp;
pub mod page;
pub mod plan;
pub mod report;
pub mod rules;
pub mod workspace;
