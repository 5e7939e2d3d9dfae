//! What an analysis could not see: unexpanded macros, generated code, files that do not parse.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir::{EditionedFileId, HirFileId, InFile, Symbol, crate_def_map};
use ra_ap_hir_def::nameres::{DefMap, diagnostics::DefDiagnosticKind};
use ra_ap_hir_expand::{
    MacroCallId, MacroCallKind, MacroDefKind, inert_attr_macro::find_builtin_attr_idx,
};
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
        left_out_targets: workspace.left_out().to_vec(),
        wrong_rows: workspace.wrong_rows().iter().chain(&known.wrong).cloned().collect(),
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
            for (ast, call) in module.scope.iter_macro_invoc() {
                if is_opaque(workspace.db(), *call) {
                    let call = InFile::new(ast.file_id, ast.to_node(workspace.db()));
                    calls.extend(opaque_call(workspace, &call, &mut coverage));
                }
            }
        }
        unresolved(workspace, map, &mut calls, &mut coverage);
    }
    for (_, name) in calls {
        *coverage.unexpanded_macros.entry(format!("{name}!")).or_default() += 1;
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
        if !call.file_id.is_macro() && is_opaque(body.db, *expansion) {
            let call = call.map(|it| it.to_node(&call.file_id.parse_or_expand(body.db)));
            if let Some((_, name)) = opaque_call(body.workspace, &call, coverage) {
                *coverage.unexpanded_macros.entry(format!("{name}!")).or_default() += 1;
            }
        }
    }
}

/// Whether nobody knows what the call stands for.
fn is_opaque(db: &RootDatabase, call: MacroCallId) -> bool {
    let helps_another = match call.loc(db).def.kind {
        MacroDefKind::BuiltInEager(..) => !call.is_include_macro(db),
        MacroDefKind::BuiltIn(..) => true,
        _ => false,
    };
    !helps_another && call.parse_macro_expansion_error(db).is_some_and(|it| it.err.is_some())
}

/// The file and the name of a call that stays opaque. An `include!` is added here, by what it would read.
fn opaque_call(
    workspace: &Workspace,
    call: &InFile<ast::MacroCall>,
    coverage: &mut Coverage,
) -> Option<(Option<FilePath>, String)> {
    let db = workspace.db();
    let name = call.value.path().and_then(|it| it.segment()?.name_ref());
    let name = name?.text().to_string();
    let file = call.file_id.original_file_respecting_includes(db).file_id(db);
    let file = workspace.file_path(file);
    if name != "include" {
        return Some((file.cloned(), name));
    }
    // The user knows the outermost macro.
    let written = match call.file_id.original_call_node(db) {
        Some(it) => it.value.text().to_string(),
        None => call.value.syntax().text().to_string(),
    };
    let written = written.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = match file {
        Some(file) => format!("`{}` in {file}", written.trim_end_matches(';')),
        None => format!("`{written}`"),
    };
    match call.value.syntax().text().to_string().contains("OUT_DIR") {
        true => coverage.generated.insert(sentence),
        false => coverage.missing_files.insert(sentence),
    };
    None
}

/// Adds modules without a file, and calls of macros that are not known at all.
fn unresolved(
    workspace: &Workspace,
    map: &DefMap,
    calls: &mut BTreeSet<(Option<FilePath>, String)>,
    coverage: &mut Coverage,
) {
    let db = workspace.db();
    let in_file = |id: HirFileId| {
        workspace.file_path(id.original_file_respecting_includes(db).file_id(db)).cloned()
    };
    for diagnostic in map.diagnostics() {
        let (file, path) = match &diagnostic.kind {
            DefDiagnosticKind::UnresolvedModule { ast, .. } => {
                let module = ast.to_node(db);
                let name = ast::HasName::name(&module).map(|it| it.to_string());
                if let (Some(name), Some(file)) = (name, in_file(ast.file_id)) {
                    coverage.missing_files.insert(format!("`mod {name}` in {file}"));
                }
                continue;
            }
            DefDiagnosticKind::UnresolvedMacroCall {
                ast: MacroCallKind::FnLike { ast_id, .. },
                path,
            } => (ast_id.file_id, path),
            // Attributes are looked for in the text: most leave the code below them as it is.
            DefDiagnosticKind::MacroError { ast, path, .. }
                if matches!(ast.to_node(db), ast::Item::MacroCall(_)) =>
            {
                (ast.file_id, path)
            }
            _ => continue,
        };
        if let Some(name) = path.segments().last() {
            calls.insert((in_file(file), name.as_str().to_owned()));
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
pub(super) fn unknown_attribute(attribute: &ast::Attr, known: &Known) -> Option<String> {
    let item = attribute.syntax().parent().and_then(ast::Item::cast)?;
    // Where something is derived, other attributes tell the derive what to do.
    if ast::HasAttrs::attrs(&item).any(|it| it.simple_name().as_deref() == Some("derive")) {
        return None;
    }
    unknown_attribute_at(&attribute.path()?, known)
}

/// The same by the path that names it, of what derives nothing.
pub(super) fn unknown_attribute_at(path: &ast::Path, known: &Known) -> Option<String> {
    let first = path.first_segment()?.name_ref()?.text().to_string();
    let last = path.segment()?.name_ref()?.text().to_string();
    let is_path = path.qualifier().is_some();
    let builtin = !is_path && find_builtin_attr_idx(&Symbol::intern(&last)).is_some();
    let inert = KNOWN_ATTRIBUTES.contains(&first.as_str());
    (!builtin && !inert && known.transparent_attribute(&last).is_none()).then_some(last)
}
