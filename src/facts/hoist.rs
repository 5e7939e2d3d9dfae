//! What is needed of a guard without a name: a value that a statement of its own can compute, before the one that
//! awaits.

use ra_ap_hir_def::{
    hir::{BinaryOp, BindingId, Expr, ExprId, Pat, PatId},
    type_ref::Mutability,
};
use ra_ap_hir_ty::{
    Adjust, AutoBorrow,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, ast};

use crate::{
    facts::{body::BodyFacts, held::HeldGuard, read_later::is_shared, suspends::Origin},
    finding::{FilePath, Place},
};

/// A value that is computed with the help of a guard.
pub struct Hoisted {
    pub file: FilePath,
    /// Where it is written.
    pub value: TextRange,
    /// How a value of its own is made of it.
    pub copy: Copied,
    pub names: Vec<String>,
    pub goes: Goes,
}

/// How a value that lies under the lock becomes one that does not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copied {
    /// It is one.
    No,
    /// `.clone()`
    Cloned,
    /// `.cloned()`, of an option; what is matched is a reference, as before.
    Optional,
}

/// Where it goes.
pub enum Goes {
    /// Before the statement that starts here.
    Before(TextRange),
    /// To the start of each turn of a `while let`.
    IntoLoop(Box<ast::WhileExpr>),
}

