//! `rules/` as data: a page for each rule, which is its documentation and its tests, and the files
//! of knowledge.
//!
//! A page is a header between `---` lines, `# name`, a summary of one sentence, and the sections
//! `## Why`, `## Fix safety`, `## Examples` and `## Left alone`. Each `###` under the last two is
//! an example.

use std::ops::Range;

use crate::finding::{Applicability, Severity};

macro_rules! knowledge {
    ($($name:literal)*) => {
        &[$((
            concat!($name, ".toml"),
            include_str!(concat!("../rules/knowledge/", $name, ".toml")),
        )),*]
    };
}

/// The files of `rules/knowledge/`: name and text.
#[rustfmt::skip]
pub const KNOWLEDGE: &[(&str, &str)] = knowledge![
    "actix_rt" "actix_web" "anyhow" "arc_swap" "argon2" "async_broadcast" "async_channel" "async_compat"
    "async_executor" "async_global_executor" "async_io" "async_lock" "async_std" "async_stream" "async_task"
    "async_trait" "attohttpc" "axum" "bb8" "bcrypt" "blake3" "blocking" "brotli" "bzip2" "calamine" "camino"
    "cancel_safe_futures" "compio" "compio_runtime" "crossbeam_channel" "crossbeam_epoch" "crossbeam_utils" "crossterm"
    "csv" "ctrlc" "curl" "dashmap" "deadpool" "deadpool_sync" "dialoguer" "diesel" "diesel_async" "dns_lookup" "duckdb"
    "duct" "embassy_executor" "embassy_futures" "embassy_time" "eyre" "filetime" "fjall" "flate2" "flume" "fs2" "fs4"
    "fs_err" "fs_extra" "futures_buffered" "futures_channel" "futures_concurrency" "futures_core" "futures_executor"
    "futures_io" "futures_lite" "futures_sink" "futures_timer" "futures_util" "git2" "glommio" "gloo_timers"
    "handlebars" "headless_chrome" "heed" "hidapi" "http_body" "hyper" "hyper_util" "ignore" "image" "imap" "inquire"
    "io_uring" "iroh" "isahc" "jsonwebtoken" "kanal" "lapin" "lettre" "libloading" "liblzma" "lmdb" "lock_api" "lz4_flex"
    "memmap2" "minreq" "mio" "mlua" "mongodb" "monoio" "monoio_compat" "mysql" "mysql_async" "native_tls" "nix"
    "notify" "ntex" "num_cpus" "once_cell" "oneshot" "open" "openssl" "parking_lot" "parquet" "password_hash" "pbkdf2"
    "persy" "pin_project" "poem" "polling" "pollster" "postage" "postgres" "printpdf" "quick_xml" "quinn" "r2d2"
    "rayon" "rayon_core" "rcgen" "rdkafka" "redb" "redis" "regex" "remove_dir_all" "reqwest" "resvg" "ring" "rmp_serde"
    "rocket" "rocksdb" "rouille" "rpassword" "rsa" "rumqttc" "rusb" "rusqlite" "rustyline" "salvo" "scc" "scrypt"
    "sea_orm" "serde_json" "serde_yaml" "serialport" "signal_hook" "sled" "smol" "smol_potat" "snap" "socket2" "spin" "sqlx"
    "sqlx_core" "ssh2" "std" "subprocess" "suppaftp" "surf" "sysinfo" "tachyonix" "tantivy" "tar" "tempfile" "tera"
    "thingbuf" "threadpool" "tide" "tiny_http" "tokenizers" "tokio" "tokio_postgres" "tokio_rayon" "tokio_rusqlite"
    "tokio_stream" "tokio_tungstenite" "tokio_uring" "tokio_util" "toml" "tonic" "tower" "tower_service" "tracing"
    "tungstenite" "ureq" "usvg" "walkdir" "warp" "wasm_bindgen_futures" "wasmtime" "which" "xshell" "xz2" "zbus" "zip"
    "zmq" "zstd"
];

/// What the page of a rule says.
#[derive(Clone, Debug)]
pub struct Page {
    pub name: String,
    /// One sentence, with its full stop.
    pub summary: String,
    pub level: Severity,
    /// The best fix that the rule offers.
    pub fix: Option<Applicability>,
    /// The version of async-fix that brought the rule.
    pub since: String,
    pub group: String,
    /// Not asked for unless the user names it.
    pub preview: bool,
    /// No trap but a thing to do for a while: its own name asks for it, and nothing else.
    pub on_demand: bool,
    /// Whether it says nothing about tests, benches and build scripts.
    pub quiet_in_tests: bool,
    /// Whether its examples are the roots of programs, in which there are several runtimes.
    pub of_programs: bool,
    /// How many bytes it takes for granted, or how many things at once, where nobody says otherwise.
    pub limit: Option<u64>,
    /// The lints of clippy that find the same, or a part of it.
    pub clippy: Vec<String>,
    /// The whole page.
    pub text: String,
    pub examples: Vec<Example>,
}

