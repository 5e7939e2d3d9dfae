//! What an analysis could not see: unexpanded macros, generated code, files that do not parse.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir::{EditionedFileId, HirFileId, Symbol, crate_def_map};
use ra_ap_hir_def::nameres::{DefMap, diagnostics::DefDiagnosticKind};
use ra_ap_hir_expand::{MacroCallKind, inert_attr_macro::find_builtin_attr_idx};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use crate::{
    facts::body::BodyFacts,
    finding::{Coverage, FilePath},
    knowledge::resolve::Known,
    workspace::Workspace,
};

/// Derives of the standard library, which are expanded.
const STD_DERIVES: [&str; 12] = [
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "Eq",
    "Hash",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "CoercePointee",
    "RustcEncodable",
    "RustcDecodable",
];

/// Attributes of std that are macros, and tools that have attributes of their own.
const KNOWN_ATTRIBUTES: [&str; 10] = [
    "derive",
    "test",
    "bench",
    "cfg_eval",
    "global_allocator",
    "rustfmt",
    "clippy",
    "diagnostic",
    "miri",
    "cfg_attr",
];

/// What is there to be looked at, and which parts of it stay dark.
pub fn coverage(workspace: &Workspace, known: &Known) -> Coverage {
    let mut coverage = Coverage {
        packages: workspace.packages().len(),
        targets: workspace
            .targets()
            .iter()
            .map(|it| (it.package, &it.name, it.kind))
            .collect::<BTreeSet<_>>()
            .len(),
        ..Coverage::default()
    };
    let mut files: BTreeMap<FilePath, EditionedFileId> = BTreeMap::new();
    let mut calls: BTreeSet<(Option<FilePath>, String)> = BTreeSet::new();
    for target in workspace.targets() {
        let map = crate_def_map(workspace.db(), target.krate);
        for (_, module) in map.modules() {
            if let HirFileId::FileId(id) = module.definition_source_file_id()
                && let Some(path) = workspace.file_path(id.file_id(workspace.db()))
            {
                files.insert(path.clone(), id);
            }
        }
        unexpanded_calls(workspace, map, &mut calls);
    }
    for (file, name) in calls {
        match name.as_str() {
            "include" => coverage.generated.extend(file.map(|it| it.to_string())),
            _ => *coverage.unexpanded_macros.entry(format!("{name}!")).or_default() += 1,
        }
    }
    coverage.files = files.len();
    for (path, id) in files {
        if workspace.kept_out(&path).is_some() {
            continue;
        }
        read_file(workspace.db(), &path, id, known, &mut coverage);
    }
    coverage
}

/// Adds a body: its calls, known and unknown, and the macros in it that did not expand.
pub fn add_body(body: &BodyFacts<'_>, coverage: &mut Coverage) {
    coverage.bodies += 1;
    coverage.calls += body.calls;
    coverage.calls_resolved += body.calls_resolved;
    for place in body.unresolved.iter().filter_map(|it| body.place_of(*it)) {
        let Some(text) = body.workspace.text(&place.file) else { continue };
        let line = text[..usize::from(place.range.start())].matches('\n').count() + 1;
        let code = text[place.range].split_whitespace().collect::<Vec<_>>().join(" ");
        coverage.unresolved_calls.insert(format!("{}:{line}: {code}", place.file));
    }
    for (call, expansion) in body.map.expansions() {
        let failed =
            expansion.parse_macro_expansion_error(body.db).is_some_and(|it| it.err.is_some());
        let name = call.to_node(body.db).path().and_then(|it| it.segment());
        if let Some(name) = name.filter(|_| failed && !call.file_id.is_macro()) {
            *coverage.unexpanded_macros.entry(format!("{name}!")).or_default() += 1;
        }
    }
}

fn unexpanded_calls(
    workspace: &Workspace,
    map: &DefMap,
    calls: &mut BTreeSet<(Option<FilePath>, String)>,
) {
    for diagnostic in map.diagnostics() {
        let path = match &diagnostic.kind {
            DefDiagnosticKind::UnresolvedMacroCall { ast: MacroCallKind::FnLike { .. }, path } => {
                path
            }
            // Attributes are looked for in the text: most leave the code below them as it is.
            DefDiagnosticKind::MacroError { ast, path, .. }
                if matches!(ast.to_node(workspace.db()), ast::Item::MacroCall(_)) =>
            {
                path
            }
            _ => continue,
        };
        let module = &map[diagnostic.in_module];
        let file = match module.definition_source_file_id() {
            HirFileId::FileId(id) => workspace.file_path(id.file_id(workspace.db())).cloned(),
            HirFileId::MacroFile(_) => None,
        };
        if let Some(name) = path.segments().last() {
            calls.insert((file, name.as_str().to_owned()));
        }
    }
}

fn read_file(
    db: &RootDatabase,
    path: &FilePath,
    id: EditionedFileId,
    known: &Known,
    coverage: &mut Coverage,
) {
    if id.parse_errors(db).is_some() {
        coverage.broken_files.insert(path.clone());
    }
    let unexpanded = &mut coverage.unexpanded_macros;
    for attribute in id.parse(db).tree().syntax().descendants().filter_map(ast::Attr::cast) {
        match attribute.simple_name().as_deref() {
            Some("derive") => {
                for name in derives(attribute.syntax()) {
                    *unexpanded.entry(format!("derive({name})")).or_default() += 1;
                }
            }
            _ => {
                if let Some(name) = unknown_attribute(&attribute, known) {
                    *unexpanded.entry(format!("#[{name}]")).or_default() += 1;
                }
            }
        }
    }
}

fn derives(attribute: &SyntaxNode) -> Vec<String> {
    let text = attribute.text().to_string();
    let inside = text.split_once('(').and_then(|it| it.1.rsplit_once(')')).map_or("", |it| it.0);
    inside
        .split(',')
        .filter_map(|it| it.rsplit("::").next())
        .map(|it| it.trim().to_owned())
        .filter(|it| !it.is_empty() && !STD_DERIVES.contains(&it.as_str()))
        .collect()
}

/// The name of an attribute macro that changes what it stands on in ways nobody here knows of.
fn unknown_attribute(attribute: &ast::Attr, known: &Known) -> Option<String> {
    let item = attribute.syntax().parent().and_then(ast::Item::cast)?;
    // Where something is derived, other attributes tell the derive what to do.
    if ast::HasAttrs::attrs(&item).any(|it| it.simple_name().as_deref() == Some("derive")) {
        return None;
    }
    let path = attribute.path()?;
    let first = path.first_segment()?.name_ref()?.text().to_string();
    let last = path.segment()?.name_ref()?.text().to_string();
    let is_path = path.qualifier().is_some();
    let builtin = !is_path && find_builtin_attr_idx(&Symbol::intern(&last)).is_some();
    let inert = KNOWN_ATTRIBUTES.contains(&first.as_str());
    (!builtin && !inert && !known.is_transparent_attribute(&last)).then_some(last)
}