impl<'db> BodyFacts<'db> {
    /// What can be computed before the statement that holds a guard without a name, or why nothing can.
    pub fn hoisted(&self, guard: &HeldGuard<'db>) -> Result<Hoisted, &'static str> {
        let Origin::Temporary(made) = guard.origin else {
            return Err("it has a name already");
        };
        let unclear = "a macro has a hand in this";
        if let Some(it) = self.while_let_around(made) {
            return self.goes_into_loop(made, it);
        }
        let (value, copy) = self.value_to_keep(made).ok_or(
            "it is a value without a name: give it one in a block of its own, and take from it what is \
             needed later",
        )?;
        let statement = self.statement_before(value)?;
        let source = self.syntax(value).ok_or(unclear)?;
        let place = self.place_of(value).ok_or(unclear)?;
        if place.file != guard.at.file
            || !statement.contains_range(place.range)
            || !self.is_written_once(&place, source.file_id)
        {
            return Err(unclear);
        }
        if copy == Copied::Optional && self.has_reference_patterns(value) {
            return Err("what is borrowed from it is used later");
        }
        let names = self.free_names(value, statement);
        let goes = Goes::Before(statement);
        Ok(Hoisted { file: place.file, value: place.range, copy, names, goes })
    }

    /// The smallest value around the guard that borrows nothing, or can be copied.
    fn value_to_keep(&self, made: ExprId) -> Option<(ExprId, Copied)> {
        let mut lying = self.is_read_only(made).then_some((made, Copied::Cloned));
        let mut value = made;
        loop {
            let type_ = self.infer.expr_ty(value);
            let is_place = matches!(
                self.body[value],
                Expr::Path(_) | Expr::Field { .. } | Expr::Index { .. } | Expr::UnaryOp { .. }
            );
            let is_own = value != made
                && !self.may_borrow(type_)
                && self.owned_guard_in(type_).is_none()
                && !type_.is_never();
            // What is changed in a copy is lost.
            let is_read = !is_place || self.is(type_, "Copy") && !self.borrows_mutably_here(value);
            if is_own && is_read {
                return Some((value, Copied::No));
            }
            if is_own && self.is_clone(type_) && !self.borrows_mutably_here(value) {
                lying = Some((value, Copied::Cloned));
            }
            if self.is_option_of_reference(type_) && self.is_head(value) {
                return Some((value, Copied::Optional));
            }
            let parent = self.parents.get(value).copied()?;
            let goes_on = match &self.body[parent] {
                Expr::MethodCall { receiver, .. } => *receiver == value,
                Expr::Field { .. } | Expr::UnaryOp { .. } | Expr::Cast { .. } => true,
                Expr::Index { base, .. } => *base == value,
                Expr::BinaryOp { lhs, op, .. } => {
                    (*lhs == value || self.is_pure(*lhs))
                        && !matches!(op, Some(BinaryOp::Assignment { .. } | BinaryOp::LogicOp(_)))
                }
                _ => false,
            };
            if !goes_on {
                return lying;
            }
            value = parent;
        }
    }

    /// A guard through which something is only read: what it leads to can be copied.
    fn is_read_only(&self, made: ExprId) -> bool {
        let steps = self.infer.expr_adjustment(made).unwrap_or_default();
        let reads = |it: &Adjust| match it {
            Adjust::Deref(Some(it)) => !it.0.is_mut(),
            _ => false,
        };
        let Some(index) = steps.iter().position(|it| reads(&it.kind)) else { return false };
        let target: Ty<'db> = steps[index].target.as_ref();
        let shared = steps.iter().all(|it| is_shared(&it.kind));
        index == 0 && shared && self.is_owned_clone(target)
    }

    pub(super) fn is_owned_clone(&self, type_: Ty<'db>) -> bool {
        !self.may_borrow(type_) && self.owned_guard_in(type_).is_none() && self.is_clone(type_)
    }

    pub(super) fn is_option(&self, type_: Ty<'db>) -> bool {
        let TyKind::Adt(adt, _) = type_.kind() else { return false };
        let option = ra_ap_hir_def::lang_item::lang_items(self.db, self.krate()).Option;
        matches!(adt.def_id(), ra_ap_hir_def::AdtId::EnumId(it) if Some(it) == option)
    }

    fn is_option_of_reference(&self, type_: Ty<'db>) -> bool {
        let TyKind::Adt(_, args) = type_.kind() else { return false };
        let inner = args.types().next().filter(|_| self.is_option(type_));
        match inner.map(|it| it.kind()) {
            Some(TyKind::Ref(_, it, mutability)) => !mutability.is_mut() && self.is_owned_clone(it),
            _ => false,
        }
    }

    /// What a `match` or an `if let` looks at.
    fn is_head(&self, value: ExprId) -> bool {
        match self.parents.get(value).map(|it| &self.body[*it]) {
            Some(Expr::Match { expr, .. }) => *expr == value,
            Some(Expr::Let { expr, .. }) => *expr == value,
            _ => false,
        }
    }

    fn borrows_mutably_here(&self, value: ExprId) -> bool {
        let steps = self.infer.expr_adjustment(value).unwrap_or_default();
        let by_step = steps.iter().any(|it| match &it.kind {
            Adjust::Borrow(AutoBorrow::Ref(it)) => {
                ra_ap_rustc_type_ir::Mutability::from(*it).is_mut()
            }
            Adjust::Borrow(AutoBorrow::RawPtr(_)) => true,
            _ => false,
        });
        let by_parent = match self.parents.get(value).map(|it| &self.body[*it]) {
            Some(Expr::Ref { mutability, .. }) => *mutability == Mutability::Mut,
            Some(Expr::Assignment { .. }) => true,
            Some(Expr::BinaryOp { op: Some(BinaryOp::Assignment { .. }), lhs, .. }) => {
                *lhs == value
            }
            Some(Expr::Match { expr, arms }) if *expr == value => {
                arms.iter().any(|it| self.binds_mutably(it.pat))
            }
            Some(Expr::Let { pat, expr }) if *expr == value => self.binds_mutably(*pat),
            _ => false,
        };
        by_step || by_parent
    }

    fn binds_mutably(&self, pattern: PatId) -> bool {
        let mut found = false;
        self.body.walk_pats(pattern, &mut |it| {
            if let Pat::Bind { id, .. } = self.body[it] {
                let type_ = self.infer.binding_ty(id);
                found |= matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
            }
        });
        found
    }

    /// `Some(&it)` says that it is matched as it lies.
    fn has_reference_patterns(&self, head: ExprId) -> bool {
        let mut found = false;
        let mut look = |pattern: PatId| {
            self.body.walk_pats(pattern, &mut |it| {
                found |= matches!(self.body[it], Pat::Ref { .. } | Pat::Deref { .. });
            });
        };
        match self.parents.get(head).map(|it| &self.body[*it]) {
            Some(Expr::Match { arms, .. }) => arms.iter().for_each(|it| look(it.pat)),
            Some(Expr::Let { pat, .. }) => look(*pat),
            _ => return true,
        }
        found
    }

    /// The statement before which this value can be computed: it is the first thing that the statement does.
    fn statement_before(&self, value: ExprId) -> Result<TextRange, &'static str> {
        let unclear = "a macro has a hand in this";
        let not_first = "something else comes before it in its statement";
        let (mut child, mut at) = (value, self.parents.get(value).copied());
        while let Some(parent) = at {
            let is_first = match &self.body[parent] {
                Expr::Block { .. } | Expr::Unsafe { .. } => {
                    return self.range_of_statement(child).ok_or(unclear);
                }
                Expr::Match { expr, .. } => *expr == child,
                Expr::If { condition, .. } => *condition == child,
                Expr::Let { expr, .. } => *expr == child,
                Expr::BinaryOp { lhs, op: Some(BinaryOp::LogicOp(_)), .. } => *lhs == child,
                Expr::Assignment { value, .. } => *value == child,
                Expr::BinaryOp { lhs, .. } => *lhs == child || self.is_pure(*lhs),
                Expr::MethodCall { receiver, args, .. } => {
                    let before = args.iter().take_while(|it| **it != child);
                    *receiver == child
                        || (self.is_pure(*receiver)
                            && before.into_iter().all(|it| self.is_pure(*it)))
                }
                Expr::Call { callee, args } => {
                    let before = args.iter().take_while(|it| **it != child);
                    self.is_pure(*callee) && before.into_iter().all(|it| self.is_pure(*it))
                }
                Expr::Tuple { exprs } => {
                    exprs.iter().take_while(|it| **it != child).all(|it| self.is_pure(*it))
                }
                Expr::RecordLit { fields, .. } => {
                    let before = fields.iter().map(|it| it.expr).take_while(|it| *it != child);
                    before.into_iter().all(|it| self.is_pure(it))
                }
                Expr::Index { base, .. } => *base == child || self.is_pure(*base),
                Expr::Ref { .. }
                | Expr::UnaryOp { .. }
                | Expr::Cast { .. }
                | Expr::Field { .. }
                | Expr::Await { .. }
                | Expr::Return { .. } => true,
                _ => false,
            };
            if !is_first {
                return Err(not_first);
            }
            (child, at) = (parent, self.parents.get(parent).copied());
        }
        Err(not_first)
    }

