//! Where inside a value something was found.

use std::fmt;

use rhai::ImmutableString;

/// The way from a value to a part of it, written as a script would: `["on_done"][2]`.
///
/// Put the name of the variable in front: `format!("{name}{path}")` gives `cache["on_done"][2]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

/// A path of more steps than these is shown without its middle.
const SHOWN: usize = 16;

/// One step of a [`Path`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// An entry of a map, [`Table`](super::Table) or [`Cache`](super::Cache).
    Key(ImmutableString),
    /// An element of an array, or of a [`Queue`](super::Queue) counted from the one that `pop` gives next.
    Index(usize),
    /// The value of a [`Cell`](super::Cell).
    Value,
    /// A value that a closure captured, counted from 0.
    Captured(usize),
}

impl Path {
    /// The steps, outermost first; none for the value itself.
    #[must_use]
    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(crate) fn push(&mut self, step: Step) {
        self.0.push(step);
    }

    pub(super) fn pop(&mut self) {
        self.0.pop();
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.len() <= SHOWN {
            return self.0.iter().try_for_each(|step| step.fmt(f));
        }
        let (start, end) = (&self.0[..SHOWN / 2], &self.0[self.0.len() - SHOWN / 2..]);
        start.iter().try_for_each(|step| step.fmt(f))?;
        write!(f, " .. {} steps .. ", self.0.len() - SHOWN)?;
        end.iter().try_for_each(|step| step.fmt(f))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => write!(f, "[{:?}]", key.as_str()),
            Self::Index(index) => write!(f, "[{index}]"),
            Self::Value => f.write_str(".value"),
            Self::Captured(index) => write!(f, " (captured value {index})"),
        }
    }
}
