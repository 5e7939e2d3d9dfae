//! Loops that start a task for each thing that comes in, and wait for nothing else.

use ra_ap_hir_def::{
    hir::{BindingId, Expr, ExprId},
    signatures::FunctionSignature,
};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode, TextRange, TextSize, ast};

use crate::{
    facts::{
        alive::Alive,
        body::{BodyFacts, Entered, Form, Mention},
        calls::Use,
        counts::Count,
        idle::content::Content,
        names, place,
        runs_on::Thread,
        selects::{Branch, Select},
    },
    finding::Place,
    knowledge::{ClosureRuns, FutureRuns, Row, cancel::Cancel},
};

/// A task for each thing that comes in.
pub struct TaskEach {
    /// The call that starts one, ...
    pub first: Start,
    /// ... and others in the same loop.
    pub others: Vec<Start>,
    /// What brings the things, as it is called, ...
    pub brings: String,
    /// ... and where.
    pub from: Place,
    /// How many there are, where that is known.
    pub count: Count,
    pub started: Started,
    /// The program itself has put the things where they come from.
    pub from_within: bool,
    /// What the task does, as far as it is in sight.
    pub(crate) futures: Vec<Content>,
    turns: ExprId,
}

/// A call that starts a task.
pub struct Start {
    pub at: Place,
    pub(crate) call: ExprId,
    moves: bool,
}

/// What brings the things that a loop goes through.
pub(super) struct Brought {
    /// As it is called, ...
    pub brings: String,
    /// ... and where.
    pub from: Place,
    pub count: Count,
    /// The program itself has put them where they come from.
    pub from_within: bool,
}

/// A task of a function that starts more tasks of the same function.
pub struct Crawl {
    /// The call that starts it.
    pub at: Place,
    /// Where the function is called again.
    pub again: Place,
    pub function: String,
}

/// What is begun for each thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Started {
    Task,
    /// A task that the function starts which is called.
    Behind,
    /// A closure for the threads that may block.
    OnPool,
    /// A future in a value of the type of this name, which runs all that it holds.
    Future(String),
}

/// Where a permit can be taken before each task, and moved into it.
pub struct PermitPlaces {
    /// The start of the loop.
    pub before_loop: TextSize,
    /// Of each task, the start of the statement that starts it, and the task.
    pub tasks: Vec<(TextSize, TaskText)>,
    /// The name for what gives permits, and for one of them.
    pub names: (String, String),
}

/// What is written of a task.
pub enum TaskText {
    /// A block, by what stands behind its bracket.
    Block(TextSize),
    /// What a closure gives back, without a block around it.
    Value(TextRange),
    /// A call that makes a future.
    Made(TextRange),
    /// The same, which does as well when the future runs.
    Late(TextRange),
}

const UNCLEAR: &str = "the loop or the task is written in a way that leaves no place for it";

impl<'db> BodyFacts<'db> {
    /// The loops that start a task for each thing that comes in, and wait for nothing else.
    pub fn tasks_for_each(&self) -> Vec<TaskEach> {
        let calls = self.mentions.iter().filter(|it| matches!(it.form, Form::Call | Form::Method));
        let starts = calls.filter_map(|it| {
            let started = match is_for_pool(it) {
                true => Some(Started::OnPool),
                false => starts_task(&it.row).then_some(Started::Task),
            };
            self.task_each(it.expr, it.moves, started?)
        });
        let mut found: Vec<TaskEach> = starts.collect();
        found.extend(self.uses.iter().filter_map(|it| self.handed_each(it)));
        let pushed = self.sequence.iter().filter_map(|it| self.pushed_each(it.0));
        found.extend(pushed);
        found.sort_by(|a, b| a.first.at.cmp(&b.first.at));
        let mut loops: Vec<TaskEach> = Vec::new();
        for it in found {
            let same = loops.iter_mut().find(|other| {
                (other.turns, &other.from, &other.started) == (it.turns, &it.from, &it.started)
            });
            match same {
                Some(same) => {
                    same.futures.extend(it.futures);
                    same.others.push(it.first);
                }
                None => loops.push(it),
            }
        }
        loops
    }

    /// The tasks that are started in loops and run this function again, where nothing in it takes a permit.
    pub fn crawls(&self) -> Vec<Crawl> {
        let takes_permit = |it: &Mention| it.row.limits || it.row.queues || it.row.takes.is_some();
        if self.mentions.iter().any(takes_permit) {
            return Vec::new();
        }
        let starts = self.mentions.iter().filter(|it| {
            let is_call = matches!(it.form, Form::Call | Form::Method);
            is_call && starts_task(&it.row) && self.loop_around(it.expr).is_some()
        });
        starts.filter_map(|it| self.crawl(it)).collect()
    }