    /// Its evaluation has no effect, and nothing has one on it.
    fn is_pure(&self, expr: ExprId) -> bool {
        match &self.body[expr] {
            Expr::Path(_) | Expr::Literal(_) => true,
            Expr::Field { expr, .. } | Expr::Ref { expr, .. } | Expr::Cast { expr, .. } => {
                self.is_pure(*expr)
            }
            _ => false,
        }
    }

    fn range_of_statement(&self, child: ExprId) -> Option<TextRange> {
        self.place_of_statement(child).map(|it| it.range)
    }

    /// The statement that this is a part of.
    pub(super) fn place_of_statement(&self, child: ExprId) -> Option<Place> {
        let source = self.syntax(child)?;
        let mut node = source.value.syntax().clone();
        // The statement, or the last expression of the block, is what stands right in its list.
        while node.parent()?.kind() != SyntaxKind::STMT_LIST {
            node = node.parent()?;
        }
        self.place(source.file_id, &node)
    }

    fn while_let_around(&self, made: ExprId) -> Option<ast::WhileExpr> {
        let source = self.syntax(made)?;
        let node = source.value.syntax().clone();
        let mut above = node.ancestors().skip(1);
        let is_in_head = |it: &ast::WhileExpr| {
            let condition = it.condition().map(|it| it.syntax().text_range());
            condition.is_some_and(|it| it.contains_range(node.text_range()))
        };
        let stops = |it: &ra_ap_syntax::SyntaxNode| {
            ast::StmtList::can_cast(it.kind()) || ast::ClosureExpr::can_cast(it.kind())
        };
        let found = above.find(|it| ast::WhileExpr::can_cast(it.kind()) || stops(it))?;
        ast::WhileExpr::cast(found).filter(is_in_head)
    }

