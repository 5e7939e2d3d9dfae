//! From expressions to places in the user's files, through any number of macros.

use ra_ap_hir::{HirFileId, InFile, Semantics};
use ra_ap_hir_def::{
    FunctionId, Lookup,
    hir::{ExprId, PatId},
    signatures::FunctionSignature,
    src::HasSource,
};
use ra_ap_hir_expand::{
    MacroDefKind, files::FileRange, map_node_range_up_rooted, span_map::SpanMap,
};
use ra_ap_syntax::{AstNode, NodeOrToken, SyntaxNode, TextRange, ast};

use crate::{
    facts::body::BodyFacts,
    finding::{FilePath, Place},
    workspace::Workspace,
};

impl BodyFacts<'_> {
    /// The syntax of an expression: in a file, or in what a macro expanded to.
    pub(crate) fn syntax(&self, expr: ExprId) -> Option<InFile<ast::Expr>> {
        let source = self.map.expr_syntax(expr).ok()?;
        let root = source.file_id.parse_or_expand(self.db);
        let node = source.value.to_node(&root).left()?;
        Some(InFile::new(source.file_id, node))
    }

    /// Where the user wrote this expression. None when a macro's own body wrote it, or it stands outside the project.
    pub(crate) fn place_of(&self, expr: ExprId) -> Option<Place> {
        let syntax = self.syntax(expr)?;
        self.place(syntax.file_id, syntax.value.syntax())
    }

    /// Whether this is written as a `for`, as are the calls that it stands for.
    pub(super) fn is_loop(&self, expr: ExprId) -> bool {
        self.syntax(expr).is_some_and(|it| matches!(it.value, ast::Expr::ForExpr(_)))
    }

    /// Where it is written, or else the macro call that writes it.
    pub(crate) fn place_to_show(&self, expr: ExprId) -> Option<Place> {
        self.place_of(expr).or_else(|| self.macro_call_place(expr))
    }

    pub(crate) fn place_of_pattern(&self, pattern: PatId) -> Option<Place> {
        let source = self.map.pat_syntax(pattern).ok()?;
        let root = source.file_id.parse_or_expand(self.db);
        let node = source.value.to_node(&root);
        self.place(source.file_id, node.syntax())
    }

    /// The macro call that wrote this pattern.
    pub(super) fn place_around_pattern(&self, pattern: PatId) -> Option<Place> {
        let source = self.map.pat_syntax(pattern).ok()?;
        let call = source.file_id.original_call_node(self.db)?;
        self.project_place(FileRange { file_id: call.file_id, range: call.value.text_range() })
    }

    /// Where the user wrote this piece of syntax, word for word.
    pub(crate) fn place(&self, file: HirFileId, node: &SyntaxNode) -> Option<Place> {
        let range = self.range_in_file(file, node.text_range())?;
        let place = self.project_place(range)?;
        if file.is_macro() && words(node) != self.words_at(range) {
            return None;
        }
        Some(place)
    }

    /// Where the user wrote what stands there.
    pub(super) fn place_of_range(&self, file: HirFileId, range: TextRange) -> Option<Place> {
        self.project_place(self.range_in_file(file, range)?)
    }

    /// Whether this text means one expression only: what a macro writes twice may stand in two kinds of code.
    pub(crate) fn is_written_once(&self, place: &Place, file: HirFileId) -> bool {
        let HirFileId::MacroFile(_) = file else { return true };
        let sema = Semantics::new(self.db);
        let tree = sema.parse(file.original_file(self.db));
        let Some(token) = tree.syntax().token_at_offset(place.range.start()).right_biased() else {
            return false;
        };
        sema.descend_into_macros_exact(token).len() == 1
    }

    /// Where the outermost macro call stands that wrote this expression.
    pub(crate) fn macro_call_place(&self, expr: ExprId) -> Option<Place> {
        let source = self.map.expr_syntax(expr).ok()?;
        let call = source.file_id.original_call_node(self.db)?;
        let range = FileRange { file_id: call.file_id, range: call.value.text_range() };
        self.project_place(range)
    }

    /// Whether a procedural macro has written this, for which one of our own stands in: that one writes other code, with
    /// the same types.
    pub(super) fn is_stood_in_for(&self, expr: ExprId) -> bool {
        let Ok(source) = self.map.expr_syntax(expr) else { return false };
        let calls = std::iter::successors(source.file_id.macro_file(), |it| {
            it.loc(self.db).kind.file_id().macro_file()
        });
        let mut kinds = calls.map(|it| it.loc(self.db).def.kind);
        kinds.any(|it| matches!(it, MacroDefKind::ProcMacro(..))) && self.place_of(expr).is_none()
    }

    /// The name of the macro that wrote this expression, with its `!`, where its call stands in a file and has round
    /// brackets.
    pub(super) fn macro_name(&self, expr: ExprId) -> Option<Place> {
        let HirFileId::MacroFile(call) = self.map.expr_syntax(expr).ok()?.file_id else {
            return None;
        };
        let of = call.loc(self.db);
        let file = of.kind.file_id();
        let node = ast::MacroCall::cast(of.to_node(self.db).value)?;
        node.token_tree()?.l_paren_token()?;
        let range = node.path()?.syntax().text_range().cover(node.excl_token()?.text_range());
        (!file.is_macro()).then(|| self.place_of_range(file, range))?
    }

    fn range_in_file(&self, file: HirFileId, range: TextRange) -> Option<FileRange> {
        match file {
            HirFileId::FileId(file_id) => Some(FileRange { file_id, range }),
            HirFileId::MacroFile(_) => match file.span_map(self.db) {
                SpanMap::ExpansionSpanMap(map) => map_node_range_up_rooted(self.db, map, range),
                SpanMap::RealSpanMap(_) => None,
            },
        }
    }

    fn project_place(&self, range: FileRange) -> Option<Place> {
        let file = self.workspace.file_path(range.file_id.file_id(self.db))?;
        Some(Place::new(file.clone(), range.range))
    }

    fn words_at(&self, range: FileRange) -> String {
        let file = HirFileId::FileId(range.file_id).parse_or_expand(self.db);
        let inside = |it: &TextRange| range.range.contains_range(*it);
        let covering = match file.covering_element(range.range) {
            NodeOrToken::Node(it) => it,
            NodeOrToken::Token(it) => return it.text().to_owned(),
        };
        let tokens = covering.descendants_with_tokens().filter_map(NodeOrToken::into_token);
        let words = tokens.filter(|it| inside(&it.text_range()) && !it.kind().is_trivia());
        words.map(|it| it.text().to_owned()).collect()
    }
}

