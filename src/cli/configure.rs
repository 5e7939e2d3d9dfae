//! `async-fix config`: what is configured, and by what.

use std::path::PathBuf;

use crate::{
    cli::{
        Outcome,
        arguments::{ConfigCommand, choosing::ConfigArguments},
        catalogue, choosing, load, output, paths,
    },
    config::{ProjectRequest, settings::Settings, values::SCHEMA},
    finding::FilePath,
    report::settings,
    workspace::layout::Layout,
};

pub(super) fn configure(command: &ConfigCommand) -> Result<Outcome, String> {
    let text = match command {
        ConfigCommand::Schema => SCHEMA.to_owned(),
        ConfigCommand::Show { path, manifest_path, config } => {
            let path = paths::resolve(path.as_slice())?.pop();
            let (layout, settings) = read(path.clone(), manifest_path, config)?;
            let file = match path {
                Some(path) => in_workspace(&path, &layout)?,
                None => choosing::here(&layout)?,
            };
            settings::show(&settings, &file, &catalogue::pages())
        }
        ConfigCommand::Files { manifest_path, config } => {
            let (layout, settings) = read(None, manifest_path, config)?;
            settings::files(&settings, |folder| {
                let member = layout.members.iter().find(|it| it.folder == *folder);
                member.map_or_else(String::new, |it| format!("`{}`", it.name))
            })
        }
    };
    output::print(&text)?;
    Ok(Outcome::Clean)
}

fn read(
    path: Option<PathBuf>,
    manifest_path: &Option<PathBuf>,
    arguments: &ConfigArguments,
) -> Result<(Layout, Settings), String> {
    let start = paths::start(path.as_slice())?;
    let manifest_path = manifest_path.clone();
    let request = ProjectRequest { start, manifest_path, ..ProjectRequest::default() };
    let layout = Layout::find(&request).map_err(load::sentence)?;
    let settings = choosing::settings(arguments, &layout, &catalogue::pages())?;
    settings.warnings.iter().for_each(|it| output::warning(it));
    Ok((layout, settings))
}

/// A file or a folder, as configurations name it.
fn in_workspace(path: &std::path::Path, layout: &Layout) -> Result<FilePath, String> {
    let file = FilePath::below(&layout.root, path);
    let member = |it: &FilePath| file == *it || file.is_in(it);
    match file.is_in(&FilePath::new("")) || layout.members.iter().any(|it| member(&it.folder)) {
        true => Ok(file),
        false => Err(format!(
            "`{}` is outside the workspace `{}`",
            path.display(),
            layout.root.display()
        )),
    }
}
