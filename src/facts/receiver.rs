//! What a blocking call is called on and given, as far as it goes away when the call is awaited instead.

use ra_ap_hir_def::{
    FunctionId, HasModule,
    hir::{Expr, ExprId, Statement},
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::facts::body::{BodyFacts, Mention, function_of};

impl BodyFacts<'_> {
    /// The variable that the method is called on, when its value is dropped in the same async body and must not be.
    pub fn dropped_receiver(&self, mention: &Mention) -> Option<&str> {
        let Expr::MethodCall { receiver, .. } = &self.body[mention.expr] else { return None };
        let local = self.local(*receiver)?;
        let TyKind::Adt(adt, _) = self.infer.binding_ty(local).kind() else { return None };
        let row = self.known.type_(adt.def_id())?;
        row.drop_blocks.then(|| self.body[local].name.as_str())
    }

    /// Whether the call is given a future of the function that it stands in.
    pub fn is_given_itself(&self, mention: &Mention) -> bool {
        let mut found = false;
        self.walk(mention.expr, &mut |expr| found |= self.callee_of(expr) == Some(self.function));
        found
    }

    /// Whether what the method is called on does nothing but be there: variables, and functions of std or a runtime.
    pub fn has_idle_receiver(&self, mention: &Mention) -> bool {
        match &self.body[mention.expr] {
            Expr::MethodCall { receiver, .. } => self.is_idle(*receiver),
            _ => true,
        }
    }

    /// Whether this is a statement of its own, so that nobody asks for its value.
    pub fn is_without_value(&self, expr: ExprId) -> bool {
        let parent = self.parents.get(expr).map(|it| &self.body[*it]);
        let Some(Expr::Block { statements, .. }) = parent else { return false };
        let is_own = |it: &Statement| matches!(it, Statement::Expr { expr: own, has_semi: true } if *own == expr);
        statements.iter().any(is_own)
    }

    /// Whether it is variables, and functions of std or a runtime.
    pub(super) fn is_idle(&self, expr: ExprId) -> bool {
        let is_idle_call = |callee: Option<FunctionId>| {
            let krate = callee.map(|it| it.krate(self.db));
            krate.is_some_and(|it| {
                it.data(self.db).origin.is_lang() || self.known.runtime(it).is_some()
            })
        };
        match &self.body[expr] {
            Expr::Path(_) | Expr::Literal(_) => true,
            Expr::Call { .. } | Expr::MethodCall { .. } if !is_idle_call(self.callee_of(expr)) => {
                false
            }
            Expr::Call { callee: _, args } => args.iter().all(|it| self.is_idle(*it)),
            Expr::MethodCall { receiver, args, .. } => {
                self.is_idle(*receiver) && args.iter().all(|it| self.is_idle(*it))
            }
            Expr::Field { expr, .. } | Expr::Ref { expr, .. } | Expr::UnaryOp { expr, .. } => {
                self.is_idle(*expr)
            }
            // `Runtime::new()?`
            Expr::Match { expr, .. } => self.is_idle(*expr),
            _ => false,
        }
    }

    fn callee_of(&self, call: ExprId) -> Option<FunctionId> {
        match &self.body[call] {
            Expr::Call { callee, .. } => function_of(self.infer.expr_ty(*callee)),
            Expr::MethodCall { .. } => self.infer.method_resolution(call).map(|it| it.0),
            _ => None,
        }
    }
}