/// A `###` section: a module that compiles, and what becomes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    pub title: String,
    /// The line of the heading; lines count from 1.
    pub line: usize,
    pub code: String,
    /// The line of the page on which the code starts.
    pub code_line: usize,
    /// The lines that a fix takes away and adds, without headers and context.
    pub diff: Option<String>,
    /// The bytes of the page that hold the fence of the diff, with the blank line before it.
    /// Without a diff they are empty, and stand where one would go.
    pub diff_at: Range<usize>,
    /// It stands under `## Left alone`.
    pub left_alone: bool,
}

impl Page {
    /// Whether it is asked for where nobody says anything else.
    pub fn by_default(&self) -> bool {
        !self.preview && !self.on_demand
    }

    /// What its summary does not say of when it is asked for.
    pub fn remark(&self) -> &'static str {
        match (self.on_demand, self.preview) {
            (true, _) => " (on demand)",
            (false, true) => " (preview)",
            (false, false) => "",
        }
    }

    /// What stands under the heading `## name`.
    pub fn section(&self, name: &str) -> Option<&str> {
        let heading = format!("\n## {name}\n");
        let start = self.text.find(&heading)? + heading.len();
        let rest = &self.text[start..];
        Some(rest[..rest.find("\n## ").unwrap_or(rest.len())].trim())
    }

    /// The page in `text`, which should be that of the rule `name`; or a sentence that says what is
    /// wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Page, String> {
        let lines = Lines::new(text);
        parse(name, text, &lines).map_err(|Wrong { line, text }| match lines.number(line) {
            Some(number) => format!("rules/{name}.md:{number}: {text}"),
            None => format!("rules/{name}.md: {text}"),
        })
    }
}

/// A sentence about a line, counted from 0.
struct Wrong {
    line: usize,
    text: String,
}

fn wrong<T>(line: usize, text: impl Into<String>) -> Result<T, Wrong> {
    Err(Wrong { line, text: text.into() })
}

/// The lines of a page with the bytes at which they start.
struct Lines<'a> {
    lines: Vec<&'a str>,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Lines<'a> {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Lines { lines: text.lines().collect(), starts }
    }

    fn get(&self, line: usize) -> &'a str {
        self.lines.get(line).copied().unwrap_or_default()
    }

    /// The byte at which a line starts, or the end of the text.
    fn start(&self, line: usize) -> usize {
        self.starts.get(line).or(self.starts.last()).copied().unwrap_or_default()
    }

    fn number(&self, line: usize) -> Option<usize> {
        (line < self.lines.len()).then_some(line + 1)
    }

    /// The first line at or after `from` that is `wanted`.
    fn find(&self, from: usize, wanted: &str) -> Option<usize> {
        (from..self.lines.len()).find(|it| self.get(*it) == wanted)
    }

    fn skip_blank(&self, mut from: usize) -> usize {
        while from < self.lines.len() && self.get(from).is_empty() {
            from += 1;
        }
        from
    }
}

const SECTIONS: [&str; 4] = ["Why", "Fix safety", "Examples", "Left alone"];

fn parse(name: &str, text: &str, lines: &Lines<'_>) -> Result<Page, Wrong> {
    let (header, end) = Header::parse(lines)?;
    let title = lines.skip_blank(end);
    if lines.get(title).strip_prefix("# ") != Some(name) {
        return wrong(title, format!("after the header comes the title `# {name}`"));
    }
    let at = lines.skip_blank(title + 1);
    let summary = lines.get(at);
    if summary.starts_with('#') || !summary.ends_with('.') || !lines.get(at + 1).is_empty() {
        return wrong(at, "below the title stands a summary of one sentence, on one line");
    }
    Ok(Page {
        name: name.to_owned(),
        summary: summary.to_owned(),
        level: header.level,
        fix: header.fix,
        since: header.since,
        group: header.group,
        preview: header.preview,
        on_demand: header.on_demand,
        quiet_in_tests: header.quiet_in_tests,
        of_programs: header.of_programs,
        limit: header.limit,
        clippy: header.clippy,
        text: text.to_owned(),
        examples: examples(lines, at + 1)?,
    })
}

/// The lines between `---` and `---`.
struct Header {
    level: Severity,
    fix: Option<Applicability>,
    since: String,
    group: String,
    preview: bool,
    on_demand: bool,
    quiet_in_tests: bool,
    of_programs: bool,
    limit: Option<u64>,
    clippy: Vec<String>,
}

