//! Every place in the workspace that names a function, and whether each of them is a call that could be awaited.

use std::collections::BTreeSet;

use ra_ap_hir::{HasVisibility, Semantics, Visibility};
use ra_ap_hir_def::{
    FunctionId, ItemContainerId, Lookup, signatures::FunctionSignature, src::HasSource,
};
use ra_ap_ide_db::defs::{Definition, NameClass, NameRefClass};
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxToken, ast,
    ast::{HasAttrs, HasName},
};

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Entered, Form, Mention},
        calls::{self, Use},
        place,
        runs_on::Thread,
        syntax,
    },
    finding::{Note, Place},
    knowledge::{Row, resolve::Known},
    workspace::Workspace,
};

/// The attributes that say nothing of how a function runs.
const PLAIN_ATTRIBUTES: [&str; 8] =
    ["allow", "cold", "deprecated", "doc", "expect", "inline", "must_use", "warn"];

/// A function that could be asynchronous.
pub struct Helper<'db> {
    pub function: FunctionId,
    pub name: String,
    /// Its body, as it would be then.
    pub body: BodyFacts<'db>,
    /// Where `fn` stands.
    pub keyword: Place,
}

/// A call that would have to be awaited.
pub struct CallSite {
    /// All of the call.
    pub at: Place,
    /// The function that it stands in, where that one is not asynchronous yet.
    pub inside: Option<FunctionId>,
}

impl<'db> BodyFacts<'db> {
    /// The function that this call comes to, when it is one of the workspace, with a body of its own.
    pub fn own_callee(&self, mention: &Mention) -> Option<FunctionId> {
        self.uses.iter().find(|it| it.expr == mention.expr).map(|it| it.function)
    }

    /// The body of another function, as it would be if it were asynchronous.
    pub fn seen_as_async(&self, function: FunctionId) -> BodyFacts<'db> {
        BodyFacts::new(self.workspace, self.known, function, Entered::AsAsync)
    }

    /// The functions of the workspace that this one calls on its own thread.
    pub fn own_callees(&self) -> Vec<FunctionId> {
        let here = |it: &&Use<'db>| matches!(it.context.thread, Thread::Caller | Thread::Worker);
        let mut found: Vec<FunctionId> =
            self.uses.iter().filter(here).map(|it| it.function).collect();
        found.retain(|it| place::file_of(self.workspace, *it).is_some());
        found.dedup();
        found
    }

    /// Whether a call of it may come to other functions.
    pub fn is_declared_by_trait(&self, function: FunctionId) -> bool {
        matches!(function.lookup(self.db).container, ItemContainerId::TraitId(_))
    }

    /// The helper that a function would be, or why it has to stay an ordinary one.
    pub fn helper(&self, function: FunctionId) -> Result<Helper<'db>, Note> {
        let db = self.db;
        let name = FunctionSignature::of(db, function).name.as_str().to_owned();
        let no = |text: &str| Err(Note::new(format!("`{name}` {text}")));
        if calls::is_of_trait(db, function) {
            return no("is a method of a trait");
        }
        if ra_ap_hir::Function::from(function).visibility(db) == Visibility::Public {
            return no("is public, and others may call it");
        }
        let source = function.lookup(db).source(db);
        if source.file_id.is_macro() {
            return no("is written by a macro");
        }
        let it = &source.value;
        let special = it.async_token().or(it.const_token()).or(it.unsafe_token());
        let is_plain = special.is_none() && it.abi().is_none() && name != "main";
        let attributes = it.attrs().filter(|it| {
            !it.simple_name().is_some_and(|it| PLAIN_ATTRIBUTES.contains(&it.as_str()))
        });
        if !is_plain || attributes.count() > 0 {
            return no("is declared as something special");
        }
        let keyword = it.fn_token().and_then(|token| {
            let file = source.file_id.original_file(db).file_id(db);
            let file = self.workspace.file_path(file)?;
            Some(Place::new(file.clone(), token.text_range()))
        });
        let Some(keyword) = keyword else { return no("is not in sight") };
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::AsAsync);
        if let Some(parameter) = body.parameter_that_stays() {
            return Err(Note::new(format!(
                "`{parameter}` of `{name}` is not known to be `Send`, and would be a part of its future"
            )));
        }
        Ok(Helper { function, name, body, keyword })
    }

    fn parameter_that_stays(&self) -> Option<String> {
        let locals = self.body.bindings().map(|it| it.0).filter(|it| self.is_parameter(*it));
        let mut locals = locals.filter(|it| !self.is(self.infer.binding_ty(*it), "Send"));
        locals.next().map(|it| self.body[it].name.as_str().to_owned())
    }

    /// What stands against an `.await` at a call of a function.
    fn alive_at_use(&self, it: &Use<'db>, row: &Row) -> Vec<Alive> {
        let row = std::sync::Arc::new(row.clone());
        let mention = Mention::new(row, it.form, it.expr, it.context, it.position);
        let mut alive = self.alive_at(&mention);
        alive.retain(|it| it.matter >= Matter::UnknownType);
        alive
    }
}

