//! Projects that cargo does not build: a `rust-project.json` names their crates, as it does for rust-analyzer.
//!
//! Build systems write such files, Bazel's and Buck's among them. They know no packages, so each crate is one.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::Path,
};

use ra_ap_paths::{AbsPath, AbsPathBuf, Utf8PathBuf};
use ra_ap_project_model::ProjectJson;
use ra_ap_syntax::{
    SourceFile,
    ast::{self, HasModuleItem, HasName},
};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    config::ProjectRequest,
    finding::{DependencyKind, FilePath},
    workspace::{
        Dependency, LoadError, Package, TargetKind, metadata,
        outline::{Library, Member, MemberTarget, Outline},
        toolchain::Toolchain,
    },
};

/// What such a file is called.
pub const NAMES: [&str; 2] = ["rust-project.json", ".rust-project.json"];

const TEST: &str = "test";

/// What the file says, as far as it is asked for here.
pub(super) struct Described {
    folder: AbsPathBuf,
    /// The file itself, seen from its folder.
    file: FilePath,
    crates: Vec<Crate>,
    std_sources: Option<AbsPathBuf>,
    text: String,
    value: Value,
}

#[derive(Deserialize)]
struct File {
    crates: Vec<Crate>,
    #[serde(default)]
    cfg_groups: HashMap<String, Vec<String>>,
    sysroot_src: Option<Utf8PathBuf>,
}

#[derive(Deserialize)]
struct Crate {
    display_name: Option<String>,
    root_module: Utf8PathBuf,
    edition: String,
    version: Option<String>,
    deps: Vec<Named>,
    #[serde(default)]
    cfg: Vec<String>,
    #[serde(default)]
    cfg_groups: BTreeSet<String>,
    is_workspace_member: Option<bool>,
    #[serde(default)]
    is_proc_macro: bool,
    proc_macro_dylib_path: Option<Utf8PathBuf>,
    build: Option<Build>,
}

/// A dependency, by its place in the list of crates.
#[derive(Deserialize)]
struct Named {
    #[serde(rename = "crate")]
    index: usize,
    name: String,
}

#[derive(Deserialize)]
struct Build {
    label: String,
    build_file: Utf8PathBuf,
    target_kind: Kind,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Bin,
    Lib,
    Test,
}

/// A crate of the project's own: as its users get it, and as its tests do, where these are crates of their own.
struct Own<'a> {
    krate: &'a Crate,
    for_tests: Vec<&'a Crate>,
}

/// Whether a file describes a project, by its name.
pub(super) fn is_description(path: &Path) -> bool {
    path.extension().is_some_and(|it| it == "json")
}

impl Described {
    pub fn read(path: &Path) -> Result<Described, LoadError> {
        let wrong = |it: &dyn std::fmt::Display| {
            LoadError::Other(format!("`{}` cannot be read: {it}", path.display()))
        };
        let text = std::fs::read_to_string(path).map_err(|it| wrong(&it))?;
        let value: Value = serde_json::from_str(&text).map_err(|it| wrong(&it))?;
        let File { mut crates, cfg_groups, sysroot_src } =
            serde_json::from_str(&text).map_err(|it| wrong(&it))?;
        let folder = metadata::absolute(path.parent().unwrap_or(Path::new("/")))?;
        let count = crates.len();
        for krate in &mut crates {
            if let Some(it) = krate.deps.iter().find(|it| it.index >= count) {
                let missing =
                    format!("there is no crate {}, which `{}` is to be", it.index, it.name);
                return Err(wrong(&missing));
            }
            let groups = krate.cfg_groups.iter().filter_map(|it| cfg_groups.get(it));
            krate.cfg.extend(groups.flatten().cloned());
            krate.is_proc_macro |= krate.proc_macro_dylib_path.is_some();
        }
        let file = FilePath::below(folder.as_ref(), path);
        let std_sources = sysroot_src.map(|it| folder.absolutize(it));
        Ok(Described { folder, file, crates, std_sources, text, value })
    }

