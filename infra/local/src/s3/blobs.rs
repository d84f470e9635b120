//! Bodies of objects and parts, one file each.
//!
//! A blob is written to `blobs/tmp`, synced, and renamed to `blobs/xx/<number>` before the index names it. A crash
//! in between leaves a file that no row names; opening the store removes those. Numbers are never used for a
//! second body while a row names the first.

use super::{Durability, error::Result};
use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The number that names a blob.
pub(super) type BlobId = u64;

/// The directory of blobs. Whoever holds it also holds the lock of the whole store.
pub(super) struct Blobs {
    root: PathBuf,
    next: AtomicU64,
    durability: Durability,
    _lock: File,
}

/// What opening a directory of blobs found beside what the index names.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Swept {
    /// Files without a row: left by a crash before the commit, now removed.
    pub(super) orphans: usize,
    /// Rows without a file. This never happens by a crash; somebody or the disk took the file away.
    pub(super) missing: usize,
}

impl Blobs {
    /// Opens `root`, removes what `named` does not name and counts what is missing.
    pub(super) fn open(
        root: PathBuf,
        durability: Durability,
        lock: File,
        mut named: HashSet<BlobId>,
    ) -> Result<(Self, Swept)> {
        let temporary = root.join("tmp");
        if temporary.exists() {
            fs::remove_dir_all(&temporary)?;
        }
        fs::create_dir_all(&temporary)?;
        let mut swept = Swept::default();
        let mut highest = named.iter().copied().max().unwrap_or(0);
        for shard in fs::read_dir(&root)? {
            let shard = shard?.path();
            if shard == temporary {
                continue;
            }
            for entry in fs::read_dir(&shard)? {
                let path = entry?.path();
                let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
                let id = BlobId::from_str_radix(name, 16).unwrap_or(0);
                highest = highest.max(id);
                if !named.remove(&id) {
                    fs::remove_file(&path)?;
                    swept.orphans += 1;
                }
            }
        }
        sync_directory(&root, durability)?;
        swept.missing = named.len();
        let next = AtomicU64::new(highest + 1);
        Ok((Self { root, next, durability, _lock: lock }, swept))
    }

    /// Starts a new blob.
    pub(super) fn create(self: &Arc<Self>) -> Result<BlobWriter> {
        let pending = self.reserve();
        let file = File::create_new(self.temporary(pending.id))?;
        Ok(BlobWriter { file, pending, bytes: 0 })
    }

    /// A second name for a stored body, so that a copy costs no bytes. Where the file system has no links the bytes
    /// are copied.
    pub(super) fn link(self: &Arc<Self>, source: BlobId) -> Result<PendingBlob> {
        let pending = self.reserve();
        let (from, to) = (self.path(source), self.path(pending.id));
        self.make_directory(pending.id)?;
        if let Err(error) = fs::hard_link(&from, &to) {
            if error.kind() == io::ErrorKind::NotFound {
                return Err(error.into());
            }
            let copy = self.temporary(pending.id);
            fs::copy(&from, &copy)?;
            self.sync_file(&File::open(&copy)?)?;
            fs::rename(&copy, &to)?;
        }
        self.sync_parent(pending.id)?;
        Ok(pending)
    }

    /// Opens a blob and checks that the file is as long as the index says.
    pub(super) fn read(&self, id: BlobId, bytes: u64) -> io::Result<File> {
        let file = File::open(self.path(id))?;
        if file.metadata()?.len() != bytes {
            return Err(io::Error::other("the blob's length differs from the index"));
        }
        Ok(file)
    }

    /// Removes a blob that no row names. A failure only leaves an orphan for the next sweep.
    pub(super) fn remove(&self, id: BlobId) {
        if let Err(error) = fs::remove_file(self.path(id)) {
            tracing::warn!(blob = id, %error, "an obsolete blob could not be removed");
        }
    }

    fn reserve(self: &Arc<Self>) -> PendingBlob {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        PendingBlob { blobs: Arc::clone(self), id, kept: false }
    }

    fn directory(&self, id: BlobId) -> PathBuf {
        self.root.join(format!("{:02x}", id & 0xff))
    }

    /// Directories come when their first blob does: a store of a few objects stays a few files.
    fn make_directory(&self, id: BlobId) -> io::Result<()> {
        match fs::create_dir(self.directory(id)) {
            Ok(()) => sync_directory(&self.root, self.durability),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn path(&self, id: BlobId) -> PathBuf {
        self.directory(id).join(format!("{id:016x}"))
    }

    fn temporary(&self, id: BlobId) -> PathBuf {
        self.root.join("tmp").join(format!("{id:016x}"))
    }

    fn sync_file(&self, file: &File) -> io::Result<()> {
        match self.durability {
            Durability::PowerLoss => file.sync_data(),
            Durability::ProcessExit => Ok(()),
        }
    }

    fn sync_parent(&self, id: BlobId) -> io::Result<()> {
        sync_directory(&self.directory(id), self.durability)
    }
}

fn sync_directory(path: &Path, durability: Durability) -> io::Result<()> {
    match durability {
        Durability::PowerLoss => File::open(path)?.sync_all(),
        Durability::ProcessExit => Ok(()),
    }
}

/// A blob whose row is not committed: dropped without [`PendingBlob::keep`], it is removed again.
pub(super) struct PendingBlob {
    blobs: Arc<Blobs>,
    id: BlobId,
    kept: bool,
}

impl PendingBlob {
    pub(super) fn id(&self) -> BlobId {
        self.id
    }

    pub(super) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for PendingBlob {
    fn drop(&mut self) {
        if !self.kept {
            // Either of them may not exist, depending on how far the writer came.
            let _ = fs::remove_file(self.blobs.temporary(self.id));
            let _ = fs::remove_file(self.blobs.path(self.id));
        }
    }
}

/// A blob that is being written.
pub(super) struct BlobWriter {
    file: File,
    pending: PendingBlob,
    bytes: u64,
}

impl BlobWriter {
    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Makes the blob durable under its final name.
    pub(super) fn finish(self) -> Result<PendingBlob> {
        let Self { file, pending, .. } = self;
        let blobs = &pending.blobs;
        blobs.sync_file(&file)?;
        blobs.make_directory(pending.id)?;
        fs::rename(blobs.temporary(pending.id), blobs.path(pending.id))?;
        blobs.sync_parent(pending.id)?;
        Ok(pending)
    }
}

/// Reads `range` of an open blob in pieces of at most `piece` bytes.
pub(super) struct RangeReader {
    file: File,
    remaining: u64,
    piece: usize,
}

impl RangeReader {
    pub(super) fn new(mut file: File, range: &Range<u64>, piece: usize) -> io::Result<Self> {
        file.seek(SeekFrom::Start(range.start))?;
        Ok(Self { file, remaining: range.end.saturating_sub(range.start), piece })
    }

    /// The next piece, or `None` at the end of the range.
    pub(super) fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.remaining == 0 {
            return Ok(None);
        }
        let length = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(self.piece);
        let mut buffer = vec![0; length];
        self.file.read_exact(&mut buffer)?;
        self.remaining -= length as u64;
        Ok(Some(buffer))
    }
}
