//! The clients of a control socket: their number, their time limits, and which connection is closed when there are too many.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore, oneshot},
    task::AbortHandle,
    time::timeout,
};

use super::{protocol::VERSION, running::Running};

/// The most connections at one time. Each may have a command under way, on a thread of its own.
const CLIENTS: usize = 64;
/// The most bytes of a request.
const REQUEST_BYTES: u64 = 64 << 10;
/// How long a client may take to send its request.
const REQUEST_TIME: Duration = Duration::from_secs(5);
/// How long a client may take to read its answer.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// The stack of a command: a reload runs scripts. Untouched parts cost no memory.
const STACK: usize = 64 << 20;

/// The clients that are connected.
pub(super) struct Clients {
    running: Arc<Running>,
    places: Arc<Semaphore>,
    /// In the order in which the server began to wait for them.
    connected: Mutex<Vec<Connected>>,
    next: AtomicU64,
}

struct Connected {
    id: u64,
    task: AbortHandle,
    /// Is its command under way? If not, the server waits for the client, and may close the connection.
    is_served: bool,
}

impl Clients {
    pub(super) fn new(running: Arc<Running>) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(CLIENTS));
        Arc::new(Self { running, places, connected: Mutex::default(), next: AtomicU64::new(0) })
    }

    /// Serves a client on a task of its own. If there are too many clients, closes the connection of the one that the server
    /// has waited for the longest. If all of them have commands under way, the new client gets an error.
    pub(super) async fn admit(self: &Arc<Self>, stream: UnixStream) {
        let place = match self.places.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) if self.give_up_one() => match self.places.clone().acquire_owned().await {
                Ok(place) => place,
                Err(_) => return,
            },
            Err(_) => {
                // The buffer of a new connection has room for a line.
                let _ = stream.try_write(line(&Err("too many commands are under way: try again".into())).as_bytes());
                return;
            }
        };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let client = Client { id, clients: self.clone(), _place: place };
        // The lock is held until the client is in the list: its task looks for it there.
        let mut connected = self.connected.lock();
        let task = tokio::spawn(async move {
            if let Err(error) = client.converse(stream).await {
                tracing::debug!("control socket: {error}");
            }
        });
        connected.push(Connected { id, task: task.abort_handle(), is_served: false });
    }

    fn give_up_one(&self) -> bool {
        let mut connected = self.connected.lock();
        let Some(at) = connected.iter().position(|client| !client.is_served) else { return false };
        connected.remove(at).task.abort();
        true
    }
}

struct Client {
    id: u64,
    clients: Arc<Clients>,
    _place: OwnedSemaphorePermit,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.clients.connected.lock().retain(|client| client.id != self.id);
    }
}

impl Client {
    async fn converse(self, mut stream: UnixStream) -> io::Result<()> {
        let answer = if is_of_this_user(&stream)? {
            let asked = timeout(REQUEST_TIME, request(&mut stream)).await;
            let request = asked.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "a client said nothing"))??;
            // A probe that only connects, or a client whose connection is being closed for another.
            let Some(request) = request.filter(|_| self.set_served(true)) else { return Ok(()) };
            let answer = self.answer(request).await;
            self.set_served(false);
            answer
        } else {
            Err("only the user that runs the server, and root, may ask".into())
        };
        let send = async {
            stream.write_all(line(&answer).as_bytes()).await?;
            stream.shutdown().await
        };
        let sent = timeout(ANSWER_TIME, send).await;
        sent.map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "a client did not read its answer"))?
    }

    /// Notes whether its command is under way. Returns `false` if its connection is being closed for another client.
    fn set_served(&self, is_served: bool) -> bool {
        let mut connected = self.clients.connected.lock();
        let Some(at) = connected.iter().position(|client| client.id == self.id) else { return false };
        let client = connected.remove(at);
        connected.push(Connected { is_served, ..client });
        true
    }

    /// Runs the command on a thread of its own: a reload may take long, and must not block a thread that serves requests.
    async fn answer(&self, request: String) -> Result<Value, String> {
        let (sender, receiver) = oneshot::channel();
        let running = self.clients.running.clone();
        let work = move || drop(sender.send(running.answer_line(&request)));
        let thread = std::thread::Builder::new().name("samovar-control".into()).stack_size(STACK).spawn(work);
        match thread {
            Ok(_) => receiver.await.unwrap_or_else(|_| Err("the command failed, see the server's log".into())),
            Err(error) => Err(format!("the system gives no further thread: {error}")),
        }
    }
}

fn line(answer: &Result<Value, String>) -> String {
    let answer = match answer {
        Ok(answer) => json!({"samovar": VERSION, "answer": answer}),
        Err(error) => json!({"samovar": VERSION, "error": error}),
    };
    format!("{answer}\n")
}

/// Reads the client's request. Returns `None` if it closes the connection without one.
async fn request(stream: &mut UnixStream) -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = BufReader::new(stream).take(REQUEST_BYTES).read_line(&mut line).await?;
    Ok((read > 0).then_some(line))
}

/// The mode of the socket admits this user alone, but it is set after the socket was made.
fn is_of_this_user(stream: &UnixStream) -> io::Result<bool> {
    let user = stream.peer_cred()?.uid();
    Ok(user == rustix::process::geteuid().as_raw() || user == 0)
}