    /// The same for somebody who asks for a project: there are no features to choose in it.
    pub fn for_request(path: &Path, request: &ProjectRequest) -> Result<Described, LoadError> {
        if request.all_features || request.no_default_features || !request.features.is_empty() {
            let file = path.file_name().unwrap_or_default().to_string_lossy();
            let sentence = format!("`{file}` says which features are on: no flag changes it");
            return Err(LoadError::Other(sentence));
        }
        Described::read(path)
    }

    pub fn folder(&self) -> &Path {
        self.folder.as_ref()
    }

    /// The file itself, and what it says.
    pub fn text(&self) -> (FilePath, String) {
        (self.file.clone(), self.text.clone())
    }

    /// Where it says that the sources of `std` are.
    pub fn std_sources(&self) -> Option<&Path> {
        self.std_sources.as_ref().map(|it| it.as_ref())
    }

    /// The same for rust-analyzer, with the toolchain that is used here: none that a project brings along is run.
    pub fn project(&self, toolchain: &Toolchain) -> Result<ProjectJson, LoadError> {
        let mut value = self.value.clone();
        if let Value::Object(fields) = &mut value {
            ["sysroot_src", "sysroot_project"].iter().for_each(|it| _ = fields.remove(*it));
            let sysroot = toolchain.sysroot.display().to_string();
            fields.insert("sysroot".to_owned(), Value::String(sysroot));
            fields.remove("cfg_groups");
        }
        let own = self.own();
        let is_built_for_tests = |krate: &Crate| {
            own.iter().any(|it| it.for_tests.iter().any(|it| std::ptr::eq(*it, krate)))
        };
        let crates = value.get_mut("crates").and_then(Value::as_array_mut);
        for (krate, fields) in self.crates.iter().zip(crates.into_iter().flatten()) {
            let Value::Object(fields) = fields else { continue };
            let mut cfg: Vec<&str> = krate.cfg.iter().map(String::as_str).collect();
            // Who writes such a file often turns tests on in all crates, for people to find their way in them.
            cfg.retain(|it| *it != TEST);
            cfg.extend(is_built_for_tests(krate).then_some(TEST));
            fields.insert("cfg".to_owned(), cfg.into());
            fields.remove("cfg_groups");
            // They are not run here.
            fields.remove("proc_macro_dylib_path");
            fields.insert("is_proc_macro".to_owned(), krate.is_proc_macro.into());
        }
        let data = serde_json::from_value(value).map_err(|it| {
            LoadError::Other(format!(
                "`{}` cannot be read: {it}",
                self.folder.join(self.file.as_str())
            ))
        })?;
        Ok(ProjectJson::new(None, &self.folder, data))
    }

    fn root(&self, krate: &Crate) -> AbsPathBuf {
        self.folder.absolutize(&krate.root_module)
    }

    /// Its first file, seen from the folder of the description.
    fn root_file(&self, krate: &Crate) -> FilePath {
        FilePath::below(self.folder(), self.root(krate).as_ref())
    }

    fn is_member(&self, krate: &Crate) -> bool {
        let default = || self.root(krate).starts_with(&self.folder);
        krate.is_workspace_member.unwrap_or_else(default) && !krate.is_proc_macro
    }

    /// The crates of the project's own, in the order of the file. Several with one root are one, built several times.
    fn own(&self) -> Vec<Own<'_>> {
        let mut by_root: BTreeMap<AbsPathBuf, Vec<(usize, &Crate)>> = BTreeMap::new();
        for (index, it) in self.crates.iter().enumerate().filter(|it| self.is_member(it.1)) {
            by_root.entry(self.root(it)).or_default().push((index, it));
        }
        let mut own: Vec<(usize, Own<'_>)> = Vec::new();
        for mut crates in by_root.into_values() {
            crates.sort_by_key(|(index, it)| {
                (it.kind() == Some(Kind::Test), it.is_in_test(), *index)
            });
            let mut crates = crates.into_iter();
            let Some((index, krate)) = crates.next() else { continue };
            own.push((index, Own { krate, for_tests: crates.map(|it| it.1).collect() }));
        }
        own.sort_by_key(|it| it.0);
        own.into_iter().map(|it| it.1).collect()
    }

