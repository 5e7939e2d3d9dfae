//! Futures that are alive and not polled while somebody waits for what they may hold.

mod both;
mod drop_first;
mod task;
mod timed;

use std::collections::BTreeSet;

use ra_ap_hir_def::hir::{BindingId, ClosureKind, Expr, ExprId, Statement};
use ra_ap_syntax::TextRange;

pub use crate::facts::futurelock::{both::Both, drop_first::DropFirst, task::LentTask};
use crate::{
    facts::{
        body::{BodyFacts, Form},
        locks::{
            LockPlace,
            taken::{Link, TakenLocks},
        },
        selects::{Branch, Select},
    },
    finding::Place,
    knowledge::{
        cancel::Cancel,
        takes::{Surely, Takes},
    },
};

/// Futures are wrapped a few times, not more.
const DEEPEST: usize = 8;

/// A wait for a lock, a permit or a slot that a future may hold, or may be the next to get, which nobody polls meanwhile.
pub struct Futurelock {
    /// What both wait for, as it is written.
    pub resource: String,
    /// The variable of the future.
    pub future: String,
    /// Where it is lent.
    pub lent_at: Place,
    /// From when on nobody polls it any more.
    pub when: String,
    /// The wait.
    pub at: Place,
    /// How the future comes to wait for it, ...
    pub held_by: Vec<Link>,
    /// ... and how the other does.
    pub wanted_by: Vec<Link>,
    /// How the `select!` could have the future for good.
    pub hand_over: Option<HandOver>,
    /// How it could be dropped before the wait.
    pub dropped: Option<DropFirst>,
    /// How both could be awaited together.
    pub both: Option<Both>,
    /// How it could run as a task, or why not.
    pub task: Result<LentTask, String>,
}

/// What to change so that who waits for the future drops it before it goes on.
pub struct HandOver {
    /// Who that is: "the `select!`".
    pub to: String,
    /// `&mut future` in the branch.
    pub lent: Place,
    pub name: String,
    /// What else changes.
    pub changes: Vec<(Place, Change)>,
}

/// How a place changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// `mut future` becomes `future`.
    Name,
    /// `pin!(value)` becomes `value`.
    Inside,
    /// `pin!(future);` goes.
    Gone,
}

/// A future that is lent, in a variable.
struct Held {
    variable: BindingId,
    /// All variables on the way to what makes it.
    names: BTreeSet<BindingId>,
    made: ExprId,
    queued: Vec<Queued>,
}

/// Something that is given to those who wait for it in their order.
#[derive(Clone)]
pub(super) struct Queued {
    pub place: LockPlace,
    takes: Takes,
    pub way: Vec<Link>,
}

impl Queued {
    /// What of these waits for the same, and cannot have it meanwhile.
    pub fn is_kept_from<'a>(&self, wanted: &'a [Queued]) -> Option<&'a Queued> {
        let mut same = wanted.iter().filter(|it| it.place == self.place);
        same.find(|it| self.takes.keeps_out(it.takes) == Some(Surely::Always))
    }
}

impl<'db> BodyFacts<'db> {
    /// The first one at each place.
    pub fn futurelocks(&self, locks: &TakenLocks<'db>) -> Vec<Futurelock> {
        let mut found: Vec<Futurelock> = Vec::new();
        for select in self.selects() {
            for branch in select.branches.iter().filter(|it| it.is_lent) {
                let Some(held) = self.held(locks, branch.future) else { continue };
                for wait in self.waits_meanwhile(select, branch, &held.names) {
                    let Some(lock) = self.futurelock(locks, &held, &branch.at, wait) else {
                        continue;
                    };
                    let to = "the `select!`".to_owned();
                    let is_free = !select.is_of_one_type() && select.turns.is_none();
                    found.push(Futurelock {
                        hand_over: is_free
                            .then(|| self.hand_over(to, branch.future, &branch.at, held.variable))
                            .flatten(),
                        dropped: self.drop_first(select, branch, held.variable, wait),
                        task: self.lent_task(select, branch, held.variable, held.made),
                        ..lock
                    });
                }
            }
        }
        found.extend(self.locked_behind_timeouts(locks));
        let mut seen = BTreeSet::new();
        found.retain(|it| seen.insert(it.at.clone()));
        found
    }

