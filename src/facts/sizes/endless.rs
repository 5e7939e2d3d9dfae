//! Async functions that await themselves: their futures would hold themselves, and the compiler refuses them.

use std::{collections::HashSet, rc::Rc};

use ra_ap_hir_def::{
    DefWithBodyId, FunctionId, Lookup,
    expr_store::Body,
    hir::{Expr, ExprId},
    signatures::FunctionSignature,
    src::HasSource,
};
use ra_ap_hir_ty::InferenceResult;
use ra_ap_syntax::AstNode;

use crate::{
    facts::{
        body::{BodyFacts, function_of},
        made_futures::Boxing,
        names, place,
        sizes::{attributes::Wrapped, large::LargeFutures},
    },
    finding::Place,
};

/// An `.await` by which a future would hold itself.
pub struct EndlessFuture {
    pub at: Place,
    /// The function whose future is awaited, and the one that awaits it.
    pub awaited: String,
    pub by: String,
    pub boxing: Result<Boxing, &'static str>,
}

impl<'w> LargeFutures<'_, 'w> {
    /// Those in a function. Of functions that await each other, that one is awaited in a box which comes first.
    pub fn endless_in(&self, body: &BodyFacts<'w>) -> Vec<EndlessFuture> {
        let own = body.function;
        let below = self.awaited_below(own);
        if !below.contains(&own) {
            return Vec::new();
        }
        let ring = below.into_iter().filter(|it| self.awaited_below(*it).contains(&own));
        let Some(first) = ring.min_by_key(|it| self.position(*it)) else { return Vec::new() };
        let made = body.awaited_futures();
        let endless =
            made.iter().filter(|it| self.called(body.body, body.infer, it.expr) == Some(first));
        endless
            .map(|it| EndlessFuture {
                at: it.at.clone(),
                awaited: names::of_function(self.workspace.db(), first),
                by: names::of_function(self.workspace.db(), own),
                boxing: body.boxing(it),
            })
            .collect()
    }

    fn position(&self, function: FunctionId) -> (Option<String>, u32) {
        let file = place::file_of(self.workspace, function).map(|it| it.as_str().to_owned());
        let source = function.lookup(self.workspace.db()).source(self.workspace.db());
        (file, source.value.syntax().text_range().start().into())
    }

    /// All async functions that are awaited in place, by this one or by those.
    fn awaited_below(&self, function: FunctionId) -> HashSet<FunctionId> {
        let mut below = HashSet::new();
        let mut waiting = vec![function];
        while let Some(next) = waiting.pop() {
            waiting.extend(self.awaited_by(next).iter().filter(|it| below.insert(**it)));
        }
        below
    }

    fn awaited_by(&self, function: FunctionId) -> Rc<Vec<FunctionId>> {
        if let Some(known) = self.awaited.borrow().get(&function) {
            return Rc::clone(known);
        }
        let owner = DefWithBodyId::FunctionId(function);
        let body = Body::of(self.workspace.db(), owner);
        let awaited = body.exprs().filter_map(|it| match it.1 {
            Expr::Await { expr } => Some(*expr),
            _ => None,
        });
        let mut awaited = awaited.peekable();
        let functions = match awaited.peek() {
            None => Vec::new(),
            Some(_) => {
                let infer = InferenceResult::of(self.workspace.db(), owner);
                awaited.filter_map(|it| self.called(body, infer, it)).collect()
            }
        };
        let functions = Rc::new(functions);
        self.awaited.borrow_mut().insert(function, Rc::clone(&functions));
        functions
    }

    /// The async function of the workspace that is called there, where no attribute makes it another one.
    fn called(&self, body: &Body, infer: &InferenceResult<'w>, expr: ExprId) -> Option<FunctionId> {
        let function = match &body[expr] {
            Expr::Call { callee, .. } => function_of(infer.expr_ty(*callee))?,
            Expr::MethodCall { .. } => infer.method_resolution(expr)?.0,
            _ => return None,
        };
        let db = self.workspace.db();
        let is_plain = FunctionSignature::of(db, function).is_async()
            && place::file_of(self.workspace, function).is_some()
            && Wrapped::of(db, self.known, function).is_plain();
        is_plain.then_some(function)
    }
}
