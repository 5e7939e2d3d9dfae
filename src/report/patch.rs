//! A plan as a unified diff that `git apply` and `patch -p1` take.

use std::{collections::BTreeMap, fmt::Write, path::Path};

use anstyle::{AnsiColor, Effects};
use similar::{Algorithm, ChangeTag, TextDiff, udiff::UnifiedHunkHeader};

use crate::{
    config::Remedy,
    finding::{FilePath, Want},
    plan::{Change, Plan, Repair},
    report::{Style, one_line, position::label},
};

/// Lines around a change, as `git diff` has them.
const CONTEXT: usize = 3;

/// The whole plan; `root` is the folder of the workspace.
pub fn render(plan: &Plan, root: &Path, style: Style) -> String {
    let base = Base::of(plan, root);
    let mut out = String::new();
    if let Some(folder) = base.folder() {
        let _ = writeln!(
            out,
            "async-fix: files outside the workspace change too, so paths start in `{folder}`: apply it there"
        );
    }
    let mut seen: Vec<&Change> = Vec::new();
    for change in plan.changes.iter().filter(|it| it.before != it.after) {
        for line in annotations(plan, &change.file) {
            let _ = writeln!(out, "async-fix: {}", one_line(&line));
        }
        // Two names of one file that agree are one change.
        if !seen.iter().any(|it| it.real == change.real && it.after == change.after) {
            out.push_str(&diff(change, &base));
            seen.push(change);
        }
    }
    match style {
        Style::Plain => out,
        Style::Styled => colour(&out),
    }
}

/// The folder in which a patch is applied, as seen from the workspace root; nothing when it is the root.
pub fn folder(plan: &Plan, root: &Path) -> Option<String> {
    Base::of(plan, root).folder()
}

/// Where the paths of a patch start.
///
/// No tool follows a path in a patch out of the folder it is applied in. When a member outside the workspace root
/// changes, all paths therefore start in the nearest folder that holds them all.
struct Base {
    /// How many folders above the workspace root.
    up: usize,
    /// The folders from there to the root.
    names: Vec<String>,
}

impl Base {
    fn of(plan: &Plan, root: &Path) -> Base {
        let up = plan.changes.iter().map(|it| steps_up(it.real.as_str())).max().unwrap_or(0);
        let names: Vec<String> =
            root.components().map(|it| it.as_os_str().to_string_lossy().into_owned()).collect();
        Base { up, names: names[names.len().saturating_sub(up)..].to_vec() }
    }

    fn folder(&self) -> Option<String> {
        (self.up > 0).then(|| vec![".."; self.up].join("/"))
    }

    fn path(&self, file: &FilePath) -> String {
        let up = steps_up(file.as_str());
        let kept = self.names.len().saturating_sub(up);
        let below = file.as_str()["../".len() * up..].to_owned();
        self.names[..kept].iter().cloned().chain([below]).collect::<Vec<_>>().join("/")
    }
}

fn steps_up(mut path: &str) -> usize {
    let mut steps = 0;
    while let Some(rest) = path.strip_prefix("../") {
        path = rest;
        steps += 1;
    }
    steps
}

/// What is repaired in `file`, and why.
fn annotations(plan: &Plan, file: &FilePath) -> Vec<String> {
    let mut lines = Vec::new();
    let mut features: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for repair in &plan.repairs {
        let fix = repair.fix();
        let edits_it = fix.is_some_and(|it| it.edits.contains_key(file));
        if repair.finding.at.file == *file || edits_it {
            lines.push(annotation(repair, plan));
        }
        for want in fix.iter().flat_map(|it| &it.wants) {
            let Want::Feature(it, _) = want;
            if it.manifest == *file {
                let rules = features.entry((&it.dependency, &it.feature)).or_default();
                if !rules.contains(&repair.finding.rule) {
                    rules.push(repair.finding.rule);
                }
            }
        }
    }
    lines.extend(features.into_iter().map(|((dependency, feature), rules)| {
        format!("{} needs the feature `{feature}` of `{dependency}`", rules.join(", "))
    }));
    lines
}

fn annotation(repair: &Repair, plan: &Plan) -> String {
    let finding = &repair.finding;
    // The text of a later round is kept nowhere, so its lines are not known.
    let at = match repair.round {
        0 => label(&finding.at, &plan.texts),
        _ => finding.at.file.to_string(),
    };
    let what = match repair.remedy {
        Remedy::Fix => repair.applicability.name(),
        Remedy::Suppress { .. } => "suppressed",
    };
    format!("{} [{what}] {at} {}", finding.rule, finding.message)
}

fn diff(change: &Change, base: &Base) -> String {
    // Lines as git counts them: a lone `\r` ends none.
    let before: Vec<&str> = change.before.split_inclusive('\n').collect();
    let after: Vec<&str> = change.after.split_inclusive('\n').collect();
    let diff = TextDiff::configure().algorithm(Algorithm::Myers).diff_slices(&before, &after);
    let path = base.path(&change.real);
    let mut out = format!("--- {}\n+++ {}\n", quoted("a/", &path), quoted("b/", &path));
    for group in diff.grouped_ops(CONTEXT) {
        let _ = writeln!(out, "{}", UnifiedHunkHeader::new(&group));
        for line in group.iter().flat_map(|it| diff.iter_changes(it)) {
            out.push(match line.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            });
            out.push_str(line.value());
            if !line.value().ends_with('\n') {
                out.push_str("\n\\ No newline at end of file\n");
            }
        }
    }
    out
}

/// A path as git writes it in a header: quoted where it could be misread, with a tab where a space could end it.
fn quoted(side: &str, path: &str) -> String {
    if path.contains(|it: char| it.is_control() || it == '"' || it == '\\') {
        let mut escaped = String::new();
        for byte in path.bytes() {
            match byte {
                b'"' | b'\\' => escaped.extend(['\\', byte as char]),
                b' '..=b'~' => escaped.push(byte as char),
                _ => {
                    let _ = write!(escaped, "\\{byte:03o}");
                }
            }
        }
        format!("\"{side}{escaped}\"")
    } else if path.contains(' ') {
        format!("{side}{path}\t")
    } else {
        format!("{side}{path}")
    }
}

fn colour(patch: &str) -> String {
    let bold = anstyle::Style::new().effects(Effects::BOLD);
    let mut out = String::new();
    for line in patch.split_inclusive('\n') {
        let style = match line.as_bytes() {
            [b'-', b'-', b'-', b' ', ..] | [b'+', b'+', b'+', b' ', ..] => bold,
            [b'a', ..] => AnsiColor::Yellow.on_default(),
            [b'@', ..] => AnsiColor::Cyan.on_default(),
            [b'-', ..] => AnsiColor::Red.on_default(),
            [b'+', ..] => AnsiColor::Green.on_default(),
            _ => anstyle::Style::new(),
        };
        let text = line.trim_end_matches('\n');
        let _ = writeln!(out, "{style}{text}{style:#}");
    }
    out
}
