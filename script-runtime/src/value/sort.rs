//! A sort that can be stopped.

use std::cmp::Ordering;

use rhai::EvalAltResult;

type Fallible<T> = Result<T, Box<EvalAltResult>>;

/// How two items stand to each other, if that can be said.
type Compare<'c, T> = dyn FnMut(&T, &T) -> Fallible<Ordering> + 'c;

/// Sorts stably, and stops at an error. The standard library's sorts cannot be stopped, and panic if the comparison is not an order.
pub(crate) fn merge_sort<T>(items: Vec<T>, compare: &mut Compare<'_, T>) -> Fallible<Vec<T>> {
    let mut runs = runs(items, compare)?;
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut pairs = runs.into_iter();
        while let Some(one) = pairs.next() {
            merged.push(match pairs.next() {
                Some(other) => merge(one, other, compare)?,
                None => one,
            });
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

/// Splits where an item comes before the one on its left.
fn runs<T>(items: Vec<T>, compare: &mut Compare<'_, T>) -> Fallible<Vec<Vec<T>>> {
    let mut runs = Vec::new();
    let mut run: Vec<T> = Vec::new();
    for item in items {
        if let Some(last) = run.last()
            && compare(last, &item)? == Ordering::Greater
        {
            runs.push(std::mem::take(&mut run));
        }
        run.push(item);
    }
    runs.push(run);
    Ok(runs)
}

fn merge<T>(one: Vec<T>, other: Vec<T>, compare: &mut Compare<'_, T>) -> Fallible<Vec<T>> {
    let mut merged = Vec::with_capacity(one.len() + other.len());
    let (mut one, mut other) = (one.into_iter().peekable(), other.into_iter().peekable());
    while let (Some(left), Some(right)) = (one.peek(), other.peek()) {
        let from = if compare(left, right)? == Ordering::Greater { &mut other } else { &mut one };
        merged.extend(from.next());
    }
    merged.extend(one);
    merged.extend(other);
    Ok(merged)
}
