//! All that a workspace does with its locks of one type, and whether tasks could wait for each of them instead of
//! threads.
//!
//! What is locked tells the locks apart: all `Mutex<Connection>` are one type, and change together or not at all. Then
//! types fit each other as they did before, wherever values go.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use ra_ap_hir_def::{
    AdtId,
    hir::{Expr, ExprId},
};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_ide_db::text_edit::TextSize;
use ra_ap_rustc_type_ir::inherent::IntoKind;

use crate::{
    facts::{body::BodyFacts, held::HeldGuard},
    finding::{FilePath, Note, Place},
    knowledge::Row,
};

mod called;
mod inactive;
mod matched;
mod named;

/// The locks of one type.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct LockType {
    /// The path of the row that knows the lock.
    pub path: String,
    /// What is locked, as one writes it, without lifetimes.
    pub inner: String,
}

/// What is done with such a lock at one place.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum LockUse {
    /// Its type, or that of its guard, is named here.
    Named { twin: String },
    /// It is made where only constants are.
    MadeConst,
    /// It is waited for in async code. The guard is taken out of its result up to `result`.
    Awaited { result: TextSize },
    /// It is waited for by the method of this name, on a thread that may block.
    OnThread,
    /// Whether it is free is asked, for an `Option`.
    TriedAsOption,
    /// What a broken lock gives has no twin, from here up to `result`.
    Unwrapped { result: TextSize },
    /// The same, all of the range.
    Needless,
    /// `if let Ok(` before the guard, which becomes a variable of the block behind it.
    Head { block: TextSize },
    /// The end of that head: from the call up to the first brace of the block.
    HeadEnds { block: TextSize, awaited: bool },
}

/// All that is done with them.
#[derive(Clone, Default, Debug)]
pub struct LockUses {
    pub places: BTreeMap<FilePath, BTreeSet<(TextRangeKey, LockUse)>>,
    /// Whether they break when a thread panics while it holds one.
    pub breaks: bool,
}

/// A range, in the order of the text.
pub type TextRangeKey = (u32, u32);

impl LockUses {
    fn add(&mut self, place: Place, use_: LockUse) {
        let key = (place.range.start().into(), place.range.end().into());
        self.places.entry(place.file).or_default().insert((key, use_));
    }
}

impl<'db> BodyFacts<'db> {
    /// The type of the lock that a guard belongs to.
    pub fn lock_type(&self, guard: &HeldGuard<'db>) -> Option<LockType> {
        self.lock_type_of_call(self.taking_call_of(guard.origin)?)
    }

    /// The type of the lock that a method is called on, where it has a twin.
    fn lock_type_of_call(&self, call: ExprId) -> Option<LockType> {
        let Expr::MethodCall { receiver, .. } = &self.body[call] else { return None };
        let type_ = self.infer.type_of_expr_with_adjust(*receiver)?;
        let (row, inner) = self.lock_row(type_.strip_references())?;
        Some(LockType { path: row.path.clone(), inner: self.written_type(inner) })
    }

    /// What is known of a lock that has a twin, and what it locks.
    fn lock_row(&self, type_: Ty<'db>) -> Option<(&'db Row, Ty<'db>)> {
        let TyKind::Adt(adt, args) = type_.kind() else { return None };
        let row = self.lock_row_of(adt.def_id())?;
        Some((row, args.types().last()?))
    }

    fn lock_row_of(&self, adt: AdtId) -> Option<&'db Row> {
        let row = &**self.known.type_(adt)?;
        (row.asynchronous.is_some() && row.guard.is_none()).then_some(row)
    }

    pub(super) fn written_type(&self, type_: Ty<'db>) -> String {
        without_lifetimes(&self.type_name(type_))
    }
}

/// All uses of the locks of this type, or why one of them has to stay what it is.
pub(super) fn lock_uses<'db>(body: &BodyFacts<'db>, lock: &LockType) -> Result<LockUses, Note> {
    let mut uses = LockUses::default();
    let methods: HashSet<String> = called::methods(body, lock).collect();
    named::add(body, lock, &methods, &mut uses)?;
    called::add(body, lock, &methods, &mut uses)?;
    Ok(uses)
}

/// `&'a str` as `&str`, and `Guard<'_, u32>` as `Guard<u32>`: who infers a type and who reads it write lifetimes in
/// different ways.
fn without_lifetimes(type_: &str) -> String {
    let mut text = String::new();
    let mut rest = type_;
    while let Some(at) = rest.find('\'') {
        text.push_str(&rest[..at]);
        let name = rest[at + 1..].find(|it: char| !it.is_alphanumeric() && it != '_' && it != '?');
        rest = &rest[at + 1..][name.unwrap_or(rest.len() - at - 1)..];
        rest = rest.strip_prefix(", ").unwrap_or(rest).trim_start();
    }
    text.push_str(rest);
    text.replace("<>", "")
}