/// The text without spaces and comments, which macros do not keep.
fn words(node: &SyntaxNode) -> String {
    let tokens = node.descendants_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.filter(|it| !it.kind().is_trivia()).map(|it| it.text().to_owned()).collect()
}

/// How a function of the project is written.
pub(super) fn text_of(workspace: &Workspace, function: FunctionId) -> Option<String> {
    file_of(workspace, function)?;
    let source = function.lookup(workspace.db()).source(workspace.db());
    Some(source.value.syntax().text().to_string())
}

/// The file of the workspace in which a function stands.
pub(super) fn file_of(workspace: &Workspace, function: FunctionId) -> Option<FilePath> {
    let db = workspace.db();
    let source = function.lookup(db).source(db);
    let file = source.file_id.original_file(db).file_id(db);
    workspace.file_path(file).cloned()
}

/// Whether two functions are the same one: it may be there once for each target that has its file.
pub(super) fn is_same_function(workspace: &Workspace, one: FunctionId, other: FunctionId) -> bool {
    let db = workspace.db();
    let name = |it| FunctionSignature::of(db, it).name.clone();
    let place = |it: FunctionId| {
        let source = it.lookup(db).source(db);
        let file = source.file_id.original_file(db).file_id(db);
        (file, source.value.syntax().text_range())
    };
    one == other || (name(one) == name(other) && place(one) == place(other))
}
