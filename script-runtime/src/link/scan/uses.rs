//! What a text defines and uses, as far as linking it has to know.

use rhai::Position;

/// One place to link, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// A free name in a function: a variable of the module, or one of its functions as a value.
    Free(String),
    /// A free name in a closure that the top level makes: while that runs, the closure shares the variable if it changes it.
    Shared(String),
    /// The root of a write in a function, or in a closure that the top level makes, which is so many steps long.
    Write {
        name: String,
        steps: usize,
        shared: bool,
    },
    /// `alias::X.y = ..` or `global::X.y = ..`
    ForeignWrite(ForeignWrite),
    /// A free name at the top level: variables are simply in scope there, functions are not.
    TopLevel(String),
    Call(String, usize),
    /// `is_def_var(..)`: Rhai looks at what is in scope, which is neither a module variable in a function nor what a `catch`
    /// names.
    IsDefined,
    /// `is_def_fn(..)` with so many arguments.
    IsDefinedFunction(usize),
    Method(String, usize),
    /// A method of a variable of the module, or of a part of one.
    FixedMethod(String, usize),
    /// The literal in `Fn("name")`.
    FunctionName(String),
    /// `X = ..`, `X += ..` in a function, where no error of it is expected.
    Assignment(String),
    /// An `import` in a function, at its keyword; and where its path stands.
    Import(Position),
    /// `alias::name`, or a call of it.
    Imported {
        alias: String,
        name: String,
        args: Option<usize>,
    },
    /// The names before the last in `alias::other::name`.
    Reached(Vec<String>),
}

/// A write to what another module offers, or to the module's own `global::X`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ForeignWrite {
    /// What the module is imported as, and the names of those that it is reached through; or `global`.
    pub(crate) path: Vec<String>,
    pub(crate) name: String,
    pub(crate) steps: usize,
    /// Where Rhai would say that the write stands.
    pub(crate) at: Position,
}

impl ForeignWrite {
    /// Does it write to a variable of the module itself?
    pub(crate) fn is_global(&self) -> bool {
        matches!(self.path.as_slice(), [global] if global == "global")
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionDef {
    pub(crate) name: String,
    pub(crate) params: usize,
    /// The type in `fn Type.name()`, as Rhai calls it.
    pub(crate) this_type: Option<String>,
    pub(crate) private: bool,
    /// It writes to parts of `this`.
    pub(crate) changes_this: bool,
}

impl FunctionDef {
    /// Whether it is for values of one type only, which stand before a dot.
    pub(crate) fn typed(&self) -> bool {
        self.this_type.is_some()
    }
}

/// What calls a function value.
pub(crate) const CALL: &str = "call";

/// Asks whether there is a variable of a name.
pub(crate) const IS_DEFINED: &str = "is_def_var";

/// Asks whether there is a function of a name and a number of parameters.
pub(crate) const IS_DEFINED_FUNCTION: &str = "is_def_fn";

pub(crate) fn is_closure(name: &str) -> bool {
    name.starts_with("anon$")
}
