//! The files that configure async-fix, as they lie in a workspace.

use std::{
    collections::BTreeSet,
    io::ErrorKind,
    path::{Component, Path, PathBuf},
};

use crate::{
    config::{
        document::{self, Table},
        layer::{Layer, Step},
        settings::{Chain, Settings},
    },
    finding::FilePath,
    page::Page,
    workspace::layout::Layout,
};

/// By these names a configuration is found; of two in one folder the first counts.
const NAMES: [&str; 2] = [".async-fix.toml", "async-fix.toml"];

/// All that the files of a workspace say: for each package the nearest one upwards, up to the workspace root.
pub fn read(layout: &Layout, pages: &[Page]) -> Result<Settings, String> {
    let mut reader = Reader { root: &layout.root, pages, beside: BTreeSet::new() };
    let at_root = (FilePath::new(""), vec![Table::Workspace, Table::Package]);
    let root = match reader.nearest(&[at_root])? {
        Some(layer) => reader.chain(layer, None)?,
        None => Chain::default(),
    };
    let mut packages = Vec::new();
    for member in &layout.members {
        let chain = match reader.nearest(&places(&member.folder))? {
            Some(layer) if root.0.iter().any(|it| it.source == layer.source) => root.clone(),
            Some(layer) => reader.chain(layer, Some(&root))?,
            None => Chain::default(),
        };
        for layer in chain.0.iter().filter(|it| !root.0.iter().any(|of| of.source == it.source)) {
            only_at_root(layer)?;
        }
        packages.push((member.folder.clone(), chain));
    }
    let chains = || packages.iter().map(|it| &it.1).chain([&root]);
    let counts = |file: &str| chains().any(|it| it.0.iter().any(|it| it.source.name == file));
    // What another one builds upon counts all the same.
    let idle = reader.beside.iter().filter(|it| !counts(&it.1));
    let warnings =
        idle.map(|(first, other)| format!("`{first}` counts, and `{other}` does not")).collect();
    Ok(Settings { root, packages, warnings })
}

/// Reads one file that was named by the user, and those that it builds upon.
pub fn read_file(layout: &Layout, path: &Path, pages: &[Page]) -> Result<Chain, String> {
    let found = path.canonicalize().map_err(|it| match it.kind() {
        ErrorKind::NotFound => format!("the configuration `{}` does not exist", path.display()),
        _ => format!("`{}` cannot be read: {it}", path.display()),
    })?;
    let mut reader = Reader { root: &layout.root, pages, beside: BTreeSet::new() };
    let file = FilePath::below(&layout.root, &found);
    match reader.read(&file, Table::Whole)? {
        Some(layer) => reader.chain(layer, None),
        None => Err(format!("the configuration `{}` does not exist", path.display())),
    }
}

/// A folder, and which tables of its manifest count there.
type PlaceToLook = (FilePath, Vec<Table>);

/// Where the configuration of a package in `folder` may lie, nearest first.
fn places(folder: &FilePath) -> Vec<PlaceToLook> {
    let root = FilePath::new("");
    let mut places = Vec::new();
    let mut at = folder.clone();
    let mut tables = vec![Table::Package];
    while at != root && at.is_in(&root) {
        places.push((at.clone(), std::mem::take(&mut tables)));
        at = at.folder();
    }
    // A member outside the root has no folder in common with it.
    if at != root {
        places.push((at, std::mem::take(&mut tables)));
    }
    tables.push(Table::Workspace);
    places.push((root, tables));
    places
}

/// Refuses what speaks of the analysis of the whole workspace. What a package ships is no setting.
fn only_at_root(layer: &Layer) -> Result<(), String> {
    let ships = !layer.shipped_rows().is_empty();
    let Some(key) = layer.values.key_of_root().filter(|it| !(ships && *it == "knowledge")) else {
        return Ok(());
    };
    let at = layer.source.at(&[Step::Key(key)]);
    Err(format!("{at}: `{key}` holds for the whole workspace, so it belongs at the workspace root"))
}

