//! `select!` and its like: which futures race each other, whose they are, and what is done when one of them is done.

mod calls;
mod grammar;

use std::{collections::HashMap, sync::Arc};

use ra_ap_hir::HirFileId;
use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_hir_expand::MacroCallId;
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, SyntaxNode, ast};

use crate::{
    facts::{body::BodyFacts, of_each::OfEach, selects::grammar::Written},
    finding::Place,
    knowledge::Row,
};

/// One call of such a macro.
pub struct Select {
    pub row: Arc<Row>,
    /// The call, with its brackets.
    pub at: Place,
    pub branches: Vec<Branch>,
    /// Whether it says what to do when no branch is left that could be waited for.
    pub has_else: bool,
    /// All that the call stands for.
    pub(crate) whole: ExprId,
    /// The loop around it, in the same async body, that comes back to it.
    pub(crate) turns: Option<ExprId>,
}

/// One branch of it.
pub struct Branch {
    pub pattern: Place,
    /// The future, as it is written.
    pub at: Place,
    pub guard: Option<Place>,
    pub(crate) future: ExprId,
    pub(crate) handler: ExprId,
    /// What is done when it is done, as it is written.
    pub handler_at: Place,
    /// Whether the macro gets the future only for a time and cannot drop it.
    pub is_lent: bool,
    /// How it stands for several futures.
    pub(crate) each: Option<OfEach>,
}

impl Select {
    /// Whether its futures are of one type: none can become another one alone.
    pub fn is_of_one_type(&self) -> bool {
        self.row.gives_first
    }

    /// All branches but one, which is also another one where it stands for several.
    pub fn others<'a>(&'a self, branch: &'a Branch) -> impl Iterator<Item = &'a Branch> {
        self.branches.iter().filter(move |it| it.each.is_some() || it.future != branch.future)
    }
}

impl<'db> BodyFacts<'db> {
    /// Every `select!` in this function of which all is known, in the order of the text.
    pub fn selects(&self) -> &[Select] {
        self.selects.get_or_init(|| {
            let names = self.known.macros_that(|it| it.cancels).into_iter();
            let names: Vec<String> = names.map(|it| format!("{it}!")).collect();
            let mut selects =
                if self.says_one_of(&names) { self.all_selects() } else { Vec::new() };
            selects.extend(self.called_selects());
            selects.sort_by(|a, b| a.at.cmp(&b.at));
            selects
        })
    }

    fn all_selects(&self) -> Vec<Select> {
        let mut calls: HashMap<MacroCallId, Call> = HashMap::new();
        let mut written: HashMap<Place, ExprId> = HashMap::new();
        for (expr, _) in &self.sequence {
            let Ok(source) = self.map.expr_syntax(*expr) else { continue };
            // Of several on one place the outermost comes last.
            let mut file = source.file_id;
            if file.is_macro()
                && let Some(place) = self.place_of(*expr)
            {
                written.insert(place, *expr);
            }
            while let HirFileId::MacroFile(call) = file {
                let call = calls.entry(call).or_insert_with(|| self.call(call));
                if let Some(place) = &call.at {
                    written.insert(place.clone(), *expr);
                }
                file = call.file;
            }
        }
        let selects = calls.into_iter().filter_map(|(id, call)| {
            let (row, brackets) = call.select?;
            self.select(id, call.at?, row, &brackets, &written)
        });
        selects.collect()
    }

    fn call(&self, call: MacroCallId) -> Call {
        let of = call.loc(self.db);
        let node = of.to_node(self.db).value;
        let file = of.kind.file_id();
        let at = self.place_of_range(file, node.text_range());
        let row = self.known.macro_that(self.db, of.def, |it| it.cancels);
        let select = row.and_then(|row| {
            let brackets = brackets(node)?;
            grammar::branches(&brackets)?;
            Some((Arc::clone(row), brackets))
        });
        Call { file, at, select }
    }

    fn select(
        &self,
        call: MacroCallId,
        at: Place,
        row: Arc<Row>,
        brackets: &SyntaxNode,
        written: &HashMap<Place, ExprId>,
    ) -> Option<Select> {
        let file = call.loc(self.db).kind.file_id();
        let place = |range| self.place_of_range(file, range);
        let mut branches = Vec::new();
        let mut has_else = false;
        for it in grammar::branches(brackets)? {
            match it {
                Written::Future { pattern, future, guard, handler } => {
                    let at = place(future)?;
                    let future = *written.get(&at)?;
                    let guard = match guard {
                        Some(it) => Some(place(it)?),
                        None => None,
                    };
                    let handler_at = place(handler)?;
                    branches.push(Branch {
                        pattern: place(pattern)?,
                        at,
                        guard,
                        future,
                        handler: *written.get(&handler_at)?,
                        handler_at,
                        is_lent: self.is_lent(future, &row),
                        each: None,
                    });
                }
                Written::Otherwise => has_else = true,
            }
        }
        let whole = self.written_by(call, branches.first()?.future);
        let turns = self.loop_around(whole);
        Some(Select { row, at, branches, has_else, whole, turns })
    }

    /// The outermost expression that this call wrote, of those around `inner`.
    pub(super) fn written_by(&self, call: MacroCallId, inner: ExprId) -> ExprId {
        let is_of_call = |expr: &ExprId| {
            let Ok(source) = self.map.expr_syntax(*expr) else { return false };
            let mut file = source.file_id;
            while let HirFileId::MacroFile(it) = file {
                if it == call {
                    return true;
                }
                file = it.loc(self.db).kind.file_id();
            }
            false
        };
        self.ancestors(inner).take_while(is_of_call).last().unwrap_or(inner)
    }

    /// The innermost loop around an expression, as far as the async body reaches in which it stands.
    pub(super) fn loop_around(&self, expr: ExprId) -> Option<ExprId> {
        let around = self.ancestors(expr).skip(1);
        let mut around = around.take_while(|it| !matches!(self.body[*it], Expr::Closure { .. }));
        around.find(|it| matches!(self.body[*it], Expr::Loop { .. }))
    }

    fn is_lent(&self, future: ExprId, row: &Row) -> bool {
        let is_named = matches!(self.body[future], Expr::Path(_));
        (is_named && row.lends_named) || self.is_reference(self.infer.expr_ty(future))
    }

    /// `&mut F`, `Pin<&mut F>`
    pub(super) fn is_reference(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Ref(..) => true,
            TyKind::Adt(adt, args) => {
                let is_pin = self.known.type_(adt.def_id()).is_some_and(|it| it.pins);
                is_pin && args.types().any(|it| matches!(it.kind(), TyKind::Ref(..)))
            }
            _ => false,
        }
    }

    /// The variable that `&mut it`, `it.as_mut()` or `it` lends.
    pub(super) fn lent_variable(&self, future: ExprId) -> Option<BindingId> {
        match &self.body[future] {
            Expr::Path(_) => self.local(future),
            Expr::Ref { expr, .. } | Expr::UnaryOp { expr, .. } => self.lent_variable(*expr),
            Expr::MethodCall { receiver, args, .. } if args.is_empty() => {
                self.lent_variable(*receiver)
            }
            _ => None,
        }
    }
}

/// A call of a macro on the way to an expression.
struct Call {
    /// What it stands in.
    file: HirFileId,
    at: Option<Place>,
    /// What stands in its brackets, where somebody wrote it and it is such a macro.
    select: Option<(Arc<Row>, SyntaxNode)>,
}

fn brackets(call: SyntaxNode) -> Option<SyntaxNode> {
    Some(ast::MacroCall::cast(call)?.token_tree()?.syntax().clone())
}
