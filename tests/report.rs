//! What the program prints, in each of its formats.

#[path = "report/machine.rs"]
mod machine;
#[path = "report/patch.rs"]
mod patch;
#[path = "report/plan.rs"]
mod plan;
#[path = "shared/project.rs"]
mod project;
#[path = "report/rustfix.rs"]
mod rustfix;
#[path = "report/text.rs"]
mod text;

fn check(name: &str, text: &str) {
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(format!("report-{name}"), text);
    });
}
