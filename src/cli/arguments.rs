//! Every flag, once: the help texts are written here.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::{
    cli::arguments::{
        cargo::{CargoArguments, with_value},
        choosing::{ConfigArguments, RuleArguments, ScopeArguments},
    },
    config::{ProjectRequest, Remedy, Suppressions},
    report::Mode,
};

mod cargo;
pub(super) mod choosing;

/// Finds the traps of async Rust in a Cargo workspace and rewrites them
///
/// Without --dry-run or --apply it prints what it finds, with the fixes, and writes nothing.
#[derive(Parser, Debug)]
#[command(name = "async-fix", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Exit status: 0 nothing to do, 1 something found, 2 failure, \
                  3 a fix was wrong and was not kept, 130 interrupted")]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    #[command(flatten)]
    pub(super) scan: ScanArguments,

    /// When to use colours
    #[arg(long = "color", value_name = "WHEN", default_value = "auto", global = true)]
    #[arg(help_heading = "Output")]
    pub(super) colour: Colour,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print the page of a rule: what it finds, why it matters, how safe its fix is
    Explain { rule: String },
    /// List the rules
    Rules {
        #[arg(long, value_name = "FORMAT", default_value = "full")]
        output_format: RulesFormat,
    },
    /// Show how async-fix is configured
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Put back the files that an --apply wrote, as they were before it
    ///
    /// Files that were changed since are not lost: then nothing is put back, and they are named.
    Undo {
        /// The run, as --apply printed it; without it, the newest one of this workspace
        #[arg(conflicts_with = "list")]
        run: Option<String>,

        /// List the runs that can be undone
        #[arg(long)]
        list: bool,
    },
    /// Forget how to undo what was applied, and leave the files as they are
    Clean {
        /// These runs only, also such as were cut off; without them, all that are finished
        #[arg(value_name = "RUN")]
        runs: Vec<String>,
    },
    /// Print the JSON schema of what `--output-format json` prints
    Schema,
    /// Print how large the futures of the workspace are, and what takes the room in them
    ///
    /// The sizes are those of a build with debug assertions and without tests.
    Sizes(Box<SizesArguments>),
    /// Serve an editor, which speaks the Language Server Protocol on stdin and stdout
    Lsp(Box<ServerArguments>),
}

#[derive(Args, Debug)]
pub(super) struct SizesArguments {
    /// How many to print, the largest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub(super) top: usize,

    /// The form of what is printed
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    pub(super) output_format: SizesFormat,

    #[command(flatten)]
    pub(super) project: ProjectArguments,
}

#[derive(Args, Debug)]
pub(super) struct ServerArguments {
    #[command(flatten)]
    pub(super) rules: RuleArguments,

    #[command(flatten)]
    pub(super) project: ProjectArguments,

    #[command(flatten)]
    pub(super) config: ConfigArguments,

    /// What editors say that start a server
    #[arg(long, hide = true)]
    stdio: bool,
}

#[derive(Subcommand, Debug)]
pub(super) enum ConfigCommand {
    /// Print what counts for a file or a folder, and where each part of it is said
    Show {
        path: Option<PathBuf>,

        /// Path to Cargo.toml or rust-project.json
        #[arg(long, value_name = "PATH")]
        manifest_path: Option<PathBuf>,

        #[command(flatten)]
        config: ConfigArguments,
    },
    /// Print a JSON schema of async-fix.toml, for editors
    Schema,
    /// List the files that count, and for which packages
    Files {
        /// Path to Cargo.toml or rust-project.json
        #[arg(long, value_name = "PATH")]
        manifest_path: Option<PathBuf>,

        #[command(flatten)]
        config: ConfigArguments,
    },
}

#[derive(Args, Debug)]
pub(super) struct ScanArguments {
    /// Files and folders to report on and to edit; all of the workspace is analysed all the same
    #[arg(value_name = "PATHS")]
    pub(super) paths: Vec<PathBuf>,

    /// Print the patch that --apply would write
    #[arg(long, group = "mode", help_heading = "Mode")]
    dry_run: bool,

    /// Write the fixes
    #[arg(long, group = "mode", help_heading = "Mode")]
    apply: bool,

    /// Ask about each fix first; nothing is written before the last answer
    #[arg(short, long, help_heading = "Mode")]
    pub(super) interactive: bool,

