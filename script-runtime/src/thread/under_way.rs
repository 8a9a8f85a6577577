//! Which calls from outside run at this moment or wait to be made, and for whom: asked when an old instance lives on
//! (R51).
//!
//! Each thread notes its own calls in a list of its own, which other threads lock only to read it. So noting costs a request
//! no more than a free lock.

use std::{
    any::Any,
    cell::RefCell,
    fmt::Display,
    path::Path,
    sync::{Arc, Weak},
    time::{Instant, SystemTime},
};

use parking_lot::Mutex;

/// A request, which shows as its method and target.
pub(crate) type Request = Arc<dyn Display + Send + Sync>;

/// The modules that a call sees, of a type that only the caller knows.
pub(crate) type SeenModules = Weak<dyn Any + Send + Sync>;

/// What a call is made for.
#[derive(Clone)]
pub(crate) enum Purpose {
    /// Answering a request.
    Request(Request),
    /// What follows an answer that the client is still taking.
    Finish(Request),
    /// A function, called by the host or by the importer.
    Function(Arc<Path>, Arc<str>),
    /// The top level of a module that is being loaded.
    Load(Arc<Path>),
    /// A callback that the host calls.
    Callback,
}

/// A call that runs now.
pub(crate) struct Call {
    sees: SeenModules,
    purpose: Purpose,
    since: Instant,
}

type Calls = Arc<Mutex<Vec<Call>>>;

/// The lists of all threads, and of all that waits. Those that have ended are forgotten now and then.
static LISTS: Mutex<Vec<Weak<Mutex<Vec<Call>>>>> = Mutex::new(Vec::new());

thread_local! {
    static MINE: RefCell<Option<Calls>> = const { RefCell::new(None) };
}

/// Notes that this thread makes a call, until it is dropped.
pub(crate) struct NotedCall(Calls);

/// Notes a call of this thread.
pub(crate) fn note(sees: SeenModules, purpose: Purpose, since: Instant) -> NotedCall {
    let calls = MINE.with_borrow_mut(|mine| mine.get_or_insert_with(start).clone());
    calls.lock().push(Call { sees, purpose, since });
    NotedCall(calls)
}

/// Notes a call that is still to be made, until it is dropped.
pub(crate) struct Waiting {
    _call: Calls,
}

/// Notes that what follows an answer waits for its client. It keeps the modules that it is going to see.
pub(crate) fn wait(sees: SeenModules, request: Request) -> Waiting {
    let call = Call { sees, purpose: Purpose::Finish(request), since: Instant::now() };
    let calls = Arc::new(Mutex::new(vec![call]));
    remember(&calls);
    Waiting { _call: calls }
}

fn remember(calls: &Calls) {
    let mut lists = LISTS.lock();
    // Only when there is no room left, so that thousands that wait do not look at all of them each time.
    if lists.len() == lists.capacity() {
        lists.retain(|list| list.strong_count() > 0);
    }
    lists.push(Arc::downgrade(calls));
}

/// Makes the list of a thread that has none.
fn start() -> Calls {
    let calls = Calls::default();
    remember(&calls);
    calls
}

impl Drop for NotedCall {
    fn drop(&mut self) {
        // Calls are nested, so the last one noted is the first to end. Dropped when the list is free: it may hold anything.
        let ended = self.0.lock().pop();
        drop(ended);
    }
}

/// What `read` finds in the calls that run now on all threads.
pub(crate) fn find<R>(mut read: impl FnMut(&Call) -> Option<R>) -> Vec<R> {
    let lists: Vec<Calls> = LISTS.lock().iter().filter_map(Weak::upgrade).collect();
    lists.iter().flat_map(|calls| calls.lock().iter().filter_map(&mut read).collect::<Vec<_>>()).collect()
}

impl Call {
    /// The modules that it sees, if these are of this type and still there.
    pub(crate) fn sees<V: Any + Send + Sync>(&self) -> Option<Arc<V>> {
        self.sees.upgrade()?.downcast().ok()
    }

    pub(crate) fn since(&self) -> SystemTime {
        SystemTime::now() - self.since.elapsed()
    }

    /// What it is made for, as people say it.
    pub(crate) fn purpose(&self) -> String {
        match &self.purpose {
            Purpose::Request(request) => format!("the request {request}"),
            Purpose::Finish(request) => format!("the request {request}, whose client is still taking the answer,"),
            Purpose::Function(path, function) => format!("a call of `{function}` in {}", path.display()),
            Purpose::Load(path) => format!("the loading of {}", path.display()),
            Purpose::Callback => "a callback".to_owned(),
        }
    }
}
