//! What follows from one row.

use crate::{
    finding::Applicability,
    knowledge::{FixCap, Row, Wait, takes::Takes},
};

impl Row {
    /// What holds of a function that calls this one, in place of what is to be done where it is called itself.
    pub fn of_caller(&self) -> Row {
        let (instead, chain, says) = (None, None, None);
        Row { instead, chain, says, unless_asked: Vec::new(), ..self.clone() }
    }

    /// What holds of a function of which a comment says that it blocks.
    pub fn said_to_block(name: String) -> Row {
        let row = toml::from_str::<Row>("path = \"\"\nblocks = \"said\"");
        Row { path: name, ..row.expect("a path is all that a row has to have") }
    }

    /// Whether it says nothing of who waits, nor of where something runs: only what becomes of a future that is dropped
    /// before it is done, or which runtime it needs.
    pub fn says_nothing_of_threads(&self) -> bool {
        let says_more = self.blocks.is_some()
            || self.closure.is_some()
            || self.future.is_some()
            || self.takes.is_some()
            || self.cancels;
        let says_this = self.cancel.is_some() || self.takes_out || self.joins;
        (says_this || self.driven_by.is_some()) && !says_more
    }

    /// How it takes what it waits for, where that is handed on to those who wait in their order.
    pub fn waits_in_turn(&self) -> Option<Takes> {
        self.takes.or(self.queues.then_some(Takes::Alone))
    }

    /// What `instead` may be at best.
    pub fn cap(&self) -> Applicability {
        match self.fix {
            FixCap::Safe => Applicability::Safe,
            FixCap::Unsafe => Applicability::Unsafe,
            FixCap::Manual => Applicability::Manual,
        }
    }

    /// The row as it holds where it waits for this, or for nobody.
    pub fn waiting_for(&self, wait: Option<Wait>) -> Row {
        Row { blocks: wait, ..self.clone() }
    }

    /// What a finding calls it.
    pub fn said(&self) -> String {
        self.says.clone().unwrap_or_else(|| format!("`{}`", self.path))
    }

    /// The last segment of the path: what a mention looks like before any alias.
    pub fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// The segment before it: the type or trait that a method belongs to, or a module.
    pub fn owner(&self) -> Option<&str> {
        self.path.rsplit("::").nth(1)
    }

    /// The crate and the feature that `instead` needs.
    pub fn feature(&self) -> Option<(&str, &str)> {
        self.needs.as_deref()?.split_once('/')
    }
}