    fn goes_into_loop(
        &self,
        made: ExprId,
        around: ast::WhileExpr,
    ) -> Result<Hoisted, &'static str> {
        let unclear = "a macro has a hand in this";
        let Some(ast::Expr::LetExpr(head)) = around.condition() else {
            return Err("the head of this `while` has more than one part");
        };
        let value = head.expr().ok_or(unclear)?;
        let source = self.syntax(made).ok_or(unclear)?;
        if source.file_id.is_macro() {
            return Err(unclear);
        }
        let pattern = self.pattern_of_head(made).ok_or(unclear)?;
        let mut borrows = false;
        self.body.walk_pats(pattern, &mut |it| {
            if let Pat::Bind { id, .. } = self.body[it] {
                let type_ = self.infer.binding_ty(id);
                borrows |= self.may_borrow(type_) || self.owned_guard_in(type_).is_some();
            }
        });
        if borrows {
            return Err("what is borrowed from it is used later");
        }
        // `let .. = {..} else` does not parse.
        if value.syntax().last_token().is_some_and(|it| it.kind() == SyntaxKind::R_CURLY) {
            return Err("its value is a block");
        }
        let place = self.place(source.file_id, value.syntax()).ok_or(unclear)?;
        let goes = Goes::IntoLoop(Box::new(around));
        let (file, value) = (place.file, place.range);
        Ok(Hoisted { file, value, copy: Copied::No, names: Vec::new(), goes })
    }

    fn pattern_of_head(&self, made: ExprId) -> Option<PatId> {
        let mut at = Some(made);
        while let Some(expr) = at {
            if let Expr::Let { pat, .. } = &self.body[expr] {
                return Some(*pat);
            }
            at = self.parents.get(expr).copied();
        }
        None
    }

    /// Names for the value that mean nothing else from here to the end of its block, best first.
    fn free_names(&self, value: ExprId, statement: TextRange) -> Vec<String> {
        let mut wanted: Vec<String> = self.name_in_patterns(value).into_iter().collect();
        wanted.extend(["value", "found", "current"].map(str::to_owned));
        let own: Vec<BindingId> = self.bindings_of_head(value);
        let source = self.syntax(value);
        let block =
            source.and_then(|it| it.value.syntax().ancestors().find_map(ast::BlockExpr::cast));
        let is_free = |name: &String| {
            let variables = self.variables();
            let uses = variables.used.iter().filter(|it| it.range.start() >= statement.start());
            let mut others = uses.filter(|it| !own.contains(&it.variable));
            let is_used = others.any(|it| self.body[it.variable].name.as_str() == name);
            let own_uses: Vec<TextRange> = own
                .iter()
                .flat_map(|it| variables.uses_of(*it).map(|it| it.range))
                .chain(variables.declared.iter().filter(|it| own.contains(&it.0)).map(|it| it.1))
                .collect();
            // A constant or a function of this name would be hidden.
            let tokens = block.iter().flat_map(|it| it.syntax().descendants_with_tokens());
            let mut words = tokens.filter_map(|it| it.into_token()).filter(|it| {
                it.kind() == SyntaxKind::IDENT
                    && it.text() == name.as_str()
                    && it.prev_token().is_none_or(|it| it.kind() != SyntaxKind::DOT)
            });
            let is_own = |it: TextRange| own_uses.iter().any(|own| own.contains_range(it));
            let is_early = |it: TextRange| it.end() <= statement.start();
            !is_used && words.all(|it| is_own(it.text_range()) || is_early(it.text_range()))
        };
        wanted.into_iter().filter(is_free).collect()
    }

    fn name_in_patterns(&self, value: ExprId) -> Option<String> {
        let mut names: Vec<String> = self
            .bindings_of_head(value)
            .into_iter()
            .map(|it| self.body[it].name.as_str().to_owned())
            .collect();
        names.sort();
        names.dedup();
        let plain = |it: &String| it.starts_with(|it: char| it.is_lowercase());
        match &names[..] {
            [one] => Some(one.clone()).filter(plain),
            _ => self.field_name(value),
        }
    }

    /// `url` of `state.lock().url.clone()`.
    fn field_name(&self, value: ExprId) -> Option<String> {
        let mut name = None;
        let mut at = value;
        loop {
            at = match &self.body[at] {
                Expr::MethodCall { receiver, .. } => *receiver,
                Expr::UnaryOp { expr, .. } => *expr,
                Expr::Field { expr, name: field } => {
                    let is_word = field.as_tuple_index().is_none();
                    name = name.or(is_word.then(|| field.as_str().to_owned()));
                    *expr
                }
                Expr::Path(_) => {
                    let local = self.local(at)?;
                    let own = self.body[local].name.as_str().to_owned();
                    return name.or((own != "self").then_some(own));
                }
                _ => return name,
            };
        }
    }

    fn bindings_of_head(&self, value: ExprId) -> Vec<BindingId> {
        let mut found = Vec::new();
        let mut look =
            |pattern: PatId| self.body.walk_bindings_in_pat(pattern, |it| found.push(it));
        match self.parents.get(value).map(|it| &self.body[*it]) {
            Some(Expr::Match { expr, arms }) if *expr == value => {
                arms.iter().for_each(|it| look(it.pat));
            }
            Some(Expr::Let { pat, expr }) if *expr == value => look(*pat),
            _ => {}
        }
        found
    }

    pub(super) fn is_clone(&self, type_: Ty<'db>) -> bool {
        let clone = ra_ap_hir_def::lang_item::lang_items(self.db, self.krate()).Clone;
        clone.is_some_and(|it| self.implements(type_, it))
    }
}
