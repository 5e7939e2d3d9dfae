//! Runtimes that are built without a part that the futures need which they poll.

use std::collections::BTreeSet;

use ra_ap_base_db::Crate;
use ra_ap_hir_def::{
    HasModule,
    hir::{BindingId, Expr, ExprId},
};
use ra_ap_syntax::{TextRange, ast};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        declared::Given,
        foreign::{Foreign, Need},
    },
    finding::Place,
    knowledge::FutureRuns,
};

/// A part that a runtime does not have.
pub struct DisabledDriver {
    /// Where the runtime is built.
    pub at: Place,
    pub part: String,
    /// What needs it.
    pub need: Need,
    /// The call that polls it there.
    pub polled: Option<Place>,
    /// The method of the builder that turns on all parts.
    pub whole: Option<String>,
    /// What stands between the builder and its last call; none where a macro writes that.
    pub before_build: Option<TextRange>,
}

impl<'db> BodyFacts<'db> {
    /// All that is needed and missing of the runtimes that are built in this body; of each part the first who needs it.
    pub fn disabled_drivers(&self, foreign: &Foreign<'db>) -> Vec<DisabledDriver> {
        let mut found = Vec::new();
        for build in self.mentions.iter().filter(|it| it.row.builds_runtime) {
            let Some(mut parts) = self.parts_of(build.expr) else { continue };
            for poll in self.mentions.iter().filter(|it| self.polls_in(it, build)) {
                for need in foreign.asked_below(self, poll.expr) {
                    let part = self.known.contexts().part_for(&need.row).map(str::to_owned);
                    let Some(part) = part.filter(|it| parts.insert(it.clone())) else { continue };
                    let Some(at) = self.place_of(build.expr) else { continue };
                    let polled = self.place_to_show(poll.expr);
                    let before_build = self.before_build(build.expr);
                    let whole = self.known.contexts().whole(&need.runtime).map(str::to_owned);
                    found.push(DisabledDriver { at, part, need, polled, whole, before_build });
                }
            }
        }
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    /// Whether a call polls a future in the runtime that was built there.
    fn polls_in(&self, poll: &Mention, build: &Mention) -> bool {
        let Expr::MethodCall { receiver, .. } = self.body[poll.expr] else { return false };
        let given = match self.local(receiver).map(|it| self.given(it)) {
            Some(Given::By(it)) => it,
            Some(Given::Later | Given::Outside) => return false,
            None => receiver,
        };
        let built = || self.origin(given, |it| it.builds_runtime);
        poll.row.future == Some(FutureRuns::Driven)
            && built().is_some_and(|it| it.expr == build.expr)
    }

    /// The parts that a runtime is built with; none where not all is seen that is said to its builder.
    fn parts_of(&self, build: ExprId) -> Option<BTreeSet<String>> {
        let krate = self.method(build)?;
        let mut parts = BTreeSet::new();
        let Expr::MethodCall { receiver, .. } = self.body[build] else { return None };
        let mut at = receiver;
        if let Some(builder) = self.local(at) {
            at = match self.given(builder) {
                Given::By(it) => it,
                Given::Later | Given::Outside => return None,
            };
            self.said_to(builder, krate, &mut parts)?;
        }
        loop {
            let mention = self.mention_of(at);
            if mention.is_some_and(|it| it.row.begins) {
                return Some(parts);
            }
            parts.extend(mention.into_iter().flat_map(|it| it.row.turns_on.iter().cloned()));
            at = match self.body[at] {
                Expr::MethodCall { receiver, .. } if self.method(at)? == krate => receiver,
                _ => return None,
            };
        }
    }

    /// What is said to a builder that has a variable, everywhere in this body.
    fn said_to(
        &self,
        builder: BindingId,
        krate: Crate,
        parts: &mut BTreeSet<String>,
    ) -> Option<()> {
        let uses = self.body.exprs().map(|it| it.0).filter(|it| self.local(*it) == Some(builder));
        for it in uses {
            let mut inside = it;
            let calls = self.ancestors(it).skip(1).take_while(|around| {
                let is_receiver = matches!(self.body[*around], Expr::MethodCall { receiver, .. } if receiver == inside);
                inside = *around;
                is_receiver && self.method(*around) == Some(krate)
            });
            let calls: Vec<ExprId> = calls.collect();
            if calls.is_empty() {
                return None;
            }
            let mentions = calls.into_iter().filter_map(|it| self.mention_of(it));
            parts.extend(mentions.flat_map(|it| it.row.turns_on.iter().cloned()));
        }
        Some(())
    }

    /// The crate whose method is called here.
    fn method(&self, call: ExprId) -> Option<Crate> {
        self.infer.method_resolution(call).map(|it| it.0.krate(self.db))
    }

    fn before_build(&self, build: ExprId) -> Option<TextRange> {
        let source = self.syntax(build).filter(|it| !it.file_id.is_macro())?;
        let ast::Expr::MethodCallExpr(call) = source.value else { return None };
        let receiver = ra_ap_syntax::AstNode::syntax(&call.receiver()?).text_range().end();
        Some(TextRange::new(receiver, call.dot_token()?.text_range().start()))
    }
}
