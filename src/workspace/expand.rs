//! Native expanders for the helper macros behind `select!`, `join!` and `stream!`, for `#[pin_project]` and for
//! `#[derive(thiserror::Error)]`.
//!
//! These are procedural macros, and code of the project's dependencies is not run. What they write is replaced
//! by plain code with the same types in which every token of the user's stands once: that is all the analysis needs.

use std::{any::Any, sync::Arc};

use ra_ap_base_db::{Env, SourceDatabase};
use ra_ap_hir_expand::proc_macro::{
    ProcMacro, ProcMacroExpander, ProcMacroExpansionError, ProcMacroKind,
};
use ra_ap_intern::Symbol;
use ra_ap_span::{Edition, Span};
use ra_ap_tt::{
    Delimiter, DelimiterKind, Leaf, TokenTreesView, TopSubtree, TopSubtreeBuilder, TtElement,
};

use crate::workspace::{
    branches::{self, Branch},
    conversions, projection,
};

/// The helpers, by the crate that defines them.
const HELPERS: [(&str, &[(&str, Helper)]); 5] = [
    (
        "tokio_macros",
        &[
            ("select_priv_declare_output_enum", Helper::OutputEnum),
            ("select_priv_clean_pattern", Helper::Unchanged),
        ],
    ),
    (
        "futures_macro",
        &[
            ("join_internal", Helper::Join),
            ("try_join_internal", Helper::TryJoin),
            ("select_internal", Helper::Select),
            ("select_biased_internal", Helper::Select),
        ],
    ),
    (
        "async_stream_impl",
        &[("stream_inner", Helper::Stream), ("try_stream_inner", Helper::TryStream)],
    ),
    ("pin_project_internal", &[("pin_project", Helper::PinProject)]),
    ("thiserror_impl", &[("Error", Helper::Error)]),
];

