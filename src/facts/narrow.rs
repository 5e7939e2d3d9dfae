//! How short a guard could live: the statements that need it, where they end before the first `.await`.

use ra_ap_hir_def::hir::{BindingAnnotation, BindingId, ExprId};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_span::Edition;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, ast};

use crate::{
    facts::{
        body::BodyFacts, held::HeldGuard, locks::HeldLock, mentions::Variables, suspends::Origin,
    },
    finding::FilePath,
};

/// The statements of one block that need a guard.
pub struct Section {
    pub file: FilePath,
    /// Before what they end.
    pub before: Before,
    /// From the `let` of the guard to the last statement that uses it.
    pub statements: Vec<ast::Stmt>,
    /// The variables that are made there and used later.
    pub carried: Vec<Carried>,
    /// The next statement is the one that awaits.
    pub await_follows: bool,
    /// What is dropped at the end of the section and so far was dropped later, with a destructor of its own.
    pub dropped_early: Option<String>,
    pub edition: Edition,
}

/// Before what a guard has to be gone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Before {
    Await,
    /// A call that would wait for it.
    Call,
}

/// A variable that goes on after the section.
pub struct Carried {
    pub name: String,
    pub mutable: bool,
    /// Its initializer may be the last expression of a block: no temporary outlives what it borrows there.
    pub ends_clean: bool,
}

impl<'db> BodyFacts<'db> {
    /// The statements that need this guard, or why they cannot be told from the others.
    pub fn section(&self, guard: &HeldGuard<'db>) -> Result<Section, &'static str> {
        self.section_of(guard.origin, Before::Await, &guard.awaits, &guard.at.file)
    }

    /// The statements that use a variable, where they end before all of `awaits`.
    pub(super) fn section_of_variable(
        &self,
        variable: BindingId,
        awaits: &[ExprId],
        file: &FilePath,
    ) -> Result<Section, &'static str> {
        self.section_of(Origin::Variable(variable), Before::Await, awaits, file)
    }