impl Helper<'_> {
    /// Whether it is this function. The same one may be there once for each target that has its file.
    pub fn is(&self, workspace: &Workspace, other: FunctionId) -> bool {
        place::is_same_function(workspace, other, self.function)
    }
}

/// Every call of the helper, or why one place that names it cannot await it.
pub fn call_sites<'db>(
    workspace: &'db Workspace,
    known: &'db Known,
    helper: &Helper<'db>,
    row: &Row,
) -> Result<Vec<CallSite>, Vec<Note>> {
    let search = Search { workspace, known, sema: Semantics::new(workspace.db()), helper, row };
    let mut sites = Vec::new();
    for (path, id) in workspace.files() {
        let has_name = workspace.text(path).is_some_and(|it| it.contains(&helper.name));
        if !has_name || !path.as_str().ends_with(".rs") {
            continue;
        }
        let tree = search.sema.parse_guess_edition(id);
        let tokens = tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        for token in tokens {
            let place = Place::new(path.clone(), token.text_range());
            sites.extend(search.site(&token, place)?);
        }
    }
    Ok(sites)
}

struct Search<'a, 'db> {
    workspace: &'db Workspace,
    known: &'db Known,
    sema: Semantics<'db, ra_ap_ide_db::RootDatabase>,
    helper: &'a Helper<'db>,
    row: &'a Row,
}

/// What a word stands for.
enum Means {
    TheHelper,
    Another,
    Unknown,
}

