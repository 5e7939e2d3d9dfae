//! Commands to go on with, which run as they are printed.

use std::ffi::OsString;

use crate::report::summary::Commands;

/// What the user typed, with another mode.
pub(super) fn commands(program: &str, arguments: &[OsString]) -> Commands {
    let kept = kept(arguments);
    let command = |mode: &[&str], kept: &[String]| {
        let parts = [program].into_iter().chain(mode.iter().copied());
        parts.chain(kept.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
    };
    // Of the two that say the opposite the last one counts.
    let is_safety = |it: &String| ["--unsafe-fixes", "--no-unsafe-fixes"].contains(&it.as_str());
    let end = kept.iter().position(|it| it == "--").unwrap_or(kept.len());
    let (flags, rest) = kept.split_at(end);
    let has_unsafe =
        flags.iter().rfind(|it| is_safety(it)).is_some_and(|it| it == "--unsafe-fixes");
    let others = flags.iter().filter(|it| !is_safety(it)).chain(rest).cloned();
    let without: Vec<String> = others.collect();
    Commands {
        apply: command(&["--apply"], &kept),
        apply_unsafe: (!has_unsafe).then(|| command(&["--apply", "--unsafe-fixes"], &without)),
    }
}

/// The same after a run that has written: its files now have changes that are not staged.
pub(super) fn over_what_was_written(commands: &mut Commands) {
    if let Some(command) = &mut commands.apply_unsafe {
        *command = command.replacen(" --unsafe-fixes", " --unsafe-fixes --allow-dirty", 1);
    }
}

/// The arguments that say what to look at, not what to do or how to show it.
fn kept(arguments: &[OsString]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut arguments = arguments.iter().map(|it| it.to_string_lossy());
    while let Some(argument) = arguments.next() {
        match argument.as_ref() {
            "--dry-run" | "--apply" | "-q" | "--quiet" | "-v" | "--verbose" | "-i"
            | "--interactive" | "--default-no" | "--statistics" => (),
            "--output-format" | "-o" | "--output-file" | "--report" | "--message-format"
            | "--with" => {
                arguments.next();
            }
            it if [
                "--output-format=",
                "--output-file=",
                "--report=",
                "--message-format=",
                "--with=",
            ]
            .iter()
            .any(|flag| it.starts_with(flag)) => {}
            "--" => {
                kept.push("--".to_owned());
                kept.extend(arguments.by_ref().map(|it| quoted(&it)));
            }
            it => kept.push(quoted(it)),
        }
    }
    kept
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |it: char| it.is_alphanumeric() || "-_./=,:+@%".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hints(arguments: &[&str]) -> (String, Option<String>) {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let Commands { apply, apply_unsafe } = commands("async-fix", &arguments);
        (apply, apply_unsafe)
    }

    #[test]
    fn flags_of_the_user_stay() {
        assert_eq!(
            hints(&[
                "--dry-run",
                "--statistics",
                "--select",
                "a,b",
                "--output-format",
                "json",
                "-F",
                "x y",
                "src"
            ]),
            (
                "async-fix --apply --select a,b -F 'x y' src".to_owned(),
                Some("async-fix --apply --unsafe-fixes --select a,b -F 'x y' src".to_owned())
            )
        );
        assert_eq!(
            hints(&["-q", "--unsafe-fixes", "--", "--dry-run"]),
            ("async-fix --apply --unsafe-fixes -- --dry-run".to_owned(), None)
        );
        assert_eq!(
            hints(&["--unsafe-fixes", "--no-unsafe-fixes", "--config", "rules.a=\"warn\""]),
            (
                "async-fix --apply --unsafe-fixes --no-unsafe-fixes --config 'rules.a=\"warn\"'"
                    .to_owned(),
                Some("async-fix --apply --unsafe-fixes --config 'rules.a=\"warn\"'".to_owned())
            )
        );
    }
}
