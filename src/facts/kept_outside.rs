//! A future of a `select!` that could be one of something that is kept outside the loop, and keeps what it has.

use ra_ap_hir_def::hir::{
    BinaryOp, BindingId, CmpOp, Expr, ExprId, Literal, MatchArm, Pat, PatId, Statement,
};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        body::{BodyFacts, Form},
        selects::{Branch, Select},
    },
    finding::{FilePath, Place},
    knowledge::keeps::Keeps,
};

const UNCLEAR: &str = "what is done with the number of bytes is not clear";

/// What to change for that.
pub struct KeptOutside {
    pub file: FilePath,
    pub keeps: Keeps,
    /// The loop, as it is written.
    pub loop_: TextRange,
    /// What it reads from, and the pattern that names it.
    pub source: String,
    pub source_at: TextRange,
    /// The text that is filled in each turn, and the statements that make it and empty it.
    pub text: String,
    pub gone: Vec<TextRange>,
    /// A name for what is kept that is free.
    pub name: String,
    pub future: TextRange,
    pub end: End,
}

/// How the handler asks whether that was the last one.
pub enum End {
    /// `if length? == 0 { break }`, with its parts.
    Asked { whole: TextRange, number: TextRange, then: TextRange },
    /// `Ok(0) => .., Ok(_) => ..`: the number, and what is in the other pattern.
    Matched { zero: TextRange, other: TextRange },
}

