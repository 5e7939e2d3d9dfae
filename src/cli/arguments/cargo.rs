//! The flags of `cargo check`, for whoever runs `cargo async-fix` in its place.

use clap::{ArgAction, Args, ValueEnum};

use crate::cli::arguments::Format;

/// What cargo builds and how makes no difference to what is found: all targets of a package are looked at.
#[derive(Args, Debug)]
#[command(next_help_heading = "In place of cargo check")]
pub(in crate::cli) struct CargoArguments {
    /// What cargo calls --output-format; its other flags that say what to build, and how, are taken as well
    #[arg(long, value_name = "FORMAT", conflicts_with = "output_format")]
    message_format: Option<MessageFormat>,

    /// Run another checker too, and pass on what it says; it is told of packages and features, if it is cargo
    #[arg(long, value_name = "COMMAND", conflicts_with = "mode")]
    pub(in crate::cli) with: Option<String>,

    #[arg(long, hide = true)]
    lib: bool,
    #[arg(long, hide = true)]
    bins: bool,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", action = ArgAction::Append)]
    bin: Vec<String>,
    #[arg(long, hide = true)]
    examples: bool,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", action = ArgAction::Append)]
    example: Vec<String>,
    #[arg(long, hide = true)]
    tests: bool,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", action = ArgAction::Append)]
    test: Vec<String>,
    #[arg(long, hide = true)]
    benches: bool,
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "", action = ArgAction::Append)]
    bench: Vec<String>,
    #[arg(long, hide = true)]
    all_targets: bool,
    #[arg(long, hide = true)]
    keep_going: bool,
    #[arg(short, long, hide = true)]
    release: bool,
    #[arg(long, hide = true, value_name = "NAME")]
    profile: Option<String>,
    #[arg(short, long, hide = true, value_name = "N", allow_hyphen_values = true)]
    jobs: Option<String>,
    #[arg(long, hide = true, value_name = "DIRECTORY")]
    target_dir: Option<String>,
    #[arg(long, hide = true)]
    ignore_rust_version: bool,
    #[arg(short = 'Z', hide = true, value_name = "FLAG", action = ArgAction::Append)]
    unstable: Vec<String>,
}

/// As cargo names them.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
enum MessageFormat {
    Human,
    Short,
    Json,
    JsonDiagnosticRenderedAnsi,
}

impl MessageFormat {
    fn name(self) -> &'static str {
        match self {
            MessageFormat::Human => "human",
            MessageFormat::Short => "short",
            MessageFormat::Json => "json",
            MessageFormat::JsonDiagnosticRenderedAnsi => "json-diagnostic-rendered-ansi",
        }
    }
}

impl CargoArguments {
    pub(in crate::cli) fn format(&self) -> Option<Format> {
        Some(match self.message_format? {
            MessageFormat::Human => Format::Full,
            MessageFormat::Short => Format::Concise,
            MessageFormat::Json => Format::RustcJson,
            MessageFormat::JsonDiagnosticRenderedAnsi => Format::RustcJsonStyled,
        })
    }

    /// The same for cargo. It always speaks JSON: what is passed on is read.
    pub(in crate::cli) fn flags(&self) -> Vec<Vec<String>> {
        let format = self.message_format.unwrap_or(MessageFormat::Json).name();
        let mut flags = vec![vec![format!("--message-format={format}")]];
        let switches = [
            (self.lib, "--lib"),
            (self.bins, "--bins"),
            (self.examples, "--examples"),
            (self.tests, "--tests"),
            (self.benches, "--benches"),
            (self.all_targets, "--all-targets"),
            (self.keep_going, "--keep-going"),
            (self.release, "--release"),
            (self.ignore_rust_version, "--ignore-rust-version"),
        ];
        flags.extend(switches.iter().filter(|it| it.0).map(|it| vec![it.1.to_owned()]));
        let named = [
            ("--bin", &self.bin),
            ("--example", &self.example),
            ("--test", &self.test),
            ("--bench", &self.bench),
            ("-Z", &self.unstable),
        ];
        for (flag, values) in named {
            flags.extend(values.iter().map(|it| with_value(flag, it)));
        }
        let valued = [
            ("--profile", &self.profile),
            ("--jobs", &self.jobs),
            ("--target-dir", &self.target_dir),
        ];
        flags.extend(valued.iter().filter_map(|it| Some(with_value(it.0, it.1.as_deref()?))));
        flags
    }
}

/// A flag, and its value where it has one.
pub(in crate::cli) fn with_value(flag: &str, value: &str) -> Vec<String> {
    [flag, value].into_iter().filter(|it| !it.is_empty()).map(str::to_owned).collect()
}
