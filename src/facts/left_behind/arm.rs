//! A value that takes a change back when it is dropped, on whatever way out.

use ra_ap_hir_def::hir::{Expr, ExprId};
use ra_ap_hir_ty::next_solver::TyKind;
use ra_ap_rustc_type_ir::inherent::IntoKind;
use ra_ap_syntax::{AstNode, SyntaxNode, TextRange, TextSize, ast};

use crate::{
    facts::{
        body::BodyFacts,
        left_behind::{Kind, LeftBehind},
    },
    finding::FilePath,
};

/// What to write so that one is there.
pub struct Armed {
    pub file: FilePath,
    /// Where it is made, before the statement there.
    pub at: TextSize,
    /// What it changes back, and the type of that.
    pub owner: TextRange,
    pub type_: String,
    /// The call that does so, from the `.` on.
    pub call: TextRange,
    /// The statement that did it before.
    pub back: TextRange,
    /// Names that are free, of its type and of itself.
    pub type_name: String,
    pub name: String,
}

impl BodyFacts<'_> {
    /// How such a value could be made, of a change that needs no `&mut`; or why not.
    pub fn armed(&self, left: &LeftBehind) -> Result<Armed, &'static str> {
        let unclear = "a macro has a hand in it";
        let row = self.row_of_call(left.back).filter(|it| it.changes && left.kind != Kind::Entered);
        let row = row.ok_or("it would have to borrow what the code in between needs, too")?;
        let (type_, _) = row.path.rsplit_once("::").ok_or(unclear)?;
        let Expr::MethodCall { receiver, ref args, .. } = self.body[left.back] else {
            return Err(unclear);
        };
        let mut names_local = false;
        args.iter().for_each(|it| self.walk(*it, &mut |it| names_local |= self.is_local(it)));
        if names_local {
            return Err("what takes it back is only known then");
        }
        let call = self.syntax(left.back).filter(|it| !it.file_id.is_macro()).ok_or(unclear)?.value;
        let statement = call.syntax().parent().and_then(ast::ExprStmt::cast);
        let statement = statement.ok_or("what takes it back is no statement of its own")?;
        let list = statement.syntax().parent().and_then(ast::StmtList::cast).ok_or(unclear)?;
        let owner = self.place_of(receiver).ok_or(unclear)?.range;
        let at = self.first_statement_behind(left.made, &list).ok_or(unclear)?;
        let back = statement.syntax().text_range();
        if at >= back.start() {
            return Err(unclear);
        }
        self.may_be_borrowed(receiver, TextRange::new(at, back.start()))?;
        Ok(Armed {
            file: left.at.file.clone(),
            at,
            owner,
            type_: type_.to_owned(),
            call: TextRange::new(owner.end(), call.syntax().text_range().end()),
            back,
            type_name: self.free_name("Undo").ok_or(unclear)?,
            name: self.free_name("undo").ok_or(unclear)?,
        })
    }

    /// Where the next statement begins in this list, or its first one where the change is made before it.
    fn first_statement_behind(&self, made: ExprId, list: &ast::StmtList) -> Option<TextSize> {
        let made = self.place_of(made)?.range;
        let all: Vec<SyntaxNode> = list.statements().map(|it| it.syntax().clone()).collect();
        let around = all.iter().position(|it| it.text_range().contains_range(made));
        let first = around.map_or(0, |it| it + 1);
        Some(all.get(first)?.text_range().start())
    }

    /// Whether a place may stay borrowed while the code in `between` runs.
    fn may_be_borrowed(&self, place: ExprId, between: TextRange) -> Result<(), &'static str> {
        let Some(root) = self.root(place) else {
            return match self.body[place] {
                Expr::Path(_) => Ok(()),
                _ => Err("it is behind something that would have to be held"),
            };
        };
        let type_ = self.infer.binding_ty(root);
        let is_lent = matches!(type_.kind(), TyKind::Ref(_, _, it) if !it.is_mut());
        let variables = self.variables();
        let mut uses = variables.uses_of(root);
        match is_lent || !uses.any(|it| between.contains_range(it.range)) {
            true => Ok(()),
            false => Err("what it belongs to is needed meanwhile"),
        }
    }
}