    /// The statements that need the guard of a lock, where they end before this call.
    pub fn section_before(&self, lock: &HeldLock, call: ExprId) -> Result<Section, &'static str> {
        self.section_of(lock.origin, Before::Call, &[call], &lock.at.file)
    }

    fn section_of(
        &self,
        origin: Origin,
        before: Before,
        awaits: &[ExprId],
        file: &FilePath,
    ) -> Result<Section, &'static str> {
        let Origin::Variable(variable) = origin else {
            return Err(
                "it is a value without a name: give it one in a block of its own, and take from it what is \
                        needed later",
            );
        };
        let unclear = "a macro has a hand in this";
        let statement = self.let_of(variable).ok_or("it is not declared by a `let` statement")?;
        let block = statement.syntax().parent().and_then(ast::StmtList::cast).ok_or(unclear)?;
        let statements: Vec<ast::Stmt> = block.statements().collect();
        let first = index_around(&statements, statement.syntax().text_range()).ok_or(unclear)?;
        let variables = self.variables();
        let own = variables.uses_of(variable).map(|it| it.range);
        let last_use = own.max_by_key(|it| it.end()).ok_or(
            "nothing uses it: what it protects is the code that follows, so only that code can tell how long it must live",
        )?;
        let awaits = awaits.iter().map(|it| self.range_around(*it));
        let first_await = awaits.collect::<Option<Vec<_>>>().ok_or(unclear)?;
        let first_await = first_await.into_iter().min_by_key(|it| it.start()).ok_or(unclear)?;
        let awaiting = index_around(&statements, first_await).unwrap_or(statements.len());
        let used_later = match before {
            Before::Await => {
                "it is used up to the `.await` or after it: take out what is needed there, or lock again"
            }
            Before::Call => {
                "it is used up to the call or after it: take out what is needed there, or lock again"
            }
        };
        let last = index_around(&statements, last_use).filter(|it| *it < awaiting);
        let last = last.ok_or(used_later)?;
        let range = TextRange::new(
            statements[first].syntax().text_range().start(),
            statements[last].syntax().text_range().end(),
        );
        let inside = &statements[first..=last];
        if inside.iter().any(|it| matches!(it, ast::Stmt::Item(_))) {
            return Err("an item is declared between");
        }
        let carried = self.carried(&variables, range)?;
        if self.may_keep_borrow(&variables, range) {
            return Err("what is borrowed from it may be kept in a variable that lives on");
        }
        Ok(Section {
            file: file.clone(),
            before,
            statements: inside.to_vec(),
            carried,
            await_follows: last + 1 == awaiting,
            dropped_early: self.dropped_early(&variables, range, variable),
            edition: self.edition_of(self.body.root_expr()),
        })
    }

    /// The `let` statement that declares a variable, where the user wrote it himself.
    pub(super) fn let_of(&self, variable: BindingId) -> Option<ast::LetStmt> {
        let pattern = self.map.patterns_for_binding(variable).first()?;
        let source = self.map.pat_syntax(*pattern).ok()?;
        if source.file_id.is_macro() {
            return None;
        }
        let root = source.file_id.parse_or_expand(self.db);
        let node: SyntaxNode = source.value.to_node(&root).syntax().clone();
        let mut patterns = node.ancestors().skip_while(|it| ast::Pat::can_cast(it.kind()));
        // Between them there may be the list of a record pattern.
        let owner = patterns.find(|it| {
            !ast::RecordPatField::can_cast(it.kind())
                && !ast::RecordPatFieldList::can_cast(it.kind())
                && !ast::Pat::can_cast(it.kind())
        })?;
        ast::LetStmt::cast(owner)
    }

    /// The variables that are declared in a range and used outside it.
    fn carried(&self, all: &Variables, range: TextRange) -> Result<Vec<Carried>, &'static str> {
        let mut carried = Vec::new();
        for (variable, at) in &all.declared {
            let goes_on = |it: TextRange| !range.contains_range(it);
            if !range.contains_range(*at) || !all.uses_of(*variable).any(|it| goes_on(it.range)) {
                continue;
            }
            if self.may_borrow(self.infer.binding_ty(*variable)) {
                return Err("what is borrowed from it is used later");
            }
            let binding = &self.body[*variable];
            carried.push(Carried {
                name: binding.name.as_str().to_owned(),
                mutable: binding.mode == BindingAnnotation::Mutable,
                ends_clean: self.ends_clean(*variable),
            });
        }
        Ok(carried)
    }

    fn ends_clean(&self, variable: BindingId) -> bool {
        let Some(initializer) = self.plain_value_of(variable) else { return false };
        if self.edition_of(initializer) >= Edition::Edition2024 {
            return true;
        }
        let mut clean = true;
        self.walk(initializer, &mut |it| {
            let type_ = self.infer.expr_ty(it);
            let is_reference = matches!(type_.kind(), TyKind::Ref(..));
            clean &= is_reference || !self.may_borrow(type_) || !self.has_own_destructor(type_);
        });
        clean
    }

    /// Whether a variable from outside may be given something that is borrowed inside.
    fn may_keep_borrow(&self, all: &Variables, range: TextRange) -> bool {
        let inside = all.used.iter().filter(|it| range.contains_range(it.range));
        inside.map(|it| it.variable).any(|variable| {
            let is_own = all.declaration(variable).is_some_and(|it| range.contains_range(it));
            let type_ = self.infer.binding_ty(variable);
            let target = type_.strip_references();
            let changes = self.body[variable].mode == BindingAnnotation::Mutable
                || matches!(type_.kind(), TyKind::Ref(_, _, it) if it.is_mut());
            !is_own && changes && self.may_borrow(target)
        })
    }

    /// A variable whose destructor would run earlier.
    fn dropped_early(&self, all: &Variables, range: TextRange, guard: BindingId) -> Option<String> {
        let inside = all.declared.iter().filter(|(it, at)| {
            let stays = all.uses_of(*it).all(|it| range.contains_range(it.range));
            *it != guard && stays && range.contains_range(*at)
        });
        let types = inside.map(|it| (it.0, self.infer.binding_ty(it.0)));
        types
            .filter(|it| self.has_own_destructor(it.1))
            .map(|it| self.body[it.0].name.as_str().to_owned())
            .next()
    }
}

/// The statement that contains this range.
fn index_around(statements: &[ast::Stmt], range: TextRange) -> Option<usize> {
    statements.iter().position(|it| it.syntax().text_range().contains_range(range))
}