impl Header {
    /// The header and the line after it.
    fn parse(lines: &Lines<'_>) -> Result<(Header, usize), Wrong> {
        let end = (lines.get(0) == "---").then(|| lines.find(1, "---")).flatten();
        let Some(end) = end else {
            return wrong(0, "a page starts with a header between `---` lines");
        };
        let mut header = Header {
            level: Severity::Warn,
            fix: None,
            since: String::new(),
            group: String::new(),
            preview: false,
            on_demand: false,
            quiet_in_tests: false,
            of_programs: false,
            limit: None,
            clippy: Vec::new(),
        };
        let mut missing = vec!["level", "fix", "since", "group", "tests"];
        for line in 1..end {
            let Some((key, value)) = lines.get(line).split_once(": ") else {
                return wrong(line, "a line of the header is `key: value`");
            };
            missing.retain(|it| *it != key);
            if let Some(choices) = header.set(key, value) {
                return wrong(line, format!("`{key}` is {choices}"));
            }
        }
        match missing.first() {
            Some(key) => wrong(end, format!("the header lacks `{key}`")),
            None => Ok((header, end + 1)),
        }
    }

    /// What could stand there, when `value` cannot.
    fn set(&mut self, key: &str, value: &str) -> Option<&'static str> {
        match (key, value) {
            ("level", "error") => self.level = Severity::Error,
            ("level", "warn") => self.level = Severity::Warn,
            ("level", "info") => self.level = Severity::Info,
            ("level", _) => return Some("`error`, `warn` or `info`"),
            ("fix", "safe") => self.fix = Some(Applicability::Safe),
            ("fix", "unsafe") => self.fix = Some(Applicability::Unsafe),
            ("fix", "manual") => self.fix = Some(Applicability::Manual),
            ("fix", "none") => self.fix = None,
            ("fix", _) => return Some("`safe`, `unsafe`, `manual` or `none`"),
            ("tests", "quiet") => self.quiet_in_tests = true,
            ("tests", "reported") => self.quiet_in_tests = false,
            ("tests", _) => return Some("`quiet` or `reported`"),
            ("preview", "true") => self.preview = true,
            ("preview", "false") => self.preview = false,
            ("preview", _) => return Some("`true` or `false`"),
            ("on-demand", "true") => self.on_demand = true,
            ("on-demand", "false") => self.on_demand = false,
            ("on-demand", _) => return Some("`true` or `false`"),
            ("examples", "programs") => self.of_programs = true,
            ("examples", _) => return Some("`programs`"),
            ("limit", _) => match value.parse() {
                Ok(limit) => self.limit = Some(limit),
                Err(_) => return Some("a number"),
            },
            ("since", _) => self.since = value.to_owned(),
            ("group", _) => self.group = value.to_owned(),
            ("clippy", _) => self.clippy = value.split(", ").map(str::to_owned).collect(),
            _ => return Some("not a key of the header"),
        }
        None
    }
}

fn examples(lines: &Lines<'_>, from: usize) -> Result<Vec<Example>, Wrong> {
    let mut examples: Vec<Example> = Vec::new();
    let mut sections = SECTIONS.iter();
    let mut section = "";
    let mut line = from;
    while line < lines.lines.len() {
        let text = lines.get(line);
        if let Some(title) = text.strip_prefix("## ") {
            section = match sections.next() {
                Some(it) if *it == title => title,
                Some(it) => return wrong(line, format!("the next section is `## {it}`")),
                None => return wrong(line, "the last section is `## Left alone`"),
            };
        } else if let Some(title) = text.strip_prefix("### ") {
            if !matches!(section, "Examples" | "Left alone") {
                return wrong(line, format!("`## {section}` has no subsections"));
            }
            let (example, end) = example(lines, line, title, section == "Left alone")?;
            examples.push(example);
            line = end;
            continue;
        } else if text.starts_with("```") {
            return wrong(line, "code stands in an example, under a `###` heading");
        }
        line += 1;
    }
    match sections.next() {
        Some(it) => wrong(lines.lines.len(), format!("the section `## {it}` is missing")),
        None => Ok(examples),
    }
}

/// The example whose heading is on `line`, and the line after it.
fn example(
    lines: &Lines<'_>,
    line: usize,
    title: &str,
    left_alone: bool,
) -> Result<(Example, usize), Wrong> {
    let heading =
        |it: &usize| lines.get(*it).starts_with("## ") || lines.get(*it).starts_with("### ");
    let mut start = line + 1;
    while start < lines.lines.len() && !lines.get(start).starts_with("```") && !heading(&start) {
        start += 1;
    }
    let Some((code, after)) = fence(lines, start, "rust")? else {
        return wrong(line, "an example has a fence of `rust` code");
    };
    let (diff, end) = match fence(lines, lines.skip_blank(after), "diff")? {
        Some((diff, end)) => (Some(diff), end),
        None => (None, after),
    };
    if left_alone && diff.is_some() {
        return wrong(after, "what is left alone has no diff");
    }
    if left_alone && code.contains("//~") {
        return wrong(line, "what is left alone has no findings");
    }
    let strange = diff.iter().flat_map(|it| it.lines()).any(|it| !it.starts_with(['-', '+']));
    if strange {
        return wrong(after, "a line of a diff starts with `-` or `+`");
    }
    let example = Example {
        title: title.to_owned(),
        line: line + 1,
        code,
        code_line: start + 2,
        diff,
        diff_at: lines.start(after)..lines.start(end),
        left_alone,
    };
    Ok((example, end))
}

