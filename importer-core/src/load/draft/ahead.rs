//! Compiling ahead: while one text runs, other threads compile the texts that it is going to import.
//!
//! Nothing is decided here. [`Compiled::imports`] lists the imports that a text certainly makes, and their names are
//! resolved as the import itself will do. A text that is ready need not be compiled by its import. A text that was
//! compiled in vain is dropped, and a compile error is reported by the import.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use crate::{
    generation::{Loader, Rooms, Snapshot, Texts},
    module::{Compiled, ImportOptions, Importer, ModuleId, Scope, import::Import},
    sync::{Condvar, Mutex, spare_threads},
    text::{Diagnostic, Source},
};

/// The imports of one draft that are compiled ahead.
pub(crate) struct Ahead<L: Loader> {
    rooms: Weak<Rooms<L>>,
    texts: Texts,
    base: Arc<Snapshot<L>>,
    board: Mutex<Board<L>>,
    changed: Condvar,
}

struct Board<L: Loader> {
    /// In the order in which they will be imported.
    todo: VecDeque<Expected>,
    texts: HashMap<ModuleId, Text<L>>,
    threads: usize,
    over: bool,
}

struct Expected {
    importer: Arc<Importer>,
    name: String,
    scope: Arc<Scope>,
}

/// A text whose compiling has begun.
enum Text<L: Loader> {
    UnderWay,
    Ready(CompiledText<L>),
    /// The draft itself handles it by now, or it does not compile.
    Gone,
}

/// A compiled text, and the importer that it was compiled for.
pub(crate) struct CompiledText<L: Loader> {
    pub(crate) importer: Arc<Importer>,
    pub(crate) source: Source,
    pub(crate) unit: L::Unit,
    /// How long compiling took. It may have happened long before the text runs.
    pub(crate) took: Duration,
}

impl<L: Loader> CompiledText<L> {
    /// Compiles a text. Also returns the imports that it certainly makes.
    pub(super) fn of(loader: &L, source: Source, importer: &Arc<Importer>) -> Result<(Self, Vec<String>), Diagnostic> {
        let started = Instant::now();
        let Compiled { unit, imports } = loader.compile(&source, importer)?;
        Ok((Self { importer: importer.clone(), source, unit, took: started.elapsed() }, imports))
    }
}

/// How many texts justify another thread.
const WORTH_A_THREAD: usize = 2;

impl<L: Loader> Ahead<L> {
    pub(crate) fn new(rooms: &Arc<Rooms<L>>, texts: Texts, base: Arc<Snapshot<L>>) -> Arc<Self> {
        let board = Board { todo: VecDeque::new(), texts: HashMap::new(), threads: 0, over: false };
        Arc::new(Self {
            rooms: Arc::downgrade(rooms),
            texts,
            base,
            board: Mutex::new(board),
            changed: Condvar::default(),
        })
    }

    /// Queues these imports of a text ahead of those that wait already, since they are made first.
    pub(crate) fn expect(self: &Arc<Self>, importer: &Arc<Importer>, names: Vec<String>, scope: &Arc<Scope>) {
        if names.is_empty() || spare_threads() == 0 {
            return;
        }
        let mut board = self.board.lock();
        for name in names.into_iter().rev() {
            board.todo.push_front(Expected { importer: importer.clone(), name, scope: scope.clone() });
        }
        while board.threads < spare_threads().min(board.todo.len() / WORTH_A_THREAD) {
            let ahead = self.clone();
            let thread = std::thread::Builder::new().name("samovar-compile".into()).stack_size(crate::sync::STACK);
            match thread.spawn(move || ahead.work()) {
                Ok(_) => board.threads += 1,
                // The draft then compiles everything itself.
                Err(_) => break,
            }
        }
    }

