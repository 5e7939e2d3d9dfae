//! Adapters between an iterator and the loop over it: `.flatten()`, `.map_while(Result::ok)`, `.enumerate()`.

use ra_ap_hir_def::hir::{Expr, ExprId, Pat};
use ra_ap_syntax::{AstNode, TextRange, ast};

use crate::{
    facts::{
        body::{BodyFacts, Form},
        journey::Tracing,
    },
    finding::Note,
    knowledge::{Row, adapts::Adapts},
};

/// What is done with each item before the loop has it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Adapter {
    /// Errors are left out.
    SkipsErrors,
    /// The loop ends at the first error.
    StopsAtErrors,
    /// The value is taken out of the result, by this: `.unwrap()`.
    TakesOut(String),
    /// It comes with its number.
    Counts,
}

impl Tracing<'_, '_> {
    /// A value that an adapter takes: what adapters do, a loop over them can do by itself.
    pub(super) fn adapted(&mut self, source: ExprId, adapter: ExprId) -> Result<(), Note> {
        let body = self.body;
        let mut adapters = Vec::new();
        let mut head = adapter;
        loop {
            adapters.push(self.adapter(head)?);
            let parent = body.parents.get(head).copied();
            match parent.map(|it| (it, &body.body[it])) {
                Some((parent, Expr::MethodCall { receiver, .. })) if *receiver == head => {
                    head = parent;
                }
                Some((parent, Expr::Call { .. })) => {
                    let Some(it) = self.loop_over(head, parent) else {
                        return self.refuse(head, self.what_takes(parent));
                    };
                    return self.in_loop(it.over(source, adapters));
                }
                _ => return self.refuse(head, "what becomes of it here is not known"),
            }
        }
    }

    fn adapter(&self, call: ExprId) -> Result<Adapter, Note> {
        let row = self.body.mention_of(call).map(|it| &it.row);
        let Some((row, adapts)) = row.and_then(|it| Some((it, it.adapts?))) else {
            return self.refuse(call, self.what_takes(call));
        };
        let adapter = match adapts {
            Adapts::SkipsErrors => Some(Adapter::SkipsErrors),
            Adapts::SkipsIfForgotten => self.forgets_errors(call).then_some(Adapter::SkipsErrors),
            Adapts::StopsIfForgotten => self.forgets_errors(call).then_some(Adapter::StopsAtErrors),
            Adapts::TakesOutIfTaken => self.takes_out(call).map(Adapter::TakesOut),
            Adapts::Counts => Some(Adapter::Counts),
        };
        let unknown = || {
            let text = format!("what `{}` is given here is not known of its twin", row.name());
            Note::perhaps_at(self.body.place_to_show(call), text)
        };
        adapter.ok_or_else(unknown)
    }

    /// Whether an adapter is given `Result::ok`, in whatever form.
    fn forgets_errors(&self, adapter: ExprId) -> bool {
        self.body.given_method(adapter).is_some_and(|it| it.row().forgets_error)
    }

    fn takes_out(&self, adapter: ExprId) -> Option<String> {
        let given = self.body.given_method(adapter)?;
        let row = given.row();
        if !row.unwraps {
            return None;
        }
        match given {
            GivenMethod::ByName(_) => Some(format!(".{}()", row.name())),
            GivenMethod::Called(_, call) => self.body.behind_receiver(call),
        }
    }
}

/// A method that something is handed to call.
enum GivenMethod<'a> {
    /// `Result::unwrap`
    ByName(&'a Row),
    /// `|it| it.unwrap()`
    Called(&'a Row, ExprId),
}

impl GivenMethod<'_> {
    fn row(&self) -> &Row {
        match self {
            GivenMethod::ByName(it) | GivenMethod::Called(it, _) => it,
        }
    }
}

impl BodyFacts<'_> {
    /// The method that this call is given to do with each item, and does no more than that.
    fn given_method(&self, call: ExprId) -> Option<GivenMethod<'_>> {
        let Expr::MethodCall { args, .. } = &self.body[call] else { return None };
        let given = *args.first()?;
        match &self.body[given] {
            Expr::Path(_) => {
                let mut values = self.mentions.iter().filter(|it| it.form == Form::Value);
                Some(GivenMethod::ByName(&values.find(|it| it.expr == given)?.row))
            }
            Expr::Closure { args, body, .. } => {
                let [parameter] = args[..] else { return None };
                let Pat::Bind { id, subpat: None } = self.body[parameter] else { return None };
                let Expr::MethodCall { receiver, args, .. } = &self.body[*body] else {
                    return None;
                };
                let is_it = self.local(*receiver) == Some(id);
                let are_plain = args.iter().all(|it| matches!(self.body[*it], Expr::Literal(_)));
                let row = &self.mention_of(*body).filter(|_| is_it && are_plain)?.row;
                Some(GivenMethod::Called(row, *body))
            }
            _ => None,
        }
    }

    /// `.expect("..")`, as it is written behind what it is called on.
    fn behind_receiver(&self, call: ExprId) -> Option<String> {
        let source = self.syntax(call).filter(|it| !it.file_id.is_macro())?;
        let ast::Expr::MethodCallExpr(it) = &source.value else { return None };
        let (all, receiver) = (it.syntax().text_range(), it.receiver()?.syntax().text_range());
        let rest = TextRange::new(receiver.end(), all.end()) - all.start();
        Some(it.syntax().text().slice(rest).to_string())
    }
}