impl<'db> Search<'_, 'db> {
    fn site(&self, token: &SyntaxToken, place: Place) -> Result<Option<CallSite>, Vec<Note>> {
        let name = &self.helper.name;
        let refuse = |why: &str| Err(vec![Note::at(place.clone(), format!("`{name}` {why}"))]);
        match token.kind() {
            SyntaxKind::IDENT if token.text().trim_start_matches("r#") == name => {}
            SyntaxKind::COMMENT if is_doctest_of(token.text(), name) => {
                return refuse("stands in an example of the documentation");
            }
            SyntaxKind::STRING
                if token.parent_ancestors().any(|it| ast::Attr::can_cast(it.kind()))
                    && token.text().contains(name.as_str()) =>
            {
                return refuse("is named by an attribute");
            }
            _ => return Ok(None),
        }
        match self.meaning(token) {
            Means::Another => return Ok(None),
            Means::Unknown => {
                return refuse("is named here, where it is not clear what that means");
            }
            Means::TheHelper => {}
        }
        if let Some(it) = token.parent_ancestors().find_map(ast::UseTree::cast) {
            let is_public = token
                .parent_ancestors()
                .find_map(ast::Use::cast)
                .is_some_and(|it| ast::HasVisibility::visibility(&it).is_some());
            return match it.rename().is_some() || is_public {
                true => refuse("gets another name here"),
                false => Ok(None),
            };
        }
        let function = token.parent_ancestors().find_map(ast::Fn::cast);
        if function
            .as_ref()
            .and_then(HasName::name)
            .is_some_and(|it| it.ident_token().as_ref() == Some(token))
        {
            return Ok(None);
        }
        let function = function.and_then(|it| FunctionId::try_from(self.sema.to_fn_def(&it)?).ok());
        let Some(function) = function else { return refuse("is called outside a function") };
        self.in_function(function, &place)
    }

    fn in_function(
        &self,
        function: FunctionId,
        place: &Place,
    ) -> Result<Option<CallSite>, Vec<Note>> {
        let name = &self.helper.name;
        let refuse = |why: &str| Err(vec![Note::at(place.clone(), format!("`{name}` {why}"))]);
        let body = BodyFacts::new(self.workspace, self.known, function, Entered::Called);
        let here = |it: &&Use<'db>| {
            self.is_the_helper(it.function)
                && body
                    .place_to_show(it.expr)
                    .is_some_and(|it| it.file == place.file && it.range.contains_range(place.range))
        };
        let uses = body.uses.iter().filter(here);
        let smallest = uses.min_by_key(|it| body.place_to_show(it.expr).map(|it| it.range.len()));
        let Some(found) = smallest else { return refuse("is handed on here as a value") };
        if !matches!(found.form, Form::Call | Form::Method) {
            return refuse("is handed on here as a value");
        }
        let Some(at) = body.written(found.expr) else {
            return refuse("is called by a macro here");
        };
        if found.context.awaits_in.is_some() {
            let alive = body.alive_at_use(found, self.row);
            return match alive.is_empty() {
                true => Ok(Some(CallSite { at, inside: None })),
                false => Err(alive.iter().map(Alive::note).collect()),
            };
        }
        if found.context.closure {
            return refuse("is called in a closure here, which cannot await");
        }
        Ok(Some(CallSite { at, inside: Some(function) }))
    }

    fn meaning(&self, token: &SyntaxToken) -> Means {
        let words = syntax::expanded(&self.sema, token);
        let mut means = Means::Another;
        for word in &words {
            let Some(parent) = word.parent() else { return Means::Unknown };
            match self.definition(&parent) {
                Some(Some(it)) if self.is_the_helper(it) => means = Means::TheHelper,
                Some(_) => {}
                None => return Means::Unknown,
            }
        }
        if words.is_empty() { Means::Unknown } else { means }
    }

    /// The function that a word means, if it is one; None where nobody can tell what it means.
    fn definition(&self, parent: &ra_ap_syntax::SyntaxNode) -> Option<Option<FunctionId>> {
        let of = |it: Definition<'db>| match it {
            Definition::Function(it) => FunctionId::try_from(it).ok(),
            _ => None,
        };
        if let Some(it) = ast::Name::cast(parent.clone()) {
            return match NameClass::classify(&self.sema, &it)? {
                NameClass::Definition(it) => Some(of(it)),
                _ => Some(None),
            };
        }
        let it = ast::NameRef::cast(parent.clone())?;
        match NameRefClass::classify(&self.sema, &it)? {
            NameRefClass::Definition(it, _) => Some(of(it)),
            _ => Some(None),
        }
    }

    fn is_the_helper(&self, other: FunctionId) -> bool {
        self.helper.is(self.workspace, other)
    }
}

/// `/// let text = load(..);`
fn is_doctest_of(comment: &str, name: &str) -> bool {
    let is_documentation = ["///", "//!", "/**", "/*!"].iter().any(|it| comment.starts_with(it));
    is_documentation && comment.contains(&format!("{name}("))
}

/// The names of some helpers, for a sentence.
pub fn names(helpers: &[Helper<'_>]) -> String {
    let names: BTreeSet<String> = helpers.iter().map(|it| format!("`{}`", it.name)).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
}