    /// What a lent future may hold, or wait for in a queue.
    fn held(&self, locks: &TakenLocks<'db>, lent: ExprId) -> Option<Held> {
        let variable = self.lent_variable(lent)?;
        let mut names = BTreeSet::from([variable]);
        let made = self.made_by(variable, &mut names, 0)?;
        let queued = self.queued_by(locks, made, 0);
        (!queued.is_empty()).then_some(Held { variable, names, made, queued })
    }

    /// Whether an `.await` waits for what such a future holds.
    fn futurelock(
        &self,
        locks: &TakenLocks<'db>,
        held: &Held,
        lent_at: &Place,
        wait: ExprId,
    ) -> Option<Futurelock> {
        let Expr::Await { expr: other } = self.body[wait] else { return None };
        let wanted = self.queued_by(locks, other, 0);
        let (own, other) =
            held.queued.iter().find_map(|own| Some((own, own.is_kept_from(&wanted)?)))?;
        Some(Futurelock {
            resource: self.name_of_lock(&own.place),
            future: self.body[held.variable].name.as_str().to_owned(),
            lent_at: lent_at.clone(),
            when: "another branch is done".to_owned(),
            at: self.place_to_show(wait)?,
            held_by: own.way.clone(),
            wanted_by: other.way.clone(),
            hand_over: None,
            dropped: None,
            both: self.both_awaited(held.variable, wait),
            task: Err("what a task gives has to be taken out of a result first".to_owned()),
        })
    }

    /// The expression that made the future in a variable, with all variables on the way there.
    pub(super) fn made_by(
        &self,
        variable: BindingId,
        names: &mut BTreeSet<BindingId>,
        depth: usize,
    ) -> Option<ExprId> {
        let value = self.plain_value_of(variable)?;
        self.unwrapped(value, names, depth)
    }

    /// A future without what pins it, boxes it or lends it.
    fn unwrapped(
        &self,
        value: ExprId,
        names: &mut BTreeSet<BindingId>,
        depth: usize,
    ) -> Option<ExprId> {
        if depth > DEEPEST {
            return None;
        }
        match &self.body[value] {
            Expr::Path(_) => {
                let variable = self.local(value)?;
                names.insert(variable);
                self.made_by(variable, names, depth + 1)
            }
            Expr::Ref { expr, .. } => self.unwrapped(*expr, names, depth + 1),
            Expr::Block { tail: Some(tail), .. } | Expr::Unsafe { tail: Some(tail), .. } => {
                self.unwrapped(*tail, names, depth + 1)
            }
            Expr::Call { .. } | Expr::MethodCall { .. } if self.is_as_given(value) => {
                self.unwrapped(*self.values_of(value).first()?, names, depth + 1)
            }
            _ => Some(value),
        }
    }

    /// A future without what pins or boxes it right where it is made.
    pub(super) fn without_wrapping(&self, value: ExprId) -> ExprId {
        self.unwrapped(value, &mut BTreeSet::new(), 0).unwrap_or(value)
    }

    fn is_as_given(&self, call: ExprId) -> bool {
        let mut own = self.mentions.iter().filter(|it| it.expr == call && it.form != Form::Named);
        own.any(|it| it.row.cancel == Some(Cancel::AsGiven) && !it.row.cancels)
    }