    pub fn outline(&self) -> Outline {
        let mut members = Vec::new();
        for it in self.own() {
            let kind = match it.krate.kind() {
                Some(Kind::Bin) => TargetKind::Bin,
                Some(Kind::Lib) => TargetKind::Lib,
                Some(Kind::Test) => TargetKind::Test,
                None if has_main(&self.root(it.krate)) => TargetKind::Bin,
                None => TargetKind::Lib,
            };
            let tested = it.for_tests.iter().flat_map(|it| &it.deps);
            let library = |it: &Named| {
                let library = &self.crates[it.index];
                let (name, root) = (library.name(), self.root(library));
                Library { called: it.name.clone(), name, root }
            };
            let target = MemberTarget {
                name: it.krate.name(),
                kind: Some(kind),
                root: self.root(it.krate),
                missing_features: Vec::new(),
            };
            members.push(Member {
                manifest: self.manifest(it.krate),
                targets: vec![target],
                seen_by_tests: tested.map(library).collect(),
            });
        }
        let others = self.crates.iter().filter(|it| !self.is_member(it));
        let others = others.map(|it| self.root_file(it).folder()).collect();
        Outline { root: self.folder().to_owned(), members, others }
    }

    /// The file that says how a crate is built, where that is known; otherwise its description, as if it lay beside it.
    fn manifest(&self, krate: &Crate) -> FilePath {
        let root = self.root_file(krate);
        let build_file = krate.build.as_ref().map(|it| self.folder.absolutize(&it.build_file));
        let build_file = build_file.map(|it| FilePath::below(self.folder(), it.as_ref()));
        build_file.filter(|it| root.is_in(&it.folder())).unwrap_or_else(|| {
            match root.folder().as_str() {
                "" => FilePath::new(NAMES[0]),
                folder => FilePath::new(format!("{folder}/{}", NAMES[0])),
            }
        })
    }

    /// The crates of the project's own, in the order of the outline.
    pub fn packages(&self) -> Vec<Package> {
        let own = self.own();
        let packages = own.iter().map(|it| {
            let normal = it.krate.deps.iter().map(|it| (it, DependencyKind::Normal));
            let known = |name: &str| it.krate.deps.iter().any(|it| it.name == name);
            let tested = it.for_tests.iter().flat_map(|it| &it.deps).filter(|it| !known(&it.name));
            let all = normal.chain(tested.map(|it| (it, DependencyKind::Dev)));
            Package {
                name: it.krate.name(),
                id: it.krate.id(),
                edition: it.krate.edition.clone(),
                manifest: self.manifest(it.krate),
                dependencies: all.map(|(it, kind)| self.dependency(it, kind)).collect(),
            }
        });
        packages.collect()
    }

    /// What is on in a crate is on for all who use it.
    fn dependency(&self, it: &Named, kind: DependencyKind) -> Dependency {
        let krate = &self.crates[it.index];
        let features = krate.cfg.iter().filter_map(|it| {
            let value = it.strip_prefix("feature")?.trim_start().strip_prefix('=')?.trim();
            Some(value.trim_matches('"').to_owned())
        });
        Dependency {
            key: it.name.clone(),
            package: krate.name(),
            kind,
            optional: false,
            target_specific: false,
            inherited: false,
            features: features.collect(),
            version: krate.version.clone(),
        }
    }

    /// The names and folders of the crates: what there is to know before anything is analysed.
    pub fn members(&self) -> Vec<super::layout::Member> {
        let own = self.own();
        let members = own.iter().map(|it| super::layout::Member {
            id: it.krate.id(),
            name: it.krate.name(),
            version: it.krate.version.clone().unwrap_or_default(),
            folder: self.manifest(it.krate).folder(),
            is_default: true,
        });
        members.collect()
    }
}

