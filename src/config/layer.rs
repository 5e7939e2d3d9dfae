//! One place that configures: a file, a table of a manifest, a flag.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::{
    config::{
        globs::Globs,
        names,
        values::{PathValues, RuleValues, Values},
    },
    finding::FilePath,
    knowledge::CrateRows,
    page::Page,
};

/// Values, and where they come from.
#[derive(Clone, Debug)]
pub struct Layer {
    pub source: Source,
    pub values: Values,
    pub(super) exclude: Globs,
    pub(super) per_path: Vec<(Globs, PathValues)>,
}

/// Where values come from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// A file by its path from the workspace root, or a flag.
    pub name: String,
    /// The folder from which its globs are seen.
    pub folder: FilePath,
    /// What was read, where it has lines; empty for a flag.
    pub(super) text: String,
    /// The keys before those that count, in a manifest.
    pub(super) table: &'static [&'static str],
}

/// A step towards a value.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl Source {
    pub fn is_file(&self) -> bool {
        !self.text.is_empty()
    }

    /// Where the value is said that `steps` lead to, or the last one before it that is there.
    pub fn at(&self, steps: &[Step<'_>]) -> String {
        Lines::of(self).at(steps)
    }

    fn sentence(&self, steps: &[Step<'_>], problem: &str) -> String {
        match self.name.as_str() {
            "" => problem.to_owned(),
            _ => format!("{}: {problem}", self.at(steps)),
        }
    }
}

/// The lines of a source, for many questions.
struct Lines<'a> {
    source: &'a Source,
    table: Option<DeTable<'a>>,
}

impl<'a> Lines<'a> {
    fn of(source: &'a Source) -> Lines<'a> {
        Lines { source, table: DeTable::parse(&source.text).ok().map(Spanned::into_inner) }
    }

    fn at(&self, steps: &[Step<'_>]) -> String {
        let Source { name, text, table, .. } = self.source;
        if text.is_empty() {
            return name.clone();
        }
        let table = table.iter().map(|it| Step::Key(it));
        let at = self.table.as_ref().map(|it| offset(it, table.chain(steps.iter().copied())));
        format!("{name}:{}", line(text, at.unwrap_or_default()))
    }
}

fn offset<'s>(table: &DeTable<'_>, mut steps: impl Iterator<Item = Step<'s>>) -> usize {
    let Some(Step::Key(first)) = steps.next() else { return 0 };
    let Some((key, mut value)) = table.get_key_value(first) else { return 0 };
    let mut at = key.span().start;
    for step in steps {
        (at, value) = match (value.get_ref(), step) {
            (DeValue::Table(it), Step::Key(key)) => match it.get_key_value(key) {
                Some((key, next)) => (key.span().start, next),
                None => break,
            },
            (DeValue::Array(it), Step::Index(index)) => match it.get(index) {
                Some(next) => (next.span().start, next),
                None => break,
            },
            _ => break,
        };
    }
    at
}

/// The line, from 1, of the byte `at`.
pub(super) fn line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or(text).matches('\n').count() + 1
}

impl Layer {
    /// Checks every name and every glob in `values`.
    pub fn new(source: Source, mut values: Values, pages: &[Page]) -> Result<Layer, String> {
        check_names(&source, &values, pages)?;
        check_rows(&source, values.knowledge.as_deref_mut().unwrap_or_default())?;
        let key = [Step::Key("exclude")];
        let exclude = values.exclude.as_deref().unwrap_or_default();
        let exclude = Globs::new(&source.folder, exclude)
            .map_err(|(index, problem)| source.sentence(&[key[0], Step::Index(index)], &problem))?;
        let mut per_path = Vec::new();
        for (glob, values) in values.per_path.iter().flatten() {
            let globs = Globs::new(&source.folder, std::slice::from_ref(glob));
            let globs = globs.map_err(|(_, problem)| {
                source.sentence(&[Step::Key("per-path"), Step::Key(glob)], &problem)
            })?;
            per_path.push((globs, values.clone()));
        }
        Ok(Layer { source, values, exclude, per_path })
    }