    fn crawl(&self, start: &Mention) -> Option<Crawl> {
        let task = *self.values_of(start.expr).last()?;
        let mut again = None;
        self.walk(task, &mut |it| {
            let mut calls = self.uses.iter().filter(|call| call.expr == it);
            if calls.any(|it| it.function == self.function && it.form != Form::Named) {
                again = Some(it);
            }
        });
        Some(Crawl {
            at: self.place_to_show(start.expr)?,
            again: self.place_to_show(again?)?,
            function: names::of_function(self.db, self.function),
        })
    }

    /// A future that is put into what runs all that it holds.
    fn pushed_each(&self, call: ExprId) -> Option<TaskEach> {
        let Expr::MethodCall { receiver, args, .. } = &self.body[call] else { return None };
        let [future] = args[..] else { return None };
        let runner = self.runner(self.infer.expr_ty(*receiver))?;
        let works = self.works_when_polled(self.infer.expr_ty(future));
        let started = Started::Future(runner.name().to_owned());
        works.then(|| self.task_each(call, false, started))?
    }

    /// A future that is handed to a function of the project which makes a task of it.
    fn handed_each(&self, call: &Use<'db>) -> Option<TaskEach> {
        let is_call = matches!(call.form, Form::Call | Form::Method);
        if !is_call || self.mention_of(call.expr).is_some() {
            return None;
        }
        self.loop_around(call.expr)?;
        place::file_of(self.workspace, call.function)?;
        let future = *self.values_of(call.expr).last()?;
        let works = self.works_when_polled(self.infer.expr_ty(future));
        let started = if works { Started::Task } else { Started::Behind };
        // The loop first: to look into each function that is called in one would take long.
        self.task_each(call.expr, false, started).filter(|_| {
            let body = BodyFacts::new(self.workspace, self.known, call.function, Entered::Called);
            if works { body.starts_last_parameter() } else { body.starts_task_with_parameter() }
        })
    }

    /// Whether this function makes a task of its last parameter, as it is.
    fn starts_last_parameter(&self) -> bool {
        let last = self.body.params.len().checked_sub(1);
        let Some(parameter) = last.and_then(|it| self.parameter_at(it)) else { return false };
        let given = |it: &Mention| self.values_of(it.expr).last().and_then(|it| self.local(*it));
        let mut starts = self.mentions.iter().filter(|it| starts_task(&it.row));
        starts.any(|it| given(it) == Some(parameter))
    }

    /// Whether this function, which nobody awaits, starts a task that works with something that it is given.
    fn starts_task_with_parameter(&self) -> bool {
        if FunctionSignature::of(self.db, self.function).is_async() {
            return false;
        }
        let is_given = |it: &BindingId| {
            (0..self.body.params.len()).any(|index| self.parameter_at(index) == Some(*it))
        };
        let mut starts = self.mentions.iter().filter(|it| {
            let is_call = matches!(it.form, Form::Call | Form::Method);
            is_call && starts_task(&it.row) && self.loop_around(it.expr).is_none()
        });
        starts.any(|it| {
            let task = self.values_of(it.expr).last().copied();
            task.is_some_and(|it| self.variables_in(it).iter().any(is_given))
        })
    }

    fn task_each(&self, start: ExprId, moves: bool, started: Started) -> Option<TaskEach> {
        let turns = self.loop_around(start).filter(|it| !self.always_ends_behind(start, *it))?;
        let Brought { brings, from, count, from_within } = self.brought(turns, start)?;
        let task = self.values_of(start).last().copied();
        let task = task.filter(|_| !matches!(started, Started::OnPool | Started::Behind));
        Some(TaskEach {
            first: Start { at: self.place_to_show(start)?, call: start, moves },
            others: Vec::new(),
            brings,
            from,
            count,
            started,
            from_within,
            futures: task.into_iter().map(Content::Made).collect(),
            turns,
        })
    }