impl Crate {
    /// One without a name is called as its first file is.
    fn name(&self) -> String {
        let stem = || self.root_module.file_stem().unwrap_or_default().to_owned();
        self.display_name.clone().unwrap_or_else(stem)
    }

    fn id(&self) -> String {
        self.build.as_ref().map_or_else(|| self.name(), |it| it.label.clone())
    }

    fn kind(&self) -> Option<Kind> {
        self.build.as_ref().map(|it| it.target_kind)
    }

    fn is_in_test(&self) -> bool {
        self.cfg.iter().any(|it| it == TEST)
    }
}

/// Whether a crate with this first file is a program.
fn has_main(root: &AbsPath) -> bool {
    let text = std::fs::read_to_string(root).unwrap_or_default();
    let file = SourceFile::parse(&text, ra_ap_span::Edition::CURRENT).tree();
    file.items().any(|it| match it {
        ast::Item::Fn(it) => it.name().is_some_and(|it| it.text() == "main"),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(crates: &Value) -> (tempfile::TempDir, Described) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(NAMES[0]);
        let groups = serde_json::json!({ "tests": ["test"] });
        let text = serde_json::json!({ "crates": crates, "cfg_groups": groups }).to_string();
        std::fs::write(&path, text).unwrap();
        let described = Described::read(&path).unwrap();
        (folder, described)
    }

    #[test]
    fn what_is_built_several_times_is_one_crate() {
        let build = |label: &str, kind: &str| serde_json::json!({ "label": label, "build_file": "app/BUILD", "target_kind": kind });
        let (_folder, it) = described(&serde_json::json!([
            {
                "display_name": "mock", "root_module": "/elsewhere/mock.rs", "edition": "2021",
                "deps": [], "version": "1.2.3", "cfg": ["feature=\"fs\"", "unix"],
            },
            {
                "display_name": "lib_test", "root_module": "app/src/lib.rs", "edition": "2021",
                "deps": [{ "crate": 0, "name": "mock" }], "cfg_groups": ["tests"],
                "build": build("//app:test", "test"),
            },
            {
                "display_name": "lib", "root_module": "app/src/lib.rs", "edition": "2021",
                "deps": [], "build": build("//app:lib", "lib"),
            },
            {
                "display_name": "derive", "root_module": "derive.rs", "edition": "2021",
                "deps": [], "is_proc_macro": true,
            },
            { "root_module": "tool.rs", "edition": "2021", "deps": [], "cfg_groups": ["tests"] },
        ]));
        let (packages, outline) = (it.packages(), it.outline());
        assert_eq!(
            packages.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(),
            ["//app:lib", "tool"]
        );
        let manifests: Vec<&str> = outline.members.iter().map(|it| it.manifest.as_str()).collect();
        assert_eq!(manifests, ["app/BUILD", "rust-project.json"]);
        let [mock] = &packages[0].dependencies[..] else { panic!("{packages:?}") };
        assert_eq!((mock.key.as_str(), mock.kind), ("mock", DependencyKind::Dev));
        assert_eq!(mock.features, BTreeSet::from(["fs".to_owned()]));
        assert_eq!(mock.version.as_deref(), Some("1.2.3"));
        assert_eq!(outline.members[0].seen_by_tests[0].called, "mock");
        assert_eq!(outline.members[0].targets[0].kind, Some(TargetKind::Lib));
    }

    #[test]
    fn a_crate_with_a_main_function_is_a_program() {
        let (folder, it) = described(&serde_json::json!([
            { "root_module": "tool.rs", "edition": "2021", "deps": [] },
            { "root_module": "library.rs", "edition": "2021", "deps": [] },
        ]));
        std::fs::write(folder.path().join("tool.rs"), "async fn other() {}\nfn main() {}\n")
            .unwrap();
        std::fs::write(folder.path().join("library.rs"), "mod a { fn main() {} }\n").unwrap();
        let kinds: Vec<_> = it.outline().members.iter().map(|it| it.targets[0].kind).collect();
        assert_eq!(kinds, [Some(TargetKind::Bin), Some(TargetKind::Lib)]);
    }
}
