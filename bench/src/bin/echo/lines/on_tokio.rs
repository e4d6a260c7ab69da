//! A line server on tokio: a task per connection, on one thread.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use futures_util::task::AtomicWaker;
use futures_util::{FutureExt, SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::runtime::{Builder, Runtime};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

use super::LONGEST;
use crate::servers::Server;
use crate::stream::{Client, Transport, connect};

/// When echoed lines are written to the socket.
#[derive(Clone, Copy)]
pub(super) enum Flush {
    /// After each line, by `send`, as such loops are usually written.
    EachLine,
    /// After the last complete line, by `feed` and a flush.
    WhenDry,
}

pub(super) struct Tokio {
    runtime: Runtime,
    count: Arc<Count>,
    flush: Flush,
}

/// The bytes that the tasks have echoed.
#[derive(Default)]
struct Count {
    /// A load and a store suffice, since all tasks are on one thread.
    bytes: AtomicU64,
    /// The count up to which the server runs.
    end: AtomicU64,
    reached: AtomicWaker,
}

impl Count {
    fn add(&self, bytes: u64) {
        let bytes = self.bytes.load(Ordering::Relaxed) + bytes;
        self.bytes.store(bytes, Ordering::Relaxed);
        if bytes >= self.end.load(Ordering::Relaxed) {
            self.reached.wake();
        }
    }
}

impl Tokio {
    pub(super) fn new(flush: Flush) -> Self {
        let runtime = Builder::new_current_thread().enable_io().build().expect("there are files left");
        Self { runtime, count: Arc::default(), flush }
    }

    fn spawn(&self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
        let lines = Framed::new(stream, LinesCodec::new_with_max_length(LONGEST));
        let count = Arc::clone(&self.count);
        match self.flush {
            Flush::EachLine => drop(self.runtime.spawn(each_line(lines, count))),
            Flush::WhenDry => drop(self.runtime.spawn(when_dry(lines, count))),
        }
    }
}

/// The usual loop.
async fn each_line<S>(mut lines: Framed<S, LinesCodec>, count: Arc<Count>) -> Result<(), LinesCodecError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(line) = lines.next().await {
        let line = line?;
        let bytes = line.len() as u64 + 1;
        lines.send(line).await?;
        count.add(bytes);
    }
    Ok(())
}

/// The loop that writes once for all complete lines.
async fn when_dry<S>(mut lines: Framed<S, LinesCodec>, count: Arc<Count>) -> Result<(), LinesCodecError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut next = lines.next().await;
    while let Some(line) = next {
        let mut bytes = 0;
        let mut whole = Some(line);
        while let Some(line) = whole.take() {
            let line = line?;
            bytes += line.len() as u64 + 1;
            lines.feed(line).await?;
            // The end of the stream is reported again by the next wait.
            whole = lines.next().now_or_never().flatten();
        }
        SinkExt::<String>::flush(&mut lines).await?;
        count.add(bytes);
        next = lines.next().await;
    }
    Ok(())
}

impl Server for Tokio {
    fn connect(&mut self, transport: Transport) -> Box<dyn Client> {
        let (stream, client) = connect(transport).expect("there are files left");
        let _entered = self.runtime.enter();
        let fresh = "a fresh socket";
        match stream.into_fd() {
            (Transport::Tcp, fd) => self.spawn(tokio::net::TcpStream::from_std(fd.into()).expect(fresh)),
            (Transport::Unix, fd) => self.spawn(tokio::net::UnixStream::from_std(fd.into()).expect(fresh)),
        }
        client
    }

    fn poll(&mut self) {
        unreachable!("the runtime polls, in `serve`");
    }

    fn serve(&mut self, end: u64) {
        let count = &*self.count;
        count.end.store(end, Ordering::Relaxed);
        self.runtime.block_on(poll_fn(|context| {
            count.reached.register(context.waker());
            if count.bytes.load(Ordering::Relaxed) < end { Poll::Pending } else { Poll::Ready(()) }
        }));
    }

    fn echoed(&self) -> u64 {
        self.count.bytes.load(Ordering::Relaxed)
    }
}