struct Reader<'a> {
    root: &'a Path,
    pages: &'a [Page],
    /// Files that count, each with one in its folder that is not looked at for that.
    beside: BTreeSet<(String, String)>,
}

impl Reader<'_> {
    /// The first configuration that lies in `places`.
    fn nearest(&mut self, places: &[PlaceToLook]) -> Result<Option<Layer>, String> {
        for (folder, tables) in places {
            let names = NAMES.iter().map(|name| (join(folder, name), Table::Whole));
            let manifest = join(folder, "Cargo.toml");
            let tables = tables.iter().map(|it| (manifest.clone(), *it));
            let mut found: Option<Layer> = None;
            for (file, table) in names.chain(tables) {
                match (&found, self.read(&file, table)?) {
                    (None, layer) => found = layer,
                    (Some(first), Some(other)) if first.source.name != other.source.name => {
                        self.beside.insert((first.source.name.clone(), other.source.name));
                    }
                    // One manifest may speak for its package and for the workspace.
                    (Some(_), _) => (),
                }
            }
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// `layer` with all that it builds upon; `root` is what the workspace root says, when it is not read just now.
    fn chain(&mut self, layer: Layer, root: Option<&Chain>) -> Result<Chain, String> {
        let mut layers = vec![layer];
        while let Some(last) = layers.last() {
            let at = |key| last.source.at(&[Step::Key(key)]);
            match (&last.values.extend, last.values.workspace, root) {
                (None, None, _) => break,
                (Some(_), Some(_), _) => {
                    let at = at("workspace");
                    return Err(format!("{at}: `extend` and `workspace` do not go together"));
                }
                (None, Some(_), Some(root)) if !root.0.is_empty() => {
                    layers.extend(root.0.iter().rev().cloned());
                    break;
                }
                (None, Some(_), Some(_)) => {
                    let at = at("workspace");
                    return Err(format!("{at}: there is no configuration at the workspace root"));
                }
                (None, Some(_), None) => {
                    let at = at("workspace");
                    return Err(format!("{at}: this is the workspace root already"));
                }
                (Some(path), None, _) => {
                    let next = self.extended(&layers, path, &at("extend"))?;
                    layers.push(next);
                }
            }
        }
        layers.reverse();
        Ok(Chain(layers))
    }

    /// What the last of `layers` builds upon: `path`, as it says `at` some place.
    fn extended(&self, layers: &[Layer], path: &str, at: &str) -> Result<Layer, String> {
        let folder = layers.last().map_or("", |it| it.source.folder.as_str());
        let file = self.resolve(folder, path);
        let names = || layers.iter().map(|it| it.source.name.as_str());
        if names().any(|it| it == file.as_str()) {
            let circle: Vec<&str> = names().chain([file.as_str()]).collect();
            let circle = circle.join("`, which extends `");
            return Err(format!("{at}: a circle: `{circle}`"));
        }
        let missing = || format!("{at}: there is no file `{file}`");
        self.read(&file, Table::Whole)?.ok_or_else(missing)
    }

    /// The file `path`, seen from `folder`.
    fn resolve(&self, folder: &str, path: &str) -> FilePath {
        let mut whole = PathBuf::new();
        for part in self.root.join(folder).join(path).components() {
            match part {
                Component::ParentDir => {
                    whole.pop();
                }
                Component::CurDir => (),
                _ => whole.push(part),
            }
        }
        FilePath::below(self.root, &whole)
    }

    /// What stands in a table of a file; None where there is none.
    fn read(&self, file: &FilePath, table: Table) -> Result<Option<Layer>, String> {
        let text = match std::fs::read_to_string(self.root.join(file.as_str())) {
            Ok(it) => it,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("`{file}` cannot be read: {error}")),
        };
        document::read(file.as_str(), &file.folder(), &text, table, self.pages)
    }
}

fn join(folder: &FilePath, name: &str) -> FilePath {
    match folder.as_str() {
        "" => FilePath::new(name),
        folder => FilePath::new(format!("{folder}/{name}")),
    }
}
