//! The language server: findings and repairs while somebody types.
//!
//! One thread speaks with the editor and knows the open documents; one for each Cargo workspace, an engine, knows what
//! their code means. The first one answers nothing that the other has found out of a text that is gone.

use std::path::{Path, PathBuf};

use lsp_server::Connection;

use crate::{
    config::{Choice, ProjectRequest},
    lsp::{client::Client, session::Session},
    workspace::layout::Layout,
};

mod actions;
mod client;
mod diagnostics;
mod documents;
mod edits;
mod engine;
mod lines;
mod pages;
mod paths;
mod progress;
mod reload;
mod session;
mod signal;

/// Which project to load: the one of a folder or a file.
type ToRequest = dyn Fn(&Path) -> ProjectRequest + Send + Sync;

/// What is wanted of a project.
type ToChoice = dyn Fn(&Layout) -> Result<Choice, String> + Send + Sync;

/// What the user asked for when the server was started.
pub struct Setup {
    pub request: Box<ToRequest>,
    pub choice: Box<ToChoice>,
}

/// How it ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// The editor asked for it.
    Shutdown,
    /// The editor has gone away.
    Gone,
}

/// Serves the editor at the other end of stdin and stdout until it wants no more.
pub fn serve(setup: Setup) -> Result<End, String> {
    let (connection, threads) = Connection::stdio();
    let end = speak(setup, &connection);
    drop(connection);
    // The last answers are written.
    let written = threads.join();
    match (end, written) {
        (Ok(End::Shutdown), Err(error)) => Err(format!("the editor cannot be spoken to: {error}")),
        (end, _) => end,
    }
}

fn speak(setup: Setup, connection: &Connection) -> Result<End, String> {
    let Ok((id, parameters)) = connection.initialize_start() else { return Ok(End::Gone) };
    let client = Client::new(parameters);
    let answer = client.answer();
    if connection.initialize_finish(id, answer).is_err() {
        return Ok(End::Gone);
    }
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    Ok(Session::new(setup, client, connection, &here).run())
}
