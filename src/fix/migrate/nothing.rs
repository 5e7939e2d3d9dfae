//! A call whose twin says `None` where it gave an error without content: what is done with the result, an `Option` can
//! often do as well.

use ra_ap_hir_def::hir::{Expr, ExprId, Pat, PatId};
use ra_ap_ide_db::text_edit::TextRange;

use crate::fix::migrate::Migration;

/// What makes a result of the option.
const ERROR: &str = ".ok_or(";

/// What gives the same of an option as of a result.
const ALIKE: [&str; 4] = ["unwrap", "expect", "unwrap_or", "unwrap_or_default"];

impl Migration<'_, '_> {
    /// The template without its error, where the call can do without.
    pub(super) fn without_error(&mut self, call: ExprId, becomes: String) -> String {
        match becomes.rsplit_once(ERROR) {
            Some((plain, _)) if self.is_at_home_with_option(call) => plain.to_owned(),
            _ => becomes,
        }
    }

    fn is_at_home_with_option(&mut self, call: ExprId) -> bool {
        let body = self.body;
        let Some(parent) = body.parent(call) else { return false };
        match &body.body[parent] {
            Expr::MethodCall { receiver, method_name, .. } if *receiver == call => {
                match method_name.as_str() {
                    "ok" => self.remove_method(call, parent),
                    it => ALIKE.contains(&it),
                }
            }
            // `while let Ok(message) = receiver.recv()`
            Expr::Let { pat, .. } => self.some_for_ok(*pat),
            _ => false,
        }
    }

    /// Takes `.ok()` away.
    fn remove_method(&mut self, receiver: ExprId, call: ExprId) -> bool {
        let places = self.body.place_of(receiver).zip(self.body.place_of(call));
        let Some((inner, outer)) = places.filter(|it| it.1.file == self.file) else { return false };
        let rest = TextRange::new(inner.range.end(), outer.range.end());
        let is_plain = self.text[rest].chars().filter(|it| !it.is_whitespace()).eq(".ok()".chars());
        if is_plain {
            self.edits.push((rest, String::new()));
        }
        is_plain
    }

    /// `Some(..)` in place of `Ok(..)`.
    fn some_for_ok(&mut self, pattern: PatId) -> bool {
        let Pat::TupleStruct { .. } = self.body.body[pattern] else { return false };
        let Some(place) = self.body.place_of_pattern(pattern) else { return false };
        let text = &self.text[place.range];
        if place.file != self.file || !text.starts_with("Ok(") {
            return false;
        }
        let name = TextRange::at(place.range.start(), "Ok".len().try_into().expect("it is short"));
        self.edits.push((name, "Some".to_owned()));
        true
    }
}
