//! The state directory: one process uses it at a time, and its files are written atomically.
//!
//! ```text
//! lock              locked by the process that has the directory; the system lets go of it however the process ends
//! releases/42       the manifest of release 42
//! texts/0a1b..      a text, under the hash of its bytes
//! ```
//!
//! A file is written under another name, flushed to the disk and then renamed, and the texts of a release are written
//! before its manifest. A manifest therefore names texts that exist, whenever the process is killed or the power fails.
//! Only the owner can read the files: scripts may hold secrets.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};

use super::{
    manifest::{self, Unusable},
    record::Release,
};
use crate::text::ContentHash;

/// The suffix of files that are being written.
const PARTIAL: &str = ".partial";

/// A state directory that this process has locked.
pub(super) struct StateDirectory {
    path: PathBuf,
    lock: File,
}

/// The contents of a state directory.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) releases: Vec<Arc<Release>>,
    /// The intact texts, with their sizes. If all manifests could be read, texts that no release names are included.
    pub(super) texts: HashMap<ContentHash, u64>,
    /// The highest number of a release, including unusable ones.
    pub(super) highest: u64,
    /// Files that cannot be used.
    pub(super) faults: Vec<Fault>,
}

/// A file that cannot be used.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) of: Part,
    pub(super) path: PathBuf,
    /// The error of the system; `None` if the file is damaged.
    pub(super) error: Option<io::Error>,
}

/// A part of a history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Part {
    Manifest(u64),
    Text(ContentHash),
}

/// Why a directory cannot be used.
pub(super) enum Unopened {
    /// Another process uses it; the text names that process.
    Locked(String),
    /// A later version of Samovar wrote this manifest.
    Newer(PathBuf),
    /// The system refuses access, perhaps temporarily.
    Refused(DiskError),
}

/// An error of the system for a file.
#[derive(Debug)]
pub(super) struct DiskError {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
}

