//! Channels without a limit that are filled from outside, and whose messages take their time.

use ra_ap_hir_def::{
    FunctionId,
    hir::{BindingId, Expr, ExprId, Pat, Statement},
    signatures::FunctionSignature,
};
use ra_ap_hir_ty::{db::HirDatabase, next_solver::TyKind};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, TextSize, ast};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Form, Mention, function_of},
        counts::Count,
        place,
        task_each::Brought,
    },
    finding::Place,
};

/// A channel in which messages pile up.
pub struct PiledUp {
    /// The call that makes it.
    pub at: Place,
    /// The call that makes one with a limit.
    pub bounded_by: String,
    /// What brings the messages, as it is called, and where.
    pub brings: String,
    pub from: Place,
    pub sent_at: Place,
    /// What is waited for with each message in hand.
    pub slow_at: Option<Place>,
    /// The ends of the calls that send, where each of them can wait; or why one of them cannot.
    pub sends: Result<Vec<TextSize>, String>,
    pub(crate) call: ExprId,
}

/// The variables with the ends of a channel.
struct Ends {
    sender: BindingId,
    receiver: BindingId,
}

impl<'db> BodyFacts<'db> {
    /// The channels of this body that hold any number of messages, and get more of them than somebody works on.
    pub fn piled_up(&self) -> Vec<PiledUp> {
        let makes = |it: &&Mention| it.row.bounded_by.is_some() && it.form == Form::Call;
        let calls = self.mentions.iter().filter(makes);
        let mut found: Vec<PiledUp> = calls.filter_map(|it| self.pile(it)).collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn pile(&self, made: &Mention) -> Option<PiledUp> {
        let ends = self.ends_of(made.expr)?;
        let senders = self.clones_of(ends.sender);
        let uses: Vec<ExprId> = self.mentions_of(&senders);
        let sends: Vec<ExprId> = uses.iter().filter_map(|it| self.send_on(*it)).collect();
        let (sent, Brought { brings, from, .. }) = sends.iter().find_map(|it| {
            let brought = self.brought(self.loop_around(*it)?, *it)?;
            // Where another channel has a limit, this one has it too.
            let is_input = matches!(brought.count, Count::OpenEnded(_)) && !brought.from_within;
            is_input.then_some((*it, brought))
        })?;
        let slow_at = self.slow_with(ends.receiver)?;
        Some(PiledUp {
            at: self.place_to_show(made.expr)?,
            bounded_by: made.row.bounded_by.clone()?,
            brings,
            from,
            sent_at: self.place_to_show(sent)?,
            slow_at,
            sends: self.waiting_sends(&uses, &sends, ends.receiver),
            call: made.expr,
        })
    }

    /// Whether what a call takes out is what the program has put there itself: a message.
    pub(super) fn is_from_within(&self, call: ExprId) -> bool {
        let is_channel = |it: ExprId| match self.infer.expr_ty(it).strip_references().kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).is_some_and(|it| it.from_within),
            _ => false,
        };
        self.row_of_call(call).is_some_and(|it| it.from_within)
            || self.values_of(call).first().is_some_and(|it| is_channel(*it))
    }

    /// `let (sender, receiver) = call;`
    fn ends_of(&self, call: ExprId) -> Option<Ends> {
        let block = self.parents.get(call)?;
        let Expr::Block { statements, .. } = &self.body[*block] else { return None };
        let pattern = statements.iter().find_map(|it| match it {
            Statement::Let { pat, initializer: Some(value), .. } if *value == call => Some(*pat),
            _ => None,
        })?;
        let Pat::Tuple { args, .. } = &self.body[pattern] else { return None };
        let name = |it| match self.body[it] {
            Pat::Bind { id, subpat: None } => Some(id),
            _ => None,
        };
        match args[..] {
            [sender, receiver] => Some(Ends { sender: name(sender)?, receiver: name(receiver)? }),
            _ => None,
        }
    }

    /// A variable, and those that are clones of it.
    fn clones_of(&self, variable: BindingId) -> Vec<BindingId> {
        let is_clone = |it: &BindingId| {
            let value = self.plain_value_of(*it);
            value.is_some_and(|it| {
                let cloned = self.values_of(it).first().and_then(|it| self.local(*it));
                cloned == Some(variable) && self.row_of_call(it).is_some_and(|it| it.clones)
            })
        };
        let others = self.body.bindings().map(|it| it.0).filter(is_clone);
        std::iter::once(variable).chain(others).collect()
    }

    /// Where these variables are named.
    fn mentions_of(&self, variables: &[BindingId]) -> Vec<ExprId> {
        let named = self.sequence.iter().map(|it| it.0);
        named.filter(|it| self.local(*it).is_some_and(|it| variables.contains(&it))).collect()
    }

    /// The call of `send` on this.
    fn send_on(&self, sender: ExprId) -> Option<ExprId> {
        let call = *self.parents.get(sender)?;
        let is_send = self.row_of_call(call).is_some_and(|it| it.sends);
        (is_send && self.values_of(call).first() == Some(&sender)).then_some(call)
    }

    /// What is awaited with each message of a receiver in hand, and may take long; without a place where that is another
    /// function's doing.
    fn slow_with(&self, receiver: BindingId) -> Option<Option<Place>> {
        if let Some(slow) = self.slow_in_loop(receiver) {
            return Some(self.place_to_show(slow));
        }
        self.mentions_of(&[receiver]).into_iter().find_map(|it| {
            let call = *self.parents.get(it)?;
            let index = self.values_of(call).iter().position(|value| *value == it)?;
            let function = self.uses.iter().find(|it| it.expr == call)?.function;
            self.is_slow_in(function, index).then_some(self.place_to_show(call))
        })
    }

    fn slow_in_loop(&self, receiver: BindingId) -> Option<ExprId> {
        let receives = self.sequence.iter().map(|it| it.0);
        receives.filter(|it| self.takes_from(*it, receiver)).find_map(|receive| {
            let turns = self.loop_around(receive)?;
            let around = self.awaits_at(receive);
            let mut slow = None;
            self.walk(turns, &mut |it| {
                if let Expr::Await { expr } = self.body[it]
                    && expr != receive
                    && self.awaits_at(it) == around
                    && self.takes_long(expr)
                    && !self.is_beside_receive(it, receiver)
                {
                    slow = Some(it);
                }
            });
            slow
        })
    }

    fn takes_from(&self, call: ExprId, receiver: BindingId) -> bool {
        let takes_out = self.mention_of(call).is_some_and(|it| it.row.takes_out);
        takes_out && self.values_of(call).first().and_then(|it| self.local(*it)) == Some(receiver)
    }

    /// Whether this is awaited by a `select!` that waits for messages of the receiver meanwhile.
    fn is_beside_receive(&self, awaited: ExprId, receiver: BindingId) -> bool {
        let mut around = self.selects().iter().filter(|it| self.is_inside(awaited, it.whole));
        around.any(|select| {
            let mut receiving =
                select.branches.iter().filter(|it| self.takes_from(it.future, receiver));
            receiving.any(|it| !self.is_inside(awaited, it.handler))
        })
    }

    /// Whether an async function of the project waits with each message in hand that this argument brings.
    fn is_slow_in(&self, function: FunctionId, index: usize) -> bool {
        let is_async = FunctionSignature::of(self.db, function).is_async();
        if !is_async || place::file_of(self.workspace, function).is_none() {
            return false;
        }
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let parameter = body.parameter_at(index);
        // An async function moves its parameters into its future under the same names.
        let same = |it: &BindingId| {
            parameter.is_some_and(|own| {
                body.body[own].name == body.body[*it].name && body.slow_in_loop(*it).is_some()
            })
        };
        body.body.bindings().map(|it| it.0).any(|it| same(&it))
    }

    /// The ends of all calls that send, if they can be awaited, and nobody needs to know what the ends of the channel are.
    fn waiting_sends(
        &self,
        uses: &[ExprId],
        sends: &[ExprId],
        receiver: BindingId,
    ) -> Result<Vec<TextSize>, String> {
        let is_asked = |it: &ExprId| {
            self.parents.get(*it).is_some_and(|call| match &self.body[*call] {
                Expr::MethodCall { receiver, .. } => receiver == it,
                Expr::Call { callee, args } => self.takes_any(*callee, args, *it),
                _ => false,
            })
        };
        let receivers = self.mentions_of(&[receiver]);
        if !uses.iter().chain(&receivers).all(is_asked) {
            return Err(
                "an end of the channel is handed on, and its type is written there".to_owned()
            );
        }
        sends.iter().map(|it| self.waiting_send(*it)).collect()
    }

    /// Whether a function takes a value of any type there, as `drop` does.
    fn takes_any(&self, callee: ExprId, arguments: &[ExprId], argument: ExprId) -> bool {
        let index = arguments.iter().position(|it| *it == argument);
        let function = function_of(self.infer.expr_ty(callee));
        index.zip(function).is_some_and(|(index, function)| {
            let signature = self.db.callable_item_signature(function.into());
            let inputs = signature.skip_binder().skip_binder().inputs();
            inputs.get(index).is_some_and(|it| matches!(it.kind(), TyKind::Param(_)))
        })
    }

    fn waiting_send(&self, send: ExprId) -> Result<TextSize, String> {
        let mention = self.mention_of(send).ok_or("a macro sends")?;
        if self.awaits_at(send).is_none() {
            return Err("it is sent to where nothing can be awaited".to_owned());
        }
        if let Some(it) = self.alive_at(mention).first() {
            return Err(it.note().text);
        }
        let syntax =
            self.syntax(send).filter(|it| !it.file_id.is_macro()).ok_or("a macro sends")?;
        match syntax.value {
            ast::Expr::MethodCallExpr(it) => Ok(it.syntax().text_range().end()),
            _ => Err("it is sent in another way".to_owned()),
        }
    }
}
