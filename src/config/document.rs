//! The text of a configuration, and a sentence for whatever is wrong with it.

use serde::Deserialize;
use toml::de::Error;

use crate::{
    config::{
        layer::{self, Layer, Source, line},
        names::nearest,
        values::Values,
    },
    finding::FilePath,
    knowledge::CrateRows,
    page::Page,
};

/// Where in a file the keys stand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Table {
    /// It is a file of its own.
    Whole,
    /// `[package.metadata.async-fix]` of a manifest.
    Package,
    /// `[workspace.metadata.async-fix]`.
    Workspace,
}

impl Table {
    fn keys(self) -> &'static [&'static str] {
        match self {
            Table::Whole => &[],
            Table::Package => &["package", "metadata", "async-fix"],
            Table::Workspace => &["workspace", "metadata", "async-fix"],
        }
    }
}

/// Reads the configuration in `text`, the file `name` in `folder`; None for a manifest that has no such table.
pub fn read(
    name: &str,
    folder: &FilePath,
    text: &str,
    table: Table,
    pages: &[Page],
) -> Result<Option<Layer>, String> {
    let wrong = |it: Error| sentence(name, text, &it);
    let values = match table {
        Table::Whole => toml::from_str(text).map_err(wrong)?,
        Table::Package | Table::Workspace => {
            // A manifest that does not parse is cargo's to speak of, and so is metadata of any other form.
            if !text.contains("async-fix") || !has_table(text, table) {
                return Ok(None);
            }
            let manifest: Manifest = toml::from_str(text).map_err(wrong)?;
            let part = if table == Table::Package { manifest.package } else { manifest.workspace };
            part.unwrap_or_default().metadata.unwrap_or_default().values.unwrap_or_default()
        }
    };
    let (name, folder) = (name.to_owned(), folder.clone());
    let source = Source { name, folder, text: text.to_owned(), table: table.keys() };
    Layer::new(source, values, pages).map(Some)
}

/// The rows of knowledge that a package ships in `text`, its manifest `name`. Its other settings are its own affair.
pub fn rows(name: &str, text: &str) -> Result<Vec<CrateRows>, String> {
    let table = Table::Package;
    if !text.contains("async-fix") || !has_table(text, table) {
        return Ok(Vec::new());
    }
    let manifest: Shipping = toml::from_str(text).map_err(|it| sentence(name, text, &it))?;
    let (name, text) = (name.to_owned(), text.to_owned());
    let source = Source { name, folder: FilePath::new(""), text, table: table.keys() };
    let mut rows = manifest.package.metadata.rows.knowledge;
    layer::check_rows(&source, &mut rows)?;
    Ok(rows)
}

/// Reads `--config KEY=VALUE`.
pub fn read_setting(text: &str, folder: &FilePath, pages: &[Page]) -> Result<Layer, String> {
    let name = format!("`--config {text}`");
    let values = toml::from_str(text).map_err(|it: Error| {
        let form = match it.message().contains("quoted") {
            true => "; write the value as in TOML, a text in quotation marks",
            false => "",
        };
        format!("{name}: {}{form}", said(&it))
    })?;
    let source = Source { name, folder: folder.clone(), text: String::new(), table: &[] };
    Layer::new(source, values, pages)
}

fn has_table(text: &str, table: Table) -> bool {
    let Ok(manifest) = text.parse::<toml::Table>() else { return false };
    let mut value = toml::Value::Table(manifest);
    table.keys().iter().all(|key| match value.get(key).cloned() {
        Some(next) => {
            value = next;
            true
        }
        None => false,
    })
}

#[derive(Deserialize)]
struct Manifest {
    package: Option<Part>,
    workspace: Option<Part>,
}

#[derive(Deserialize, Default)]
struct Part {
    metadata: Option<Metadata>,
}

#[derive(Deserialize, Default)]
struct Metadata {
    #[serde(rename = "async-fix")]
    values: Option<Values>,
}

/// A manifest with rows of knowledge.
#[derive(Deserialize)]
struct Shipping {
    package: ShippingPart,
}

#[derive(Deserialize)]
struct ShippingPart {
    metadata: ShippingMetadata,
}

#[derive(Deserialize)]
struct ShippingMetadata {
    #[serde(rename = "async-fix")]
    rows: ShippedRows,
}

#[derive(Deserialize)]
struct ShippedRows {
    #[serde(default)]
    knowledge: Vec<CrateRows>,
}

/// What is wrong, and where.
fn sentence(name: &str, text: &str, error: &Error) -> String {
    let line = error.span().map_or(1, |it| line(text, it.start));
    format!("{name}:{line}: {}", said(error))
}

/// What is wrong, and what was most likely meant.
fn said(error: &Error) -> String {
    let said = error.message();
    if let Some((key, near)) = unknown("unknown field", said) {
        return format!("there is no key `{key}`{near}");
    }
    if let Some((value, near)) = unknown("unknown variant", said) {
        return format!("`{value}` means nothing here{near}");
    }
    said.lines().collect::<Vec<_>>().join("; ")
}

/// The name in ``unknown field `a`, expected one of `b`, `c` `` and what could stand in its place.
fn unknown<'m>(kind: &str, message: &'m str) -> Option<(&'m str, String)> {
    // A key may hold anything, so the last part of serde's sentence is looked for from its end.
    let (wrong, names) =
        message.strip_prefix(kind)?.strip_prefix(" `")?.rsplit_once("`, expected")?;
    Some((wrong, suggestion(wrong, names.split('`').skip(1).step_by(2))))
}

/// `; did you mean ..?`, or else all that could be meant.
fn suggestion<'n>(wrong: &str, names: impl Iterator<Item = &'n str> + Clone) -> String {
    match nearest(wrong, names.clone()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => {
            let names: Vec<String> = names.map(|it| format!("`{it}`")).collect();
            format!("; these are known: {}", names.join(", "))
        }
    }
}
