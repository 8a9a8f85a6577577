//! A clock that costs one load to read. It tells that some milliseconds have passed, and not what time it is.
//!
//! Whatever runs a script has to notice its deadline, and one operation of a script may take a nanosecond or a tenth of
//! a second: a copy of a large array is one. Counting operations says nothing about time, and reading the system's clock
//! at each costs as much as most of them. So one thread counts ticks while scripts run, and who sees a new one looks at
//! the system's clock. When no script has run for a second it sleeps until one does.

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// From one tick to the next.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// The number of ticks without a running script after which the thread sleeps.
const IDLE: u32 = 200;

/// 0: none was counted yet, or there is no thread that could count.
static TICKS: AtomicU64 = AtomicU64::new(0);
static IS_WANTED: AtomicBool = AtomicBool::new(false);
static IS_ASLEEP: AtomicBool = AtomicBool::new(true);

/// `None`: the system gave no thread, so that everybody reads the system's clock.
static COUNTING: LazyLock<Option<Thread>> = LazyLock::new(|| {
    let builder = thread::Builder::new().name("samovar-tick".to_owned()).stack_size(128 << 10);
    builder.spawn(count).ok().map(|handle| handle.thread().clone())
});

/// The number of the present tick: another one than a tick ago.
pub(crate) fn now() -> u64 {
    match TICKS.load(Ordering::Relaxed) {
        0 => by_the_clock(),
        tick => tick,
    }
}

/// Has ticks counted for at least the next second. To be called when a script starts, and whenever one saw a tick.
pub(crate) fn keep_counting() {
    // In most calls, another call did so since the last tick.
    if IS_WANTED.load(Ordering::Relaxed) {
        return;
    }
    // The thread falls asleep in the opposite order: at least one of the two sees what the other wrote.
    IS_WANTED.store(true, Ordering::SeqCst);
    if IS_ASLEEP.load(Ordering::SeqCst)
        && let Some(thread) = &*COUNTING
    {
        thread.unpark();
    }
}

#[cold]
fn by_the_clock() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let ticks = START.elapsed().as_millis() / TICK.as_millis();
    // Not a number that the thread counts to.
    u64::MAX - u64::try_from(ticks).unwrap_or(0)
}

fn count() {
    let mut idle = 0;
    loop {
        if idle == IDLE {
            IS_ASLEEP.store(true, Ordering::SeqCst);
            while !IS_WANTED.load(Ordering::SeqCst) {
                thread::park();
            }
        }
        IS_ASLEEP.store(false, Ordering::SeqCst);
        thread::sleep(TICK);
        TICKS.fetch_add(1, Ordering::Relaxed);
        idle = if IS_WANTED.swap(false, Ordering::SeqCst) { 0 } else { idle + 1 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn ticks() {
        keep_counting();
        let (seen, start) = (now(), Instant::now());
        while now() == seen {
            assert!(start.elapsed() < Duration::from_secs(30), "no tick in half a minute");
            thread::yield_now();
        }
    }

    #[test]
    fn it_ticks_also_when_it_was_asleep() {
        (0..5).for_each(|_| ticks());
        // Other tests may keep it awake; then this says little, but it is as true.
        let start = Instant::now();
        while !IS_ASLEEP.load(Ordering::SeqCst) && start.elapsed() < TICK * IDLE * 2 {
            thread::sleep(TICK);
        }
        (0..5).for_each(|_| ticks());
    }

    #[test]
    fn without_a_thread_the_clock_tells_ticks() {
        let seen = by_the_clock();
        thread::sleep(TICK * 2);
        assert_ne!(by_the_clock(), seen);
    }
}
