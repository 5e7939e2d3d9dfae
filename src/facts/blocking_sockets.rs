//! Sockets whose calls wait, given to a runtime that takes only others.

use std::sync::Arc;

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    facts::{
        body::{BodyFacts, Mention},
        declared::Given,
    },
    finding::Place,
    knowledge::Row,
};

/// A socket that nobody has told not to wait.
pub struct BlockingSocket {
    /// Where the runtime takes it.
    pub at: Place,
    pub row: Arc<Row>,
    /// Its variable, if it has one.
    pub name: Option<String>,
    /// The call that made it.
    pub made: Option<Place>,
    pub maker: Arc<Row>,
    /// How it can be told before.
    pub telling: Result<Told, &'static str>,
}

/// Where a socket is told, and what becomes of the error.
pub struct Told {
    pub spot: Spot,
    /// The socket itself, where it has no variable yet.
    pub value: Option<TextRange>,
    /// `?`, `.unwrap()`: as the call that takes it has it.
    pub handled: String,
}

pub enum Spot {
    /// Before this statement.
    Statement(TextRange),
    /// In this value of an arm.
    Arm(TextRange),
}

impl BodyFacts<'_> {
    /// All of them that are made in this body.
    pub fn blocking_sockets(&self) -> Vec<BlockingSocket> {
        let takes = self.mentions.iter().filter(|it| it.row.takes_nonblocking);
        let mut found: Vec<BlockingSocket> =
            takes.filter_map(|it| self.blocking_socket(it)).collect();
        found.sort_by(|a, b| a.at.cmp(&b.at));
        found
    }

    fn blocking_socket(&self, taking: &Mention) -> Option<BlockingSocket> {
        let Expr::Call { args, .. } = &self.body[taking.expr] else { return None };
        let value = *args.first()?;
        let variable = self.local(value);
        let maker = match variable {
            Some(it) => match self.given(it) {
                Given::By(value) if self.is_left_alone(it, taking.expr) => {
                    self.origin(value, |it| it.gives_blocking)?
                }
                _ => return None,
            },
            None => self.origin(value, |it| it.gives_blocking)?,
        };
        Some(BlockingSocket {
            at: self.place_of(taking.expr)?,
            row: Arc::clone(&taking.row),
            name: variable.map(|it| self.body[it].name.as_str().to_owned()),
            made: self.place_to_show(maker.expr),
            maker: Arc::clone(&maker.row),
            telling: self.telling(taking.expr, value, variable),
        })
    }

    /// Whether all that is done with a socket before is what does not change whether its calls wait.
    fn is_left_alone(&self, variable: BindingId, taking: ExprId) -> bool {
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        uses.all(|(it, _)| {
            let around = self.parents.get(it).copied();
            around == Some(taking)
                || around.is_some_and(|around| match &self.body[around] {
                    Expr::MethodCall { receiver, .. } if *receiver == it => {
                        self.mention_of(around).is_some_and(|it| it.row.becomes.is_some())
                    }
                    _ => false,
                })
        })
    }

    fn telling(
        &self,
        taking: ExprId,
        value: ExprId,
        variable: Option<BindingId>,
    ) -> Result<Told, &'static str> {
        const MACRO: &str = "a macro writes the call";
        let source = self.syntax(taking).filter(|it| !it.file_id.is_macro()).ok_or(MACRO)?;
        let call = source.value.syntax().clone();
        let handled =
            self.handled(taking, &call).ok_or("what becomes of its error is not clear")?;
        let spot = spot(&call).ok_or("it stands where no statement can stand before it")?;
        if let Some(variable) = variable {
            let declared = self.variables().declaration(variable);
            let is_before = declared.is_some_and(|it| it.end() <= spot.range().start());
            return match is_before {
                true => Ok(Told { spot, value: None, handled }),
                false => Err("its variable is declared in the same statement"),
            };
        }
        match &spot {
            Spot::Statement(it) if is_all_of(&call, *it) => {
                let value = self.place_of(value).ok_or(MACRO)?.range;
                Ok(Told { spot, value: Some(value), handled })
            }
            _ => Err("it has no variable, and other things come before it in its statement"),
        }
    }

    /// What is done with the error of a call that opens, and so with that of one that does not differ from it.
    fn handled(&self, call: ExprId, node: &SyntaxNode) -> Option<String> {
        let around = node.parent()?;
        if ast::TryExpr::can_cast(around.kind()) {
            return Some("?".to_owned());
        }
        let unwrap = self.parent(call).and_then(|it| self.mention_of(it));
        if unwrap.is_some_and(|it| it.row.unwraps) {
            let method = ast::MethodCallExpr::cast(around)?;
            let (name, arguments) = (method.name_ref()?, method.arg_list()?);
            return Some(format!(".{name}{arguments}"));
        }
        let body = self.ancestors(call).find_map(|it| match self.body[it] {
            Expr::Closure { body, .. } => Some(body),
            _ => None,
        });
        let result = self.infer.expr_ty(body.unwrap_or(self.body.root_expr()));
        let own = self.error_of(self.infer.expr_ty(call))?;
        (self.error_of(result)? == own).then(|| "?".to_owned())
    }
}

impl Spot {
    fn range(&self) -> TextRange {
        match self {
            Spot::Statement(it) | Spot::Arm(it) => *it,
        }
    }
}

/// Where a statement can be put that runs just before this call.
fn spot(call: &SyntaxNode) -> Option<Spot> {
    let mut inside = call.clone();
    while let Some(around) = inside.parent() {
        if ast::StmtList::can_cast(around.kind()) {
            return Some(Spot::Statement(inside.text_range()));
        }
        if ast::MatchArm::can_cast(around.kind()) {
            return Some(Spot::Arm(inside.text_range()));
        }
        if ast::ClosureExpr::can_cast(around.kind()) {
            return None;
        }
        inside = around;
    }
    None
}

/// Whether nothing else of this statement is evaluated before the call.
fn is_all_of(call: &SyntaxNode, statement: TextRange) -> bool {
    let mut around =
        call.ancestors().skip(1).take_while(|it| statement.contains_range(it.text_range()));
    around.all(|it| {
        let is_head = || {
            it.first_child()
                .is_some_and(|first| first.text_range().contains_range(call.text_range()))
        };
        match ast::LetStmt::cast(it.clone()) {
            Some(_) => true,
            None => is_head(),
        }
    })
}
