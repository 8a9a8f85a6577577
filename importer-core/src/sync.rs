//! The points where threads meet: the locks and flags of a registry, and the one pointer that requests load.
//!
//! Under `--cfg loom` they are replaced by models that try every interleaving: see `tests/loom.rs`.

#[cfg(not(loom))]
pub(crate) use self::real::{AtomicBool, AtomicU64, Condvar, Gate, LOADING, Mutex, RwLock, Swap, spare_threads};

#[cfg(loom)]
pub(crate) use self::model::{AtomicBool, AtomicU64, Condvar, Gate, LOADING, Mutex, RwLock, Swap, spare_threads};

/// The stack size of a thread that runs scripts, in bytes. Only the pages that are touched cost memory.
pub(crate) const STACK: usize = 64 << 20;

#[cfg(not(loom))]
mod real {
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64};
    use std::{
        cell::Cell,
        sync::{Arc, OnceLock},
    };

    use arc_swap::ArcSwap;
    use parking_lot::MutexGuard;
    pub(crate) use parking_lot::{Mutex, RwLock};

    /// Returns how many threads may work beside the calling one.
    pub(crate) fn spare_threads() -> usize {
        static THREADS: OnceLock<usize> = OnceLock::new();
        *THREADS.get_or_init(|| std::thread::available_parallelism().map_or(0, |all| all.get() - 1))
    }

    thread_local! {
        /// Whether this thread is loading a module.
        pub(crate) static LOADING: Cell<bool> = const { Cell::new(false) };
    }

    /// Wakes the threads that wait for a change of the data behind a lock.
    #[derive(Default)]
    pub(crate) struct Condvar(parking_lot::Condvar);

    impl Condvar {
        pub(crate) fn wait<'a, T>(&self, mut guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
            self.0.wait(&mut guard);
            guard
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// A gate: many threads may be inside, or one thread closes it and is alone.
    #[derive(Default)]
    pub(crate) struct Gate(RwLock<()>);

    impl Gate {
        pub(crate) fn enter(&self) -> impl Drop + '_ {
            self.0.read()
        }

        pub(crate) fn close(&self) -> impl Drop + '_ {
            self.0.write()
        }
    }

    /// A pointer that is loaded without waiting and replaced with one store.
    pub(crate) struct Swap<T>(ArcSwap<T>);

    impl<T> Swap<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(ArcSwap::from_pointee(value))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            self.0.load_full()
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            self.0.store(value);
        }
    }
}

#[cfg(loom)]
mod model {
    use std::{cell::Cell, sync::Arc};

    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64};

    /// A lock like that of `parking_lot`: a panic of its holder does not poison it.
    pub(crate) struct Mutex<T>(loom::sync::Mutex<T>);

    impl<T> Mutex<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(value))
        }

        pub(crate) fn lock(&self) -> loom::sync::MutexGuard<'_, T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    impl<T: Default> Default for Mutex<T> {
        fn default() -> Self {
            Self::new(T::default())
        }
    }

    pub(crate) struct RwLock<T>(loom::sync::RwLock<T>);

    impl<T> RwLock<T> {
        pub(crate) fn read(&self) -> loom::sync::RwLockReadGuard<'_, T> {
            self.0.read().unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn write(&self) -> loom::sync::RwLockWriteGuard<'_, T> {
            self.0.write().unwrap_or_else(std::sync::PoisonError::into_inner)
        }
    }

    impl<T: Default> Default for RwLock<T> {
        fn default() -> Self {
            Self(loom::sync::RwLock::new(T::default()))
        }
    }

    /// Returns 0: steps of spare threads would not be modelled.
    pub(crate) fn spare_threads() -> usize {
        0
    }

    loom::thread_local! {
        pub(crate) static LOADING: Cell<bool> = Cell::new(false);
    }

    #[derive(Default)]
    pub(crate) struct Condvar(loom::sync::Condvar);

    impl Condvar {
        pub(crate) fn wait<'a, T>(&self, guard: loom::sync::MutexGuard<'a, T>) -> loom::sync::MutexGuard<'a, T> {
            self.0.wait(guard).unwrap_or_else(std::sync::PoisonError::into_inner)
        }

        pub(crate) fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    #[derive(Default)]
    pub(crate) struct Gate(RwLock<()>);

    impl Gate {
        pub(crate) fn enter(&self) -> impl Drop + '_ {
            self.0.read()
        }

        pub(crate) fn close(&self) -> impl Drop + '_ {
            self.0.write()
        }
    }

    /// Loads and stores in one step each, which is what `arc-swap` promises.
    pub(crate) struct Swap<T>(loom::sync::Mutex<Arc<T>>);

    impl<T> Swap<T> {
        pub(crate) fn new(value: T) -> Self {
            Self(loom::sync::Mutex::new(Arc::new(value)))
        }

        pub(crate) fn load(&self) -> Arc<T> {
            self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
        }

        pub(crate) fn store(&self, value: Arc<T>) {
            *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = value;
        }
    }
}
