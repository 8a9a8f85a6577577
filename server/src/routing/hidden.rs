//! Names that are served to nobody.

pub(crate) fn is_script(name: &str) -> bool {
    name.to_ascii_lowercase().contains(".rhai")
}

/// Names that are never served, whatever lies under them: scripts and what may be a copy of one, configuration, what
/// editors and version control leave behind.
pub(crate) fn is_hidden(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let ends = ["~", ".bak", ".old", ".orig", ".rej", ".swp", ".swo", ".swx", ".tmp", ".save"];
    name.starts_with('.')
        || is_script(name)
        || lower == "samovar.conf"
        || (name.starts_with('#') && name.ends_with('#'))
        || ends.iter().any(|end| lower.ends_with(end))
}