    /// What a future may wait for in a queue, by where that lies.
    pub(super) fn queued_by(
        &self,
        locks: &TakenLocks<'db>,
        future: ExprId,
        depth: usize,
    ) -> Vec<Queued> {
        if depth > DEEPEST {
            return Vec::new();
        }
        match &self.body[future] {
            Expr::Closure { closure_kind: ClosureKind::Coroutine { .. }, .. } => {
                let awaited =
                    self.sequence.iter().filter_map(|(expr, around)| match self.body[*expr] {
                        Expr::Await { expr } if self.is_awaited_in(future, *around) => Some(expr),
                        _ => None,
                    });
                awaited.flat_map(|it| self.queued_by(locks, it, depth + 1)).collect()
            }
            Expr::Call { .. } | Expr::MethodCall { .. } => {
                let mut own =
                    self.mentions.iter().filter(|it| it.expr == future && it.form != Form::Named);
                let turn = own.find_map(|it| Some((it, it.row.waits_in_turn()?)));
                if let Some((mention, takes)) = turn {
                    let place = self.lock_of(mention);
                    let queued = place.map(|place| Queued { place, takes, way: Vec::new() });
                    return queued.into_iter().collect();
                }
                if self
                    .mentions
                    .iter()
                    .any(|it| it.expr == future && it.row.cancel == Some(Cancel::AsGiven))
                {
                    let values = self.values_of(future);
                    return values
                        .into_iter()
                        .flat_map(|it| self.queued_by(locks, it, depth + 1))
                        .collect();
                }
                let all = locks.of_future(self, future).into_iter();
                all.map(|(place, it)| Queued { place, takes: it.takes, way: it.way }).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Each `.await` that comes when another branch was done, while the future of this one is alive and not polled.
    fn waits_meanwhile(
        &self,
        select: &Select,
        branch: &Branch,
        names: &BTreeSet<BindingId>,
    ) -> Vec<ExprId> {
        let mut waits = Vec::new();
        for other in select.others(branch) {
            waits.extend(self.waits_without(&[other.handler], names));
        }
        let goes_on = |it: &Branch| {
            let end = select.turns.unwrap_or(self.body.root_expr());
            !self.always_leaves(it.handler, end)
        };
        if select.others(branch).any(goes_on) {
            waits.extend(self.waits_without(&self.code_behind(select.whole), names));
        }
        waits
    }

    /// The `.await`s in code that comes in this order, up to where one of the variables is named.
    fn waits_without(&self, code: &[ExprId], names: &BTreeSet<BindingId>) -> Vec<ExprId> {
        let around = code.first().and_then(|it| self.awaits_at(*it));
        let mut waits = Vec::new();
        for expr in code {
            let mut all = Vec::new();
            self.walk(*expr, &mut |it| all.push(it));
            let named =
                all.iter().filter(|it| self.local(**it).is_some_and(|it| names.contains(&it)));
            let first = named.filter_map(|it| self.start_of(*it)).min();
            let of_it = all.iter().copied().filter(|it| {
                matches!(self.body[*it], Expr::Await { .. }) && self.awaits_at(*it) == around
            });
            waits.extend(of_it.filter(|it| {
                let end = self.place_to_show(*it).map(|it| it.range.end());
                first.is_none_or(|first| end.is_some_and(|it| it <= first))
            }));
            if first.is_some() {
                break;
            }
        }
        waits
    }

    fn start_of(&self, expr: ExprId) -> Option<ra_ap_syntax::TextSize> {
        self.place_to_show(expr).map(|it| it.range.start())
    }

    /// The statements that follow an expression in the blocks around it, as far as its loop or its async body reaches.
    fn code_behind(&self, expr: ExprId) -> Vec<ExprId> {
        let mut behind = Vec::new();
        let mut child = expr;
        while let Some(parent) = self.parents.get(child).copied() {
            match &self.body[parent] {
                Expr::Block { statements, tail, .. } => {
                    let all = statements.iter().filter_map(|it| match it {
                        Statement::Let { initializer, .. } => *initializer,
                        Statement::Expr { expr, .. } => Some(*expr),
                        Statement::Item(_) => None,
                    });
                    behind.extend(all.chain(*tail).skip_while(|it| *it != child).skip(1));
                }
                Expr::Loop { .. } | Expr::Closure { .. } => break,
                _ => {}
            }
            child = parent;
        }
        behind
    }

    /// How the future can be given away instead of lent: it is needed nowhere else, and what it is lent to comes once.
    fn hand_over(
        &self,
        to: String,
        lent: ExprId,
        at: &Place,
        variable: BindingId,
    ) -> Option<HandOver> {
        if !matches!(self.body[lent], Expr::Ref { .. }) {
            return None;
        }
        let uses = self.variables().used;
        let is_own = |it: &TextRange| at.range.contains_range(*it);
        if uses.iter().any(|it| it.variable == variable && !is_own(&it.range)) {
            return None;
        }
        let name = self.body[variable].name.as_str().to_owned();
        let pattern = self.map.patterns_for_binding(variable).first().copied()?;
        // What `pin!` pins stays where it is: it has to be a box, or nothing.
        let changes = match self.is_reference(self.infer.binding_ty(variable)) {
            false => vec![(self.place_of_pattern(pattern)?, Change::Name)],
            true => match self.place_of_pattern(pattern) {
                Some(at) => {
                    let pinned = self.plain_value_of(variable)?;
                    vec![(at, Change::Name), (self.macro_call_place(pinned)?, Change::Inside)]
                }
                None => vec![(self.place_around_pattern(pattern)?, Change::Gone)],
            },
        };
        Some(HandOver { to, lent: at.clone(), name, changes })
    }
}
