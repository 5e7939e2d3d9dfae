//! What the compiler says of the examples, before and after their fixes.

use std::{fs, path::Path, process::Command};

use async_fix::page::{Example, Page};

use crate::{Outcome, fixture::Fixture, pages, pages_of_programs};

pub fn every_example(fixture: &Fixture) -> Outcome {
    each_alone(fixture, pages())
}

pub fn every_program(fixture: &Fixture) -> Outcome {
    each_alone(fixture, pages_of_programs())
}

fn each_alone(fixture: &Fixture, pages: Vec<Page>) -> Outcome {
    let mut modules = Vec::new();
    for page in pages {
        for example in &page.examples {
            let name = format!("{}_line_{}", page.name.replace('-', "_"), example.line);
            let planned = fixture.plan_for(&page, &example.code);
            if planned.after != example.code {
                modules.push((format!("{name}_after"), planned.after));
            }
            modules.push((name, example.code.clone()));
        }
    }
    let folder = fixture.folder();
    let name = folder.file_name().expect("it has a name").to_string_lossy();
    check(fixture, &format!("every-example-of-{name}"), &modules)
}

/// All fixes of all pages in one file, applied in one go.
pub fn all_together(fixture: &Fixture) -> Outcome {
    let text = all_examples(|it| !it.left_alone);
    let planned = fixture.plan(&text);
    if planned.plan.repairs.is_empty() {
        return Err("nothing was repaired".into());
    }
    let second = fixture.plan(&planned.after);
    crate::example::expect_equal("the text after a second run", &planned.after, &second.after)?;
    check(fixture, "all-together", &[("all".to_owned(), planned.after)])
}

/// The examples that are `wanted`, each as a module.
pub fn all_examples(wanted: impl Fn(&Example) -> bool) -> String {
    let pages = pages();
    let examples = |page: &'_ Page| -> String {
        page.examples.iter().filter(|it| wanted(it)).map(|it| as_module(page, it)).collect()
    };
    pages.iter().map(examples).collect()
}

pub fn as_module(page: &Page, example: &Example) -> String {
    let name = format!("{}_line_{}", page.name.replace('-', "_"), example.line);
    format!("pub mod {name} {{\n{}}}\n", indented(&example.code))
}

/// Lines inside string literals move too, which no example minds.
fn indented(code: &str) -> String {
    code.lines()
        .map(|it| if it.is_empty() { "\n".to_owned() } else { format!("    {it}\n") })
        .collect()
}

/// One `cargo check` of a crate with these modules. Later runs find what the first one built.
pub fn check(fixture: &Fixture, name: &str, modules: &[(String, String)]) -> Outcome {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = target.join(name);
    let fixture = fixture.folder();
    fs::create_dir_all(folder.join("src"))?;
    fs::copy(fixture.join("Cargo.toml"), folder.join("Cargo.toml"))?;
    fs::copy(fixture.join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut root = String::from("#![allow(warnings)]\n");
    for (name, text) in modules {
        root.push_str(&format!("pub mod {name};\n"));
        fs::write(folder.join(format!("src/{name}.rs")), text)?;
    }
    fs::write(folder.join("src/lib.rs"), root)?;
    // With tests, so that examples of tests compile too.
    let output = Command::new("cargo")
        .args(["check", "--quiet", "--locked", "--lib", "--tests"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target.join("target"))
        .env_remove("RUSTFLAGS")
        .output()?;
    match output.status.success() {
        true => Ok(()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}
