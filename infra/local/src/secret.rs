//! Files of secrets in a data directory: made once, whole or not at all, and readable by their owner alone.

use anyhow::Context as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// Reads a secret, or makes it and stores it first. Of several processes that make it at once, all get the same.
///
/// # Errors
/// Those of `make`, and when the file cannot be read or written.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let problem = || format!("cannot use `{}`", path.display());
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        read => return read.with_context(problem),
    }
    let secret = make()?;
    let is_stored = store(path, &secret).with_context(problem)?;
    if is_stored { Ok(secret) } else { std::fs::read_to_string(path).with_context(problem) }
}

/// Writes the file if there is none, and says whether that was so.
fn store(path: &Path, secret: &str) -> io::Result<bool> {
    let directory = path.parent().unwrap_or(Path::new("."));
    // A temporary file is its owner's alone from the beginning.
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(secret.as_bytes())?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(path) {
        Ok(_) => {
            // What is encrypted under it must not outlive it.
            File::open(directory)?.sync_all()?;
            Ok(true)
        }
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error.error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_secret_is_made_once_and_for_its_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        assert!(read_or_make(&path, || anyhow::bail!("as told")).is_err());
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 0, "a failure leaves nothing");
        assert_eq!(read_or_make(&path, || Ok("first".to_owned())).unwrap(), "first");
        assert_eq!(read_or_make(&path, || Ok("second".to_owned())).unwrap(), "first");
        assert!(!store(&path, "third").unwrap(), "who comes second stores nothing");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "first");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(&directory).unwrap().count(), 1, "nothing else is left");
    }
}
