//! A runtime that async code makes for itself, only to wait in it for futures.

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId, Statement};
use ra_ap_syntax::{AstNode, SyntaxKind, TextRange, ast};

use crate::{
    facts::body::{BodyFacts, Mention},
    finding::Place,
    knowledge::Wait,
};

/// It can go when the futures are awaited.
pub struct OwnRuntime {
    /// The `let` that makes it, with the line break behind it.
    pub made: Place,
    /// The calls that wait in it, which are all that is done with it.
    pub waits: Vec<Mention>,
}

impl BodyFacts<'_> {
    /// The runtime that the mention waits in, when its whole life is in sight.
    pub fn own_runtime(&self, mention: &Mention) -> Option<OwnRuntime> {
        let variable = self.waits_in(mention)?;
        let Statement::Let { initializer: Some(maker), else_branch: None, .. } =
            self.plain_let(variable)?
        else {
            return None;
        };
        if !self.is_idle(*maker) {
            return None;
        }
        let is_use = |it: &&(ExprId, Option<ExprId>)| self.local(it.0) == Some(variable);
        let uses: Vec<ExprId> = self.sequence.iter().filter(is_use).map(|it| it.0).collect();
        let waits = self.mentions.iter().filter(|it| {
            self.waits_in(it) == Some(variable)
                && it.awaits_in == mention.awaits_in
                && it.row.path == mention.row.path
        });
        let waits: Vec<Mention> = waits.cloned().collect();
        let made = self.whole_let(*maker)?;
        (uses.len() == waits.len()).then_some(OwnRuntime { made, waits })
    }

    /// The variable that keeps the runtime in which this call waits.
    fn waits_in(&self, mention: &Mention) -> Option<BindingId> {
        mention.awaits_in?;
        let instead = mention.row.instead.as_deref()?;
        let Expr::MethodCall { receiver, .. } = &self.body[mention.expr] else { return None };
        // Where it stands in what is awaited, it is needed.
        let is_left_behind = mention.row.blocks == Some(Wait::Future) && !instead.contains("$self");
        self.local(*receiver).filter(|_| is_left_behind)
    }

    fn whole_let(&self, maker: ExprId) -> Option<Place> {
        let source = self.syntax(maker)?;
        let statement = source.value.syntax().ancestors().find_map(ast::LetStmt::cast)?;
        let node = statement.syntax();
        let made = self.place(source.file_id, node).filter(|_| !source.file_id.is_macro())?;
        let has_comment = node.descendants_with_tokens().any(|it| it.kind() == SyntaxKind::COMMENT);
        // Spaces behind it, up to what follows: the text before keeps its own.
        let space = node.next_sibling_or_token();
        let space = space.filter(|it| it.kind() == SyntaxKind::WHITESPACE)?;
        let range = TextRange::new(made.range.start(), space.text_range().end());
        (!has_comment).then(|| Place::new(made.file, range))
    }
}
