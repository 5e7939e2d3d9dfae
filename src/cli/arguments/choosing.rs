//! The flags that choose: which rules, which fixes, which files.

use std::collections::BTreeMap;

use clap::{ArgAction, Args};

use crate::config::values::{FailOn, Level, RuleValues, Values, Verify, VerifyValues};

#[derive(Args, Debug)]
#[command(next_help_heading = "Rules")]
pub(in crate::cli) struct RuleArguments {
    /// Rules or groups to look for, in place of those that are configured; also `default` and `ALL`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Option<Vec<String>>,

    /// Rules or groups to look for as well
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    extend_select: Option<Vec<String>>,

    /// Rules or groups to leave out; a rule's own name counts more than its group
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Option<Vec<String>>,

    /// Rules or groups whose fixes may be written, in place of all
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    fixable: Option<Vec<String>>,

    /// Rules or groups whose fixes are shown and never written
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    unfixable: Option<Vec<String>>,

    /// Look for a rule, and call its findings warnings
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    warn: Vec<String>,

    /// Look for a rule, and call its findings errors
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    deny: Vec<String>,

    /// Leave a rule out
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    off: Vec<String>,

    /// Also take fixes that may change what the program does
    #[arg(long, help_heading = "Safety", overrides_with = "no_unsafe_fixes")]
    unsafe_fixes: bool,

    /// Take safe fixes only, whatever is configured
    #[arg(long, help_heading = "Safety", overrides_with = "unsafe_fixes")]
    no_unsafe_fixes: bool,

    /// How to make sure that the fixes are right; those that are not are left out, or taken back
    ///
    /// `cargo` runs `cargo check` after --apply has written, and so the project's own build scripts and procedural
    /// macros: nothing else here does. --dry-run looks at the syntax in its place. `cargo` is the default, unless another mode is configured.
    #[arg(long, value_name = "HOW", help_heading = "Safety")]
    verify: Option<Verify>,

    /// The least severity that makes the exit status 1; `warn` unless it is configured
    #[arg(long, value_name = "SEVERITY", help_heading = "Exit status")]
    fail_on: Option<FailOn>,

    /// Leave alone what lies under these globs, written as in .gitignore
    #[arg(long, value_name = "GLOB", help_heading = "Files")]
    exclude_path: Option<Vec<String>>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Files")]
pub(in crate::cli) struct ScopeArguments {
    /// Packages to report on and to edit; names may hold `*`
    #[arg(short, long, value_name = "SPEC", action = ArgAction::Append)]
    pub(in crate::cli) package: Vec<String>,

    /// All packages of the workspace
    #[arg(long, conflicts_with = "package")]
    pub(in crate::cli) workspace: bool,

    /// Packages to leave alone, beside --workspace
    #[arg(long, value_name = "SPEC", requires = "workspace", action = ArgAction::Append)]
    pub(in crate::cli) exclude: Vec<String>,

    /// Only files that differ from the last commit, new ones among them
    #[arg(long, conflicts_with_all = ["staged", "since"])]
    pub(in crate::cli) changed: bool,

    /// Only files with staged changes, as they lie in their folder
    #[arg(long, conflicts_with = "since")]
    pub(in crate::cli) staged: bool,

    /// Only files that differ from where this branch left REF, new ones among them
    #[arg(long, value_name = "REF")]
    pub(in crate::cli) since: Option<String>,
}

#[derive(Args, Debug)]
#[command(next_help_heading = "Configuration")]
pub(in crate::cli) struct ConfigArguments {
    /// A key of async-fix.toml with a value, or a file, that counts more than the project's own
    ///
    /// May be given more than once; the last one counts most. The environment variable ASYNC_FIX_CONFIG names a file
    /// that counts less than these.
    #[arg(long, value_name = "KEY=VALUE|FILE", action = ArgAction::Append)]
    pub(in crate::cli) config: Vec<String>,

    /// Read no configuration but that of the command line
    #[arg(long)]
    pub(in crate::cli) isolated: bool,
}

impl RuleArguments {
    /// What the flags say, in the words of a configuration.
    pub(in crate::cli) fn values(&self) -> Values {
        let names = |it: &Option<Vec<String>>| {
            it.as_ref().map(|it| named(it).map(str::to_owned).collect::<Vec<_>>())
        };
        let unsafe_fixes = match (self.unsafe_fixes, self.no_unsafe_fixes) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            (false, false) => None,
        };
        let levels =
            [(&self.warn, Level::Warn), (&self.deny, Level::Error), (&self.off, Level::Off)];
        let rules: BTreeMap<String, RuleValues> = levels
            .into_iter()
            .flat_map(|(rules, level)| named(rules).map(move |it| (it.to_owned(), level)))
            .map(|(rule, level)| (rule, RuleValues::level(level)))
            .collect();
        Values {
            select: names(&self.select),
            extend_select: names(&self.extend_select),
            ignore: names(&self.ignore),
            fixable: names(&self.fixable),
            unfixable: names(&self.unfixable),
            unsafe_fixes,
            fail_on: self.fail_on,
            verify: self.verify.map(|it| VerifyValues { mode: Some(it) }),
            exclude: self.exclude_path.clone(),
            rules: (!rules.is_empty()).then_some(rules),
            ..Values::default()
        }
    }
}

fn named(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(|it| it.trim()).filter(|it| !it.is_empty())
}
