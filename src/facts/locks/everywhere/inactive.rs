//! Code that a `cfg` leaves out: nobody resolves it, so only what imports and literals say for certain is known.

use ra_ap_hir::{PathResolution, Semantics};
use ra_ap_ide_db::RootDatabase;
use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode, TextRange,
    ast::{self, HasArgList, HasGenericArgs, HasName},
};

/// What a path comes to in code that is left out, by the imports beside it and the code around that which is compiled.
pub(super) fn resolve<'db>(
    sema: &Semantics<'db, RootDatabase>,
    path: &ast::Path,
    is_left_out: &dyn Fn(TextRange) -> bool,
) -> Option<PathResolution<'db>> {
    let mut names = names_of(path)?;
    for scope in path.syntax().ancestors() {
        let items = match ast::Module::cast(scope.clone()) {
            Some(it) => it.item_list()?.syntax().clone(),
            None if ast::StmtList::can_cast(scope.kind()) => scope,
            None if ast::SourceFile::can_cast(scope.kind()) => scope,
            None => continue,
        };
        if !is_left_out(items.text_range()) {
            let text = format!("use {};", names.join("::"));
            let tree = SourceFile::parse(&text, Edition::CURRENT).tree();
            let path = tree.syntax().descendants().find_map(ast::Path::cast)?;
            return sema.scope(&items)?.speculative_resolve(&path);
        }
        let imports = imports_in(&items);
        let named = imports.iter().find(|it| it.name.as_ref() == names.first());
        if let Some(it) = named {
            names.splice(..1, it.path.iter().cloned());
        }
        if !ast::ItemList::can_cast(items.kind()) {
            continue;
        }
        // What is said in a module is said of the one around it.
        let brings_all = || imports.iter().any(|it| it.name.is_none() && it.path == ["super"]);
        if names.first().is_some_and(|it| it == "super") {
            names.remove(0);
        } else if names.len() == 1 && !brings_all() {
            return None;
        }
    }
    None
}

fn names_of(path: &ast::Path) -> Option<Vec<String>> {
    path.segments().map(|it| Some(it.name_ref()?.text().to_string())).collect()
}

/// One leaf of a `use`; without a name it brings all there is.
struct Import {
    name: Option<String>,
    path: Vec<String>,
}

fn imports_in(items: &SyntaxNode) -> Vec<Import> {
    let mut found = Vec::new();
    let uses = items.children().filter_map(ast::Use::cast);
    uses.filter_map(|it| it.use_tree()).for_each(|it| add(&it, &[], &mut found));
    found
}

fn add(tree: &ast::UseTree, before: &[String], found: &mut Vec<Import>) {
    let own = tree.path().and_then(|it| names_of(&it)).unwrap_or_default();
    let path: Vec<String> = before.iter().cloned().chain(own).collect();
    if let Some(list) = tree.use_tree_list() {
        list.use_trees().for_each(|it| add(&it, &path, found));
    } else {
        let renamed = tree.rename().and_then(|it| it.name()).map(|it| it.text().to_string());
        let name = match tree.star_token() {
            Some(_) => None,
            None => renamed.or_else(|| path.last().cloned()),
        };
        found.push(Import { name, path });
    }
}

/// The type that a lock protects, where it is written down or plain to see: in `Mutex<()>`, `Mutex::new(0)`, or at the
/// `static` of which a method is called.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Protects {
    Type(String),
    SomeInteger,
}

impl Protects {
    /// What is said about it where the lock is named.
    pub fn named(path: &ast::Path) -> Option<Protects> {
        if let Some(whole) = path.syntax().parent().and_then(ast::PathType::cast) {
            return Protects::of_type(&whole);
        }
        let made = path.parent_path()?.syntax().parent().and_then(ast::PathExpr::cast)?;
        let call = made.syntax().parent().and_then(ast::CallExpr::cast)?;
        let mut arguments = call.arg_list()?.args();
        match arguments.next()? {
            ast::Expr::TupleExpr(it) if it.fields().next().is_none() => {
                Some(Protects::Type("()".to_owned()))
            }
            ast::Expr::Literal(it) => match it.kind() {
                ast::LiteralKind::IntNumber(it) => match it.suffix() {
                    Some(it) => Some(Protects::Type(it.to_owned())),
                    None => Some(Protects::SomeInteger),
                },
                ast::LiteralKind::Bool(_) => Some(Protects::Type("bool".to_owned())),
                ast::LiteralKind::String(_) => Some(Protects::Type("&str".to_owned())),
                _ => None,
            },
            _ => None,
        }
    }

    /// What is said where the lock is declared, of a call on a `static` of the same file.
    pub fn called(call: &ast::MethodCallExpr) -> Option<Protects> {
        let ast::Expr::PathExpr(receiver) = call.receiver()? else { return None };
        let name = receiver.path()?.as_single_name_ref()?.text().to_string();
        let root = call.syntax().ancestors().last()?;
        let mut statics = root.descendants().filter_map(ast::Static::cast);
        let declared = statics.find(|it| it.name().is_some_and(|it| it.text() == name))?;
        match declared.ty()? {
            ast::Type::PathType(it) => Protects::of_type(&it),
            _ => None,
        }
    }

    fn of_type(type_: &ast::PathType) -> Option<Protects> {
        let arguments = type_.path()?.segment()?.generic_arg_list()?;
        let mut arguments = arguments.generic_args();
        let (Some(ast::GenericArg::TypeArg(it)), None) = (arguments.next(), arguments.next())
        else {
            return None;
        };
        let text = it.syntax().text().to_string();
        let is_built_in = text == "()" || text.parse::<BuiltIn>().is_ok();
        is_built_in.then_some(Protects::Type(text))
    }

    /// Whether this is certainly not the type of this name.
    pub fn is_other_than(&self, inner: &str) -> bool {
        match self {
            Protects::Type(it) => it != inner,
            Protects::SomeInteger => {
                !matches!(inner.parse(), Ok(BuiltIn::Integer | BuiltIn::Float))
            }
        }
    }
}

/// Types whose names mean the same everywhere, as far as people keep to what is usual.
#[derive(Clone, Copy, PartialEq, Eq)]
enum BuiltIn {
    Integer,
    Float,
    Other,
}

impl std::str::FromStr for BuiltIn {
    type Err = ();

    fn from_str(text: &str) -> Result<BuiltIn, ()> {
        match text {
            "f32" | "f64" => Ok(BuiltIn::Float),
            "bool" | "char" => Ok(BuiltIn::Other),
            "isize" | "usize" => Ok(BuiltIn::Integer),
            _ => {
                let bits = text.strip_prefix(['i', 'u']).ok_or(())?;
                ["8", "16", "32", "64", "128"].contains(&bits).then_some(BuiltIn::Integer).ok_or(())
            }
        }
    }
}
