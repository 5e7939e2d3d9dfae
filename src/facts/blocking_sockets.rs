//! Sockets whose calls wait, given to a runtime that takes only others.

use std::sync::Arc;

use ra_ap_hir_def::hir::{BindingId, Expr, ExprId};
use ra_ap_syntax::{
    AstNode, SyntaxNode, TextRange,
    ast::{self, HasArgList},
};

use crate::{
    facts::{
        body::{BodyFacts, Entered, Mention},
        declared::Given,
        place,
    },
    finding::Place,
    knowledge::Row,
};

/// Nobody hands a socket further down to be told something.
const DEEPEST: usize = 3;

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
        let maker = self.opened(value)?;
        let variable = self.local(self.before_conversions(value));
        Some(BlockingSocket {
            at: self.place_of(taking.expr)?,
            row: Arc::clone(&taking.row),
            name: variable.map(|it| self.body[it].name.as_str().to_owned()),
            made: self.place_to_show(maker.expr),
            maker: Arc::clone(&maker.row),
            telling: self.telling(taking.expr, value, variable),
        })
    }

    /// The call that opens a socket which comes from there, on whichever way, without having been told anything.
    fn opened(&self, value: ExprId) -> Option<&Mention> {
        let value = self.before_conversions(value);
        if let Some(variable) = self.local(value) {
            let Given::By(given) = self.given(variable) else { return None };
            let stays = self.stays_blocking(variable, Some(value), 0);
            return stays.then(|| self.opened(given)).flatten();
        }
        if let Some(it) = self.origin(value, |it| it.gives_blocking) {
            return self.says_nothing(it).then_some(it);
        }
        match &self.body[value] {
            Expr::Block { tail: Some(tail), .. } => self.opened(*tail),
            Expr::Match { arms, .. } if !self.is_question_mark(value) => {
                let mut makers = arms.iter().map(|it| self.opened(it.expr));
                let first = makers.next()??;
                makers.all(|it| it.is_some()).then_some(first)
            }
            Expr::If { then_branch, else_branch: Some(other), .. } => {
                self.opened(*other)?;
                self.opened(*then_branch)
            }
            _ => None,
        }
    }

    /// Whether it is certain that a call which opens a socket does not tell it at once.
    fn says_nothing(&self, maker: &Mention) -> bool {
        let Some(index) = maker.row.may_say else { return true };
        let Expr::Call { args, .. } = &self.body[maker.expr] else { return false };
        let says = args.get(index).copied();
        says.is_some_and(|it| matches!(self.body[it], Expr::Path(_)) && self.local(it).is_none())
    }

    /// What a value was before its type was changed: `into()`, `From::from`.
    fn before_conversions(&self, mut value: ExprId) -> ExprId {
        while self.mention_of(value).is_some_and(|it| it.row.converts) {
            value = match &self.body[value] {
                Expr::MethodCall { receiver, .. } => *receiver,
                Expr::Call { args, .. } if args.len() == 1 => args[0],
                _ => return value,
            };
        }
        value
    }

    /// Whether all that is done with a socket, before it is `taken`, does not change whether its calls wait.
    fn stays_blocking(&self, variable: BindingId, taken: Option<ExprId>, depth: usize) -> bool {
        let mut uses = self.body.exprs().filter(|it| self.local(it.0) == Some(variable));
        uses.all(|(it, _)| Some(it) == taken || self.leaves_blocking(it, depth))
    }

    /// Whether a use of a socket leaves that as it is.
    fn leaves_blocking(&self, socket: ExprId, depth: usize) -> bool {
        let Some(around) = self.parents.get(socket).copied() else { return false };
        match &self.body[around] {
            Expr::MethodCall { receiver, .. } if *receiver == socket => {
                let row = self.mention_of(around).map(|it| &it.row);
                row.is_some_and(|it| it.becomes.is_some() || it.leaves_blocking)
            }
            Expr::Ref { .. } if depth < DEEPEST => {
                self.is_left_by_callee(around, depth).unwrap_or(false)
            }
            _ => false,
        }
    }

    /// ... that lends it to a function of the project.
    fn is_left_by_callee(&self, lent: ExprId, depth: usize) -> Option<bool> {
        let call = *self.parents.get(lent)?;
        let Expr::Call { args, .. } = &self.body[call] else { return None };
        let index = args.iter().position(|it| *it == lent)?;
        let callee = self.uses.iter().find(|it| it.expr == call)?.function;
        place::file_of(self.workspace, callee)?;
        let callee = BodyFacts::new(self.workspace, self.known, callee, Entered::Called);
        Some(callee.stays_blocking(callee.parameter_at(index)?, None, depth + 1))
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
