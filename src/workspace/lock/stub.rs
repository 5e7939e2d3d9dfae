//! A manifest for a copy that has no source files.

use toml_edit::{Item, Table, TableLike, Value};

/// Takes away what names source files. Cargo then finds `src/lib.rs`; the resolution is the same.
pub(super) fn without_targets(manifest: &mut Table) {
    for key in ["lib", "bin", "example", "test", "bench"] {
        manifest.remove(key);
    }
    if let Some(package) = manifest.get_mut("package").and_then(Item::as_table_like_mut) {
        for key in ["default-run", "autolib", "build"] {
            package.remove(key);
        }
    }
}

/// Gives `visit` every path in `manifest` that leads to the folder of another one: dependencies, those that members
/// inherit, patches, and the workspace root. A configuration's patches have the same form.
pub(super) fn for_each_path(manifest: &mut Table, visit: &mut dyn FnMut(&mut String)) {
    dependencies(manifest, visit);
    for_each(manifest, "target", &mut |target| dependencies(target, visit));
    for_each(manifest, "patch", &mut |source| lines(source, visit));
    within(manifest, "replace", &mut |replaced| lines(replaced, visit));
    within(manifest, "workspace", &mut |workspace| {
        within(workspace, "dependencies", &mut |shared| lines(shared, visit));
    });
    within(manifest, "package", &mut |package| string(package, "workspace", visit));
}

fn dependencies(table: &mut dyn TableLike, visit: &mut dyn FnMut(&mut String)) {
    const NAMES: [&str; 5] = [
        "dependencies",
        "dev-dependencies",
        "dev_dependencies",
        "build-dependencies",
        "build_dependencies",
    ];
    for name in NAMES {
        within(table, name, &mut |dependencies| lines(dependencies, visit));
    }
}

fn lines(table: &mut dyn TableLike, visit: &mut dyn FnMut(&mut String)) {
    for (_, item) in table.iter_mut() {
        if let Some(line) = item.as_table_like_mut() {
            string(line, "path", visit);
        }
    }
}

fn string(table: &mut dyn TableLike, key: &str, visit: &mut dyn FnMut(&mut String)) {
    if let Some(Item::Value(value)) = table.get_mut(key)
        && let Value::String(text) = value
    {
        let mut text = text.value().clone();
        visit(&mut text);
        *value = text.into();
    }
}

fn within(table: &mut dyn TableLike, key: &str, then: &mut dyn FnMut(&mut dyn TableLike)) {
    if let Some(inner) = table.get_mut(key).and_then(Item::as_table_like_mut) {
        then(inner);
    }
}

fn for_each(table: &mut dyn TableLike, key: &str, then: &mut dyn FnMut(&mut dyn TableLike)) {
    within(table, key, &mut |tables| {
        for (_, item) in tables.iter_mut() {
            if let Some(inner) = item.as_table_like_mut() {
                then(inner);
            }
        }
    });
}
