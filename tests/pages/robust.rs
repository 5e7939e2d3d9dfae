//! What holds for broken code, and for the rows of knowledge.

use async_fix::knowledge::resolve::Known;
use ra_ap_syntax::{AstNode, NodeOrToken, SourceFile, TextRange};

use crate::{Outcome, fixture::Fixture, pages};

/// How many tokens are deleted from each page. `ASYNC_FIX_HEAVY=1` deletes each token of every example once.
const SAMPLE: usize = 12;

pub fn deleted_tokens(fixture: &Fixture) -> Outcome {
    let heavy = std::env::var_os("ASYNC_FIX_HEAVY").is_some();
    for page in pages() {
        let mut places: Vec<(usize, TextRange)> = Vec::new();
        for (index, example) in page.examples.iter().enumerate() {
            places.extend(tokens(&example.code).into_iter().map(|it| (index, it)));
        }
        // Evenly spread, so that a run can be repeated.
        let step = if heavy { 1 } else { (places.len() / SAMPLE).max(1) };
        for (index, range) in places.into_iter().step_by(step) {
            let mut code = page.examples[index].code.clone();
            code.replace_range(usize::from(range.start())..usize::from(range.end()), "");
            let errors = fixture.plan(&code).plan.coverage.internal_errors;
            if !errors.is_empty() {
                return Err(format!("{errors:?}\nin\n{code}").into());
            }
        }
    }
    Ok(())
}

fn tokens(code: &str) -> Vec<TextRange> {
    let file = SourceFile::parse(code, ra_ap_syntax::Edition::CURRENT).tree();
    let tokens = file.syntax().descendants_with_tokens().filter_map(NodeOrToken::into_token);
    tokens.filter(|it| !it.kind().is_trivia()).map(|it| it.text_range()).collect()
}

/// Every row of a crate that the fixture depends on names an item that is there.
pub fn rows_resolve(fixture: &Fixture) -> Outcome {
    let absent: Vec<String> = fixture.with_text("", |workspace, rows| {
        let known = Known::resolve(workspace.db(), rows);
        let always = known.absent.iter().filter(|it| it.only_with.is_none());
        always.map(|it| it.path.clone()).collect()
    });
    match absent.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("\nnothing stands behind {} rows:\n{}", absent.len(), absent.join("\n"))
                .into())
        }
    }
}
