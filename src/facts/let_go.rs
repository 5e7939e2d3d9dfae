//! Handles whose task ends when they are dropped.

use ra_ap_hir_def::{AdtId, hir::ExprId};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        unpolled::Dropped,
    },
    finding::Place,
};

/// A task that ends before it is done, since nobody keeps its handle.
pub struct LetGo {
    /// The value that is dropped.
    pub at: Place,
    /// What started the task.
    pub started_by: String,
    /// The method that lets it go on.
    pub method: String,
    /// What the handle is wrapped in.
    pub inside: Option<String>,
    /// The user wrote the value once, and where it stands.
    pub editable: bool,
}

impl<'db> BodyFacts<'db> {
    pub fn let_go(&self) -> Vec<LetGo> {
        if !self.mentions.iter().any(|it| it.row.lets_go.is_some()) {
            return Vec::new();
        }
        let dropped = self.dropped_values().into_iter();
        let at_once = dropped.filter(|it| !matches!(it.1, Dropped::Unused(_)));
        let mut found: Vec<LetGo> = at_once.filter_map(|it| self.task_of(it.0)).collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn task_of(&self, dropped: ExprId) -> Option<LetGo> {
        let start = self.start_behind(dropped)?;
        let handle = self.handle_in(self.infer.expr_ty(start.expr))?.0;
        let (same, inside) = self.handle_in(self.infer.expr_ty(dropped))?;
        if same != handle {
            return None;
        }
        let at = self.place_of(dropped)?;
        let source = self.syntax(dropped)?;
        Some(LetGo {
            editable: self.is_written_once(&at, source.file_id),
            at,
            started_by: start.row.path.clone(),
            method: start.row.lets_go.clone()?,
            inside,
        })
    }

    /// The call that starts a task, behind `unwrap()`, `?` and the like.
    fn start_behind(&self, expr: ExprId) -> Option<&Mention> {
        let chain = std::iter::successors(Some(expr), |it| self.step_back(*it));
        self.mention_in(chain, |it| it.lets_go.is_some())
    }

    /// The handle that a value of this type is or has in it, and the name of what it is in.
    fn handle_in(&self, type_: Ty<'db>) -> Option<(AdtId, Option<String>)> {
        let TyKind::Adt(adt, args) = type_.kind() else { return None };
        let row = self.known.type_(adt.def_id()).filter(|it| it.holds);
        match (row, args.types().next().map(|it| it.kind())) {
            (Some(row), Some(TyKind::Adt(inner, _))) => {
                Some((inner.def_id(), Some(row.name().to_owned())))
            }
            (Some(_), _) => None,
            (None, _) => Some((adt.def_id(), None)),
        }
    }
}
