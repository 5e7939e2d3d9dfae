//! The futures of a workspace by their size.

use crate::{
    cli::{
        Outcome,
        arguments::{SizesArguments, SizesFormat},
        load::{self, StdSources},
        output, paths,
        progress::Progress,
    },
    facts::sizes::all,
    knowledge,
    report::sizes::{self, picture},
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
        SizesFormat::Full => sizes::text(&all, arguments.top, &workspace),
        SizesFormat::Json => sizes::json(&all, arguments.top, &workspace),
        SizesFormat::Svg => {
            let top = all.futures.iter().take(arguments.top);
            picture::svg(top.map(|it| &**it), &workspace)
        }
    })?;
    // Two gigabytes in small pieces: the end of the process gives them back at once.
    std::mem::forget((all, workspace));
    Ok(Outcome::Clean)
}
