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

    /// Returns the same pin for work that follows a response. If a slow client keeps old code in memory this way, the report
    /// of retained instances names its request.
    #[must_use]
    pub fn wait_for_client(self, exchange: &Exchange) -> Self {
        Self { _waits: Some(Arc::new(under_way::wait(seen(&self.view), exchange.request()))), ..self }
    }

    /// Calls the functions that scripts of this interpreter gave to `req.on_finish(..)`, and passes errors to `tell`. Call it
    /// when the response has been sent or the client has disconnected. [`Handler::respond`](crate::Handler::respond) does so
    /// before it returns, and logs errors.
    pub fn finish(&self, exchange: &Exchange, mut tell: impl FnMut(Diagnostic)) {
        while let Some(callback) = exchange.take_finish(self.view.registry_id()) {
            let run = || call_callback(&self.engine, &callback, &mut []);
            if let Err(error) = call(&self.view, self.time, Purpose::Request(exchange.request()), run) {
                tell(error);
            }
        }
    }
}
