//! How large a copy of a captured variable is, before it is made.
//!
//! What a function captured is shared: `let o = #{}; o.get = || o;` contains itself, and a value whose parts are shared at
//! each of 30 levels has a billion of them as a copy. So each captured variable is looked at once, without recursion
//! from one to the next, and the sizes are added up.

use std::collections::HashMap;

use rhai::{Array, Dynamic, FnPtr, Map};

use crate::{
    state::{
        bounds::MAX_DEPTH,
        missed::{Fault, MissedKind},
        path::Step,
    },
    thread::Meter,
};

/// How large a copy is.
#[derive(Clone, Copy, Default)]
pub(super) struct Extent {
    pub(super) parts: usize,
    pub(super) levels: usize,
}

/// What was found out about captured variables in one copy.
#[derive(Default)]
pub(super) struct Extents(HashMap<usize, Extent>);

/// A captured variable, and how one comes to it from the one around it.
struct Inner {
    way: Vec<Step>,
    level: usize,
    variable: Dynamic,
}

/// A captured variable that is being measured.
struct Open {
    address: usize,
    way: Vec<Step>,
    level: usize,
    /// What it holds itself, and of what is in it as much as is measured.
    extent: Extent,
    /// What is still to be measured.
    inner: Vec<Inner>,
}

impl Extents {
    /// How large a copy of what the variable holds is.
    pub(super) fn of(&mut self, variable: &Dynamic, meter: &mut Meter) -> Result<Extent, Fault> {
        let (mut open, mut whole) = (Vec::new(), Extent::default());
        let mut next = Some(Inner { way: Vec::new(), level: 0, variable: variable.clone() });
        while let Some(inner) = next.take() {
            self.enter(&mut open, &inner, meter).map_err(|fault| {
                let way = open.iter().flat_map(|around: &Open| &around.way).chain(&inner.way);
                way.rev().fold(fault, |fault, step| fault.inside(step.clone()))
            })?;
            while next.is_none()
                && let Some(mut measured) = open.pop()
            {
                next = measured.inner.pop();
                if next.is_some() {
                    open.push(measured);
                    continue;
                }
                self.0.insert(measured.address, measured.extent);
                match open.last_mut() {
                    Some(around) => around.add(measured.level, measured.extent),
                    None => whole = measured.extent,
                }
            }
        }
        Ok(whole)
    }

    /// Opens a variable. One that is known has nothing left to be measured.
    fn enter(&self, open: &mut Vec<Open>, next: &Inner, meter: &mut Meter) -> Result<(), Fault> {
        let held = next.variable.read_lock::<Dynamic>().ok_or(MissedKind::InUse)?;
        let address = std::ptr::from_ref::<Dynamic>(&held) as usize;
        if open.iter().any(|around| around.address == address) {
            return Err(MissedKind::ContainsItself.into());
        }
        // A variable in another adds a level, unless it is all that the other holds.
        if open.len() > 2 * MAX_DEPTH {
            return Err(MissedKind::TooDeep.into());
        }
        let (way, level, known) = (next.way.clone(), next.level, self.0.get(&address));
        let mut entered = Open { address, way, level, extent: known.copied().unwrap_or_default(), inner: Vec::new() };
        if known.is_none() {
            look(&held, &mut entered, 0, meter)?;
        }
        open.push(entered);
        Ok(())
    }
}

impl Open {
    fn add(&mut self, level: usize, inner: Extent) {
        self.extent.parts = self.extent.parts.saturating_add(inner.parts);
        self.extent.levels = self.extent.levels.max(level + inner.levels);
    }
}

/// Counts what is held, and notes the captured variables in it. Recursion ends at [`MAX_DEPTH`].
fn look(value: &Dynamic, of: &mut Open, level: usize, meter: &mut Meter) -> Result<(), Fault> {
    meter.step().map_err(|_| MissedKind::OutOfTime)?;
    if level > MAX_DEPTH {
        return Err(MissedKind::TooDeep.into());
    }
    of.add(level, Extent { parts: 1, levels: 0 });
    if value.is_shared() {
        of.inner.push(Inner { way: Vec::new(), level, variable: value.clone() });
    } else if let Some(array) = value.read_lock::<Array>() {
        for (index, part) in array.iter().enumerate() {
            look_inside(|| Step::Index(index), part, of, level, meter)?;
        }
    } else if let Some(map) = value.read_lock::<Map>() {
        for (key, part) in map.iter() {
            look_inside(|| Step::Key(key.as_str().into()), part, of, level, meter)?;
        }
    } else if let Some(function) = value.read_lock::<FnPtr>() {
        for (index, part) in function.iter_curry().enumerate() {
            look_inside(|| Step::Captured(index), part, of, level, meter)?;
        }
    }
    Ok(())
}

fn look_inside(
    step: impl Fn() -> Step,
    part: &Dynamic,
    of: &mut Open,
    level: usize,
    meter: &mut Meter,
) -> Result<(), Fault> {
    let known = of.inner.len();
    look(part, of, level + 1, meter).map_err(|fault| fault.inside(step()))?;
    // Put together on the way back, so that only what leads to a variable costs anything.
    of.inner[known..].iter_mut().for_each(|inner| inner.way.insert(0, step()));
    Ok(())
}
