//! What `#[derive(thiserror::Error)]` writes for a type: that it is an error, and what is converted to it.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile, SyntaxNode,
    ast::{self, HasAttrs, HasName},
};

use crate::workspace::projection::Generics;

/// The items to write for the type `item`. None when it is not of a known form.
pub(super) fn of_error(item: &str) -> Option<String> {
    let file = SourceFile::parse(item, Edition::CURRENT).tree();
    let item = file.syntax().children().find_map(ast::Adt::cast)?;
    let name = item.name()?;
    let Generics { parameters, arguments, bounds } = Generics::of(&item);
    let implement = |what: &str, items: &str| {
        format!("impl<{parameters}> {what} for {name}<{arguments}> {bounds} {{ {items} }}\n")
    };
    let shown =
        "fn fmt(&self, _: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result { loop {} }";
    let mut items = implement("::core::fmt::Display", shown);
    items.push_str(&implement("::std::error::Error", ""));
    for type_ in item.syntax().descendants().filter_map(converted) {
        let from = format!("fn from(_: {type_}) -> Self {{ loop {{}} }}");
        items.push_str(&implement(&format!("::core::convert::From<{type_}>"), &from));
    }
    Some(items)
}

/// The type of a field that is marked with `#[from]`.
fn converted(node: SyntaxNode) -> Option<ast::Type> {
    let is_marked =
        |field: &dyn HasAttrs| field.attrs().any(|it| it.simple_name().as_deref() == Some("from"));
    match ast::RecordField::cast(node.clone()) {
        Some(it) => it.ty().filter(|_| is_marked(&it)),
        None => ast::TupleField::cast(node).filter(|it| is_marked(it))?.ty(),
    }
}
