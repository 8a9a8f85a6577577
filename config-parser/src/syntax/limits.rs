//! How much a configuration may be.

/// Bounds that keep a wrong or hostile configuration from taking all memory, stack or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one line, its continuations included.
    pub line_bytes: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Number of files; also of the directories that one `Include` may look into.
    pub files: usize,
    /// How deep files may include each other.
    pub include_depth: usize,
    /// How deep sections may stand in each other within one file.
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