/// The expanders for a procedural macro crate; none when it is not one that is known here.
pub(super) fn helpers_of(krate: &str) -> Vec<ProcMacro> {
    let known = HELPERS.iter().find(|it| it.0 == krate);
    let helpers = known.into_iter().flat_map(|it| it.1);
    helpers
        .map(|(name, helper)| ProcMacro {
            name: Symbol::intern(name),
            kind: match helper {
                Helper::PinProject => ProcMacroKind::Attr,
                Helper::Error => ProcMacroKind::CustomDerive,
                _ => ProcMacroKind::Bang,
            },
            expander: Arc::new(*helper),
            disabled: false,
        })
        .collect()
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Helper {
    /// `(_ _ _)`: the enum whose variants are the branches of a `select!`.
    OutputEnum,
    /// A pattern without its bindings' modes; with them it has the same types.
    Unchanged,
    Join,
    TryJoin,
    Select,
    Stream,
    TryStream,
    /// An attribute: the type below it stays, and gets projections beside it.
    PinProject,
    /// A derive: the type is an error, and others are converted to it.
    Error,
}

impl ProcMacroExpander for Helper {
    fn expand(
        &self,
        _: &dyn SourceDatabase,
        input: &TopSubtree,
        arguments: Option<&TopSubtree>,
        _: &Env,
        _: Span,
        call_site: Span,
        _: Span,
        _: String,
    ) -> Result<TopSubtree, ProcMacroExpansionError> {
        let input = input.token_trees();
        let mut writer = Writer::new(call_site);
        match self {
            Helper::OutputEnum => output_enum(input, &mut writer),
            Helper::Unchanged => writer.tokens(input),
            Helper::Join => writer.value(|it| join(input, it)),
            Helper::TryJoin => writer.value(|it| try_join(input, it)),
            Helper::Select => writer.value(|it| select(input, it)),
            Helper::Stream => writer.value(|it| stream(input, false, it)),
            Helper::TryStream => writer.value(|it| stream(input, true, it)),
            Helper::PinProject => {
                let arguments = arguments.map(|it| it.to_string()).unwrap_or_default();
                writer.tokens(input);
                writer
                    .text(&projection::beside(&input.to_string(), &arguments).unwrap_or_default());
            }
            Helper::Error => {
                writer.text(&conversions::of_error(&input.to_string()).unwrap_or_default());
            }
        }
        Ok(writer.builder.build())
    }

    fn eq_dyn(&self, other: &dyn ProcMacroExpander) -> bool {
        let other: &dyn Any = other;
        other.downcast_ref::<Helper>() == Some(self)
    }
}

fn output_enum(input: TokenTreesView<'_>, writer: &mut Writer) {
    let branches = input.iter_flat_tokens().filter(branches::is_underscore).count();
    let names: Vec<String> = (0..branches).map(|it| format!("_{it}")).collect();
    let variants: String = names.iter().map(|it| format!("{it}({it}), ")).collect();
    let parameters = names.join(", ");
    writer.text(&format!("pub(super) enum Out<{parameters}> {{ {variants} Disabled }}"));
    // A bit for each of them.
    let bits = branches.next_power_of_two().max(8);
    writer.text(&format!("pub(super) type Mask = u{bits};"));
}

/// `{ let (a, b,) = (first, second,); (a.await, b.await,) }`
fn join(input: TokenTreesView<'_>, writer: &mut Writer) {
    let futures = branches::arguments(input);
    writer.braces(|writer| {
        bind_all(&futures, writer);
        let awaits: String = (0..futures.len()).map(|it| format!("__future{it}.await, ")).collect();
        writer.text(&format!("({awaits})"));
    });
}

fn try_join(input: TokenTreesView<'_>, writer: &mut Writer) {
    let futures = branches::arguments(input);
    let all = |each: &dyn Fn(usize) -> String| (0..futures.len()).map(each).collect::<String>();
    let awaits = all(&|it| format!("__future{it}.await, "));
    let oks = all(&|it| format!("::core::result::Result::Ok(__value{it}), "));
    let values = all(&|it| format!("__value{it}, "));
    let errors = all(&|at| {
        let pattern = all(&|it| match it == at {
            true => "::core::result::Result::Err(__error), ".to_owned(),
            false => "_, ".to_owned(),
        });
        format!("({pattern}) => ::core::result::Result::Err(__error), ")
    });
    writer.braces(|writer| {
        bind_all(&futures, writer);
        writer.text(&format!(
            "match ({awaits}) {{ ({oks}) => ::core::result::Result::Ok(({values})), {errors} }}"
        ));
    });
}

fn bind_all(futures: &[TokenTreesView<'_>], writer: &mut Writer) {
    for (index, future) in futures.iter().enumerate() {
        writer.text(&format!("let __future{index} ="));
        writer.tokens(*future);
        writer.text(";");
    }
}

/// One arm a branch, each with `match future.await { pattern => handler }`.
///
/// A future that is only named is lent to the macro, any other is moved into it.
fn select(input: TokenTreesView<'_>, writer: &mut Writer) {
    let branches = branches::branches(input);
    writer.braces(|writer| {
        for (index, branch) in branches.iter().enumerate() {
            let Branch::Future { future, .. } = branch else { continue };
            let lent = if branches::is_path(*future) { "&mut " } else { "" };
            writer.text(&format!("let __future{index} = {lent}"));
            writer.tokens(*future);
            writer.text(";");
        }
        writer.text("match 0usize");
        writer.braces(|writer| {
            for (index, branch) in branches.iter().enumerate() {
                writer.text(&format!("{index} =>"));
                match branch {
                    Branch::Future { pattern, handler, .. } => {
                        writer.text(&format!("match __future{index}.await"));
                        writer.braces(|writer| {
                            writer.tokens(*pattern);
                            writer.text("=>");
                            writer.tokens(*handler);
                        });
                    }
                    Branch::Otherwise { handler } => writer.tokens(*handler),
                }
                writer.text(",");
            }
            writer.text("_ => loop {},");
        });
    });
}

/// `(crate path) body`: what the body yields goes through a channel.
fn stream(input: TokenTreesView<'_>, fallible: bool, writer: &mut Writer) {
    let mut rest = input.iter();
    let Some(TtElement::Subtree(_, path)) = rest.next() else { return };
    let path = path.remaining();
    let body = rest.remaining();
    writer.braces(|writer| {
        writer.text("let (mut __yield_tx, __yield_rx) = unsafe");
        writer.braces(|writer| {
            writer.tokens(path);
            writer.text("::__private::yielder::pair()");
        });
        writer.text(";");
        writer.tokens(path);
        writer.text("::__private::AsyncStream::new");
        writer.group(DelimiterKind::Parenthesis, |writer| {
            writer.text("__yield_rx, async move");
            writer.braces(|writer| stream_body(body, path, fallible, writer));
        });
    });
}

fn stream_body(
    body: TokenTreesView<'_>,
    path: TokenTreesView<'_>,
    fallible: bool,
    writer: &mut Writer,
) {
    let mut rest = body.iter();
    loop {
        let savepoint = rest.savepoint();
        let Some(element) = rest.next() else { break };
        match element {
            TtElement::Subtree(subtree, inner) => {
                writer.builder.open(subtree.delimiter.kind, subtree.delimiter.open);
                stream_body(inner.remaining(), path, fallible, writer);
                writer.builder.close(subtree.delimiter.close);
            }
            TtElement::Leaf(Leaf::Ident(it)) if it.sym.as_str() == "yield" => {
                let value = branches::until_separator(&mut rest);
                writer.text("__yield_tx.send");
                writer.group(DelimiterKind::Parenthesis, |writer| {
                    let wrap = if fallible { "::core::result::Result::Ok" } else { "" };
                    writer.text(wrap);
                    writer.group(DelimiterKind::Parenthesis, |writer| {
                        stream_body(value, path, fallible, writer);
                    });
                });
                writer.text(".await");
            }
            TtElement::Leaf(Leaf::Ident(it))
                if it.sym.as_str() == "for" && branches::skip_await(&mut rest) =>
            {
                for_await(&mut rest, path, fallible, writer);
            }
            // Alone it may be half of a `::`.
            TtElement::Leaf(_) => writer.builder.extend_with_tt(rest.from_savepoint(savepoint)),
        }
    }
}

/// `for await pattern in source { body }`
fn for_await(
    rest: &mut ra_ap_tt::iter::TtIter<'_>,
    path: TokenTreesView<'_>,
    fallible: bool,
    writer: &mut Writer,
) {
    let pattern = branches::until_in(rest);
    let source = branches::until_block(rest);
    writer.braces(|writer| {
        writer.text("let mut __pinned =");
        stream_body(source, path, fallible, writer);
        writer.text(";");
        writer
            .text("let mut __pinned = unsafe { ::core::pin::Pin::new_unchecked(&mut __pinned) };");
        writer.text("while let ::core::option::Option::Some");
        writer.group(DelimiterKind::Parenthesis, |writer| writer.tokens(pattern));
        writer.text("=");
        writer.tokens(path);
        writer.text("::__private::next(&mut __pinned).await");
        if let Some(TtElement::Subtree(subtree, inner)) = rest.next() {
            writer.builder.open(subtree.delimiter.kind, subtree.delimiter.open);
            stream_body(inner.remaining(), path, fallible, writer);
            writer.builder.close(subtree.delimiter.close);
        }
    });
}

/// Puts an expansion together: its own words, and the user's tokens with their places.
struct Writer {
    builder: TopSubtreeBuilder,
    call_site: Span,
}

impl Writer {
    fn new(call_site: Span) -> Writer {
        let builder = TopSubtreeBuilder::new(Delimiter::invisible_spanned(call_site));
        Writer { builder, call_site }
    }

    /// Words of the expansion's own; brackets in them are balanced.
    fn text(&mut self, text: &str) {
        let parsed = ra_ap_syntax_bridge::parse_to_token_tree_static_span(
            Edition::Edition2021,
            self.call_site,
            text,
        );
        if let Some(parsed) = parsed {
            // A text that is one group comes back as that group, without a root around it.
            match parsed.top_subtree().delimiter.kind {
                DelimiterKind::Invisible => self.tokens(parsed.token_trees()),
                _ => self.tokens(parsed.as_token_trees()),
            }
        }
    }

    fn tokens(&mut self, tokens: TokenTreesView<'_>) {
        self.builder.extend_with_tt_alone(tokens);
    }

    /// Between brackets: a block at the end of a block would be read as a statement.
    fn value(&mut self, content: impl FnOnce(&mut Writer)) {
        self.group(DelimiterKind::Parenthesis, content);
    }

    fn braces(&mut self, content: impl FnOnce(&mut Writer)) {
        self.group(DelimiterKind::Brace, content);
    }

    fn group(&mut self, kind: DelimiterKind, content: impl FnOnce(&mut Writer)) {
        self.builder.open(kind, self.call_site);
        content(self);
        self.builder.close(self.call_site);
    }
}