    /// The rows that a package ships in its manifest.
    pub fn shipped_rows(&self) -> &[CrateRows] {
        match self.source.table.first() {
            Some(&"package") => self.values.knowledge.as_deref().unwrap_or_default(),
            _ => &[],
        }
    }

    /// What the flags of a command line say.
    pub fn of_flags(values: Values, folder: FilePath, pages: &[Page]) -> Result<Layer, String> {
        let name = String::new();
        let source = Source { name, folder, text: String::new(), table: &[] };
        let mut layer = Layer::new(source, values, pages)?;
        layer.source.name = "the command line".to_owned();
        Ok(layer)
    }
}

/// A list of names, with the key that it stands under.
type Names<'v> = (&'static str, &'v Option<Vec<String>>);

fn check_names(source: &Source, values: &Values, pages: &[Page]) -> Result<(), String> {
    let lists: [Names<'_>; 7] = [
        ("select", &values.select),
        ("extend-select", &values.extend_select),
        ("ignore", &values.ignore),
        ("fixable", &values.fixable),
        ("unfixable", &values.unfixable),
        ("extend-safe-fixes", &values.extend_safe_fixes),
        ("extend-unsafe-fixes", &values.extend_unsafe_fixes),
    ];
    for (key, names) in lists {
        check_list(source, &[Step::Key(key)], names.as_deref(), pages)?;
    }
    check_rules(source, &[Step::Key("rules")], values.rules.iter().flatten(), pages)?;
    for (glob, values) in values.per_path.iter().flatten() {
        let [table, glob] = [Step::Key("per-path"), Step::Key(glob)];
        let ignore = [table, glob, Step::Key("ignore")];
        check_list(source, &ignore, values.ignore.as_deref(), pages)?;
        let rules = [table, glob, Step::Key("rules")];
        check_rules(source, &rules, values.rules.iter().flatten(), pages)?;
    }
    Ok(())
}

fn check_list(
    source: &Source,
    steps: &[Step<'_>],
    names: Option<&[String]>,
    pages: &[Page],
) -> Result<(), String> {
    for (index, name) in names.unwrap_or_default().iter().enumerate() {
        if let Some(problem) = names::problem(name, pages) {
            return Err(source.sentence(&[steps, &[Step::Index(index)]].concat(), &problem));
        }
    }
    Ok(())
}

fn check_rules<'v>(
    source: &Source,
    steps: &[Step<'_>],
    rules: impl Iterator<Item = (&'v String, &'v RuleValues)>,
    pages: &[Page],
) -> Result<(), String> {
    for (name, values) in rules {
        let problem = match names::page(name, pages) {
            Err(problem) => problem,
            Ok(page) if values.limit.is_some() && page.limit.is_none() => {
                format!("`{name}` is not about sizes, and has no limit")
            }
            Ok(_) => continue,
        };
        return Err(source.sentence(&[steps, &[Step::Key(name)]].concat(), &problem));
    }
    Ok(())
}

/// Tells each row of knowledge where it stands.
pub(super) fn check_rows(source: &Source, rows: &mut [CrateRows]) -> Result<(), String> {
    let lines = Lines::of(source);
    for (index, rows) in rows.iter_mut().enumerate() {
        for (row_index, row) in rows.items.iter_mut().enumerate() {
            let file = [Step::Key("knowledge"), Step::Index(index)];
            let row_steps = [Step::Key("item"), Step::Index(row_index)];
            row.origin = Some(lines.at(&[file, row_steps].concat()));
        }
        if let Some((row, origin)) = rows.strange().and_then(|it| Some((it, it.origin.as_ref()?))) {
            let (path, krate) = (&row.path, &rows.krate);
            return Err(format!("{origin}: `{path}` is not a path in the crate `{krate}`"));
        }
    }
    Ok(())
}
