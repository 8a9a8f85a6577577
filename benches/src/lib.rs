//! Measures things side by side.
//!
//! On a machine that does other work too, times wander by tens of percent, but the ratio of two times taken in turn
//! hardly does. So each [`Comparison`] has a first case that the others are divided by, round after round. Criterion
//! takes the absolute times and keeps their history.

#![allow(clippy::print_stdout, reason = "the figures are what these programs are for")]

mod fixture;

use std::{
    env,
    hint::black_box,
    time::{Duration, Instant},
};

use criterion::Criterion;

pub use fixture::{ROOT, interpreter_on, limits, modules, path_of, twenty_lines};

/// Cases that are measured in turn and divided by the first one.
pub struct Comparison<'a> {
    name: String,
    cases: Vec<Case<'a>>,
}

struct Case<'a> {
    name: String,
    run: Box<dyn FnMut() + 'a>,
}

/// Enough for quartiles that come out alike in two runs.
const ROUNDS: usize = 40;
/// How long each case runs in each round: many times the scheduler's slice, so that nobody is preempted alone.
const TURN: Duration = Duration::from_millis(20);

impl<'a> Comparison<'a> {
    /// A comparison without cases.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), cases: Vec::new() }
    }

    /// Adds a case. The first one is what the others are divided by.
    #[must_use]
    pub fn case<R>(mut self, name: impl Into<String>, mut run: impl FnMut() -> R + 'a) -> Self {
        let run = Box::new(move || {
            black_box(run());
        });
        self.cases.push(Case { name: name.into(), run });
        self
    }

    /// Takes absolute times with Criterion, then ratios.
    pub fn measure(mut self, criterion: &mut Criterion) {
        if self.repeat_one() {
            return;
        }
        let mut group = criterion.benchmark_group(&self.name);
        group.warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(30);
        for case in &mut self.cases {
            group.bench_function(&case.name, |bencher| bencher.iter(&mut case.run));
        }
        group.finish();
        self.ratios(ROUNDS);
    }

    /// Takes ratios only, for cases that are too slow to be run hundreds of times.
    pub fn measure_slow(mut self, rounds: usize) {
        if !self.repeat_one() {
            self.ratios(rounds);
        }
    }

    /// Under `COUNT_CASE` one case runs `COUNT_TIMES` times, and nothing else does: what `instructions.sh` counts.
    fn repeat_one(&mut self) -> bool {
        let Ok(wanted) = env::var("COUNT_CASE") else { return false };
        let times = env::var("COUNT_TIMES").ok().and_then(|times| times.parse().ok()).unwrap_or(1_u64);
        let case = self.cases.iter_mut().find(|case| format!("{}/{}", self.name, case.name) == wanted);
        if let Some(case) = case {
            (0..times).for_each(|_| (case.run)());
        }
        true
    }

    fn ratios(&mut self, rounds: usize) {
        // As a test, each case has run once, which is all that is asked.
        if !env::args().any(|argument| argument == "--bench") {
            return;
        }
        let times: Vec<_> = self.cases.iter_mut().map(Case::times_in_a_turn).collect();
        let mut taken = vec![Vec::with_capacity(rounds); self.cases.len()];
        for _ in 0..rounds {
            for ((case, &times), taken) in self.cases.iter_mut().zip(&times).zip(&mut taken) {
                taken.push(case.turn(times));
            }
        }
        println!("\n{}: median of {rounds} rounds, ratio to the first (its quartiles)", self.name);
        for (case, own) in self.cases.iter().zip(&taken) {
            let ratios = own.iter().zip(&taken[0]).map(|(own, first)| own / first);
            let ([_, time, _], [low, ratio, high]) = (quartiles(own.iter().copied()), quartiles(ratios));
            println!("  {:<44} {:>12}  {ratio:6.2} ({low:.2} .. {high:.2})", case.name, readable(time));
        }
        println!();
    }
}

impl Case<'_> {
    fn times_in_a_turn(&mut self) -> u32 {
        let (started, mut times) = (Instant::now(), 0);
        while started.elapsed() < TURN {
            (self.run)();
            times += 1;
        }
        times
    }

    /// Seconds for one run.
    fn turn(&mut self, times: u32) -> f64 {
        let started = Instant::now();
        (0..times).for_each(|_| (self.run)());
        started.elapsed().as_secs_f64() / f64::from(times)
    }
}

/// The first quartile, the median and the third.
///
/// # Panics
/// There are no values.
#[must_use]
pub fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[(values.len() - 1) * quarter / 4])
}

/// Seconds in a unit that suits them.
#[must_use]
pub fn readable(seconds: f64) -> String {
    let units = [(1.0, "s"), (1e-3, "ms"), (1e-6, "µs")];
    let fitting = units.into_iter().find(|(unit, _)| seconds >= *unit);
    let (unit, name) = fitting.unwrap_or((1e-9, "ns"));
    format!("{:.1} {name}", seconds / unit)
}
