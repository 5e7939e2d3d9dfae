//! Rows of knowledge that dependencies ship in their manifests.

use std::path::Path;

use ra_ap_project_model::{CargoWorkspace, Package};

use crate::{config::document, knowledge::CrateRows};

/// What dependencies say of their own functions.
#[derive(Default)]
pub(super) struct ShippedRows {
    pub rows: Vec<CrateRows>,
    /// What is wrong with some of it, one sentence each.
    pub wrong: Vec<String>,
}

/// Reads the manifests of all packages that are no members.
pub(super) fn read(cargo: &CargoWorkspace) -> ShippedRows {
    let mut shipped = ShippedRows::default();
    for package in cargo.packages().filter(|it| !cargo[*it].is_member) {
        let manifest: &Path = cargo[package].manifest.as_ref();
        // What cannot be read, cargo could not read either.
        let Ok(text) = std::fs::read_to_string(manifest) else { continue };
        let name = format!("{}-{}/Cargo.toml", cargo[package].name, cargo[package].version);
        match document::rows(&name, &text) {
            Ok(rows) => rows.into_iter().for_each(|it| shipped.add(cargo, package, it)),
            Err(wrong) => shipped.wrong.push(wrong),
        }
    }
    shipped
}

impl ShippedRows {
    fn add(&mut self, cargo: &CargoWorkspace, package: Package, rows: CrateRows) {
        let mut targets = cargo[package].targets.iter();
        if targets.any(|it| cargo[*it].name.replace('-', "_") == rows.krate) {
            self.rows.push(rows);
        } else if let Some(origin) = rows.items.first().and_then(|it| it.origin.as_ref()) {
            let (name, krate) = (&cargo[package].name, &rows.krate);
            self.wrong.push(format!(
                "{origin}: `{name}` says what the crate `{krate}` does, which is not its own; that does not count"
            ));
        }
    }
}
