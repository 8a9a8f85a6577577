//! File names that are never served.

pub(crate) fn is_script(name: &str) -> bool {
    name.to_ascii_lowercase().contains(".rhai")
}

/// Is it a name that is never served, whatever the file is? These are scripts and probable copies of them,
/// configuration, and what editors and version control leave behind.
pub(crate) fn is_hidden(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = ["~", ".bak", ".old", ".orig", ".rej", ".swp", ".swo", ".swx", ".tmp", ".save"];
    name.starts_with('.')
        || is_script(name)
        || lower == "samovar.conf"
        || (name.starts_with('#') && name.ends_with('#'))
        || ends.iter().any(|end| lower.ends_with(end))
}
