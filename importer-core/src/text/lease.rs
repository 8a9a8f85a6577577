//! Detects whether a file is open for writing: Linux grants a read lease only if it is not.
//!
//! A lease is granted to the owner of a file and to processes with `CAP_LEASE`, on local file systems. Everywhere else
//! the answer is `Unknown`. Network file systems are not asked, because some refuse every lease with the error that
//! elsewhere means a writer.

use std::fs::File;

/// What the system says about writers of a file.
pub(super) enum Writers<'a> {
    /// No process has it open for writing, and none can open it for writing before the lease ends.
    Nobody(Lease<'a>),
    /// A process has it open for writing.
    Somebody,
    /// The system does not say.
    Unknown,
}

/// A read lease: keeps writers waiting until it is dropped.
pub(super) struct Lease<'a>(&'a File);

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod system {
    use std::{fs::File, io, os::fd::AsRawFd};

    use super::{Lease, Writers};

    /// Missing in `libc`; the number is the same on these architectures.
    const F_SETSIG: libc::c_int = 10;

    /// File systems that refuse a lease only because of a writer: ext2 to ext4, XFS, Btrfs, F2FS, bcachefs, tmpfs,
    /// ramfs, and overlays of these.
    const LOCAL: [u64; 8] =
        [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010, 0xCA45_1A4E, 0x0102_1994, 0x8584_58F6, 0x794C_7630];

    #[allow(clippy::unnecessary_cast, reason = "the type of this field differs between targets")]
    fn is_local(file: &File) -> bool {
        rustix::fs::fstatfs(file).is_ok_and(|system| LOCAL.contains(&((system.f_type as u64) & 0xFFFF_FFFF)))
    }

    /// Runs an `fcntl` command that takes an integer.
    fn command(file: &File, command: libc::c_int, argument: libc::c_int) -> io::Result<()> {
        // SAFETY: the descriptor is open, since it is borrowed with the file. The two commands used here take an
        // integer and touch no memory of this process.
        #[allow(unsafe_code, reason = "rustix has no leases")]
        let result = unsafe { libc::fcntl(file.as_raw_fd(), command, argument) };
        if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }

    pub(in super::super) fn writers(file: &File) -> Writers<'_> {
        if !is_local(file) {
            return Writers::Unknown;
        }
        // The kernel informs the holder of a lease by a signal when a writer waits. The default signal ends the
        // process; SIGURG is ignored by all processes that do not handle it.
        if command(file, F_SETSIG, libc::SIGURG).is_err() {
            return Writers::Unknown;
        }
        match command(file, libc::F_SETLEASE, libc::F_RDLCK) {
            Ok(()) => Writers::Nobody(Lease(file)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Writers::Somebody,
            Err(_) => Writers::Unknown,
        }
    }

    impl Drop for Lease<'_> {
        fn drop(&mut self) {
            // This cannot fail; and if it did, the lease would end with the descriptor.
            let _ = command(self.0, libc::F_SETLEASE, libc::F_UNLCK);
        }
    }
}

#[cfg(not(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))))]
mod system {
    use std::fs::File;

    use super::Writers;

    pub(in super::super) fn writers(_: &File) -> Writers<'_> {
        Writers::Unknown
    }
}

pub(super) use system::writers;

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn r59_a_writer_is_seen_until_it_closes_the_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        let writer = File::create(&path).expect("made");
        let file = File::open(&path).expect("opened");
        assert!(matches!(writers(&file), Writers::Somebody));
        drop(writer);
        assert!(matches!(writers(&file), Writers::Nobody(_)), "and the lease ends at once");
        drop(File::options().write(true).open(&path).expect("opened again"));
        // Two readers do not disturb each other.
        let other = File::open(&path).expect("opened");
        let (one, two) = (writers(&file), writers(&other));
        assert!(matches!((&one, &two), (Writers::Nobody(_), Writers::Nobody(_))));
    }

    /// A file system without leases, or without reliable ones, never makes a file look as if it were being written.
    #[test]
    fn r59_of_file_systems_that_do_not_tell_nothing_is_believed() {
        let file = File::open("/proc/self/status").expect("opened");
        assert!(matches!(writers(&file), Writers::Unknown));
        // Refused for another reason than a writer.
        let directory = tempfile::tempdir().expect("a directory");
        let directory = File::open(directory.path()).expect("opened");
        assert!(matches!(writers(&directory), Writers::Unknown));
    }

    #[test]
    fn a_writer_that_waits_for_a_lease_ends_nobody() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("file");
        std::fs::write(&path, "text").expect("written");
        let file = File::open(&path).expect("opened");
        let lease = writers(&file);
        assert!(matches!(lease, Writers::Nobody(_)));
        std::thread::scope(|threads| {
            let writer = threads.spawn(|| File::options().write(true).open(&path).map(drop));
            // The kernel has requested the lease when it reports it as being given up.
            while !is_asked_for(&file) && !writer.is_finished() {
                std::thread::yield_now();
            }
            drop(lease);
            writer.join().expect("no panic").expect("opened");
        });
    }

    /// Returns whether the lease is being broken: the kernel then reports it as released.
    fn is_asked_for(file: &File) -> bool {
        use std::os::fd::AsRawFd;
        // SAFETY: as above.
        #[allow(unsafe_code, reason = "rustix has no leases")]
        let lease = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_GETLEASE) };
        lease != libc::F_RDLCK
    }
}
