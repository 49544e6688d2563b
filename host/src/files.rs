//! Files that are written whole or not at all.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {} ({source})", path.display(), reason(source))]
pub struct WriteError {
    /// The file that was to be written. It is as it was before.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

fn reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "no room left: free some, or choose another place with -o"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "not allowed to write there: choose another place with -o"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "a file stands where a directory is needed: choose another place with -o"
        }
        _ => "cannot be written",
    }
}

/// Adds the path to an error of the system.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> WriteError {
    let path = path.to_path_buf();
    move |source| WriteError { path, source }
}

/// Makes a directory and all above it.
///
/// # Errors
/// What the system says.
pub fn create_dir(path: &Path) -> Result<(), WriteError> {
    std::fs::create_dir_all(path).map_err(at(path))
}

/// Writes `path` through `fill`: under a temporary name beside it, renamed when complete.
///
/// A link keeps leading to the file it leads to, and a file keeps its permissions. A device or a pipe is written into.
///
/// # Errors
/// What the system says, or what `fill` does. The file is then as it was before, and nothing else is left behind.
pub fn write_with(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<&mut File>) -> io::Result<()>,
) -> Result<(), WriteError> {
    let into = |file: &mut File| {
        let mut writer = BufWriter::with_capacity(1 << 16, file);
        fill(&mut writer)?;
        writer.flush()
    };
    let write = || -> io::Result<()> {
        let before = std::fs::metadata(path).ok();
        if before
            .as_ref()
            .is_some_and(|before| !before.is_file() && !before.is_dir())
        {
            return into(&mut File::options().write(true).open(path)?);
        }
        let path = &std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut temporary = temporary_in(directory)?;
        temporary.as_file().lock()?;
        into(temporary.as_file_mut())?;
        if let Some(before) = before {
            temporary.as_file().set_permissions(before.permissions())?;
        }
        // What the new name points to must be on the disk before the name is.
        temporary.as_file().sync_data()?;
        temporary.persist(path).map_err(|error| error.error)?;
        Ok(())
    };
    write().map_err(at(path))
}

/// What temporary files are called, so that those a kill left behind are recognised.
const TEMPORARY: (&str, &str) = (".hairpin-", ".tmp");

/// Removes temporary files that a kill left behind. Those still being written are locked, and stay.
///
/// # Errors
/// What the system says.
pub fn remove_leftovers(directory: &Path) -> Result<(), WriteError> {
    for entry in std::fs::read_dir(directory).map_err(at(directory))? {
        let entry = entry.map_err(at(directory))?;
        if is_leftover(&entry.file_name())
            && File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok())
        {
            std::fs::remove_file(entry.path()).map_err(at(&entry.path()))?;
        }
    }
    Ok(())
}

/// Whether a file is one that a kill left behind.
pub(crate) fn is_leftover(name: &std::ffi::OsStr) -> bool {
    name.to_str()
        .is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1))
}

/// A temporary file that, renamed, has the permissions of any other file the user makes.
fn temporary_in(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(TEMPORARY.0).suffix(TEMPORARY.1);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The process's umask takes away from these what the user wants taken away.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(directory)
}

/// Writes `content` as the whole of `path`; see [`write_with`].
///
/// # Errors
/// As [`write_with`].
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), WriteError> {
    write_with(path, |writer| writer.write_all(content.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("kept");
        write(&path, "old").unwrap();
        let error = write_with(&path, |writer| {
            writer.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert!(error.to_string().contains("no room left"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_a_mode_and_a_device_stay_what_they_are() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let [file, link, device] = ["file", "link", "null"].map(|name| directory.path().join(name));
        write(&file, "old").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&file, &link).unwrap();
        write(&link, "new").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        symlink("/dev/null", &device).unwrap();
        write(&device, "gone").unwrap();
        assert_eq!(std::fs::read_to_string(&device).unwrap(), "");
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }
}