impl BodyFacts<'_> {
    /// How the future of a branch that reads text into a variable, one piece in each turn, is made one that keeps half a
    /// piece. None where its call has no such sibling.
    pub fn kept_outside(
        &self,
        select: &Select,
        branch: &Branch,
    ) -> Option<Result<KeptOutside, &'static str>> {
        let mention = self.mentions.iter().find(|it| {
            it.expr == branch.future && it.form == Form::Method && it.row.keeps.is_some()
        })?;
        let keeps = mention.row.keeps.clone()?;
        Some(self.kept_by(keeps, select, branch))
    }

    fn kept_by(
        &self,
        keeps: Keeps,
        select: &Select,
        branch: &Branch,
    ) -> Result<KeptOutside, &'static str> {
        let turns = select.turns.ok_or("its loop is in another function")?;
        let unclear = "a macro has a hand in it";
        let Expr::MethodCall { receiver, args, .. } = &self.body[branch.future] else {
            return Err(unclear);
        };
        let source =
            self.local(*receiver).ok_or("what it reads from has no variable of its own")?;
        let text = args.first().and_then(|it| match self.body[*it] {
            Expr::Ref { expr, .. } => self.local(expr),
            _ => None,
        });
        let text = text.ok_or("the text has no variable of its own")?;
        let place = self.place_of(turns).ok_or(unclear)?;
        let handler = &branch.handler_at;
        let variables = self.variables();
        let begin = place.range.start();
        let is_inside = |it: TextRange| branch.at.range.contains_range(it);
        if place.file != branch.at.file || handler.file != place.file {
            return Err(unclear);
        }
        let mut of_source = variables.uses_of(source).filter(|it| it.range.start() >= begin);
        if of_source.any(|it| !is_inside(it.range)) {
            return Err("what it reads from is needed in the loop or behind it, too");
        }
        let made = self.variables_of_loop(turns);
        let declared = self.declares_text(text).filter(|_| !made.contains(&text));
        let declared = declared.ok_or("the text is not made before the loop, and empty")?;
        let (end, piece) = self.end_of_pieces(branch, turns).ok_or(UNCLEAR)?;
        let cleared = self.clearings(text, turns, &keeps);
        let is_certain = |it: &ExprId| match [piece, branch.handler] {
            [piece, _] if self.is_inside(*it, piece) => self.branches_up_to(*it, piece) == 0,
            [_, handler] if self.is_inside(*it, handler) => self.branches_up_to(*it, handler) == 0,
            _ => self.branches_up_to(*it, select.whole) == 0,
        };
        if !cleared.iter().any(is_certain) {
            return Err("the text is not emptied for each piece");
        }
        let cleared: Vec<Place> =
            cleared.into_iter().filter_map(|it| self.place_of_statement(it)).collect();
        let is_cleared = |it: TextRange| cleared.iter().any(|own| own.range.contains_range(it));
        let of_text = variables.uses_of(text).map(|it| it.range);
        let mut others = of_text.filter(|it| !is_inside(*it) && !is_cleared(*it));
        if others.any(|it| !handler.range.contains_range(it))
            || !self.is_read_in(text, handler, &keeps)
        {
            return Err("the text is needed elsewhere, or changed");
        }
        let source_at = self.map.patterns_for_binding(source).first().copied();
        let source_at = source_at.and_then(|it| self.place_of_pattern(it)).ok_or(unclear)?;
        let is_here = |it: &Place| it.file == place.file;
        if !is_here(&source_at) || !is_here(&declared) || !cleared.iter().all(is_here) {
            return Err(unclear);
        }
        let gone = std::iter::once(declared).chain(cleared).map(|it| it.range).collect();
        Ok(KeptOutside {
            loop_: place.range,
            source: self.body[source].name.as_str().to_owned(),
            source_at: source_at.range,
            text: self.body[text].name.as_str().to_owned(),
            gone,
            name: self.free_name(&keeps.before).ok_or(unclear)?,
            future: branch.at.range,
            end,
            file: place.file,
            keeps,
        })
    }

    /// The statement that makes an empty text: `let mut line = String::new();`.
    fn declares_text(&self, text: BindingId) -> Option<Place> {
        let value = self.plain_value_of(text)?;
        let makes_nothing = match &self.body[value] {
            Expr::Call { args, .. } => {
                args.iter().all(|it| matches!(self.body[*it], Expr::Literal(_)))
            }
            _ => false,
        };
        let is_text = match self.infer.binding_ty(text).kind() {
            TyKind::Adt(adt, _) => self.known.type_(adt.def_id()).is_some_and(|it| it.text),
            _ => false,
        };
        (makes_nothing && is_text).then(|| self.place_of_statement(value))?
    }

    /// The calls in a loop that empty a text: `line.clear()`.
    fn clearings(&self, text: BindingId, turns: ExprId, keeps: &Keeps) -> Vec<ExprId> {
        let mut found = Vec::new();
        self.walk(turns, &mut |it| {
            if let Expr::MethodCall { receiver, .. } = self.body[it]
                && self.local(receiver) == Some(text)
                && self.empties_text(receiver, keeps)
            {
                found.push(it);
            }
        });
        found
    }

    fn empties_text(&self, text: ExprId, keeps: &Keeps) -> bool {
        let Some(call) = self.parents.get(text) else { return false };
        let is_call = match &self.body[*call] {
            Expr::MethodCall { method_name, args, .. } => {
                method_name.as_str() == keeps.emptied_by && args.is_empty()
            }
            _ => false,
        };
        // As a part of something else it could not go.
        let parent = self.parents.get(*call).map(|it| &self.body[*it]);
        is_call && matches!(parent, Some(Expr::Block { .. }))
    }

    /// Whether a handler only looks at a text, and empties it.
    fn is_read_in(&self, text: BindingId, handler: &Place, keeps: &Keeps) -> bool {
        let mut places = self.body.exprs().map(|it| it.0).filter(|it| {
            self.local(*it) == Some(text)
                && self.place_to_show(*it).is_some_and(|it| handler.range.contains_range(it.range))
        });
        places.all(|it| self.empties_text(it, keeps) || self.is_only_read(it))
    }

    /// How the handler asks for the end, and what it does with a piece.
    fn end_of_pieces(&self, branch: &Branch, turns: ExprId) -> Option<(End, ExprId)> {
        let bound = self.bound_by(branch);
        let [number] = bound[..] else { return None };
        let mut uses =
            self.body.exprs().map(|it| it.0).filter(|it| self.local(*it) == Some(number));
        let used = uses.next().filter(|_| uses.next().is_none())?;
        let first = match &self.body[branch.handler] {
            Expr::Block { statements, tail, .. } => match (statements.first(), tail) {
                (Some(Statement::Expr { expr, .. }), _) => *expr,
                (None, Some(tail)) => *tail,
                _ => return None,
            },
            _ => branch.handler,
        };
        match &self.body[first] {
            Expr::If { condition, then_branch, else_branch: None } => {
                let Expr::BinaryOp { lhs, rhs, op } = &self.body[*condition] else { return None };
                let is_equal = matches!(op, Some(BinaryOp::CmpOp(CmpOp::Eq { negated: false })));
                let is_asked = self.is_nothing(*rhs) && self.is_inside(used, *lhs);
                let leaves = self.always_leaves(*then_branch, turns);
                (is_equal && is_asked && leaves).then(|| {
                    let end = End::Asked {
                        whole: self.place_of(first)?.range,
                        number: self.place_of(*lhs)?.range,
                        then: self.place_of(*then_branch)?.range,
                    };
                    Some((end, branch.handler))
                })?
            }
            Expr::Match { expr, arms } if *expr == used && !self.is_question_mark(first) => {
                self.end_of_match(arms)
            }
            _ => None,
        }
    }

    /// The patterns of `Ok(0)` and of any other `Ok(..)` behind it, whose number nobody needs.
    fn end_of_match(&self, arms: &[MatchArm]) -> Option<(End, ExprId)> {
        let mut zero = None;
        let mut other = None;
        for arm in arms {
            let parts = match &self.body[arm.pat] {
                Pat::Or(all) => all.to_vec(),
                _ => vec![arm.pat],
            };
            for part in parts {
                match self.inside_ok(part) {
                    Some(_) if arm.guard.is_some() => return None,
                    Some(Some(it)) if self.is_zero_pattern(it) && other.is_none() => {
                        zero = Some(self.place_of_pattern(it)?.range);
                    }
                    Some(Some(it)) if self.is_unneeded(it) && zero.is_some() => {
                        other = Some((self.place_of_pattern(it)?.range, arm.expr));
                    }
                    Some(_) => return None,
                    None => {}
                }
            }
        }
        let (other, piece) = other?;
        Some((End::Matched { zero: zero?, other }, piece))
    }

    /// What is in `Ok(..)`. None for another pattern.
    fn inside_ok(&self, pattern: PatId) -> Option<Option<PatId>> {
        match &self.body[pattern] {
            Pat::TupleStruct { args, .. } if self.is_only(pattern, "Ok") => Some(match args[..] {
                [one] => Some(one),
                _ => None,
            }),
            _ => None,
        }
    }

    fn is_zero_pattern(&self, pattern: PatId) -> bool {
        matches!(self.body[pattern], Pat::Lit(it) if self.is_nothing(it))
    }

    fn is_unneeded(&self, pattern: PatId) -> bool {
        match self.body[pattern] {
            Pat::Wild => true,
            Pat::Bind { id, subpat: None } => {
                !self.body.exprs().any(|it| self.local(it.0) == Some(id))
            }
            _ => false,
        }
    }

    fn is_nothing(&self, expr: ExprId) -> bool {
        matches!(self.body[expr], Expr::Literal(Literal::Int(0, _) | Literal::Uint(0, _)))
    }
}
