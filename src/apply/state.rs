//! Where journals and locks are kept: the state folder of the user.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use etcetera::base_strategy::{BaseStrategy, choose_native_strategy};

/// Names another folder.
pub const VARIABLE: &str = "ASYNC_FIX_STATE_DIR";

/// The folder, which need not exist yet; or one sentence.
pub fn folder() -> Result<PathBuf, String> {
    if let Some(folder) = std::env::var_os(VARIABLE).filter(|it| !it.is_empty()) {
        let folder = PathBuf::from(folder);
        return std::path::absolute(&folder).map_err(|it| {
            format!("`{}` is no folder to keep a journal in: {it}", folder.display())
        });
    }
    let base = choose_native_strategy().map_err(|_| {
        format!("there is no home folder to keep the journal in; name a folder with `{VARIABLE}`")
    })?;
    Ok(base.state_dir().unwrap_or_else(|| base.data_dir()).join("async-fix"))
}

/// Makes a folder that only its owner looks into: it holds source text.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
