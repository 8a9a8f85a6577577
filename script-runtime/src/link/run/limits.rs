//! The limits of scripts.

use rhai::Engine;

/// The limits of one call from the host, or of one load. In each field, 0 means no limit.
///
/// The time limit is set with [`Builder::time`](crate::Builder::time) and [`Handler::time`](crate::Handler::time). A script
/// that would overflow the stack raises an error, whatever the limits are.
///
/// ```
/// use samovar_rhai::{Interpreter, Limits, importer::MemoryTree};
///
/// let tree = MemoryTree::default();
/// tree.write("/site/count.rhai", "fn to(n) { let count = 0; while count < n { count += 1; } count }");
/// let limits = Limits { operations: 1_000, ..Limits::default() };
/// let interpreter = Interpreter::builder("site").limits(limits).build_on(tree, Some("/site".as_ref()));
/// let count = interpreter.handler("count::to")?;
/// assert_eq!(count.call::<i64>((10,))?, 10);
/// assert!(count.call::<i64>((1_000_000,)).is_err());
///
/// let count = count.limits(&Limits { operations: 0, ..Limits::default() });
/// assert_eq!(count.call::<i64>((10_000,))?, 10_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations, as Rhai counts them: about one for each expression and each statement. 50 million by default.
    pub operations: u64,
    /// Nested calls, of script functions and native ones. 64 by default; with 0, the stack is the limit.
    pub call_depth: usize,
    /// Nested expressions and blocks, counted when a text is compiled. 64 by default; 0, and more than 256, mean 256.
    pub expression_depth: usize,
    /// Bytes of one string, or of all strings in one array or map. 16 MiB by default.
    pub string_bytes: usize,
    /// Items of one array, or bytes of one blob, nested ones included. A million by default.
    pub array_items: usize,
    /// Entries of one map, nested ones included. Half a million by default.
    pub map_entries: usize,
    /// Executed `import` statements in one call. 1,000 by default.
    pub modules: usize,
    /// Variables in scope at one time, in one function or at the top level. 10,000 by default.
    pub variables: usize,
    /// Functions of one script, closures included, counted when it is compiled. 10,000 by default.
    pub functions: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            operations: 50_000_000,
            call_depth: 64,
            expression_depth: 64,
            string_bytes: 16 << 20,
            array_items: 1_000_000,
            map_entries: 500_000,
            modules: 1_000,
            variables: 10_000,
            functions: 10_000,
        }
    }
}

/// Compiling a text makes sure of enough stack. Dropping it, on any thread, takes stack as well: about half a kilobyte for
/// each level.
const MOST_NESTED: usize = 256;

impl Limits {
    pub(crate) fn set_on(&self, engine: &mut Engine) {
        let nested = match self.expression_depth {
            0 => MOST_NESTED,
            depth => depth.min(MOST_NESTED),
        };
        engine
            .set_max_call_levels(counted(self.call_depth))
            .set_max_expr_depths(nested, nested)
            .set_max_string_size(self.string_bytes)
            .set_max_array_size(self.array_items)
            .set_max_map_size(self.map_entries)
            .set_max_modules(counted(self.modules))
            .set_max_variables(counted(self.variables))
            .set_max_functions(counted(self.functions));
    }
}

/// Rhai takes 0 for no limit in some of its limits, and for none at all in others.
pub(crate) fn counted(limit: usize) -> usize {
    if limit == 0 { usize::MAX } else { limit }
}
