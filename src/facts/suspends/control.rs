//! Branches, loops, ways out, and the `.await` itself.

use ra_ap_hir_def::hir::{BinaryOp, BindingId, Expr, ExprId, LabelId, LogicOp, MatchArm, PatId};
use ra_ap_hir_ty::next_solver::Ty;
use ra_ap_span::Edition;

use crate::facts::suspends::{
    builder::{Around, Builder},
    decide::Arms,
    graph::{BlockId, End, LocalId, Made, Op},
    patterns::Match,
};

impl<'db> Builder<'_, 'db> {
    /// The whole body of a coroutine.
    pub fn whole(&mut self, coroutine: ExprId, body: ExprId) {
        match self.body[coroutine] {
            Expr::Closure { .. } => self.take_captures(coroutine),
            _ => self.take_parameters(),
        }
        self.result = self.local(Made::Hidden, self.infer.expr_ty(body));
        self.put(self.result, body);
        self.leave_to(0);
        self.end(End::Leave);
    }

    /// What an `async move` block took along is there from the start.
    fn take_captures(&mut self, coroutine: ExprId) {
        let data = self.infer.closures_data.get(&coroutine);
        for capture in data.iter().flat_map(|it| it.min_captures.values()).flatten() {
            if capture.is_by_ref() || !capture.place.projections.is_empty() {
                continue;
            }
            let variable: BindingId = capture.captured_local();
            let local = self.local(Made::Captured(variable), capture.place.ty());
            self.variables.insert(variable, local);
            self.keep(local, 0);
            self.assign(local);
            self.drop_in(0, local);
        }
    }

    /// What a function is given is there from the start.
    fn take_parameters(&mut self) {
        let mut given: Vec<BindingId> = self.body.self_param.iter().map(|it| it.formal).collect();
        for it in &self.body.params {
            self.body.walk_bindings_in_pat(it.formal, |it| given.push(it));
        }
        for variable in given {
            let local = self.variable(variable, 0);
            self.assign(local);
            self.drop_in(0, local);
        }
    }

    pub fn put_controlled(&mut self, into: LocalId, expr: ExprId) {
        let body = self.body;
        match &body[expr] {
            Expr::Unsafe { statements, tail, .. } => self.statements(into, statements, *tail),
            Expr::Block { statements, tail, label: None, .. } => {
                self.statements(into, statements, *tail);
            }
            Expr::Block { statements, tail, label, .. } => {
                let exit = self.block();
                let depth = self.scopes.len();
                self.around.push(Around { label: *label, depth, head: None, exit, result: into });
                self.statements(into, statements, *tail);
                self.around.pop();
                self.goto(exit);
                self.at = exit;
            }
            Expr::If { condition, then_branch, else_branch } => {
                self.put_if(into, expr, *condition, *then_branch, *else_branch);
            }
            Expr::Let { .. } => self.put_condition(into, expr),
            Expr::Loop { body, label, .. } => self.put_loop(into, *body, *label),
            Expr::Match { expr: head, arms } => self.put_match(into, *head, arms),
            Expr::Continue { label } => self.jump(*label, None),
            Expr::Break { label, expr } => self.jump(*label, Some(*expr)),
            Expr::Return { expr } => {
                match expr {
                    Some(it) => self.put(self.result, *it),
                    None => self.assign(self.result),
                }
                self.leave_to(0);
                self.end(End::Leave);
                self.dead_end();
            }
            other => {
                if !matches!(other, Expr::Literal(_) | Expr::Const(_)) {
                    self.graph.gap.get_or_insert(expr);
                }
                self.assign(into);
            }
        }
    }

    fn put_if(
        &mut self,
        into: LocalId,
        expr: ExprId,
        condition: ExprId,
        then_branch: ExprId,
        else_branch: Option<ExprId>,
    ) {
        let extended = self.extended.take();
        let (otherwise, join) = (self.block(), self.block());
        let scope = self.push_scope();
        let outer = self.temporaries;
        // Until 2024 what the head of an `if let` borrowed lived on in the `else`, to the end of the statement.
        if self.facts.edition_of(expr) >= Edition::Edition2024 {
            self.temporaries = scope;
        }
        self.condition(condition, scope, otherwise);
        self.temporaries = outer;
        self.put_branch(into, then_branch, extended);
        self.pop_scope();
        self.goto(join);
        self.at = otherwise;
        match else_branch {
            Some(it) => self.put_branch(into, it, extended),
            None => self.assign(into),
        }
        self.goto(join);
        self.at = join;
        self.extended = extended;
    }

    /// The value of a branch or an arm. What it borrows may live on, as what is borrowed elsewhere in the same `let`.
    fn put_branch(&mut self, into: LocalId, expr: ExprId, extended: Option<usize>) {
        self.in_own_scope(|it| {
            it.extended = extended.filter(|_| it.is_extending(expr));
            it.put(into, expr);
        });
    }

    /// A condition as a value.
    fn put_condition(&mut self, into: LocalId, expr: ExprId) {
        let (otherwise, join) = (self.block(), self.block());
        let scope = self.push_scope();
        self.condition(expr, scope, otherwise);
        self.pop_scope();
        self.assign(into);
        self.goto(join);
        self.at = otherwise;
        self.assign(into);
        self.goto(join);
        self.at = join;
    }

    pub fn put_logic(&mut self, into: LocalId, lhs: ExprId, rhs: ExprId, op: LogicOp) {
        let (otherwise, join) = (self.block(), self.block());
        let scope = self.push_scope();
        self.condition(lhs, scope, otherwise);
        self.pop_scope();
        let met = self.at;
        let (decided, open) = match op {
            LogicOp::And => (otherwise, met),
            LogicOp::Or => (met, otherwise),
        };
        self.at = open;
        self.in_own_scope(|it| it.put(into, rhs));
        self.goto(join);
        self.at = decided;
        self.assign(into);
        self.goto(join);
        self.at = join;
    }

    /// Goes on where the condition holds, and to `otherwise` where not, with all scopes down to `depth` left.
    fn condition(&mut self, expr: ExprId, depth: usize, otherwise: BlockId) {
        let body = self.body;
        match &body[expr] {
            Expr::BinaryOp { lhs, rhs, op: Some(BinaryOp::LogicOp(LogicOp::And)) }
                if self.adjustments(expr).is_empty() =>
            {
                self.condition(*lhs, depth, otherwise);
                self.condition(*rhs, depth, otherwise);
            }
            Expr::Let { pat, expr: head } => {
                let spot = self.place(*head);
                self.uses(spot.local);
                let met = self.block();
                self.at = self.decide(&spot, &[*pat], &mut Arms::one(met));
                self.narrow(&spot, *pat, Match::No);
                self.leave_to(depth);
                self.goto(otherwise);
                self.at = met;
                self.narrow(&spot, *pat, Match::Yes);
                self.bind(&spot, *pat, depth);
            }
            _ => {
                self.in_own_scope(|it| {
                    let value = it.operand(expr);
                    it.run(Op { moves: value.into_iter().collect(), ..Op::default() });
                });
                let fail = self.fork();
                let met = std::mem::replace(&mut self.at, fail);
                self.leave_to(depth);
                self.goto(otherwise);
                self.at = met;
            }
        }
    }

    fn put_loop(&mut self, into: LocalId, body: ExprId, label: Option<LabelId>) {
        let (head, exit) = (self.block(), self.block());
        self.graph.turns.push(head);
        self.goto(head);
        self.at = head;
        let depth = self.scopes.len();
        self.around.push(Around { label, depth, head: Some(head), exit, result: into });
        self.in_own_scope(|it| it.temporary(body, it.top()));
        self.goto(head);
        self.around.pop();
        self.at = exit;
    }

    /// `break` with its value, or `continue`.
    fn jump(&mut self, label: Option<LabelId>, value: Option<Option<ExprId>>) {
        let is_meant = |it: &&Around| match label {
            Some(_) => it.label == label,
            None => it.head.is_some(),
        };
        let around = self.around.iter().rev().find(is_meant);
        let Some((depth, head, exit, result)) =
            around.map(|it| (it.depth, it.head, it.exit, it.result))
        else {
            return self.dead_end();
        };
        match value {
            Some(Some(it)) => self.put(result, it),
            Some(None) => self.assign(result),
            None => {}
        }
        self.leave_to(depth);
        self.goto(if value.is_some() { exit } else { head.unwrap_or(exit) });
        self.dead_end();
    }

    fn put_match(&mut self, into: LocalId, head: ExprId, arms: &[MatchArm]) {
        let extended = self.extended.take();
        let spot = self.place(head);
        if arms.len() > 1 {
            self.uses(spot.local);
        }
        let join = self.block();
        let starts: Vec<BlockId> = arms.iter().map(|_| self.block()).collect();
        let patterns: Vec<PatId> = arms.iter().map(|it| it.pat).collect();
        let mut ways = Arms {
            starts: starts.clone(),
            guarded: arms.iter().map(|it| it.guard.is_some()).collect(),
            failed: vec![Vec::new(); arms.len()],
        };
        self.decide(&spot, &patterns, &mut ways);
        let mut before: Vec<PatId> = Vec::new();
        for (index, arm) in arms.iter().enumerate() {
            self.at = starts[index];
            let scope = self.push_scope();
            let temporaries = std::mem::replace(&mut self.temporaries, scope);
            before.iter().for_each(|it| self.narrow(&spot, *it, Match::No));
            self.narrow(&spot, arm.pat, Match::Yes);
            self.bind(&spot, arm.pat, scope);
            match arm.guard {
                Some(guard) => self.arm_guard(arm.pat, guard, &ways.failed[index], join),
                None => before.push(arm.pat),
            }
            self.put_branch(into, arm.expr, extended);
            self.temporaries = temporaries;
            self.pop_scope();
            self.goto(join);
        }
        self.at = join;
        self.extended = extended;
    }

    /// Where the guard of an arm fails, the arms after it have their turn.
    fn arm_guard(&mut self, pattern: PatId, guard: ExprId, others: &[BlockId], join: BlockId) {
        let mut seen = Vec::new();
        self.body.walk_bindings_in_pat(pattern, |it| seen.push(it));
        // A guard sees the variables by reference.
        let borrows = seen.iter().filter_map(|it| self.variables.get(it).copied()).collect();
        self.run(Op { borrows, ..Op::default() });
        let fail = self.block();
        let depth = self.top();
        self.condition(guard, depth, fail);
        let ways = if others.is_empty() { vec![join] } else { others.to_vec() };
        self.graph.blocks[fail].end = End::Branch(ways);
    }

    pub fn put_awaited(&mut self, into: LocalId, await_: ExprId, future: ExprId) {
        if self.facts.is_stood_in_for(await_) {
            self.graph.gap.get_or_insert(await_);
        }
        let type_ = self.adjusted_type(future);
        self.await_value(into, await_, type_, |it| it.operand(future));
        self.end_if_never(await_);
    }

    /// Awaits what `operand` puts into a temporary.
    pub fn await_value(
        &mut self,
        into: LocalId,
        await_: ExprId,
        type_: Ty<'db>,
        operand: impl FnOnce(&mut Self) -> Option<LocalId>,
    ) {
        let outer = self.temporaries;
        let made = self.local(Made::Hidden, type_);
        self.keep(made, outer);
        self.push_scope();
        let moves = operand(self).into_iter().collect();
        self.call(Op { into: Some(made), moves, ..Op::default() });
        self.pop_scope();
        self.drop_in(outer, made);
        let scope = self.push_scope();
        let awaited = self.local(Made::Awaited(await_), type_);
        self.keep(awaited, scope);
        self.run(Op { into: Some(awaited), moves: vec![made], ..Op::default() });
        self.drop_in(scope, awaited);
        let head = self.block();
        self.goto(head);
        self.at = head;
        self.call(Op { borrows: vec![awaited], ..Op::default() });
        let pending = self.fork();
        let ready = std::mem::replace(&mut self.at, pending);
        let cleanup = self.cleanup();
        self.end(End::Suspend { await_, resume: head, cleanup });
        self.at = ready;
        self.assign(into);
        self.pop_scope();
    }
}
