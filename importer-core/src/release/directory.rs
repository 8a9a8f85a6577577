//! The state directory: one process has it, and every file in it is there as a whole or not at all.
//!
//! ```text
//! lock              locked by the process that has the directory; the system lets go of it however the process ends
//! releases/42       the manifest of release 42
//! texts/0a1b..      a text, under the hash of its bytes
//! ```
//!
//! A file is written under another name, flushed to the disk and then renamed; the texts of a release come before its
//! manifest. So a manifest that is there names texts that are there, whenever the process is killed or the power fails.
//! Files are for their owner only: scripts may hold secrets.

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

/// The end of the names of files that are being written.
const PARTIAL: &str = ".partial";

/// A state directory that this process has to itself.
pub(super) struct StateDirectory {
    path: PathBuf,
    lock: File,
}

/// What a state directory holds.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) releases: Vec<Arc<Release>>,
    /// The texts that are what their names say, with their sizes. Those that no release names are among them if all
    /// manifests could be read.
    pub(super) texts: HashMap<ContentHash, u64>,
    /// The highest number of a release, also of one that cannot be used.
    pub(super) highest: u64,
    /// Files that cannot be used.
    pub(super) faults: Vec<Fault>,
}

/// A file that cannot be used.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) of: Part,
    pub(super) path: PathBuf,
    /// Why the system does not give it; `None` if it is damaged.
    pub(super) error: Option<io::Error>,
}

/// A part of a history.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Part {
    Manifest(u64),
    Text(ContentHash),
}

/// Why a directory cannot be used at all.
pub(super) enum Unopened {
    /// Another process has it; what that one says of itself.
    Locked(String),
    /// This manifest was written by a later version of Samovar.
    Newer(PathBuf),
    /// The system refuses, perhaps for now.
    Refused(DiskError),
}

/// What the system refused to do with a file.
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

/// Says which file it was.
fn of(path: &Path) -> impl FnOnce(io::Error) -> DiskError + '_ {
    move |error| DiskError { path: path.to_path_buf(), error }
}

impl StateDirectory {
    /// Takes the directory for this process, making it if it is not there, and reads what it holds.
    pub(super) fn open(path: &Path) -> Result<(Self, Contents), Unopened> {
        make(path).map_err(Unopened::Refused)?;
        let lock = open_lock(&path.join("lock")).map_err(Unopened::Refused)?;
        match take(&lock) {
            Err(Errno::WOULDBLOCK) => return Err(Unopened::Locked(first_line(lock))),
            taken => taken.map_err(|error| Unopened::Refused(of(path)(error.into())))?,
        }
        // For the message of a process that finds it locked. A full or read-only disk does not matter.
        let _ = lock.set_len(0).and_then(|()| writeln!(&lock, "process {}", std::process::id()));
        // Its own name is to be there after a power failure, too; where that cannot be, writing will say why.
        let _ = path.parent().map(flush);
        let directory = Self { path: path.to_path_buf(), lock };
        let contents = directory.read()?;
        Ok((directory, contents))
    }

    /// Is the directory still the one that was opened?
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

    /// Makes sure that the texts that were written are on the disk.
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
            // No manifest outlives its texts, also when the power fails.
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
            // A manifest that cannot be read now may name it, and may be read again one day.
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
                // Nobody misses it, and it is found again the next time if it cannot be removed now.
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

/// Reads a text of so many bytes. `None`: its content does not have this hash.
pub(super) fn read_text(directory: &Path, hash: ContentHash, bytes: u64) -> Result<Option<Vec<u8>>, DiskError> {
    let path = text_path(directory, hash);
    let mut read = Vec::new();
    let file = open_regular(&path).map_err(of(&path))?;
    file.take(bytes.saturating_add(1)).read_to_end(&mut read).map_err(of(&path))?;
    Ok((ContentHash::of(&read) == hash).then_some(read))
}

/// The file of a text.
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

/// Takes a lock. A process that has just ended, or that was started by the one that held the lock and has not closed its
/// files yet, lets go of it in a moment.
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

/// Where nothing can be written, one that is there can be locked all the same.
fn open_lock(path: &Path) -> Result<File, DiskError> {
    let writable = options().read(true).truncate(false).open(path);
    writable.or_else(|error| File::open(path).map_err(|_| error)).map_err(of(path))
}

fn first_line(lock: File) -> String {
    let mut text = String::new();
    let _ = lock.take(100).read_to_string(&mut text);
    text.lines().next().filter(|line| !line.is_empty()).unwrap_or("another process").to_owned()
}

/// The regular files in a directory, in no order. What was left half written is removed; nobody else writes here.
fn files_in(directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(of(directory))?,
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(of(directory))?.path();
        if path.as_os_str().as_encoded_bytes().ends_with(PARTIAL.as_bytes()) {
            // It is found again the next time if it cannot be removed now.
            let _ = fs::remove_file(&path);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// The number of the release whose manifest it is.
fn number_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    // `+7` and `007` are not written here.
    name.parse().ok().filter(|number: &u64| number.to_string() == name)
}

fn open_regular(path: &Path) -> io::Result<File> {
    // Opening a pipe would wait for somebody who writes to it.
    if !path.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    File::open(path)
}

/// A hundred times what a release of ten thousand modules takes.
const LARGEST_MANIFEST: u64 = 256 << 20;

fn read_manifest(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open_regular(path)?.take(LARGEST_MANIFEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The hash of a file's content, and its size.
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
        // What does not fit on the disk must not fill it either.
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
        // Nothing was written there yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        open => open.and_then(|directory| directory.sync_all()).map_err(of(directory)),
    }
}