    /// What brings the things that a loop goes through, where, and how many, if it waits for nothing else before it
    /// comes to this expression again.
    pub(super) fn brought(&self, turns: ExprId, inside: ExprId) -> Option<Brought> {
        let around = self.awaits_at(turns);
        let mut awaited = Vec::new();
        let mut is_limited = false;
        self.walk(turns, &mut |it| {
            is_limited |= self.row_of_call(it).is_some_and(|it| it.limits);
            if let Expr::Await { expr } = self.body[it]
                && self.awaits_at(it) == around
            {
                awaited.push(expr);
            }
        });
        if is_limited {
            return None;
        }
        if let Some(head) = self.head_of_for(turns).filter(|_| self.is_for(turns)) {
            let text = self.short_text(head).map(|it| format!("`{it}`"));
            let brings = text.unwrap_or_else(|| "this".to_owned());
            let count = match self.count_of(head) {
                Count::Unknown if self.only_counts(turns) => Count::Chosen,
                it => it,
            };
            let is_meant = awaited.is_empty() && !count.is_small();
            let from = self.place_to_show(head)?;
            return is_meant.then_some(Brought { brings, from, count, from_within: false });
        }
        // The wait for the next one is the only one.
        let next = match (self.branch_around(turns, inside), &awaited[..]) {
            (Some((select, branch)), _) => {
                // The other branches of a `select!` have their own turns.
                let is_in_turn = |it: &ExprId| {
                    !self.is_inside(*it, select.whole) || self.is_inside(*it, branch.handler)
                };
                awaited.iter().all(|it| !is_in_turn(it)).then_some(branch.future)?
            }
            (None, [next]) if self.place_of(*next).is_some() => *next,
            _ => self.given_by_select(turns, inside, &awaited)?,
        };
        let mention = self.mention_of(next).filter(|it| it.row.takes_out)?;
        let comes_from = self.values_of(next).first().copied();
        let is_put_in_here = comes_from.is_some_and(|it| self.is_filled_here(it));
        if mention.row.cancel != Some(Cancel::Safe) || is_put_in_here {
            return None;
        }
        // Asked last, as it may lead through all callers.
        let from_within = self.is_from_within(next);
        let is_of_own_machine = || comes_from.is_some_and(|it| self.is_of_own_machine(it));
        if mention.row.own_machine || !from_within && is_of_own_machine() {
            return None;
        }
        let row = &mention.row;
        Some(Brought {
            brings: format!("`{}`", row.path),
            from: self.place_to_show(next)?,
            count: Count::OpenEnded(row.path.clone()),
            from_within,
        })
    }

    /// The branch of a `select!` before this expression that brings what the turn is for, where nothing else is awaited.
    fn given_by_select(&self, turns: ExprId, inside: ExprId, awaited: &[ExprId]) -> Option<ExprId> {
        let is_only_wait = |select: &&Select| {
            let is_handler =
                |it| select.branches.iter().any(|branch| self.is_inside(it, branch.handler));
            let is_of_select = |it| self.is_inside(it, select.whole) && !is_handler(it);
            select.turns == Some(turns)
                && !self.is_inside(inside, select.whole)
                && awaited.iter().all(|it| is_of_select(*it))
        };
        let select = self.selects().iter().find(is_only_wait)?;
        let brings = |it: &ExprId| {
            self.mention_of(*it).is_some_and(|it| it.row.takes_out) && !self.is_from_within(*it)
        };
        let mut bringing = select.branches.iter().map(|it| it.future).filter(brings);
        bringing.next().filter(|_| bringing.next().is_none())
    }

    /// Whether a value runs futures that this function puts into it: what comes out of it is known where it goes in.
    fn is_filled_here(&self, set: ExprId) -> bool {
        let Some(owner) = self.owner_of(set) else { return false };
        let puts_in = |it: ExprId| match &self.body[it] {
            Expr::MethodCall { receiver, args, .. } => {
                self.owner_of(*receiver) == Some(owner)
                    && args.iter().any(|it| self.works_when_polled(self.infer.expr_ty(*it)))
            }
            _ => false,
        };
        self.runner(self.infer.expr_ty(set)).is_some()
            && self.sequence.iter().any(|it| puts_in(it.0))
    }

    /// The branch of a `select!` in a loop in whose handler something stands.
    fn branch_around(&self, turns: ExprId, inside: ExprId) -> Option<(&Select, &Branch)> {
        let selects = self.selects().iter().filter(|it| it.turns == Some(turns));
        let mut branches =
            selects.flat_map(|it| it.branches.iter().map(move |branch| (it, branch)));
        branches.find(|it| it.1.each.is_none() && self.is_inside(inside, it.1.handler))
    }

