//! Sockets that only programs of the same machine reach, as far as it is said where they listen.

use ra_ap_hir::{Field, HasSource};
use ra_ap_hir_def::{
    Lookup, VariantId,
    hir::{BindingId, Expr, ExprId},
    resolver::ValueNs,
    signatures::StructSignature,
    src::HasSource as _,
};
use ra_ap_syntax::{AstNode, SyntaxKind, SyntaxNode};

use crate::facts::{
    body::{BodyFacts, Form},
    declared::Given,
    locks::taken::parameters,
    place,
};

/// How addresses begin at which only programs of the same machine are heard.
const OWN_MACHINE: [&str; 4] = ["\"localhost", "\"127.", "\"[::1]", "\"::1\""];

/// An address is followed through so many variables, parameters and fields.
const DEEPEST: usize = 6;

impl<'db> BodyFacts<'db> {
    /// Whether it is in sight that a socket is heard by programs of the same machine alone, at least as long as nobody
    /// asks for something else.
    pub(super) fn is_of_own_machine(&self, socket: ExprId) -> bool {
        self.leads_to_own_machine(socket, DEEPEST)
    }

    /// Whether an expression names such an address, or is made of something that does.
    fn leads_to_own_machine(&self, expr: ExprId, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let is_said = self.syntax(expr).is_some_and(|it| names_own_machine(it.value.syntax()));
        is_said
            || self.is_made_of_own_machine(expr)
            || self.named_in(expr).into_iter().any(|it| self.is_part_of_own_machine(it, depth))
    }

    /// The variables, constants and fields that are named in an expression; of a field not what it belongs to.
    fn named_in(&self, expr: ExprId) -> Vec<ExprId> {
        let mut parts = Vec::new();
        let mut waiting = vec![expr];
        while let Some(it) = waiting.pop() {
            match &self.body[it] {
                Expr::Field { .. } | Expr::Path(_) => parts.push(it),
                Expr::Closure { .. } => {}
                _ => self.body.walk_child_exprs(it, |child| waiting.push(child)),
            }
        }
        parts
    }

    /// Whether it comes from a function of the project that is given nothing, and names such an address.
    fn is_made_of_own_machine(&self, expr: ExprId) -> bool {
        let called = self.uses.iter().find(|it| it.expr == expr && it.form == Form::Call);
        let called = called.filter(|it| {
            self.values_of(expr).is_empty() && place::file_of(self.workspace, it.function).is_some()
        });
        called.is_some_and(|it| {
            names_own_machine(it.function.lookup(self.db).source(self.db).value.syntax())
        })
    }

    fn is_part_of_own_machine(&self, part: ExprId, depth: usize) -> bool {
        if let Some(variable) = self.local(part) {
            return self.is_given_own_machine(variable, depth);
        }
        match &self.body[part] {
            Expr::Field { .. } => {
                let field = self.infer.field_resolution(part).and_then(|it| it.left());
                field.is_some_and(|it| self.is_field_of_own_machine(it.into(), depth))
            }
            Expr::Path(path) => {
                let hygiene = self.body.expr_path_hygiene(part);
                let means =
                    self.resolver_at(part).resolve_path_in_value_ns_fully(self.db, path, hygiene);
                let Some(ValueNs::ConstId(it)) = means else { return false };
                let source = ra_ap_hir::Const::from(it).source(self.db);
                source.is_some_and(|it| names_own_machine(it.value.syntax()))
            }
            _ => false,
        }
    }

    fn is_given_own_machine(&self, variable: BindingId, depth: usize) -> bool {
        let parameters = parameters(self.workspace, self.function);
        if let Some(index) = parameters.iter().position(|it| it.contains(&variable)) {
            return self.is_called_with_own_machine(index, depth);
        }
        match self.given(variable) {
            Given::By(it) => self.leads_to_own_machine(it, depth),
            Given::Later | Given::Outside => false,
        }
    }

    /// Whether every call of this function in sight gives it such an address, or a socket that listens there.
    fn is_called_with_own_machine(&self, index: usize, depth: usize) -> bool {
        if self.has_unseen_callers() {
            return false;
        }
        let mut is_called = false;
        let others = self.find_in_callers(|caller| {
            caller.calls_of(self.function).find_map(|call| {
                is_called = true;
                let given = caller.values_of(call).get(index).copied();
                let is_own = given.is_some_and(|it| caller.leads_to_own_machine(it, depth));
                (!is_own).then_some(())
            })
        });
        is_called && others.is_none()
    }

    /// Whether a setting is such an address unless somebody says otherwise, or all that is ever put into a field is one.
    fn is_field_of_own_machine(&self, field: Field, depth: usize) -> bool {
        let declared = field.source(self.db);
        if declared.is_some_and(|it| names_own_machine(it.value.syntax())) {
            return true;
        }
        let VariantId::StructId(owner) = field.parent_def(self.db).into() else { return false };
        let owner_name = StructSignature::of(self.db, owner).name.as_str().to_owned();
        let krate = field.parent_def(self.db).module(self.db).krate(self.db).into();
        let mut is_filled = false;
        let others = self.find_where_said(
            owner_name,
            |it| it.krate == krate,
            |body| {
                body.values_put_into(field).into_iter().find_map(|it| {
                    is_filled = true;
                    (!body.leads_to_own_machine(it, depth)).then_some(())
                })
            },
        );
        is_filled && others.is_none()
    }

    /// What the literals of a struct in this body give one of its fields.
    fn values_put_into(&self, field: Field) -> Vec<ExprId> {
        let owner: VariantId = field.parent_def(self.db).into();
        let name = field.name(self.db);
        let mut values = Vec::new();
        for (literal, expr) in self.body.exprs() {
            if let Expr::RecordLit { fields, .. } = expr
                && self.infer.variant_resolution_for_expr(literal) == Some(owner)
            {
                let given = fields.iter().filter(|it| it.name == name);
                values.extend(given.map(|it| it.expr));
            }
        }
        values
    }
}

/// Whether some text has such an address in it, in one of the forms in which they are written.
fn names_own_machine(source: &SyntaxNode) -> bool {
    let tokens = source.descendants_with_tokens().filter_map(|it| it.into_token());
    let mut numbers = String::new();
    for token in tokens {
        let is_own = match token.kind() {
            SyntaxKind::STRING => OWN_MACHINE.iter().any(|own| token.text().starts_with(own)),
            SyntaxKind::IDENT => token.text() == "LOCALHOST",
            _ => false,
        };
        if is_own {
            return true;
        }
        if !token.kind().is_trivia() {
            numbers.push_str(token.text());
        }
    }
    // `[127, 0, 0, 1]`, `Ipv4Addr::new(127, 0, 0, 1)`
    numbers.contains("127,0,0,1")
}
