//! What counts of cargo's configuration when packages are resolved offline.

use std::path::Path;

use toml_edit::{Table, TableLike, value};

/// Leaves only what says where packages come from and which versions are wanted. What runs programs (`build`,
/// `alias`, `env`, `target`) goes, and so do secrets: without a network nobody asks for them.
///
/// `folder` is the one that holds `.cargo`: sources beside it are not copied, so their paths become absolute.
pub(super) fn keep_sources(config: &mut Table, folder: &Path) {
    const KEPT: [&str; 6] = ["source", "registries", "registry", "patch", "net", "resolver"];
    config.retain(|key, _| KEPT.contains(&key));
    for_each_table(config, "source", &mut |source| {
        for key in ["directory", "local-registry"] {
            let path = source.get(key).and_then(|path| path.as_str());
            if let Some(path) = path.map(|path| folder.join(path)) {
                source.insert(key, value(path.display().to_string()));
            }
        }
    });
    for_each_table(config, "registries", &mut forget_secrets);
    if let Some(registry) = config.get_mut("registry").and_then(|item| item.as_table_like_mut()) {
        forget_secrets(registry);
    }
}

fn for_each_table(config: &mut Table, key: &str, change: &mut dyn FnMut(&mut dyn TableLike)) {
    let tables = config.get_mut(key).and_then(|item| item.as_table_like_mut());
    for (_, item) in tables.into_iter().flat_map(|tables| tables.iter_mut()) {
        if let Some(table) = item.as_table_like_mut() {
            change(table);
        }
    }
}

fn forget_secrets(registry: &mut dyn TableLike) {
    for key in ["token", "secret-key", "credential-provider", "global-credential-providers"] {
        registry.remove(key);
    }
}
