//! The language server, with what the flags say.

use crate::{
    cli::{Outcome, arguments::ServerArguments, catalogue, choosing},
    config::{Choice, layer::Layer},
    finding::FilePath,
    lsp::{self, End, Setup},
    workspace::layout::Layout,
};

pub(super) fn serve(arguments: Box<ServerArguments>) -> Result<Outcome, String> {
    let ServerArguments { rules, project, config, .. } = *arguments;
    let (pages, flags) = (catalogue::pages(), rules.values());
    // A name that is wrong is wrong in every workspace.
    Layer::of_flags(flags.clone(), FilePath::new(""), &pages)?;
    let locked_by = project.locked_by();
    let choice = move |layout: &Layout| {
        let mut settings = choosing::settings(&config, layout, &pages)?;
        settings.push(Layer::of_flags(flags.clone(), choosing::here(layout)?, &pages)?);
        Ok(Choice { settings, locked_by, ..Choice::default() })
    };
    let request = move |start: &std::path::Path| project.request(start.to_owned());
    match lsp::serve(Setup { request: Box::new(request), choice: Box::new(choice) })? {
        End::Shutdown => Ok(Outcome::Clean),
        End::Gone => Ok(Outcome::Abandoned),
    }
}
