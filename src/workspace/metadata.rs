//! The project as cargo sees it: `cargo metadata`, the target's configuration, and the standard library beside it.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use ra_ap_cfg::{CfgAtom, CfgDiff};
use ra_ap_ide_db::FxHashMap;
use ra_ap_intern::Symbol;
use ra_ap_paths::{AbsPathBuf, Utf8PathBuf};
use ra_ap_project_model::{
    CargoConfig, CargoFeatures, CargoMetadataConfig, CargoWorkspace, CfgOverrides, ManifestPath,
    ProjectJson, ProjectManifest, ProjectWorkspace, ProjectWorkspaceKind,
    RustSourceWorkspaceConfig, Sysroot,
};
use serde::Deserialize;

use crate::{
    config::ProjectRequest,
    workspace::{LoadError, toolchain::Toolchain},
};

type Environment = FxHashMap<String, Option<String>>;

/// Asks cargo about the project. Nothing of the project is run, and nothing in it is written.
pub(super) fn query(
    manifest: &Path,
    request: &ProjectRequest,
    toolchain: &Toolchain,
    std_sources: &Path,
) -> Result<ProjectWorkspace, LoadError> {
    let manifest = ManifestPath::try_from(absolute(manifest)?)
        .map_err(|it| LoadError::Other(format!("`{it}` is not a manifest")))?;
    let project = with_standard_library(request, toolchain, std_sources, &|config| {
        let path = ProjectManifest::CargoToml(manifest.clone());
        let project = ProjectWorkspace::load(path, config, &|_| ());
        project.map_err(|it| cannot_read(&manifest, request, &it))
    })?;
    // Without its dependencies the analysis would see next to nothing, and look as if all were well.
    if let ProjectWorkspaceKind::Cargo { error: Some(error), .. } = &project.kind {
        return Err(cannot_read(&manifest, request, error));
    }
    Ok(project)
}

/// Takes a project as somebody else describes it. Only rustc is asked, for what it compiles for.
pub(super) fn take(
    project: &ProjectJson,
    request: &ProjectRequest,
    toolchain: &Toolchain,
    std_sources: &Path,
) -> Result<ProjectWorkspace, LoadError> {
    with_standard_library(request, toolchain, std_sources, &|config| {
        Ok(ProjectWorkspace::load_inline(project.clone(), config, &|_| ()))
    })
}

fn with_standard_library(
    request: &ProjectRequest,
    toolchain: &Toolchain,
    std_sources: &Path,
    load: &dyn Fn(&CargoConfig) -> Result<ProjectWorkspace, LoadError>,
) -> Result<ProjectWorkspace, LoadError> {
    let scratch = tempfile::tempdir()
        .map_err(|it| LoadError::Other(format!("no temporary folder can be made: {it}")))?;
    let offline = request.offline || request.frozen;
    let environment = toolchain.environment(scratch.path(), offline);
    let config = config(request, environment.clone());
    let (project, sysroot) = std::thread::scope(|scope| {
        let sysroot =
            scope.spawn(|| standard_library(toolchain, std_sources, environment, offline));
        (load(&config), sysroot.join())
    });
    let mut project = project?;
    project.sysroot = match sysroot {
        Ok(it) => it?,
        Err(panic) => std::panic::resume_unwind(panic),
    };
    Ok(project)
}

/// What `cargo metadata --no-deps` says.
#[derive(Deserialize)]
pub(super) struct Members {
    pub workspace_root: PathBuf,
    pub packages: Vec<Member>,
    pub workspace_default_members: Vec<String>,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub id: String,
    pub name: String,
    pub version: String,
    pub manifest_path: PathBuf,
}

/// Asks cargo about the members only, which takes no network and no time.
pub(super) fn members(
    manifest: &Path,
    request: &ProjectRequest,
    toolchain: &Toolchain,
) -> Result<Members, LoadError> {
    let mut command = Command::new(toolchain.cargo());
    command.args(["metadata", "--no-deps", "--format-version", "1", "--manifest-path"]);
    // Nothing is written, so the target folder does not matter.
    let environment = toolchain.environment(Path::new("target"), true);
    command.arg(manifest).envs(environment.into_iter().filter_map(|it| Some((it.0, it.1?))));
    let output =
        command.output().map_err(|it| LoadError::Other(format!("`cargo` cannot be run: {it}")))?;
    let path = ManifestPath::try_from(absolute(manifest)?)
        .map_err(|it| LoadError::Other(format!("`{it}` is not a manifest")))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(cannot_read(&path, request, &anyhow::Error::msg(said)));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|it| LoadError::Other(format!("cargo says something strange of `{path}`: {it}")))
}

/// The part of the project that cargo knows.
pub(super) fn cargo_workspace(project: &ProjectWorkspace) -> Option<&CargoWorkspace> {
    match &project.kind {
        ProjectWorkspaceKind::Cargo { cargo, .. } => Some(cargo),
        ProjectWorkspaceKind::Json(_) | ProjectWorkspaceKind::DetachedFile { .. } => None,
    }
}

