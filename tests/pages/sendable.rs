//! What the fixes of guards are for: the future of a repaired example may change threads.

use async_fix::page::Example;
use ra_ap_syntax::{
    Edition, SourceFile,
    ast::{self, HasGenericParams, HasModuleItem, HasName, HasVisibility},
};

use crate::{Outcome, compile, fixture::Fixture, pages};

/// Types that keep a future on its thread, whatever is done to guards.
const TIED: [&str; 3] = ["Rc<", "RefCell<", "crossbeam_epoch"];

pub fn repaired_examples(fixture: &Fixture) -> Outcome {
    let mut modules = Vec::new();
    for page in pages().into_iter().filter(|it| it.group == "locks") {
        for example in page.examples.iter().filter(|it| !it.left_alone && !is_tied(it)) {
            let planned = fixture.plan(&example.code);
            let is_whole = planned.plan.remaining.is_empty() && planned.after != example.code;
            let proofs = proofs(&planned.after);
            if is_whole && !proofs.is_empty() {
                let name = format!("{}_line_{}", page.name.replace('-', "_"), example.line);
                modules.push((name, format!("{}\n{proofs}", planned.after)));
            }
        }
    }
    assert!(modules.len() >= 30, "{} examples are proven", modules.len());
    compile::check(fixture, "sendable", &modules)
}

fn is_tied(example: &Example) -> bool {
    TIED.iter().any(|it| example.code.contains(it))
}

/// For each public asynchronous function one that takes its future to another thread.
fn proofs(text: &str) -> String {
    let file = SourceFile::parse(text, Edition::Edition2024).tree();
    let functions = file.items().filter_map(|it| match it {
        ast::Item::Fn(it) => Some(it),
        _ => None,
    });
    functions.filter_map(|it| proof(&it)).collect()
}

fn proof(function: &ast::Fn) -> Option<String> {
    if function.async_token().is_none()
        || function.visibility().is_none()
        || function.generic_param_list().is_some()
    {
        return None;
    }
    let name = function.name()?;
    let (mut declared, mut given) = (String::new(), String::new());
    for (index, parameter) in function.param_list()?.params().enumerate() {
        declared.push_str(&format!("it{index}: {}, ", parameter.ty()?));
        given.push_str(&format!("it{index}, "));
    }
    Some(format!(
        "fn {name}_is_send({declared}) {{ fn is_send(_: impl Send) {{}} is_send({name}({given})) }}\n"
    ))
}
