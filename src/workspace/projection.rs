//! What `#[pin_project]` writes beside a type: its projections, and the methods that give them.

use ra_ap_syntax::{
    AstNode, Edition, SourceFile,
    ast::{self, HasAttrs, HasGenericParams, HasName, HasTypeBounds, HasVisibility},
};

/// The items to write below `item`, given the arguments of its attribute. None when it is not of a known form.
pub(super) fn beside(item: &str, arguments: &str) -> Option<String> {
    let file = SourceFile::parse(item, Edition::CURRENT).tree();
    let item = file.syntax().children().find_map(ast::Adt::cast)?;
    let generics = Generics::of(&item);
    let name = item.name()?.text().to_string();
    let named = |what: &str| argument(arguments, what);
    let projections = [
        Projection {
            method: "project",
            reference: "&'__pin mut ",
            name: named("project").unwrap_or_else(|| format!("__{name}Projection")),
        },
        Projection {
            method: "project_ref",
            reference: "&'__pin ",
            name: named("project_ref").unwrap_or_else(|| format!("__{name}ProjectionRef")),
        },
    ];
    projections.iter().map(|it| it.items(&item, &name, &generics)).collect()
}

/// `Name` in `project = Name`.
fn argument(arguments: &str, what: &str) -> Option<String> {
    let pairs =
        arguments.trim_matches(['(', ')', ' ']).split(',').filter_map(|it| it.split_once('='));
    let found = pairs.map(|(key, value)| (key.trim(), value.trim())).find(|it| it.0 == what)?;
    Some(found.1.to_owned())
}

/// One way to look through a pin.
struct Projection {
    method: &'static str,
    reference: &'static str,
    name: String,
}

impl Projection {
    fn items(&self, item: &ast::Adt, original: &str, generics: &Generics) -> Option<String> {
        let Projection { method, reference, name } = self;
        let Generics { parameters, arguments, bounds } = generics;
        let definition = match item {
            ast::Adt::Struct(it) => match it.field_list() {
                Some(ast::FieldList::RecordFieldList(fields)) => format!(
                    "pub(crate) struct {name}<'__pin, {parameters}> {bounds} {{ {} }}",
                    self.record(&fields)?
                ),
                Some(ast::FieldList::TupleFieldList(fields)) => format!(
                    "pub(crate) struct {name}<'__pin, {parameters}>({}) {bounds};",
                    self.tuple(&fields)?
                ),
                None => return None,
            },
            ast::Adt::Enum(it) => {
                let variants = it.variant_list()?;
                let variants: Option<String> =
                    variants.variants().map(|it| self.variant(&it)).collect();
                format!("pub(crate) enum {name}<'__pin, {parameters}> {bounds} {{ {} }}", variants?)
            }
            ast::Adt::Union(_) => return None,
        };
        Some(format!(
            "{definition} impl<{parameters}> {original}<{arguments}> {bounds} {{
                pub(crate) fn {method}<'__pin>(self: ::core::pin::Pin<{reference} Self>)
                    -> {name}<'__pin, {arguments}> {{ loop {{}} }}
            }}\n"
        ))
    }

    fn variant(&self, variant: &ast::Variant) -> Option<String> {
        let name = variant.name()?;
        Some(match variant.field_list() {
            Some(ast::FieldList::RecordFieldList(it)) => {
                format!("{name} {{ {} }}, ", self.record(&it)?)
            }
            Some(ast::FieldList::TupleFieldList(it)) => format!("{name}({}), ", self.tuple(&it)?),
            None => format!("{name}, "),
        })
    }

    fn record(&self, fields: &ast::RecordFieldList) -> Option<String> {
        let field = |it: ast::RecordField| {
            let visibility = it.visibility().map(|it| it.to_string()).unwrap_or_default();
            Some(format!("{visibility} {}: {}, ", it.name()?, self.type_of(&it, &it.ty()?)))
        };
        fields.fields().map(field).collect()
    }

    fn tuple(&self, fields: &ast::TupleFieldList) -> Option<String> {
        let field = |it: ast::TupleField| {
            let visibility = it.visibility().map(|it| it.to_string()).unwrap_or_default();
            Some(format!("{visibility} {}, ", self.type_of(&it, &it.ty()?)))
        };
        fields.fields().map(field).collect()
    }

    fn type_of(&self, field: &impl HasAttrs, type_: &ast::Type) -> String {
        let reference = self.reference;
        match field.attrs().any(|it| it.simple_name().as_deref() == Some("pin")) {
            true => format!("::core::pin::Pin<{reference}({type_})>"),
            false => format!("{reference}({type_})"),
        }
    }
}

/// The generics of a type: as they are declared, without defaults, and as they are named.
pub(super) struct Generics {
    pub parameters: String,
    pub arguments: String,
    pub bounds: String,
}

impl Generics {
    pub fn of(item: &ast::Adt) -> Generics {
        let mut generics =
            Generics { parameters: String::new(), arguments: String::new(), bounds: String::new() };
        generics.bounds = item.where_clause().map(|it| it.to_string()).unwrap_or_default();
        let list = item.generic_param_list();
        for parameter in list.iter().flat_map(|it| it.generic_params()) {
            let (declared, name) = match &parameter {
                ast::GenericParam::LifetimeParam(it) => {
                    (it.to_string(), it.lifetime().map(|it| it.to_string()))
                }
                ast::GenericParam::TypeParam(it) => {
                    let name = it.name().map(|it| it.to_string());
                    let bounds =
                        it.type_bound_list().map(|it| format!(": {it}")).unwrap_or_default();
                    (format!("{}{bounds}", name.as_deref().unwrap_or_default()), name)
                }
                ast::GenericParam::ConstParam(it) => {
                    let name = it.name().map(|it| it.to_string());
                    let type_ = it.ty().map(|it| it.to_string()).unwrap_or_default();
                    (format!("const {}: {type_}", name.as_deref().unwrap_or_default()), name)
                }
            };
            generics.parameters.push_str(&format!("{declared}, "));
            generics.arguments.push_str(&format!("{}, ", name.unwrap_or_default()));
        }
        generics
    }
}