pub(super) fn absolute(path: &Path) -> Result<AbsPathBuf, LoadError> {
    let unusable = || LoadError::Other(format!("`{}` is not a path in UTF-8", path.display()));
    let path = Utf8PathBuf::from_path_buf(path.to_owned()).map_err(|_| unusable())?;
    AbsPathBuf::try_from(path).map_err(|_| unusable())
}

fn config(request: &ProjectRequest, environment: Environment) -> CargoConfig {
    let features = match request.all_features {
        true => CargoFeatures::All,
        false => CargoFeatures::Selected {
            features: request.features.clone(),
            no_default_features: request.no_default_features,
        },
    };
    let flags = [
        ("--offline", request.offline),
        ("--locked", request.locked),
        ("--frozen", request.frozen),
    ];
    // Code that hides from rust-analyzer is code all the same.
    let rust_analyzer = CfgAtom::Flag(Symbol::intern("rust_analyzer"));
    // As `cargo check` compiles it.
    let debug_assertions = CfgAtom::Flag(Symbol::intern("debug_assertions"));
    CargoConfig {
        all_targets: true,
        features,
        target: request.target.clone(),
        metadata_extra_args: flags.iter().filter(|it| it.1).map(|it| it.0.to_owned()).collect(),
        extra_env: environment,
        cfg_overrides: CfgOverrides {
            global: CfgDiff::new(vec![debug_assertions], vec![rust_analyzer]),
            selective: Default::default(),
        },
        ..CargoConfig::default()
    }
}

/// The standard library with the crates it is made of, from this machine when they are there. Those it shares with
/// crates.io (`hashbrown` behind `HashMap`) are left out when cargo cannot get them.
fn standard_library(
    toolchain: &Toolchain,
    sources: &Path,
    environment: Environment,
    offline: bool,
) -> Result<Sysroot, LoadError> {
    let folder = absolute(sources)?;
    let bare = Sysroot::new(Some(absolute(&toolchain.sysroot)?), Some(folder.clone()));
    let mut without_network = environment.clone();
    without_network.insert("CARGO_NET_OFFLINE".to_owned(), Some("true".to_owned()));
    let mut tries = vec![without_network];
    if !offline {
        tries.push(environment);
    }
    for extra_env in tries {
        let config = CargoMetadataConfig { extra_env, kind: "sysroot", ..Default::default() };
        let sysroot = with_crates(&bare, RustSourceWorkspaceConfig::CargoMetadata(config));
        if !sysroot.is_rust_lib_src_empty() && sysroot.metadata_error().is_none() {
            return Ok(sysroot);
        }
    }
    Ok(with_crates(&bare, RustSourceWorkspaceConfig::Json(own_crates_only(folder))))
}

fn with_crates(bare: &Sysroot, config: RustSourceWorkspaceConfig) -> Sysroot {
    let mut sysroot = bare.clone();
    if let Some(crates) = bare.load_workspace(&config, false, &|_| ()) {
        sysroot.set_workspace(crates);
    }
    sysroot
}

fn own_crates_only(folder: AbsPathBuf) -> ProjectJson {
    let root = |it: &str| folder.join(format!("{it}/src/lib.rs")).to_string();
    let krate = |name: &str, dependencies: &[(usize, &str)]| {
        let dependencies: Vec<_> = dependencies
            .iter()
            .map(|(at, name)| serde_json::json!({ "crate": at, "name": name }))
            .collect();
        serde_json::json!({
            "display_name": name, "root_module": root(name), "edition": "2024",
            "deps": dependencies, "cfg": [], "is_workspace_member": false,
        })
    };
    let crates = [
        krate("core", &[]),
        krate("alloc", &[(0, "core")]),
        krate("std", &[(0, "core"), (1, "alloc")]),
        krate("proc_macro", &[(0, "core"), (2, "std")]),
    ];
    let data = serde_json::json!({ "crates": crates });
    let data = serde_json::from_value(data).expect("a project of four crates has the right form");
    ProjectJson::new(None, &folder, data)
}

fn cannot_read(
    manifest: &ManifestPath,
    request: &ProjectRequest,
    error: &anyhow::Error,
) -> LoadError {
    let all = format!("{error:#}");
    // What cargo said comes last, behind the command line that was run, and begins with what it did before.
    let said = all.split_once("error: ").map_or(all.as_str(), |it| it.1).trim();
    let failure = said.strip_prefix("error: ").or_else(|| Some(said.split_once("\nerror: ")?.1));
    let said = failure.unwrap_or(said);
    let flag = if request.locked { "--locked" } else { "--frozen" };
    let says = |it: &[&str]| it.iter().all(|it| said.contains(it));
    LoadError::Other(if says(&["cannot create the lock file", "to prevent this"]) {
        format!("there is no `Cargo.lock` for `{manifest}`, and `{flag}` forbids to make one")
    } else if says(&["update", "lock file", "to prevent this"]) {
        format!("`Cargo.lock` does not fit `{manifest}`, and `{flag}` forbids to change it")
    } else {
        format!("cargo cannot read `{manifest}`: {said}")
    })
}