    /// Where a permit can be taken before each task; or why it cannot.
    pub fn permit_places(&self, each: &TaskEach) -> Result<PermitPlaces, String> {
        if let Started::Future(name) = &each.started {
            return Err(format!("whoever waits for one does not run those in the `{name}`"));
        }
        if each.started == Started::Behind {
            return Err("the task is started in another function".to_owned());
        }
        let name = |it| self.free_name(it).ok_or(UNCLEAR);
        let mut tasks = Vec::new();
        for start in std::iter::once(&each.first).chain(&each.others) {
            let before = self.before_start(each, start)?;
            if tasks.iter().any(|it: &(TextSize, TaskText)| it.0 == before) {
                return Err(UNCLEAR.to_owned());
            }
            tasks.push((before, self.task_text(each, start.call).ok_or(UNCLEAR)?));
        }
        let first = self.written_syntax(each.first.call);
        let is_loop = |it: &SyntaxNode| {
            matches!(
                it.kind(),
                SyntaxKind::FOR_EXPR | SyntaxKind::WHILE_EXPR | SyntaxKind::LOOP_EXPR
            )
        };
        let around = first.and_then(|it| it.ancestors().find(is_loop)).ok_or(UNCLEAR)?;
        Ok(PermitPlaces {
            before_loop: statement_around(&around).ok_or(UNCLEAR)?,
            tasks,
            names: (name("permits")?, name("permit")?),
        })
    }

    /// The start of the statement that starts a task, where something can be awaited before it; or why it cannot.
    fn before_start(&self, each: &TaskEach, start: &Start) -> Result<TextSize, String> {
        let coroutine = self.awaits_at(start.call);
        let coroutine = coroutine.filter(|it| self.awaits_at(each.turns) == Some(*it));
        let coroutine = coroutine.ok_or("nothing can be awaited where the task is started")?;
        // What the call itself makes is not there yet, and what goes into a task of any thread can go to another thread.
        let is_before = |it: &Alive| !it.at.as_ref().is_some_and(|at| at.meets(&start.at));
        let given = self.variables_in(start.call);
        let given: Vec<&str> = given.iter().map(|it| self.body[*it].name.as_str()).collect();
        let goes_along = |it: &Alive| {
            start.moves && it.name.as_ref().is_some_and(|it| given.contains(&it.as_str()))
        };
        let alive = self.alive_while(coroutine, start.call, start.moves);
        if let Some(alive) = alive.into_iter().find(|it| is_before(it) && !goes_along(it)) {
            return Err(alive.note().text);
        }
        let call = self.written_syntax(start.call).ok_or(UNCLEAR)?;
        Ok(statement_around(&call).ok_or(UNCLEAR)?)
    }

    fn written_syntax(&self, expr: ExprId) -> Option<SyntaxNode> {
        let source = self.syntax(expr).filter(|it| !it.file_id.is_macro())?;
        Some(source.value.syntax().clone())
    }

    fn task_text(&self, each: &TaskEach, call: ExprId) -> Option<TaskText> {
        let task = *self.values_of(call).last()?;
        let source = self.syntax(task).filter(|it| !it.file_id.is_macro())?.value;
        let block = |it: &ast::BlockExpr| {
            let bracket = it.stmt_list()?.l_curly_token()?;
            Some(TaskText::Block(bracket.text_range().end()))
        };
        match &source {
            ast::Expr::BlockExpr(it) if it.async_token().is_some() => block(it),
            ast::Expr::ClosureExpr(it) if it.move_token().is_some() => match it.body()? {
                ast::Expr::BlockExpr(it) if it.modifier().is_none() => block(&it),
                it => Some(TaskText::Value(it.syntax().text_range())),
            },
            ast::Expr::CallExpr(_) | ast::Expr::MethodCallExpr(_)
                if each.started != Started::OnPool =>
            {
                let at = source.syntax().text_range();
                Some(if self.may_be_late(task) { TaskText::Late(at) } else { TaskText::Made(at) })
            }
            _ => None,
        }
    }
}

impl BodyFacts<'_> {
    /// Whether a call of an async function takes variables as they are, and so may be made in the task.
    fn may_be_late(&self, call: ExprId) -> bool {
        let called = self.uses.iter().find(|it| it.expr == call);
        let is_plain =
            |it: ExprId| matches!(self.body[it], Expr::Literal(_)) || self.local(it).is_some();
        called.is_some_and(|it| FunctionSignature::of(self.db, it.function).is_async())
            && self.values_of(call).into_iter().all(is_plain)
    }
}

fn starts_task(row: &Row) -> bool {
    row.future.is_some_and(|it| it != FutureRuns::Driven)
}

/// Whether a closure is handed to the threads that may block, and nobody waits for it here.
fn is_for_pool(mention: &Mention) -> bool {
    mention.row.closure == Some(ClosureRuns::Pool)
        && matches!(mention.thread, Thread::Worker | Thread::Driver)
}

/// The start of the statement around a piece of syntax, no block being between.
fn statement_around(inner: &SyntaxNode) -> Option<TextSize> {
    let mut parents = inner.ancestors();
    let found = parents.find(|it| it.parent().is_some_and(|it| it.kind() == SyntaxKind::STMT_LIST));
    Some(found?.text_range().start())
}
