//! Guards that are needed for reading only: a copy of what they lead to would do.

use ra_ap_hir_def::{
    hir::{BindingId, Expr, ExprId, Statement, UnaryOp},
    type_ref::Mutability,
};
use ra_ap_hir_ty::{Adjust, AutoBorrow, next_solver::Ty};
use ra_ap_syntax::TextRange;

use crate::{
    facts::{body::BodyFacts, held::HeldGuard, suspends::Origin},
    finding::FilePath,
};

/// A guard through which something is read.
pub struct ReadOnly {
    pub file: FilePath,
    /// What makes the guard.
    pub initializer: TextRange,
    /// What it leads to is copied by being read.
    pub is_copy: bool,
    /// Each `*guard`.
    pub derefs: Vec<TextRange>,
}

impl<'db> BodyFacts<'db> {
    /// How the guard is read. None where it is written through, or where what it leads to cannot be copied.
    pub fn read_only(&self, guard: &HeldGuard<'db>) -> Option<ReadOnly> {
        let Origin::Variable(variable) = guard.origin else { return None };
        if guard.wrapped {
            return None;
        }
        let initializer = self.initializer_of(variable)?;
        let place = self.place_of(initializer)?;
        let source = self.syntax(initializer)?;
        if place.file != guard.at.file || !self.is_written_once(&place, source.file_id) {
            return None;
        }
        let mut reading = Reading { derefs: Vec::new(), target: None };
        for (expr, it) in self.body.exprs() {
            if matches!(it, Expr::Path(_)) && self.local(expr) == Some(variable) {
                self.read_use(expr, &mut reading)?;
            }
        }
        let target = reading.target.filter(|it| self.is_owned_clone(*it))?;
        let is_copy = self.is(target, "Copy");
        Some(ReadOnly {
            file: place.file,
            initializer: place.range,
            is_copy,
            derefs: reading.derefs,
        })
    }

    /// `let guard = this;`
    fn initializer_of(&self, variable: BindingId) -> Option<ExprId> {
        match self.plain_let(variable)? {
            Statement::Let { type_ref: None, initializer, else_branch: None, .. } => *initializer,
            _ => None,
        }
    }

    /// None where this use is more than reading.
    fn read_use(&self, expr: ExprId, reading: &mut Reading<'db>) -> Option<()> {
        let steps = self.infer.expr_adjustment(expr).unwrap_or_default();
        if let Some(deref) = steps.iter().find(|it| matches!(it.kind, Adjust::Deref(Some(_)))) {
            reading.target(deref.target.as_ref())?;
            return steps.iter().all(|it| is_shared(&it.kind)).then_some(());
        }
        let parent = self.parents.get(expr).copied()?;
        match &self.body[parent] {
            Expr::UnaryOp { op: UnaryOp::Deref, .. } => {
                reading.target(self.infer.expr_ty(parent))?;
                if self.is_written(parent) {
                    return None;
                }
                reading.derefs.push(self.place_of(parent)?.range);
                Some(())
            }
            Expr::Ref { mutability: Mutability::Shared, .. } => {
                let steps = self.infer.expr_adjustment(parent).unwrap_or_default();
                let deref = steps.iter().find(|it| matches!(it.kind, Adjust::Deref(Some(_))))?;
                reading.target(deref.target.as_ref())?;
                steps.iter().all(|it| is_shared(&it.kind)).then_some(())
            }
            _ => None,
        }
    }

    /// Whether a place is assigned to, lent for change, or taken by value without being `Copy`.
    fn is_written(&self, place: ExprId) -> bool {
        let steps = self.infer.expr_adjustment(place).unwrap_or_default();
        if steps.iter().any(|it| !is_shared(&it.kind)) {
            return true;
        }
        let Some(parent) = self.parents.get(place).copied() else { return true };
        match &self.body[parent] {
            Expr::Assignment { value, .. } => *value != place,
            Expr::BinaryOp {
                lhs,
                op: Some(ra_ap_hir_def::hir::BinaryOp::Assignment { .. }),
                ..
            } => *lhs == place,
            Expr::Ref { mutability, .. } => *mutability == Mutability::Mut,
            Expr::Field { .. } | Expr::Index { .. } => self.is_written(parent),
            // Inside a pattern on the left of `=` there is no parent that says so.
            _ => self.body.exprs().any(
                |it| matches!(it.1, Expr::Assignment { target, .. } if self.is_in(*target, place)),
            ),
        }
    }

    fn is_in(&self, pattern: ra_ap_hir_def::hir::PatId, place: ExprId) -> bool {
        let mut found = false;
        self.body.walk_exprs_in_pat(pattern, |it| self.walk(it, &mut |it| found |= it == place));
        found
    }
}

/// What is known of the uses so far.
struct Reading<'db> {
    derefs: Vec<TextRange>,
    target: Option<Ty<'db>>,
}

impl<'db> Reading<'db> {
    /// None where the guard leads to two things.
    fn target(&mut self, type_: Ty<'db>) -> Option<()> {
        (*self.target.get_or_insert(type_) == type_).then_some(())
    }
}

/// Whether this step towards a value only reads.
pub(super) fn is_shared(adjust: &Adjust) -> bool {
    match adjust {
        Adjust::Borrow(AutoBorrow::Ref(it)) => !ra_ap_rustc_type_ir::Mutability::from(*it).is_mut(),
        Adjust::Borrow(AutoBorrow::RawPtr(_)) => false,
        Adjust::Deref(Some(it)) => !it.0.is_mut(),
        _ => true,
    }
}
