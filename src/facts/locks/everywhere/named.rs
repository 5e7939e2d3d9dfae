//! Every place that names the type of a lock, or that of its guards.

use std::collections::{BTreeSet, HashSet};

use ra_ap_base_db::Crate;
use ra_ap_hir::{Adt, AsAssocItem, HirDisplay, ModuleDef, PathResolution, Semantics, Type};
use ra_ap_hir_ty::display::DisplayTarget;
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{
    AstNode, NodeOrToken, SyntaxKind, SyntaxNode, SyntaxToken, TextRange, ast,
    ast::{HasArgList, HasVisibility},
};

use crate::{
    facts::{
        body::BodyFacts,
        calls,
        compiled::Compiled,
        locks::everywhere::{
            LockType, LockUse, LockUses,
            inactive::{self, Protects},
            without_lifetimes,
        },
        syntax,
    },
    finding::{Note, Place},
    knowledge::Row,
};

/// How a lock is made, and how where only constants are.
const MADE: [&str; 2] = ["new", "default"];

/// `methods` are the names of those of the lock.
pub(super) fn add<'db>(
    body: &BodyFacts<'db>,
    lock: &LockType,
    methods: &HashSet<String>,
    uses: &mut LockUses,
) -> Result<(), Note> {
    let sema = Semantics::new(body.db);
    let compiled = Compiled::new(body.workspace);
    let search = Search { body, lock, sema, compiled };
    let names = search.names();
    for (path, id) in body.workspace.files() {
        let text = body.workspace.text(path).unwrap_or_default();
        let has_one = || names.iter().chain(methods).any(|it| text.contains(it.as_str()));
        if !path.as_str().ends_with(".rs") || !has_one() {
            continue;
        }
        let tree = search.sema.parse_guess_edition(id);
        let tokens = tree.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
        for token in tokens {
            let place = Place::new(path.clone(), token.text_range());
            match token.kind() {
                SyntaxKind::IDENT if names.contains(token.text()) => {
                    search.token(&token, place, uses)?;
                }
                SyntaxKind::IDENT if methods.contains(token.text()) => {
                    search.call_left_out(&token, place)?;
                }
                SyntaxKind::COMMENT if is_example(token.text(), &names) => {
                    return Err(Note::at(place, "an example of the documentation names it"));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

struct Search<'a, 'db> {
    body: &'a BodyFacts<'db>,
    lock: &'a LockType,
    sema: Semantics<'db, RootDatabase>,
    compiled: Compiled<'db>,
}

/// What a name means.
enum Means<'db> {
    Other,
    /// The lock of this type, or its guard.
    Ours(&'db Row),
    Unknown,
}

impl<'db> Search<'_, 'db> {
    /// The names of the lock and of its guards, also where they were given others.
    fn names(&self) -> BTreeSet<String> {
        let rows = self.body.known.types().filter(|it| self.is_of_lock(it));
        let mut names: BTreeSet<String> = rows.map(|it| it.name().to_owned()).collect();
        for (path, _) in self.body.workspace.files() {
            let text = self.body.workspace.text(path).unwrap_or_default();
            for (before, after) in text.match_indices(" as ").map(|it| text.split_at(it.0)) {
                let word = |it: char| !it.is_alphanumeric() && it != '_';
                let old = before.rsplit(word).next().unwrap_or_default();
                let new = after[" as ".len()..].split(word).next().unwrap_or_default();
                if names.contains(old) && !new.is_empty() {
                    names.insert(new.to_owned());
                }
            }
        }
        names
    }

    /// Whether a row speaks of this lock, or of the guards of locks beside it.
    fn is_of_lock(&self, row: &Row) -> bool {
        let module = |it: &str| it.rsplit_once("::").map(|it| it.0.to_owned());
        row.path == self.lock.path
            || (row.guard.is_some()
                && module(&row.path) == module(&self.lock.path)
                && row.name().starts_with(self.lock.path.rsplit("::").next().unwrap_or_default()))
    }

    fn token(&self, token: &SyntaxToken, place: Place, uses: &mut LockUses) -> Result<(), Note> {
        let in_macro = syntax::is_in_macro(token);
        let words = syntax::expanded(&self.sema, token);
        if words.is_empty() || words.iter().any(syntax::is_in_macro) {
            return Err(Note::at(place, "a macro that is not expanded names it"));
        }
        for word in &words {
            let Some(path) = path_of(word) else { continue };
            let root = path.syntax().ancestors().last();
            if let Some(root) =
                root.filter(|it| !in_macro && self.is_left_out(&place, it, place.range))
            {
                match self.is_another_left_out(&path, &place, &root) {
                    true => continue,
                    false => {
                        return Err(Note::at(
                            place,
                            "a `cfg` leaves out this code, which names it",
                        ));
                    }
                }
            }
            let row = match self.meaning(&path) {
                Means::Other => continue,
                Means::Unknown => {
                    return Err(Note::at(
                        place,
                        "it is named here, where it is not clear what that means",
                    ));
                }
                Means::Ours(row) => row,
            };
            let named = match path.syntax().parent().and_then(ast::PathType::cast) {
                Some(type_) => self.in_type(&type_, &place)?,
                None => self.in_code(&path, &place)?,
            };
            let Some(made_const) = named else { continue };
            let at = match (in_macro, path.qualifier()) {
                (true, Some(_)) => {
                    return Err(Note::at(place, "a macro is given a path to it"));
                }
                (true, None) => place.clone(),
                (false, _) => {
                    let end = token.text_range().end();
                    let start = path.syntax().text_range().start();
                    Place::new(place.file.clone(), TextRange::new(start, end))
                }
            };
            let Some(twin) = row.asynchronous.clone() else {
                return Err(Note::at(place, "it has no twin"));
            };
            uses.add(at, LockUse::Named { twin });
            if let Some(range) = made_const {
                uses.add(Place::new(place.file.clone(), range), LockUse::MadeConst);
            }
        }
        Ok(())
    }

    fn meaning(&self, path: &ast::Path) -> Means<'db> {
        if path.syntax().ancestors().any(|it| ast::UseTree::can_cast(it.kind())) {
            return Means::Other;
        }
        match self.sema.resolve_path(path) {
            Some(it) => self.meaning_of(it),
            None => Means::Unknown,
        }
    }

    fn meaning_of(&self, resolved: PathResolution<'db>) -> Means<'db> {
        let adt = match resolved {
            PathResolution::Def(ModuleDef::Adt(it)) => Some(it),
            // `parking_lot::Mutex`; an alias of the project's own is changed where it is declared.
            PathResolution::Def(ModuleDef::TypeAlias(it)) => {
                let file = it.module(self.body.db).krate(self.body.db);
                let is_own = self.body.workspace.targets().iter().any(|it| it.krate == file.into());
                (!is_own).then(|| it.ty(self.body.db).as_adt()).flatten()
            }
            _ => None,
        };
        let row = adt.and_then(|it| self.body.known.type_(it.into()));
        match row.filter(|it| self.is_of_lock(it)) {
            Some(row) => Means::Ours(row),
            None => Means::Other,
        }
    }

    /// Whether a name in code that a `cfg` leaves out is certain to be that of another lock.
    fn is_another_left_out(&self, path: &ast::Path, place: &Place, root: &SyntaxNode) -> bool {
        let is_left_out = |range| self.is_left_out(place, root, range);
        match inactive::resolve(&self.sema, path, &is_left_out).map(|it| self.meaning_of(it)) {
            Some(Means::Other) => true,
            Some(Means::Ours(_)) => self.protects_another(Protects::named(path)),
            Some(Means::Unknown) | None => false,
        }
    }

    fn is_left_out(&self, place: &Place, root: &SyntaxNode, range: TextRange) -> bool {
        self.compiled.is_left_out(&place.file, root, range)
    }

    fn protects_another(&self, protects: Option<Protects>) -> bool {
        protects.is_some_and(|it| it.is_other_than(&self.lock.inner))
    }

    /// Nobody knows what such a method is called on where a `cfg` leaves out the call.
    fn call_left_out(&self, name: &SyntaxToken, place: Place) -> Result<(), Note> {
        let call = name.parent().and_then(|it| it.parent()).and_then(ast::MethodCallExpr::cast);
        let is_bare = |it: &ast::MethodCallExpr| {
            let around = it.syntax().parent();
            let is_awaited = around.is_some_and(|it| ast::AwaitExpr::can_cast(it.kind()));
            !is_awaited && it.arg_list().is_some_and(|it| it.args().next().is_none())
        };
        let Some(call) = call.filter(is_bare) else { return Ok(()) };
        let root = name.parent_ancestors().last();
        let is_left_out = root.is_some_and(|it| self.is_left_out(&place, &it, place.range));
        match is_left_out && !self.protects_another(Protects::called(&call)) {
            true => Err(Note::at(place, "a `cfg` leaves out this call, which may lock it as well")),
            false => Ok(()),
        }
    }

    /// Whether a type is that of our locks; then it is named in the code, and nowhere else.
    fn in_type(&self, type_: &ast::PathType, place: &Place) -> Result<Named, Note> {
        let resolved = match self.type_of_constant(type_) {
            Some(it) => Some(it),
            None => self.sema.resolve_type(&ast::Type::PathType(type_.clone())),
        };
        let Some(resolved) = resolved.filter(|it| !it.contains_unknown()) else {
            return Err(Note::at(place.clone(), "what is locked here is not written down"));
        };
        if !resolved.generic_params(self.body.db).is_empty() {
            return Err(Note::at(place.clone(), "locks of any type are meant here"));
        }
        if !self.is_ours(&resolved, type_.syntax()) {
            return Ok(None);
        }
        if type_.syntax().parent().is_some_and(|it| ast::Impl::can_cast(it.kind())) {
            return Err(Note::at(place.clone(), "a trait is implemented for it"));
        }
        if self.is_offered(type_.syntax()) {
            return Err(Note::at(place.clone(), "it is a part of the public interface"));
        }
        Ok(Some(None))
    }

    /// The type of the `static` or `const` that is declared with this one: nothing else resolves it there.
    fn type_of_constant(&self, type_: &ast::PathType) -> Option<Type<'db>> {
        let item = type_.syntax().parent()?;
        match item.kind() {
            SyntaxKind::STATIC => {
                Some(self.sema.to_def(&ast::Static::cast(item)?)?.ty(self.body.db))
            }
            SyntaxKind::CONST => Some(self.sema.to_def(&ast::Const::cast(item)?)?.ty(self.body.db)),
            _ => None,
        }
    }

    /// `Mutex::new(..)`
    fn in_code(&self, path: &ast::Path, place: &Place) -> Result<Named, Note> {
        let other = || Err(Note::at(place.clone(), "what is done with it here has no twin"));
        let Some(function) = path.parent_path() else { return other() };
        let made = function.syntax().parent().and_then(ast::PathExpr::cast);
        let Some(made) = made else { return other() };
        let call = made.syntax().parent().and_then(ast::CallExpr::cast);
        let is_callee =
            |it: &ast::CallExpr| it.expr().as_ref().map(AstNode::syntax) == Some(made.syntax());
        let type_ = match call.filter(is_callee) {
            Some(it) => self.sema.type_of_expr(&it.into()).map(|it| it.original),
            None => {
                let function = self.sema.type_of_expr(&made.clone().into());
                let callable = function.and_then(|it| it.original.as_callable(self.body.db));
                callable.map(|it| it.return_type())
            }
        };
        let Some(type_) = type_.filter(|it| !it.contains_unknown()) else {
            return Err(Note::at(place.clone(), "what is locked here is not known"));
        };
        let name = function.segment().and_then(|it| it.name_ref());
        let name = name.filter(|it| MADE.contains(&it.text()));
        if type_.as_adt().is_some_and(|it| self.is_lock(it)) {
            if !type_.generic_params(self.body.db).is_empty() {
                return Err(Note::at(place.clone(), "locks of any type are meant here"));
            }
            let Some(name) = name.filter(|_| self.is_ours(&type_, path.syntax())) else {
                return if self.is_ours(&type_, path.syntax()) { other() } else { Ok(None) };
            };
            let is_new = name.text() == MADE[0];
            return Ok(Some(
                (is_new && is_constant(made.syntax())).then(|| name.syntax().text_range()),
            ));
        }
        other()
    }

    fn is_lock(&self, adt: Adt) -> bool {
        self.body.known.type_(adt.into()).is_some_and(|it| it.path == self.lock.path)
    }

    fn is_ours(&self, type_: &Type<'db>, node: &SyntaxNode) -> bool {
        let Some(inner) = type_.type_arguments().last() else { return false };
        let krate: Option<Crate> = self.sema.scope(node).map(|it| it.krate().into());
        let krate = krate.unwrap_or_else(|| self.body.krate());
        let target = DisplayTarget::from_crate(self.body.db, krate);
        without_lifetimes(&inner.display(self.body.db, target).to_string()) == self.lock.inner
    }

    /// Whether other crates may see what this type is a part of.
    fn is_offered(&self, type_: &SyntaxNode) -> bool {
        let is_public =
            |it: Option<ast::Visibility>| it.is_some_and(|it| it.syntax().text() == "pub");
        for node in type_.ancestors() {
            let is_item_public = match node.kind() {
                SyntaxKind::BLOCK_EXPR => false,
                SyntaxKind::RECORD_FIELD => {
                    if is_public(ast::RecordField::cast(node).and_then(|it| it.visibility())) {
                        continue;
                    }
                    false
                }
                SyntaxKind::TUPLE_FIELD => {
                    if is_public(ast::TupleField::cast(node).and_then(|it| it.visibility())) {
                        continue;
                    }
                    false
                }
                _ => match ast::Item::cast(node) {
                    Some(item) => {
                        return is_public(visibility(&item)) && self.is_in_sight_of_others(&item);
                    }
                    None => continue,
                },
            };
            return is_item_public;
        }
        false
    }

    fn is_in_sight_of_others(&self, item: &ast::Item) -> bool {
        let db = self.body.db;
        let item: Option<ModuleDef> = match item {
            ast::Item::Fn(it) => self.sema.to_def(it).and_then(|it| {
                let owner = it.as_assoc_item(db).and_then(|it| it.implementing_ty(db));
                owner.map_or(Some(it.into()), |it| Some(it.as_adt()?.into()))
            }),
            ast::Item::Static(it) => self.sema.to_def(it).map(Into::into),
            ast::Item::Const(it) => self.sema.to_def(it).map(Into::into),
            ast::Item::Struct(it) => self.sema.to_def(it).map(|it| Adt::from(it).into()),
            ast::Item::Enum(it) => self.sema.to_def(it).map(|it| Adt::from(it).into()),
            ast::Item::Union(it) => self.sema.to_def(it).map(|it| Adt::from(it).into()),
            ast::Item::TypeAlias(it) => self.sema.to_def(it).map(Into::into),
            ast::Item::Trait(it) => self.sema.to_def(it).map(Into::into),
            _ => None,
        };
        item.is_none_or(|it| calls::is_offered(self.body.workspace, it))
    }
}

/// None where something else is named; where `new` stands that has to be a constant.
type Named = Option<Option<TextRange>>;

fn visibility(item: &ast::Item) -> Option<ast::Visibility> {
    match item {
        ast::Item::Fn(it) => it.visibility(),
        ast::Item::Static(it) => it.visibility(),
        ast::Item::Const(it) => it.visibility(),
        ast::Item::Struct(it) => it.visibility(),
        ast::Item::Enum(it) => it.visibility(),
        ast::Item::Union(it) => it.visibility(),
        ast::Item::TypeAlias(it) => it.visibility(),
        ast::Item::Trait(it) => it.visibility(),
        _ => None,
    }
}

/// The path that ends with this word.
fn path_of(word: &SyntaxToken) -> Option<ast::Path> {
    let name = ast::NameRef::cast(word.parent()?)?;
    ast::PathSegment::cast(name.syntax().parent()?).map(|it| it.parent_path())
}

/// Whether an expression stands in the value of a `static` or `const`, and not in a closure there.
fn is_constant(expr: &SyntaxNode) -> bool {
    for node in expr.ancestors() {
        match node.kind() {
            SyntaxKind::STATIC | SyntaxKind::CONST => return true,
            SyntaxKind::CLOSURE_EXPR | SyntaxKind::FN => {
                let is_const = ast::Fn::cast(node).is_some_and(|it| it.const_token().is_some());
                return is_const;
            }
            _ => {}
        }
    }
    false
}

fn is_example(comment: &str, names: &BTreeSet<String>) -> bool {
    let is_documentation = ["///", "//!", "/**", "/*!"].iter().any(|it| comment.starts_with(it));
    is_documentation && names.iter().any(|it| comment.contains(&format!("{it}::new(")))
}
