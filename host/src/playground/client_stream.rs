//! A client's connection, with a limit on how long an answer may wait for the client to read it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

/// Numbers the connections and the answers in their order.
#[derive(Debug, Clone, Default)]
pub(super) struct Counter(Arc<AtomicU64>);

impl Counter {
    pub(super) fn next(&self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed)
    }
}

/// A stream that fails once an answer waits too long for its reader.
pub(super) struct ClientStream {
    stream: TokioIo<TcpStream>,
    /// How long an answer may take from the first time that it waits
    time: Duration,
    /// When the answer has to be written; `None` while no answer waits
    deadline: Option<Pin<Box<Sleep>>>,
    is_writing: bool,
    counter: Counter,
    last_answer: Arc<AtomicU64>,
}

impl ClientStream {
    /// `last_answer` gets a number of `counter` whenever an answer is written.
    pub(super) fn new(
        stream: TcpStream,
        time: Duration,
        counter: Counter,
        last_answer: Arc<AtomicU64>,
    ) -> Self {
        let stream = TokioIo::new(stream);
        Self { stream, time, deadline: None, is_writing: false, counter, last_answer }
    }

    fn written(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.is_writing = true;
        if result.is_ready() {
            return result;
        }
        let deadline = self.deadline.get_or_insert_with(|| Box::pin(sleep(self.time)));
        deadline.as_mut().poll(cx).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Drop for ClientStream {
    fn drop(&mut self) {
        if self.deadline.is_some() {
            // Otherwise the system would keep the rest of the answer for a client that does not read it.
            let _ = self.stream.inner().set_zero_linger();
        }
    }
}

impl Read for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl Write for ClientStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.written(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.written(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// hyper flushes when it has written all of an answer, and also when there is none.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_ready() && std::mem::take(&mut self.is_writing) {
            self.deadline = None;
            self.last_answer.store(self.counter.next(), Ordering::Relaxed);
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
