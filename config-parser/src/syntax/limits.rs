//! The limits on the size of a configuration.

/// Limits that keep a wrong or hostile configuration from using up memory, stack or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The maximum length of a line in bytes, with its continuations.
    pub line_bytes: usize,
    /// The maximum size of a file in bytes.
    pub file_bytes: u64,
    /// The maximum size of all files together in bytes.
    pub total_bytes: u64,
    /// The maximum number of files, and of directories that one `Include` may list.
    pub files: usize,
    /// The maximum depth of includes.
    pub include_depth: usize,
    /// The maximum depth of nested sections in one file.
    pub section_depth: usize,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self {
            line_bytes: 64 << 10,
            file_bytes: 16 << 20,
            total_bytes: 64 << 20,
            files: 1000,
            include_depth: 20,
            section_depth: 32,
        }
    }
}
