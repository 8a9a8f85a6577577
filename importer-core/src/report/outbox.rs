//! Sends events to all subscribers, in order (R55), and into the tally.

use std::sync::mpsc;

use super::{event::Event, tally::Tally};
use crate::sync::Mutex;

#[derive(Default)]
pub(crate) struct Outbox {
    subscribers: Mutex<Vec<mpsc::Sender<Event>>>,
    tally: Tally,
}

impl Outbox {
    /// Returns a receiver for all events from now on.
    pub(crate) fn subscribe(&self) -> mpsc::Receiver<Event> {
        let (sender, receiver) = mpsc::channel();
        self.subscribers.lock().push(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        self.tally.note(&event);
        let mut subscribers = self.subscribers.lock();
        subscribers.retain(|subscriber| subscriber.send(event.clone()).is_ok());
        drop(event);
    }

    pub(crate) fn tally(&self) -> &Tally {
        &self.tally
    }
}
