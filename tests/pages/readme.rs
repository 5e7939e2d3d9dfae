//! The table of rules in the README.

use async_fix::finding::Applicability;

use crate::{Outcome, all_pages, repository};

pub fn lists_every_rule() -> Outcome {
    let readme = std::fs::read_to_string(repository().join("README.md"))?;
    let missing: Vec<String> = all_pages()
        .map(|page| {
            let fix = page.fix.map_or("none", Applicability::name);
            let twins: Vec<String> = page.clippy.iter().map(|it| format!(" `{it}`")).collect();
            let (name, summary, twins) = (&page.name, &page.summary, twins.join(","));
            let remark = page.remark();
            format!("| [`{name}`](rules/{name}.md) | {summary}{remark} | {fix} |{twins} |")
        })
        .filter(|it| !readme.contains(it))
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => {
            Err(format!("\nthe table of rules in README.md lacks:\n{}", missing.join("\n")).into())
        }
    }
}
