//! What a script may use up, and by when it must be done.

use std::time::{Duration, Instant};

use rhai::Engine;

use crate::state::call;

/// Bounds of one engine. All of them hold for each call from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations, as Rhai counts them.
    pub operations: u64,
    /// Nested calls.
    pub call_depth: usize,
    /// Nested expressions at the top level and in functions.
    pub expression_depth: usize,
    /// Bytes of one string.
    pub string_bytes: usize,
    /// Items of one array, nested ones included.
    pub array_items: usize,
    /// Entries of one map, nested ones included.
    pub map_entries: usize,
    /// Modules that one call imports by statement.
    pub modules: usize,
    /// Variables in scope at one time.
    pub variables: usize,
    /// Functions of one script, closures included.
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
            map_entries: 1_000_000,
            modules: 1_000,
            variables: 10_000,
            functions: 10_000,
        }
    }
}

impl Limits {
    pub(crate) fn set_on(&self, engine: &mut Engine) {
        engine
            .set_max_operations(self.operations)
            .set_max_call_levels(self.call_depth)
            .set_max_expr_depths(self.expression_depth, self.expression_depth)
            .set_max_string_size(self.string_bytes)
            .set_max_array_size(self.array_items)
            .set_max_map_size(self.map_entries)
            .set_max_modules(self.modules)
            .set_max_variables(self.variables)
            .set_max_functions(self.functions);
    }
}

/// Looking at the clock at each operation would cost more than most operations.
const OPERATIONS_PER_LOOK: u64 = 256;

fn has_passed() -> bool {
    call::deadline().is_some_and(|deadline| Instant::now() >= deadline)
}

/// For `Engine::on_progress`.
pub(crate) fn passed_at(operations: u64) -> bool {
    operations.is_multiple_of(OPERATIONS_PER_LOOK) && has_passed()
}

/// Sleeps, but not beyond the deadline. Whether it slept to the end.
pub(crate) fn sleep(time: Duration) -> bool {
    let left = call::deadline().map(|deadline| deadline.saturating_duration_since(Instant::now()));
    match left {
        Some(left) if left < time => {
            std::thread::sleep(left);
            false
        }
        _ => {
            std::thread::sleep(time);
            true
        }
    }
}
