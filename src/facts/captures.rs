//! What a piece of code would have to take along to another thread, and whether it can.

use std::collections::BTreeSet;

use ra_ap_hir_def::{
    hir::{BindingId, Expr, ExprId},
    type_ref::Mutability,
};
use ra_ap_hir_ty::{
    Adjust, AutoBorrow,
    next_solver::{Ty, TyKind},
};
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::body::BodyFacts,
    finding::{Note, Place},
};

/// A variable, or a field of one, that goes along.
#[derive(Clone, Debug)]
pub struct Capture {
    /// What it is called there.
    pub name: String,
    /// What is said before: `path.clone()`. None when it goes along as it is.
    pub made_by: Option<String>,
    /// Where it is named, and what is written there instead.
    pub mentions: Vec<(Place, String)>,
}

/// Of what a copy may be taken along.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Copies {
    /// Where it is known to cost little.
    Cheap,
    /// Of all that can be copied.
    Any,
}

impl<'db> BodyFacts<'db> {
    /// What `expr` takes along to another thread, or why it has to stay.
    pub fn captures(&self, expr: ExprId, copies: Copies) -> Result<Vec<Capture>, Note> {
        self.stays_inside(expr)?;
        self.owns_itself(self.infer.expr_ty(expr)).map_err(|it| {
            Note::new(format!("what it gives back {it}, and cannot come from another thread"))
        })?;
        let mut own = BTreeSet::new();
        self.walk(expr, &mut |it| own.extend(self.own_bindings(it)));
        let mut captures: Vec<Capture> = Vec::new();
        let mut done = BTreeSet::new();
        for place in self.places_in(expr) {
            let Some(local) = self.root(place).filter(|it| !own.contains(it)) else { continue };
            if self.local(place).is_some() && !done.insert(local) {
                continue;
            }
            let capture = self.capture(expr, place, local, copies)?;
            let known = captures.iter_mut().find(|it| it.name == capture.name);
            match known {
                Some(it) if it.made_by == capture.made_by && it.made_by.is_some() => {
                    it.mentions.extend(capture.mentions);
                }
                Some(it) => {
                    return Err(Note::new(format!("`{}` would stand for two things", it.name)));
                }
                None => captures.push(capture),
            }
        }
        Ok(captures)
    }

    /// Why `expr` cannot stand in a closure that runs right here, if anything is in the way.
    pub fn stays_in_place(&self, expr: ExprId) -> Result<(), Note> {
        self.stays_inside(expr)?;
        // What it borrows from may be made inside.
        let given_back = self.owns_itself(self.infer.expr_ty(expr));
        given_back.map_err(|it| Note::new(format!("what it gives back {it}")))
    }

    /// Whether nothing in it leads out: no way back to the function around it, and no `.await`.
    fn stays_inside(&self, expr: ExprId) -> Result<(), Note> {
        let mut problem = None;
        self.walk_here(expr, &mut |it| match &self.body[it] {
            Expr::Await { .. } => problem = Some("an `.await` in it cannot go along"),
            Expr::Return { .. } | Expr::Break { .. } | Expr::Continue { .. }
                if !(self.is_question_mark(it) && self.is_same_way_out(expr)) =>
            {
                problem = Some("a way out of the function in it, like `?`, cannot go along");
            }
            Expr::Closure { closure_kind, .. }
                if !matches!(closure_kind, ra_ap_hir_def::hir::ClosureKind::Closure) =>
            {
                problem = Some("async code in it cannot go along");
            }
            _ => {}
        });
        problem.map_or(Ok(()), |it| Err(Note::new(it)))
    }

