//! What the user asked for: the configuration of the project, what the flags say on top, and the files that are meant.

use std::path::{Path, PathBuf};

use crate::{
    cli::{
        arguments::{
            ScanArguments,
            choosing::{ConfigArguments, ScopeArguments},
        },
        catalogue, changed, load, paths,
    },
    config::{
        Choice, ProjectRequest, Scope,
        decision::Fixes,
        document,
        globs::Globs,
        layer::Layer,
        names::nearest,
        settings::{Chain, Settings},
    },
    finding::FilePath,
    page::Page,
    workspace::{
        configuration,
        layout::{Layout, Member},
    },
};

/// Names a file that configures.
const ENVIRONMENT: &str = "ASYNC_FIX_CONFIG";

/// What is wanted, of which workspace.
pub(super) struct Asked {
    pub request: ProjectRequest,
    pub layout: Layout,
    pub choice: Choice,
}

pub(super) fn ask(arguments: &ScanArguments) -> Result<Asked, String> {
    let pages = catalogue::pages();
    let flags = arguments.rules.values();
    // A name that is wrong is wrong in every folder.
    Layer::of_flags(flags.clone(), FilePath::new(""), &pages)?;
    let paths = paths::resolve(&arguments.paths)?;
    let request = arguments.project.request(paths::start(&paths)?);
    let layout = Layout::find(&request).map_err(load::sentence)?;
    let mut settings = settings(&arguments.config, &layout, &pages)?;
    settings.push(Layer::of_flags(flags, here(&layout)?, &pages)?);
    let scope = Scope {
        packages: packages(&arguments.scope, &paths, &layout)?,
        files: changed::files(&arguments.scope, &layout.root)?,
        paths,
    };
    let choice = Choice {
        settings,
        scope,
        fix_only: arguments.fix_only,
        locked_by: arguments.project.locked_by(),
        suppressions: arguments.suppressions(),
        fixes: Fixes::Best,
        remedy: arguments.remedy()?,
    };
    Ok(Asked { request, layout, choice })
}

/// What is configured, by files, by the environment and by `--config`.
pub(super) fn settings(
    arguments: &ConfigArguments,
    layout: &Layout,
    pages: &[Page],
) -> Result<Settings, String> {
    let mut settings = match arguments.isolated {
        true => Settings::of_nothing(layout.members.iter().map(|it| it.folder.clone())),
        false => configuration::read(layout, pages)?,
    };
    let variable = std::env::var_os(ENVIRONMENT).filter(|it| !arguments.isolated && !it.is_empty());
    if let Some(file) = variable {
        let chain = configuration::read_file(layout, Path::new(&file), pages);
        let Chain(layers) = chain.map_err(|it| format!("{it} ({ENVIRONMENT} names it)"))?;
        layers.into_iter().for_each(|it| settings.push(it));
    }
    for text in &arguments.config {
        let is_setting = text.contains('=') && !Path::new(text).is_file();
        let Chain(layers) = match is_setting {
            true => Chain(vec![document::read_setting(text, &here(layout)?, pages)?]),
            false => configuration::read_file(layout, Path::new(text), pages)?,
        };
        layers.into_iter().for_each(|it| settings.push(it));
    }
    Ok(settings)
}

/// The folder from which globs on the command line are seen.
pub(super) fn here(layout: &Layout) -> Result<FilePath, String> {
    let here = paths::start(&[])?;
    let folder = FilePath::below(&layout.root, &here.canonicalize().unwrap_or(here));
    // From a folder above the workspace, as with `--manifest-path`, its root is what can be meant.
    let is_above = folder.as_str().split('/').all(|it| it == "..");
    Ok(if is_above { FilePath::new("") } else { folder })
}

/// The folders of the packages that are meant; None when all are.
fn packages(
    arguments: &ScopeArguments,
    paths: &[PathBuf],
    layout: &Layout,
) -> Result<Option<Vec<FilePath>>, String> {
    let excluded = named(&arguments.exclude, layout)?;
    let mut meant = match (arguments.package.is_empty(), arguments.workspace) {
        (false, _) => named(&arguments.package, layout)?,
        // Who names files means them, wherever they are.
        (true, false) if paths.is_empty() => {
            layout.members.iter().filter(|it| it.is_default).collect()
        }
        (true, _) => layout.members.iter().collect(),
    };
    meant.retain(|it| !excluded.iter().any(|other| other.folder == it.folder));
    let all = meant.len() == layout.members.len();
    Ok((!all).then(|| meant.into_iter().map(|it| it.folder.clone()).collect()))
}

/// The members that any of `specs` stands for.
fn named<'l>(specs: &[String], layout: &'l Layout) -> Result<Vec<&'l Member>, String> {
    let mut found: Vec<&Member> = Vec::new();
    for spec in specs {
        if let Some(it) = layout.members.iter().find(|it| it.id == *spec) {
            found.push(it);
            continue;
        }
        let (name, version) = match spec.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (spec.as_str(), None),
        };
        let globs = Globs::new(&FilePath::new(""), &[name.to_owned()]).map_err(|it| it.1)?;
        let is_meant = |it: &&Member| {
            globs.verdict(&FilePath::new(it.name.as_str())) == Some(true)
                && version.is_none_or(|version| it.version == version)
        };
        let before = found.len();
        found.extend(layout.members.iter().filter(is_meant));
        if found.len() == before {
            return Err(unknown(spec, layout));
        }
    }
    Ok(found)
}

fn unknown(spec: &str, layout: &Layout) -> String {
    let root = layout.root.display();
    match nearest(spec, layout.members.iter().map(|it| it.name.as_str())) {
        Some(near) => {
            format!("there is no package `{spec}` in `{root}`; did you mean `{near}`?")
        }
        None => format!("there is no package `{spec}` in `{root}`"),
    }
}

/// A line for somebody who sees less than all there is and did not ask for that.
pub(super) fn note(arguments: &ScopeArguments, asked: &Asked) -> Option<String> {
    let folders = asked.choice.scope.packages.as_ref()?;
    if !arguments.package.is_empty() || arguments.workspace {
        return None;
    }
    let members = asked.layout.members.iter().filter(|it| folders.contains(&it.folder));
    let names: Vec<String> = members.map(|it| format!("`{}`", it.name)).collect();
    let all = asked.layout.members.len();
    Some(format!(
        "Reports on {} only; `--workspace` is for all {all} packages.\n",
        names.join(", ")
    ))
}