    /// Take the Enter key for a no
    #[arg(long, requires = "interactive", help_heading = "Mode")]
    pub(super) default_no: bool,
    /// In place of fixes, write comments that suppress what is found
    #[arg(long, value_name = "REASON", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "", requires = "mode", help_heading = "Mode")]
    #[arg(conflicts_with_all = ["ignore_suppressions", "unsafe_fixes"])]
    suppress: Option<String>,

    /// Report only what a fix would be written for
    #[arg(long, help_heading = "Mode")]
    pub(super) fix_only: bool,

    #[command(flatten)]
    pub(super) rules: RuleArguments,

    /// Report and fix what a comment suppresses, too
    #[arg(long, help_heading = "Rules")]
    ignore_suppressions: bool,

    /// Write to files with unstaged changes and to untracked files
    #[arg(long, help_heading = "Safety")]
    pub(super) allow_dirty: bool,

    /// Write to files with staged changes, which is allowed anyway
    #[arg(long, help_heading = "Safety")]
    allow_staged: bool,

    /// Write to files outside version control
    #[arg(long, help_heading = "Safety")]
    pub(super) allow_no_vcs: bool,

    #[command(flatten)]
    pub(super) scope: ScopeArguments,

    #[command(flatten)]
    pub(super) project: ProjectArguments,

    #[command(flatten)]
    pub(super) config: ConfigArguments,

    #[command(flatten)]
    pub(super) output: OutputArguments,

    #[command(flatten)]
    pub(super) cargo: CargoArguments,

    /// Exit with 0 where it would be 1
    #[arg(long, help_heading = "Exit status")]
    pub(super) exit_zero: bool,

    /// Exit with 1 where something was written
    #[arg(long, help_heading = "Exit status")]
    pub(super) exit_non_zero_on_fix: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Manifest and features")]
pub(super) struct ProjectArguments {
    /// Path to Cargo.toml or rust-project.json
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,

    /// Features to turn on, separated by spaces or commas
    #[arg(short = 'F', long, value_name = "FEATURES", action = ArgAction::Append)]
    features: Vec<String>,

    /// Turn on all features
    #[arg(long)]
    all_features: bool,

    /// Leave the `default` feature off
    #[arg(long)]
    no_default_features: bool,

    /// The target triple to analyse for; of several, as cargo takes them, the first
    #[arg(long, value_name = "TRIPLE", action = ArgAction::Append)]
    target: Vec<String>,

    /// Use no network
    #[arg(long)]
    offline: bool,

    /// Leave Cargo.lock as it is
    #[arg(long)]
    locked: bool,

    /// Both --locked and --offline
    #[arg(long)]
    frozen: bool,

    /// The `library` folder with the sources of std
    #[arg(long, value_name = "DIR")]
    std_src: Option<PathBuf>,