    /// `a()?.b()` before another `?`: when both errors are of one type, the first may be the result as well.
    fn is_same_way_out(&self, expr: ExprId) -> bool {
        let error = self.error_of(self.infer.expr_ty(expr));
        let mut all =
            error.is_some() && self.parents.get(expr).is_some_and(|it| self.is_question_mark(*it));
        self.walk_here(expr, &mut |it| {
            if let Expr::Match { expr: branch, .. } = &self.body[it]
                && self.is_question_mark(it)
                && let Expr::Call { args, .. } = &self.body[*branch]
            {
                let operand = args.first().map(|it| self.infer.expr_ty(*it));
                all &= operand.is_some_and(|it| self.error_of(it) == error);
            }
        });
        all
    }

    /// The second parameter of a `Result`.
    pub(crate) fn error_of(&self, type_: Ty<'db>) -> Option<Ty<'db>> {
        match type_.kind() {
            TyKind::Adt(_, args) if args.types().count() == 2 => args.types().nth(1),
            _ => None,
        }
    }

    /// Like `walk`, without the bodies of closures.
    fn walk_here(&self, expr: ExprId, each: &mut dyn FnMut(ExprId)) {
        each(expr);
        if matches!(self.body[expr], Expr::Closure { .. }) {
            return;
        }
        let mut children = Vec::new();
        self.body.walk_child_exprs(expr, |it| children.push(it));
        children.into_iter().for_each(|it| self.walk_here(it, each));
    }

    /// Variables and fields of variables, as far as they are written: `state.files.root` is one.
    pub(super) fn places_in(&self, expr: ExprId) -> Vec<ExprId> {
        let mut places = Vec::new();
        self.collect_places(expr, &mut places);
        places
    }

    fn collect_places(&self, expr: ExprId, places: &mut Vec<ExprId>) {
        if self.root(expr).is_some() {
            places.push(expr);
            return;
        }
        let mut children = Vec::new();
        self.body.walk_child_exprs(expr, |it| children.push(it));
        children.into_iter().for_each(|it| self.collect_places(it, places));
    }

    /// The variable that this place is, or is a field of.
    pub(super) fn root(&self, place: ExprId) -> Option<BindingId> {
        match &self.body[place] {
            Expr::Path(_) => self.local(place),
            Expr::Field { expr, .. } => self.root(*expr),
            _ => None,
        }
    }

    fn capture(
        &self,
        expr: ExprId,
        place: ExprId,
        local: BindingId,
        copies: Copies,
    ) -> Result<Capture, Note> {
        let variable = self.body[local].name.as_str().to_owned();
        let type_ = self.infer.binding_ty(local);
        let refuse = |name: &str, why: &str| Err(Note::new(format!("`{name}` {why}")));
        if self.local(place).is_none() {
            let is_owned = self.owns_itself(type_).is_ok();
            if !(is_owned && self.may_move(expr, local)) {
                return self.field(expr, place);
            }
        }
        let plain = Capture { name: variable.clone(), made_by: None, mentions: Vec::new() };
        if let TyKind::Ref(_, target, mutability) = type_.kind() {
            // What is changed in a copy is lost.
            return match mutability.is_mut() {
                true => refuse(&variable, "is borrowed"),
                false => self.copy(expr, local, target, copies),
            };
        }
        if let Err(why) = self.owns_itself(type_) {
            return refuse(&variable, &why);
        }
        if !self.is(type_, "Send") {
            return refuse(&variable, "is not `Send`");
        }
        let again = !self.may_move(expr, local);
        if again && self.is_changed_in(expr, local) {
            return refuse(&variable, "is changed here and used again");
        }
        match again && !self.is(type_, "Copy") {
            false => Ok(plain),
            true if self.is_cheap(type_) || self.may_copy(type_, copies) => {
                Ok(Capture { made_by: Some(format!("{variable}.clone()")), ..plain })
            }
            true => refuse(&variable, "is used again, and a copy may cost much"),
        }
    }

    fn may_copy(&self, type_: Ty<'db>, copies: Copies) -> bool {
        let is_own = || self.owns_itself(type_).is_ok() && self.is(type_, "Send");
        copies == Copies::Any && self.is_clone(type_) && is_own()
    }

    /// A copy of what a reference leads to.
    fn copy(
        &self,
        expr: ExprId,
        local: BindingId,
        target: Ty<'db>,
        copies: Copies,
    ) -> Result<Capture, Note> {
        let name = self.body[local].name.as_str().to_owned();
        let method = match target.kind() {
            TyKind::Str => "to_owned",
            TyKind::Slice(it) if self.may_copy(it, copies) => "to_vec",
            _ if self.is_cheap(target) || self.may_copy(target, copies) => "clone",
            TyKind::Adt(adt, _) => {
                match self.known.type_(adt.def_id()).and_then(|it| it.owned_by.as_deref()) {
                    Some(it) => it,
                    None => return Err(Note::new(format!("`{name}` is borrowed"))),
                }
            }
            _ => return Err(Note::new(format!("`{name}` is borrowed"))),
        };
        let mut mentions = Vec::new();
        for place in self.places_in(expr).into_iter().filter(|it| self.local(*it) == Some(local)) {
            let at =
                self.place_of(place).ok_or_else(|| Note::new("a macro writes a part of it"))?;
            match self.parents.get(place).map(|it| &self.body[*it]) {
                Some(Expr::MethodCall { receiver, .. }) if *receiver == place => {}
                Some(Expr::Ref { mutability: Mutability::Shared, .. }) => {}
                Some(Expr::Call { .. } | Expr::MethodCall { .. }) => {
                    mentions.push((at, format!("&{name}")))
                }
                _ => return Err(Note::new(format!("`{name}` is borrowed"))),
            }
        }
        let made_by = Some(format!("{name}.{method}()"));
        Ok(Capture { name, made_by, mentions })
    }

    /// A copy of a field, under the name of the field.
    fn field(&self, expr: ExprId, place: ExprId) -> Result<Capture, Note> {
        let is_taken = |name: &str| {
            let mut locals = self.places_in(expr).into_iter().filter_map(|it| self.local(it));
            locals.any(|it| self.body[it].name.as_str() == name)
        };
        self.field_unless(place, is_taken)
    }

    /// The same, unless its name is taken.
    pub(super) fn field_unless(
        &self,
        place: ExprId,
        is_taken: impl Fn(&str) -> bool,
    ) -> Result<Capture, Note> {
        let no_place = || Note::new("a macro writes a part of it");
        let at = self.place_of(place).ok_or_else(no_place)?;
        let text =
            self.workspace.text(&at.file).map(|it| it[at.range].to_owned()).ok_or_else(no_place)?;
        let type_ = self.infer.expr_ty(place);
        let name = match &self.body[place] {
            Expr::Field { name, .. } => name.as_str().to_owned(),
            _ => text.clone(),
        };
        let is_name = name.starts_with(|it: char| it.is_alphabetic() || it == '_');
        let copies = self.is(type_, "Copy");
        if !is_name
            || is_taken(&name)
            || !(copies || self.is_cheap(type_))
            || self.borrows_mutably(place)
        {
            return Err(Note::new(format!("`{text}` belongs to something that stays here")));
        }
        let by_value = !self.is_borrowed(place);
        if by_value && !copies {
            return Err(Note::new(format!("`{text}` belongs to something that stays here")));
        }
        let made_by = if copies { text } else { format!("{text}.clone()") };
        Ok(Capture { made_by: Some(made_by), mentions: vec![(at, name.clone())], name })
    }

    /// Whether this variable is not needed any more once `expr` has it.
    fn may_move(&self, expr: ExprId, local: BindingId) -> bool {
        let (mut child, mut statement) = (expr, None);
        while let Some(parent) = self.parents.get(child).copied() {
            if statement.is_none() && matches!(self.body[parent], Expr::Block { .. }) {
                statement = Some(child);
            }
            let again = match &self.body[parent] {
                Expr::Loop { .. } => true,
                Expr::Closure { closure_kind, .. } => {
                    !matches!(closure_kind, ra_ap_hir_def::hir::ClosureKind::Coroutine { .. })
                }
                _ => false,
            };
            if again && !self.is_made_in(parent, local) {
                return false;
            }
            child = parent;
        }
        let uses = |inside: ExprId| {
            let mut uses = 0;
            self.walk(inside, &mut |it| uses += usize::from(self.local(it) == Some(local)));
            uses
        };
        // Something else in the same statement may hold on to it.
        if statement.is_some_and(|it| uses(it) != uses(expr)) {
            return false;
        }
        let Some(position) = self.sequence.iter().position(|it| it.0 == expr) else { return false };
        let after = &self.sequence[position + 1..];
        // What is borrowed may be borrowed from it.
        after.iter().filter_map(|it| self.local(it.0)).all(|it| {
            it != local
                && (self.is_parameter(it) || self.owns_itself(self.infer.binding_ty(it)).is_ok())
        })
    }

    fn is_made_in(&self, expr: ExprId, local: BindingId) -> bool {
        let mut made = false;
        self.walk(expr, &mut |it| made |= self.own_bindings(it).contains(&local));
        made
    }

    fn is_changed_in(&self, expr: ExprId, local: BindingId) -> bool {
        let mut changed = false;
        self.walk(expr, &mut |it| {
            changed |= self.root(it) == Some(local) && self.borrows_mutably(it);
        });
        changed
    }

    pub(super) fn borrows_mutably(&self, place: ExprId) -> bool {
        let adjustments = self.infer.expr_adjustment(place).unwrap_or_default();
        let by_method = adjustments.iter().any(|it| match it.kind {
            Adjust::Borrow(AutoBorrow::Ref(kind)) => {
                ra_ap_rustc_type_ir::Mutability::from(kind).is_mut()
            }
            _ => false,
        });
        let by_hand = matches!(
            self.parents.get(place).map(|it| &self.body[*it]),
            Some(Expr::Ref { mutability: Mutability::Mut, .. } | Expr::Assignment { .. })
        );
        by_method || by_hand
    }

    pub(super) fn is_borrowed(&self, place: ExprId) -> bool {
        let adjustments = self.infer.expr_adjustment(place).unwrap_or_default();
        adjustments.iter().any(|it| matches!(it.kind, Adjust::Borrow(_)))
            || matches!(self.parents.get(place).map(|it| &self.body[*it]), Some(Expr::Ref { .. }))
    }

    fn is_cheap(&self, type_: Ty<'db>) -> bool {
        match type_.kind() {
            TyKind::Adt(adt, _) => {
                let is_cheap = self.known.type_(adt.def_id()).is_some_and(|it| it.cheap_clone);
                is_cheap && self.owns_itself(type_).is_ok() && self.is(type_, "Send")
            }
            _ => false,
        }
    }

    /// Whether a value of this type borrows from nothing; or what it does, in a few words.
    pub(crate) fn owns_itself(&self, type_: Ty<'db>) -> Result<(), String> {
        match type_.kind() {
            TyKind::Ref(..) | TyKind::RawPtr(..) => Err("is borrowed".to_owned()),
            TyKind::Adt(_, args) => {
                if args.regions().next().is_some() {
                    return Err("borrows from something".to_owned());
                }
                args.types().try_for_each(|it| self.owns_itself(it))
            }
            TyKind::Tuple(types) => types.iter().try_for_each(|it| self.owns_itself(it)),
            TyKind::Array(it, _) | TyKind::Slice(it) => self.owns_itself(it),
            TyKind::Bool | TyKind::Char | TyKind::Int(_) | TyKind::Uint(_) | TyKind::Float(_) => {
                Ok(())
            }
            TyKind::Str
            | TyKind::Never
            | TyKind::Dynamic(..)
            | TyKind::FnDef(..)
            | TyKind::FnPtr(..) => Ok(()),
            _ => Err("is of a type that may borrow".to_owned()),
        }
    }
}
