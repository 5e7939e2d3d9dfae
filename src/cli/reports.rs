//! The result of a run, in the formats that were asked for and where it was asked for.

use std::{collections::HashSet, fs, path::Path};

use crate::{
    cli::{
        arguments::{Format, OutputArguments, ScanArguments},
        catalogue, output, paths,
    },
    finding::Finding,
    plan::Plan,
    report::{
        Mode, Style, concise, full, github, json, patch,
        project::{self, Project},
        rustc_json, sarif, statistics, texts_after,
    },
    workspace::{Texts, Workspace},
};

/// Refuses a place that takes no report, before there is work that would be lost.
pub(super) fn check(arguments: &ScanArguments) -> Result<(), String> {
    let takes_statistics =
        matches!(arguments.format(), Format::Full | Format::Concise | Format::Json);
    let arguments = &arguments.output;
    if arguments.statistics && !takes_statistics {
        return Err("`--statistics` prints text or JSON: `--output-format` is `full`, `concise` or `json` then".to_owned());
    }
    let mut seen = HashSet::new();
    for path in files(arguments) {
        let shown = path.display();
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|it| !it.is_dir()) {
            return Err(format!(
                "the report `{shown}` cannot be written: there is no folder `{}`",
                folder.display()
            ));
        }
        if path.is_dir() {
            return Err(format!("the report `{shown}` cannot be written: it is a folder"));
        }
        if !seen.insert(path) {
            return Err(format!("`{shown}` is named for two reports"));
        }
    }
    Ok(())
}

fn files(arguments: &OutputArguments) -> impl Iterator<Item = &Path> {
    let reports = arguments.report.iter().map(|it| it.path.as_path());
    reports.chain(arguments.output_file.as_deref())
}

/// Prints and writes what became of `plan`. A plan that was refused is told as a dry run. `others_succeed` if another
/// checker that speaks on stdout has nothing against it either.
pub(super) fn print(
    arguments: &ScanArguments,
    plan: &Plan,
    mode: Mode,
    workspace: &Workspace,
    others_succeed: bool,
) -> Result<(), String> {
    let packages = &arguments.scope.package;
    let reporter = Reporter::new(plan, mode, workspace, packages, others_succeed);
    let format = match (arguments.format(), mode) {
        // What people read of a dry run is the patch.
        (Format::Full | Format::Concise, Mode::DryRun) => Format::Patch,
        (it, _) => it,
    };
    let arguments = &arguments.output;
    let text = |style| match arguments.statistics {
        true => reporter.statistics(format),
        false => reporter.text(format, style),
    };
    match &arguments.output_file {
        None => output::print(&text(output::style()))?,
        Some(path) => write(path, &text(Style::Plain))?,
    }
    for it in &arguments.report {
        write(&it.path, &reporter.text(it.format, Style::Plain))?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text)
        .map_err(|it| format!("the report `{}` cannot be written: {it}", path.display()))
}

struct Reporter<'a> {
    plan: &'a Plan,
    mode: Mode,
    workspace: &'a Workspace,
    project: Project,
    /// What was named as package.
    packages: &'a [String],
    others_succeed: bool,
}

impl<'a> Reporter<'a> {
    fn new(
        plan: &'a Plan,
        mode: Mode,
        workspace: &'a Workspace,
        packages: &'a [String],
        others_succeed: bool,
    ) -> Reporter<'a> {
        let root = workspace.root().to_owned();
        let below_repository = paths::below_repository(&root);
        let project = Project { root, below_repository, pages: catalogue::pages() };
        Reporter { plan, mode, workspace, project, packages, others_succeed }
    }

    fn statistics(&self, format: Format) -> String {
        let findings = match self.mode {
            Mode::Check | Mode::DryRun => &self.plan.findings,
            Mode::Apply => &self.plan.remaining,
        };
        match format {
            Format::Json => statistics::json(findings),
            _ => statistics::table(findings),
        }
    }

    fn text(&self, format: Format, style: Style) -> String {
        let Reporter { plan, mode, project, .. } = self;
        // What is not written is told of the files as they are.
        let (findings, suppressed, texts) = match mode {
            Mode::Check | Mode::DryRun => {
                (&plan.findings, &plan.suppressed_before, plan.texts.clone())
            }
            Mode::Apply => (&plan.remaining, &plan.suppressed, texts_after(plan)),
        };
        match format {
            Format::Full => full::render(findings, &texts, style),
            Format::Concise => concise::render(findings, &texts),
            Format::Json => json::render(plan, *mode, project),
            Format::RustcJson | Format::RustcJsonStyled => {
                let style = match format {
                    Format::RustcJsonStyled => Style::Styled,
                    _ => Style::Plain,
                };
                self.rustc_json(findings, &texts, style)
            }
            Format::Sarif => sarif::render(findings, suppressed, &texts, &plan.coverage, project),
            Format::Github => github::render(findings, &texts, project),
            Format::Patch => patch::render(plan, &project.root, style),
        }
    }

    fn rustc_json(&self, findings: &[Finding], texts: &Texts, style: Style) -> String {
        let targets = project::targets(self.workspace, findings);
        let mut text = rustc_json::render(findings, texts, &targets, style);
        let found_in: Vec<&String> = targets.values().map(|it| &it.package_id).collect();
        // Who names a package by its id shows what is found by package.
        let clean = self.packages.iter().filter(|it| !found_in.contains(it));
        let clean = clean.filter_map(|it| project::target_of_package(self.workspace, it));
        clean.for_each(|it| text += &rustc_json::nothing_found(&it));
        text + &rustc_json::finished(self.others_succeed && rustc_json::succeeds(findings))
    }
}
