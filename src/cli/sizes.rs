//! The futures of a workspace by their size.

use crate::{
    cli::{
        Outcome,
        arguments::{RulesFormat, SizesArguments},
        load::{self, StdSources},
        output, paths,
        progress::Progress,
    },
    facts::sizes::all,
    knowledge,
    report::sizes,
};

pub(super) fn print(arguments: &SizesArguments) -> Result<Outcome, String> {
    let here = paths::start(&[])?;
    let progress = Progress::start(false, false);
    let request = arguments.project.request(here);
    let workspace = load::load(&request, StdSources::of(&arguments.project), &progress)?;
    progress.say("measuring futures");
    let rows = knowledge::shipped().map_err(|it| it.join("; "))?;
    let all = all::of_workspace(&workspace, &rows);
    drop(progress);
    output::print(&match arguments.output_format {
        RulesFormat::Full => sizes::text(&all, arguments.top, &workspace),
        RulesFormat::Json => sizes::json(&all, arguments.top, &workspace),
    })?;
    // Two gigabytes in small pieces: the end of the process gives them back at once.
    std::mem::forget((all, workspace));
    Ok(Outcome::Clean)
}
