//! Which code of a file is compiled at all, as targets and features are chosen, and whether only for tests.

use std::collections::HashSet;

use ra_ap_base_db::Crate;
use ra_ap_cfg::{CfgExpr, CfgOptions};
use ra_ap_hir::{HirFileId, crate_def_map};
use ra_ap_intern::Symbol;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use crate::{
    finding::{Coverage, FilePath},
    workspace::{TargetKind, Workspace},
};

/// The files of every view of every target.
pub struct Compiled<'a> {
    workspace: &'a Workspace,
    views: Vec<View>,
}

struct View {
    krate: Crate,
    for_tests: bool,
    files: HashSet<FilePath>,
}

/// Who compiles a piece of code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum For {
    Nobody,
    Tests,
    Users,
}

impl<'a> Compiled<'a> {
    pub fn new(workspace: &'a Workspace) -> Compiled<'a> {
        let db = workspace.db();
        let views = workspace.targets().iter().map(|target| {
            let modules = crate_def_map(db, target.krate).modules();
            let files =
                modules.filter_map(|(_, module)| match module.definition_source_file_id() {
                    HirFileId::FileId(id) => workspace.file_path(id.file_id(db)).cloned(),
                    HirFileId::MacroFile(_) => None,
                });
            let for_tests =
                target.cfg_test || matches!(target.kind, TargetKind::Test | TargetKind::Bench);
            View { krate: target.krate, for_tests, files: files.collect() }
        });
        Compiled { workspace, views: views.collect() }
    }

    /// Whether `file` is a part of any target.
    pub fn has(&self, file: &FilePath) -> bool {
        self.views.iter().any(|it| it.files.contains(file))
    }

    /// Whether nobody compiles what stands around `range` of `file`, whatever is left out in it.
    pub fn is_left_out(&self, file: &FilePath, root: &SyntaxNode, range: TextRange) -> bool {
        let outer: Vec<ast::Attr> = attributes_around(root, range).collect();
        let mut views = self.views.iter().filter(|it| it.files.contains(file));
        !views.any(|view| {
            let options = view.krate.cfg_options(self.workspace.db());
            outer.iter().all(|it| holds(options, it))
        })
    }

    /// Who compiles all of what stands in `range` of `file`, whose tree is `root`, apart from tests in it.
    pub fn whom(&self, file: &FilePath, root: &SyntaxNode, range: TextRange) -> For {
        let outer: Vec<ast::Attr> = attributes_around(root, range).collect();
        let inner: Vec<ast::Attr> = inside(root, range).filter_map(ast::Attr::cast).collect();
        let in_test = around(root, range).filter_map(ast::Fn::cast).any(|it| is_test(&it));
        let views = self.views.iter().filter(|it| it.files.contains(file));
        let seeing = views.filter(|view| {
            let options = view.krate.cfg_options(self.workspace.db());
            let mut in_tests = options.clone();
            in_tests.insert_atom(Symbol::intern("test"));
            outer.iter().all(|it| holds(options, it))
                && inner.iter().all(|it| holds(options, it) || holds(&in_tests, it))
        });
        let whom = |it: &View| if it.for_tests || in_test { For::Tests } else { For::Users };
        seeing.map(whom).max().unwrap_or(For::Nobody)
    }
}

fn holds(options: &CfgOptions, attribute: &ast::Attr) -> bool {
    let Some(ast::Meta::CfgMeta(cfg)) = attribute.meta() else { return true };
    let predicate = cfg.cfg_predicate().map(CfgExpr::parse_from_ast);
    predicate.is_some_and(|it| options.check(&it) == Some(true))
}

/// Whether a macro that stayed unexpanded stands in `range`, or around it.
pub fn has_unexpanded(root: &SyntaxNode, range: TextRange, coverage: &Coverage) -> bool {
    let is_unexpanded = |it: &str| coverage.unexpanded_macros.contains_key(it);
    nodes_at(root, range).any(|node| {
        let last = |it: Option<ast::Path>| Some(it?.segment()?.name_ref()?.text().to_string());
        if let Some(call) = ast::MacroCall::cast(node.clone()) {
            return last(call.path()).is_some_and(|it| is_unexpanded(&format!("{it}!")));
        }
        let attribute = ast::Attr::cast(node).and_then(|it| last(it.path()));
        attribute.is_some_and(|it| is_unexpanded(&format!("#[{it}]")))
    })
}

/// The nodes in `range`, those around it, and the attributes of these.
fn nodes_at(root: &SyntaxNode, range: TextRange) -> impl Iterator<Item = SyntaxNode> {
    let attributes = attributes_around(root, range).map(|it| it.syntax().clone());
    inside(root, range).chain(around(root, range)).chain(attributes)
}

fn inside(root: &SyntaxNode, range: TextRange) -> impl Iterator<Item = SyntaxNode> {
    root.descendants().filter(move |it| range.contains_range(it.text_range()))
}

fn attributes_around(root: &SyntaxNode, range: TextRange) -> impl Iterator<Item = ast::Attr> {
    let nodes = around(root, range).filter(move |it| !range.contains_range(it.text_range()));
    nodes.flat_map(|it| it.children()).filter_map(ast::Attr::cast)
}

fn around(root: &SyntaxNode, range: TextRange) -> impl Iterator<Item = SyntaxNode> + use<> {
    let range = range.intersect(root.text_range()).unwrap_or(root.text_range());
    root.covering_element(range).ancestors()
}

/// `#[test]`, `#[tokio::test]` and the like.
fn is_test(function: &ast::Fn) -> bool {
    let name = |it: ast::Attr| Some(it.path()?.segment()?.name_ref()?.text().to_string());
    ast::HasAttrs::attrs(function).filter_map(name).any(|it| it == "test" || it == "bench")
}