/// The text in the fence that opens on `line`, and the line after it.
fn fence(lines: &Lines<'_>, line: usize, language: &str) -> Result<Option<(String, usize)>, Wrong> {
    if lines.get(line).strip_prefix("```") != Some(language) {
        return Ok(None);
    }
    let Some(end) = lines.find(line + 1, "```") else {
        return wrong(line, "this fence is not closed");
    };
    let text: String = (line + 1..end).map(|it| format!("{}\n", lines.get(it))).collect();
    Ok(Some((text, end + 1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
---
level: warn
fix: safe
since: 0.1.0
group: blocking
tests: quiet
---

# blocking-nap

Takes a nap.

## Why

Naps block.

## Fix safety

It is safe.

## Examples

### A nap

```rust
fn nap() {} //~ naps
```

```diff
-fn nap() {}
+fn rest() {}
```

### Two naps

In a row.

```rust
fn nap() {} //~ naps
```

## Left alone

### No nap

```rust
fn work() {}
```
";

    fn problem(from: &str, to: &str) -> String {
        assert!(PAGE.contains(from));
        Page::parse("blocking-nap", &PAGE.replacen(from, to, 1)).unwrap_err()
    }

    #[test]
    fn reads_a_page() {
        let page = Page::parse("blocking-nap", PAGE).unwrap();
        assert_eq!(page.summary, "Takes a nap.");
        assert_eq!(page.level, Severity::Warn);
        assert_eq!(page.fix, Some(Applicability::Safe));
        assert!(page.quiet_in_tests && !page.preview);
        let titles: Vec<_> = page.examples.iter().map(|it| it.title.as_str()).collect();
        assert_eq!(titles, ["A nap", "Two naps", "No nap"]);
        let lines: Vec<_> = PAGE.lines().collect();
        for example in &page.examples {
            assert_eq!(lines[example.line - 1], format!("### {}", example.title));
            assert_eq!(Some(lines[example.code_line - 1]), example.code.lines().next());
        }
    }

    #[test]
    fn knows_where_a_diff_is_and_where_one_would_go() {
        let page = Page::parse("blocking-nap", PAGE).unwrap();
        let [first, second, _] = page.examples.as_slice() else { panic!("three examples") };
        let fence = "\n```diff\n-fn nap() {}\n+fn rest() {}\n```\n";
        assert_eq!(&PAGE[first.diff_at.clone()], fence);
        assert_eq!(first.diff.as_deref(), Some("-fn nap() {}\n+fn rest() {}\n"));
        assert!(second.diff_at.is_empty() && second.diff.is_none());
        let mut text = PAGE.to_owned();
        text.replace_range(second.diff_at.clone(), fence);
        let page = Page::parse("blocking-nap", &text).unwrap();
        assert_eq!(page.examples[1].diff, page.examples[0].diff);
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(
            problem("level: warn", "level: loud"),
            "rules/blocking-nap.md:2: `level` is `error`, `warn` or `info`"
        );
        assert_eq!(
            problem("tests: quiet\n", ""),
            "rules/blocking-nap.md:6: the header lacks `tests`"
        );
        assert_eq!(
            problem("# blocking-nap", "# nap"),
            "rules/blocking-nap.md:9: after the header comes the title `# blocking-nap`"
        );
        assert_eq!(
            problem("## Fix safety", "## Safety"),
            "rules/blocking-nap.md:17: the next section is `## Fix safety`"
        );
        assert_eq!(
            problem("fn work() {}", "fn work() {} //~ works"),
            "rules/blocking-nap.md:44: what is left alone has no findings"
        );
        assert_eq!(
            problem("-fn nap() {}\n", "fn nap() {}\n"),
            "rules/blocking-nap.md:28: a line of a diff starts with `-` or `+`"
        );
    }

    #[test]
    fn every_file_of_knowledge_is_listed_and_reads() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/rules/knowledge");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        let listed: Vec<_> = KNOWLEDGE.iter().map(|it| it.0).collect();
        assert_eq!(files, listed);
        if let Err(problems) = crate::knowledge::shipped() {
            panic!("{}", problems.join("\n"));
        }
    }
}
