//! The generation that one request sees.

use std::{sync::Arc, time::Duration};

use rhai::Engine;
use samovar_importer::{Diagnostic, View};

use crate::{
    http::Exchange,
    link::call_callback,
    module::{
        call::{call, seen},
        scripts::Scripts,
    },
    thread::under_way::{self, Purpose, Waiting},
};

/// The generation that one request sees.
#[derive(Clone)]
pub struct Pin {
    view: Arc<View<Scripts>>,
    time: Duration,
    engine: Arc<Engine>,
    _waits: Option<Arc<Waiting>>,
}

impl Pin {
    pub(crate) fn new(view: Arc<View<Scripts>>, time: Duration, engine: Arc<Engine>) -> Self {
        Self { view, time, engine, _waits: None }
    }

    pub(crate) fn view(&self) -> &Arc<View<Scripts>> {
        &self.view
    }

    /// The same pin, for what follows an answer that its client has yet to take: if that takes long, and keeps old code
    /// alive, the request is named.
    #[must_use]
    pub fn wait_for_client(self, exchange: &Exchange) -> Self {
        Self { _waits: Some(Arc::new(under_way::wait(seen(&self.view), exchange.request()))), ..self }
    }

    /// Calls what scripts gave to `req.on_finish(..)`: to be done when the client has its answer, for whatever reason that
    /// is what it is, or has gone. [`Handler::respond`](crate::Handler::respond) cannot know when that is, so it does this before it returns, and
    /// tells errors to the log. What scripts of another interpreter gave is called by a pin of that one.
    pub fn finish(&self, exchange: &Exchange, mut tell: impl FnMut(Diagnostic)) {
        while let Some(callback) = exchange.take_finish(self.view.registry_id()) {
            let run = || call_callback(&self.engine, &callback, &mut []);
            if let Err(error) = call(&self.view, self.time, Purpose::Request(exchange.request()), run) {
                tell(error);
            }
        }
    }
}
