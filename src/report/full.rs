//! Findings as rustc draws them: the place, the reasons, and each fix as a small diff.

use annotate_snippets::{
    AnnotationKind, Group, Level, Origin, Renderer, Snippet, normalize_untrusted_str,
};

use crate::{
    finding::{Finding, Note, Place, Severity},
    report::{Style, mini_diff, position::Position, window::Window},
    workspace::Texts,
};

pub fn render(findings: &[Finding], texts: &Texts, style: Style) -> String {
    let renderer = match style {
        Style::Plain => Renderer::plain(),
        Style::Styled => Renderer::styled(),
    };
    findings
        .iter()
        .map(|finding| {
            let mut out = renderer.render(&groups(finding, texts)) + "\n";
            let gutter = gutter(finding, texts);
            for fix in &finding.fixes {
                out += &mini_diff::render(fix, &finding.at.file, texts, gutter, style);
            }
            out + "\n"
        })
        .collect()
}

/// How wide the line numbers of a finding are.
fn gutter(finding: &Finding, texts: &Texts) -> usize {
    let places = finding.because.iter().filter_map(|it| it.at.as_ref()).chain([&finding.at]);
    let last_lines = places.filter_map(|it| {
        let text = texts.get(&it.file)?;
        Some(Position::of(it.range.end(), text).line)
    });
    last_lines.max().unwrap_or(1).to_string().len()
}

fn groups(finding: &Finding, texts: &Texts) -> Vec<Group<'static>> {
    let title = level(finding.severity).primary_title(finding.message.clone()).id(finding.rule);
    let mut places: Vec<(&Place, &Note)> =
        finding.because.iter().filter_map(|it| Some((it.at.as_ref()?, it))).collect();
    // A chain through several files keeps its order only when each link is drawn by itself.
    let one_file = places.iter().all(|(place, _)| place.file == finding.at.file);
    if one_file {
        // Labels of one place are drawn in the order in which they come.
        places.sort_by_key(|(place, note)| (*place, &note.text));
    }
    let labels: &[_] = if one_file { &places } else { &[] };

    let mut main = place_with_labels(Group::with_title(title), &finding.at, labels, texts);
    for note in finding.because.iter().filter(|it| it.at.is_none()) {
        main = main.element(Level::NOTE.message(normalize_untrusted_str(&note.text)));
    }
    main = main.element(Level::HELP.message(format!("async-fix explain {}", finding.rule)));

    let mut groups = vec![main];
    if !one_file {
        groups.extend(places.iter().map(|(place, note)| {
            let title = Level::NOTE.secondary_title(normalize_untrusted_str(&note.text));
            place_with_labels(Group::with_title(title), place, &[], texts)
        }));
    }
    groups
}

fn level(severity: Severity) -> Level<'static> {
    match severity {
        Severity::Info => Level::INFO,
        Severity::Warn => Level::WARNING,
        Severity::Error => Level::ERROR,
    }
}

fn place_with_labels(
    group: Group<'static>,
    at: &Place,
    labels: &[(&Place, &Note)],
    texts: &Texts,
) -> Group<'static> {
    let ranges = labels.iter().map(|(place, _)| place.range).chain([at.range]);
    let window = texts.get(&at.file).and_then(|it| Window::around(it, ranges));
    let Some(window) = window else {
        return group.element(Origin::path(at.file.to_string()));
    };
    let labels = labels.iter().map(|(place, note)| {
        AnnotationKind::Context.span(window.span(place.range)).label(note.text.clone())
    });
    let snippet = Snippet::source(window.text.clone())
        .path(at.file.to_string())
        .line_start(window.first_line)
        .annotation(AnnotationKind::Primary.span(window.span(at.range)))
        .annotations(labels.collect::<Vec<_>>());
    group.element(snippet)
}