    /// Install the sources of std when they are missing
    #[arg(long)]
    pub(super) install_std_sources: bool,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArguments {
    /// The form of what is printed on stdout; the environment variable ASYNC_FIX_OUTPUT_FORMAT sets another default
    #[arg(long, value_name = "FORMAT", default_value = "full")]
    output_format: Format,

    /// Where to write it, in place of stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) output_file: Option<PathBuf>,

    /// Write a report in another format to a file as well; may be given several times
    #[arg(long, value_name = "FORMAT:FILE", value_parser = report)]
    pub(super) report: Vec<Report>,

    /// Count findings by rule, in place of listing them
    #[arg(long, conflicts_with = "dry_run")]
    pub(super) statistics: bool,

    /// Print nothing on stderr but errors
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,

    /// Say what is going on, and what was fixed
    #[arg(short, long)]
    pub(super) verbose: bool,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    /// As rustc does
    Full,
    /// One line a finding
    Concise,
    /// One versioned document
    Json,
    /// As cargo does with --message-format=json
    RustcJson,
    /// The same, with colours in what is for people
    #[value(skip)]
    RustcJsonStyled,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub
    Github,
    /// The patch that --dry-run prints
    Patch,
}

impl Format {
    pub(super) fn is_rustc_json(self) -> bool {
        matches!(self, Format::RustcJson | Format::RustcJsonStyled)
    }
}

/// A format, and the file that gets it.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

fn report(value: &str) -> Result<Report, String> {
    let form = "a report is FORMAT:FILE, as in `sarif:async-fix.sarif`";
    let (format, path) = value.split_once(':').ok_or(form)?;
    if path.is_empty() {
        return Err(form.to_owned());
    }
    let names = Format::value_variants().iter().filter_map(|it| it.to_possible_value());
    let names: Vec<String> = names.map(|it| it.get_name().to_owned()).collect();
    let format = Format::from_str(format, false)
        .map_err(|_| format!("there is no format `{format}`; there are {}", names.join(", ")))?;
    Ok(Report { format, path: path.into() })
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum RulesFormat {
    Full,
    Json,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
pub(super) enum SizesFormat {
    /// For people: trees
    Full,
    /// For programs
    Json,
    /// For people: a picture for a browser
    Svg,
}

#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Colour {
    Auto,
    Always,
    Never,
}

impl ScanArguments {
    pub(super) fn mode(&self) -> Mode {
        match (self.dry_run, self.apply) {
            (_, true) => Mode::Apply,
            (true, false) => Mode::DryRun,
            (false, false) => Mode::Check,
        }
    }

    /// The form of what is printed on stdout.
    pub(super) fn format(&self) -> Format {
        self.cargo.format().unwrap_or(self.output.output_format)
    }

    /// What is said of the project, each part as cargo takes it.
    pub(super) fn for_cargo(&self) -> Vec<Vec<String>> {
        let mut flags = self.cargo.flags();
        let ScopeArguments { package, workspace, exclude, .. } = &self.scope;
        flags.extend(workspace.then(|| vec!["--workspace".to_owned()]));
        flags.extend(package.iter().map(|it| with_value("--package", it)));
        flags.extend(exclude.iter().map(|it| with_value("--exclude", it)));
        flags.extend(self.project.for_cargo());
        flags
    }

    pub(super) fn remedy(&self) -> Result<Remedy, String> {
        let Some(reason) = self.suppress.as_deref().map(str::trim) else { return Ok(Remedy::Fix) };
        if reason.contains(['\n', '\r']) {
            return Err(
                "the reason behind `--suppress=` stands in a comment: it is one line".to_owned()
            );
        }
        Ok(Remedy::Suppress { reason: (!reason.is_empty()).then(|| reason.to_owned()) })
    }

    pub(super) fn suppressions(&self) -> Suppressions {
        match self.ignore_suppressions {
            true => Suppressions::Ignored,
            false => Suppressions::Honoured,
        }
    }
}

impl ProjectArguments {
    /// The flag that forbids to edit manifests and the lock file.
    pub(super) fn locked_by(&self) -> Option<&'static str> {
        match (self.locked, self.frozen) {
            (true, _) => Some("--locked"),
            (false, true) => Some("--frozen"),
            (false, false) => None,
        }
    }

    fn for_cargo(&self) -> Vec<Vec<String>> {
        let switches = [
            (self.all_features, "--all-features"),
            (self.no_default_features, "--no-default-features"),
            (self.offline, "--offline"),
            (self.locked, "--locked"),
            (self.frozen, "--frozen"),
        ];
        let switches = switches.iter().filter(|it| it.0).map(|it| vec![it.1.to_owned()]);
        let manifest = self.manifest_path.as_ref().map(|it| it.display().to_string());
        let manifest = manifest.iter().map(|it| with_value("--manifest-path", it));
        let features = self.features.iter().map(|it| with_value("--features", it));
        let targets = self.target.iter().map(|it| with_value("--target", it));
        manifest.chain(features).chain(targets).chain(switches).collect()
    }

    pub(super) fn request(&self, start: PathBuf) -> ProjectRequest {
        let separator = |it: char| it == ',' || it.is_whitespace();
        let features = self.features.iter().flat_map(|it| it.split(separator));
        ProjectRequest {
            start,
            manifest_path: self.manifest_path.clone(),
            features: features.filter(|it| !it.is_empty()).map(str::to_owned).collect(),
            all_features: self.all_features,
            no_default_features: self.no_default_features,
            target: self.target.first().cloned(),
            offline: self.offline,
            locked: self.locked,
            frozen: self.frozen,
            std_sources: self.std_src.clone(),
        }
    }
}