impl fmt::Display for DiskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`: {}", self.path.display(), self.error)
    }
}

/// Adds the path to an error of the system.
fn of(path: &Path) -> impl FnOnce(io::Error) -> DiskError + '_ {
    move |error| DiskError { path: path.to_path_buf(), error }
}

impl StateDirectory {
    /// Locks the directory for this process, creates it if necessary, and reads its contents.
    pub(super) fn open(path: &Path) -> Result<(Self, Contents), Unopened> {
        make(path).map_err(Unopened::Refused)?;
        let lock = open_lock(&path.join("lock")).map_err(Unopened::Refused)?;
        match take(&lock) {
            Err(Errno::WOULDBLOCK) => return Err(Unopened::Locked(first_line(lock))),
            taken => taken.map_err(|error| Unopened::Refused(of(path)(error.into())))?,
        }
        // Read by a process that finds the directory locked. A full or read-only disk does not matter here.
        let _ = lock.set_len(0).and_then(|()| writeln!(&lock, "process {}", std::process::id()));
        // The name of the directory has to survive a power failure, too. If this fails, writing reports why.
        let _ = path.parent().map(flush);
        let directory = Self { path: path.to_path_buf(), lock };
        let contents = directory.read()?;
        Ok((directory, contents))
    }

    /// Returns whether the directory is still the one that was opened.
    pub(super) fn is_there(&self) -> bool {
        use std::os::unix::fs::MetadataExt;

        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        let known = self.lock.metadata().map(identity).ok();
        known.is_some() && known == self.path.join("lock").metadata().map(identity).ok()
    }

    /// Writes a text under its hash.
    pub(super) fn write_text(&self, hash: ContentHash, bytes: &[u8]) -> Result<(), DiskError> {
        write(&text_path(&self.path, hash), bytes)
    }

    /// Flushes the names of written texts to the disk.
    pub(super) fn flush_texts(&self) -> Result<(), DiskError> {
        flush(&self.path.join("texts"))
    }

    /// Writes a release, after its texts.
    pub(super) fn write_release(&self, release: &Release) -> Result<(), DiskError> {
        self.flush_texts()?;
        let manifest = manifest::write(release);
        write(&self.manifest_path(release.number()), manifest.as_bytes())?;
        flush(&self.path.join("releases"))?;
        flush(&self.path)
    }

    /// Removes releases, and then texts.
    pub(super) fn remove(&self, releases: &[u64], texts: &[ContentHash]) -> Result<(), DiskError> {
        for number in releases {
            remove(&self.manifest_path(*number))?;
        }
        if !releases.is_empty() && !texts.is_empty() {
            // No manifest may outlive its texts, even if the power fails.
            flush(&self.path.join("releases"))?;
        }
        texts.iter().try_for_each(|hash| remove(&text_path(&self.path, *hash)))
    }

    fn manifest_path(&self, number: u64) -> PathBuf {
        self.path.join("releases").join(number.to_string())
    }

    fn read(&self) -> Result<Contents, Unopened> {
        let mut contents = Contents::default();
        let mut all_read = true;
        for path in files_in(&self.path.join("releases")).map_err(Unopened::Refused)? {
            let Some(number) = number_of(&path) else { continue };
            contents.highest = contents.highest.max(number);
            let found = read_manifest(&path).map(|bytes| manifest::read(&bytes));
            let error = match found {
                Ok(Ok(release)) if release.number() == number => {
                    contents.releases.push(Arc::new(release));
                    continue;
                }
                Ok(Err(Unusable::Newer)) => return Err(Unopened::Newer(path)),
                Ok(Ok(_) | Err(Unusable::Damaged)) => None,
                Err(error) => {
                    all_read = false;
                    Some(error)
                }
            };
            contents.faults.push(Fault { of: Part::Manifest(number), path, error });
        }
        contents.releases.sort_by_key(|release| release.number());
        self.read_texts(&mut contents, all_read)?;
        Ok(contents)
    }

    fn read_texts(&self, contents: &mut Contents, all_read: bool) -> Result<(), Unopened> {
        let entries = contents.releases.iter().flat_map(|release| release.entries());
        let mut named: BTreeSet<ContentHash> = entries.map(|(_, hash)| *hash).collect();
        for path in files_in(&self.path.join("texts")).map_err(Unopened::Refused)? {
            let Some(hash) = path.file_name().and_then(|name| manifest::read_hash(name.to_str()?)) else { continue };
            let is_named = named.remove(&hash);
            // A manifest that cannot be read now may name it, and may become readable.
            if !is_named && !all_read {
                continue;
            }
            let error = match hash_of(&path) {
                Ok((found, bytes)) if found == hash => {
                    contents.texts.insert(hash, bytes);
                    continue;
                }
                Ok(_) => None,
                Err(error) => Some(error),
            };
            match is_named {
                true => contents.faults.push(Fault { of: Part::Text(hash), path, error }),
                // No release needs it. If it cannot be removed now, it is found again the next time.
                false => drop(fs::remove_file(&path)),
            }
        }
        contents.faults.extend(named.into_iter().map(|hash| Fault {
            of: Part::Text(hash),
            path: text_path(&self.path, hash),
            error: Some(io::ErrorKind::NotFound.into()),
        }));
        Ok(())
    }
}

/// Reads a text of this size. Returns `None` if the content does not have this hash.
pub(super) fn read_text(directory: &Path, hash: ContentHash, bytes: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let path = text_path(directory, hash);
    let mut read = Vec::new();
    let file = open_regular(&path).map_err(of(&path))?;
    file.take(bytes.saturating_add(1)).read_to_end(&mut read).map_err(of(&path))?;
    Ok((ContentHash::of(&read) == hash).then_some(read))
}

/// Returns the path of a text.
pub(super) fn text_path(directory: &Path, hash: ContentHash) -> PathBuf {
    directory.join("texts").join(hash.to_string())
}

fn make(directory: &Path) -> Result<(), DiskError> {
    use std::os::unix::fs::DirBuilderExt;

    DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(of(directory))
}

fn options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options.mode(0o600).write(true).create(true);
    options
}

/// Takes a lock, and waits a moment for it. A process that has just ended, or a child process of the last holder,
/// releases it soon.
fn take(lock: &File) -> Result<(), Errno> {
    const MOMENT: Duration = Duration::from_millis(200);
    let end = Instant::now() + MOMENT;
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) if Instant::now() < end => std::thread::sleep(MOMENT / 20),
            taken => return taken,
        }
    }
}

/// On a read-only disk, an existing lock file can be locked all the same.
fn open_lock(path: &Path) -> Result<File, DiskError> {
    let writable = options().read(true).truncate(false).open(path);
    writable.or_else(|error| File::open(path).map_err(|_| error)).map_err(of(path))
}

fn first_line(lock: File) -> String {
    let mut text = String::new();
    let _ = lock.take(100).read_to_string(&mut text);
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("another process").to_owned()
}

/// Returns the files in a directory, in no order. Removes partially written files; no other process writes here.
fn files_in(directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(of(directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(of(directory))?.path();
        if path.as_os_str().as_encoded_bytes().ends_with(PARTIAL.as_bytes()) {
            // If it cannot be removed now, it is found again the next time.
            let _ = fs::remove_file(&path);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// Returns the number of the release whose manifest has this path.
fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    // Names such as `+7` and `007` are never written here.
    name.parse().ok().filter(|number: &u64| number.to_string() == name)
}

fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a FIFO would wait for a writer.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// The largest manifest: a hundred times the size of one with ten thousand modules.
const LARGEST_MANIFEST: u64 = 256 << 20;

fn read_manifest(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(LARGEST_MANIFEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Returns the hash of a file's content, and its size.
fn hash_of(path: &Path) -> io::Result<(ContentHash, u64)> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(open_regular(path)?)?;
    Ok((ContentHash::from_bytes(*hasher.finalize().as_bytes()), hasher.count()))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(PARTIAL);
    let partial = PathBuf::from(partial);
    if let Some(parent) = path.parent() {
        make(parent)?;
    }
    let written = options().truncate(true).open(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let renamed = written.and_then(|()| fs::rename(&partial, path));
    renamed.map_err(|error| {
        // A file that does not fit must not fill the disk.
        let _ = fs::remove_file(&partial);
        of(path)(error)
    })
}

fn remove(path: &Path) -> Result<(), DiskError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(of(path)(error)),
        _ => Ok(()),
    }
}

/// Flushes the names in a directory to the disk.
fn flush(directory: &Path) -> Result<(), DiskError> {
    let open = File::open(directory);
    match open {
        // Nothing has been written there yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        open => open.and_then(|directory| directory.sync_all()).map_err(of(directory)),
    }
}