    /// Returns the text compiled ahead for a module that is about to be loaded. Compiles other texts while it waits.
    pub(crate) fn take(self: &Arc<Self>, id: ModuleId) -> Option<CompiledText<L>> {
        let mut board = self.board.lock();
        loop {
            match board.texts.insert(id, Text::Gone) {
                Some(Text::Ready(compiled)) => return Some(compiled),
                Some(Text::UnderWay) => {}
                Some(Text::Gone) | None => return None,
            }
            board.texts.insert(id, Text::UnderWay);
            board = match board.todo.pop_front() {
                None => self.changed.wait(board),
                Some(import) => {
                    drop(board);
                    self.compile(&import);
                    self.board.lock()
                }
            };
        }
    }

    /// Ends the threads after their current text.
    pub(crate) fn end(&self) {
        let mut board = self.board.lock();
        board.over = true;
        board.todo.clear();
        board.texts.clear();
    }

    fn work(self: Arc<Self>) {
        loop {
            let next = {
                let mut board = self.board.lock();
                let next = board.todo.pop_front();
                if next.is_none() {
                    board.threads -= 1;
                }
                next
            };
            let Some(import) = next else { return };
            self.compile(&import);
        }
    }

    fn compile(self: &Arc<Self>, import: &Expected) {
        if let Some(Ok((importer, imports))) = self.begin(import) {
            self.expect(&importer, imports, &import.scope);
        }
    }

    /// Compiles the new modules that a text imports, and all their imports, on this thread. Returns the texts that do
    /// not compile, and why.
    pub(crate) fn compile_all(
        self: &Arc<Self>,
        importer: &Arc<Importer>,
        names: Vec<String>,
        scope: &Arc<Scope>,
    ) -> Vec<(Source, Diagnostic)> {
        let of = |importer: &Arc<Importer>, names: Vec<String>| {
            let (importer, scope) = (importer.clone(), scope.clone());
            names.into_iter().rev().map(move |name| Expected { importer: importer.clone(), name, scope: scope.clone() })
        };
        let mut todo: Vec<_> = of(importer, names).collect();
        let mut wrong = Vec::new();
        while let Some(import) = todo.pop() {
            match self.begin(&import) {
                Some(Ok((importer, imports))) => todo.extend(of(&importer, imports)),
                Some(Err(found)) => wrong.push(found),
                None => {}
            }
        }
        wrong
    }

    /// Compiles the text behind an import, if that has not begun yet, and returns its imports.
    fn begin(&self, import: &Expected) -> Option<Begun> {
        let rooms = self.rooms.upgrade()?;
        let Expected { importer, name, scope } = import;
        let plain = Import { name, importer: Some(importer), scope, options: &ImportOptions::default() };
        let located = rooms.names.locate_ahead(self.texts.tree(), plain)?;
        {
            let mut board = self.board.lock();
            if board.over || self.base.get(located.id).is_some() || board.texts.contains_key(&located.id) {
                return None;
            }
            board.texts.insert(located.id, Text::UnderWay);
        }
        let mut under_way = UnderWay { ahead: self, id: located.id, text: Text::Gone };
        let source = rooms.read(&self.texts, &located.path).ok()?;
        let importer = Arc::new(Importer::new(located.id, located.path.clone(), Vec::new()));
        Some(match CompiledText::of(&rooms.loader, source.clone(), &importer) {
            Ok((compiled, imports)) => {
                under_way.text = Text::Ready(compiled);
                Ok((importer, imports))
            }
            Err(diagnostic) => Err((source, diagnostic)),
        })
    }
}

/// The imports of a text, or why it does not compile.
type Begun = Result<(Arc<Importer>, Vec<String>), (Source, Diagnostic)>;

/// Puts the result for a text on the board, even if compiling panics.
struct UnderWay<'a, L: Loader> {
    ahead: &'a Ahead<L>,
    id: ModuleId,
    text: Text<L>,
}

impl<L: Loader> Drop for UnderWay<'_, L> {
    fn drop(&mut self) {
        let mut board = self.ahead.board.lock();
        if !board.over {
            board.texts.insert(self.id, std::mem::replace(&mut self.text, Text::Gone));
        }
        drop(board);
        self.ahead.changed.notify_all();
    }
}
