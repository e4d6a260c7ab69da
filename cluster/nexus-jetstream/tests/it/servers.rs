//! Real `nats-server` processes on loopback: one, or a cluster of three.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::Duration;

use futures_util::StreamExt;
use tempfile::TempDir;

/// The servers of one cluster, which end with the test.
pub(crate) struct Servers {
    folder: TempDir,
    ports: Vec<(u16, u16)>,
    running: Vec<Option<Child>>,
}

/// Returns unused ports, each one only once: below those that the OS assigns to connections.
fn ports(count: usize) -> Vec<u16> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 18_000 + u16::try_from(std::process::id() % 100).expect("less than 100") * 100;
    let next = || first + NEXT.fetch_add(1, Ordering::Relaxed);
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    std::iter::repeat_with(next).filter(is_free).take(count).collect()
}

impl Servers {
    /// Starts one or several servers, and waits until they answer.
    pub(crate) fn start(count: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let ports: Vec<_> = ports(2 * count).chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let mut servers = Self { folder, ports, running: (0..count).map(|_| None).collect() };
        (0..count).for_each(|number| servers.revive(number));
        servers
    }

    /// Returns the addresses of all servers.
    pub(crate) fn addresses(&self) -> String {
        self.ports.iter().map(|(port, _)| format!("nats://127.0.0.1:{port}")).collect::<Vec<_>>().join(",")
    }

    /// Starts a server that is not running.
    pub(crate) fn revive(&mut self, number: usize) {
        let (port, route) = self.ports[number];
        let store = self.folder.path().join(format!("store-{number}"));
        let mut text =
            format!("listen: 127.0.0.1:{port}\nserver_name: n{number}\njetstream {{ store_dir: {store:?} }}\n");
        if self.ports.len() > 1 {
            let routes: Vec<_> = self.ports.iter().map(|(_, route)| format!("nats://127.0.0.1:{route}")).collect();
            let routes = routes.join(", ");
            _ = writeln!(text, "cluster {{ name: c, listen: 127.0.0.1:{route}, routes: [{routes}] }}");
        }
        let path: PathBuf = self.folder.path().join(format!("{number}.conf"));
        fs::write(&path, text).expect("a folder that can be written");
        let log = File::options().create(true).append(true).open(self.folder.path().join(format!("{number}.log")));
        let child = Command::new("nats-server")
            .arg("-c")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(log.expect("a log"))
            .spawn()
            .expect("nats-server of Debian is installed");
        let child = self.running[number].insert(child);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = child.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "nats-server has ended: {ended:?}; is port {port} in use?");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Deletes a stream.
    pub(crate) fn delete(&self, stream: &str) {
        self.ask(async |context| _ = context.delete_stream(stream).await.expect("it is there"));
    }

    /// Limits the bytes of a stream; -1 is no limit.
    pub(crate) fn limit(&self, stream: &str, max_bytes: i64) {
        self.ask(async |context| {
            let found = context.get_stream(stream).await.expect("it is there").cached_info().config.clone();
            let config = async_nats::jetstream::stream::Config { max_bytes, ..found };
            context.update_stream(config).await.expect("it can be limited");
        });
    }

    /// Creates an object store on one server.
    pub(crate) fn store(&self, bucket: &str) {
        let config = async_nats::jetstream::object_store::Config { bucket: bucket.into(), ..Default::default() };
        self.ask(async |context| _ = context.create_object_store(config).await.expect("it can be created"));
    }

    /// Returns the number of servers that store a stream.
    pub(crate) fn replicas(&self, stream: &str) -> usize {
        let info = self.ask(async |context| context.get_stream(stream).await.expect("it is there"));
        info.cached_info().config.num_replicas
    }

    /// Returns the number of the server that leads a stream.
    pub(crate) fn leader(&self, stream: &str) -> usize {
        let leader = self.ask(async |context| {
            let stream = context.get_stream(stream).await.expect("it is there");
            stream.cached_info().cluster.as_ref().and_then(|cluster| cluster.leader.clone())
        });
        let leader = leader.expect("it has a leader");
        leader.strip_prefix('n').and_then(|number| number.parse().ok()).expect("a name that was given here")
    }

    /// Publishes a message to a stream.
    pub(crate) fn publish(&self, subject: &str) {
        self.ask(async |context| {
            let answer = context.publish(subject.to_owned(), "part".into()).await.expect("it is sent");
            answer.await.expect("it is stored");
        });
    }

    /// Deletes all messages with a subject of a stream.
    pub(crate) fn purge(&self, stream: &str, subject: &str) {
        self.ask(async |context| {
            let stream = context.get_stream(stream).await.expect("it is there");
            stream.purge().filter(subject).await.expect("they can be deleted");
        });
    }

    /// Returns the number of messages with a subject of a stream.
    pub(crate) fn count(&self, stream: &str, subject: &str) -> usize {
        self.ask(async |context| {
            let stream = context.get_stream(stream).await.expect("it is there");
            let found = stream.info_with_subjects(subject).await.expect("it answers");
            found.map(|found| found.expect("a subject").1).fold(0, async |sum, count| sum + count).await
        })
    }

    fn ask<T>(&self, question: impl AsyncFnOnce(async_nats::jetstream::Context) -> T) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let client = async_nats::connect(format!("127.0.0.1:{}", self.ports[0].0)).await.expect("it is running");
            question(async_nats::jetstream::new(client)).await
        })
    }

    /// Kills a server, as a failure of its machine would.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.running[number].take() {
            _ = child.kill();
            _ = child.wait();
        }
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        (0..self.running.len()).for_each(|number| self.kill(number));
    }
}
