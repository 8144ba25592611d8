//! The file to which an output goes.

use std::path::{Path, PathBuf};

use review::diagnostic::{Diagnostic, Diagnostics};

use super::atomic_file::destination;
use super::input::is_stream;

/// One name for each file, also where it does not exist yet, and for what standard input is redirected from.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let path = if path.as_os_str() == "-" { Path::new("/dev/stdin") } else { path };
    let by_folder = || {
        let path = destination(path).ok()?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    path.canonicalize().ok().or_else(by_folder).unwrap_or_else(|| path.to_owned())
}

/// Refuses to write through a link that leads out of its folder.
///
/// # Errors
/// - it is such a link
pub(crate) fn refuse_link_out(file: &Path) -> Result<(), Diagnostics> {
    if leads_out(file) {
        let error = Diagnostic::error(format!("{} is a link out of its folder", file.display()));
        return Err(Diagnostics(vec![error.with_help("remove it, or name the file that it leads to")]));
    }
    Ok(())
}

/// Whether a path is a link to a file outside of the link's folder and the working folder. A repository may bring one, such as `report.sarif` to a
/// shell's start file. Devices are the user's own.
fn leads_out(file: &Path) -> bool {
    let is_link = file.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink());
    let here = Path::new(".");
    let own = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(here);
    let target = resolved(file);
    let is_in = |folder: &Path| folder.canonicalize().is_ok_and(|folder| target.starts_with(folder));
    is_link && !is_stream(file) && !is_in(own) && !is_in(here)
}
