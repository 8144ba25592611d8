//! Ordered parallel work: pieces are started in order, processed by several threads, and handed over in the same order, with
//! only as many in memory as keep the threads busy.
//!
//! ```text
//! source ─▶ open ─▶ batches ─▶ work ─▶ take
//!            any thread          the caller's, in the order of the source
//! ```
//! A piece is opened into batches, so that one huge piece keeps every thread busy as well.

use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Pieces that may be in progress for each thread: enough that a long one does not block the others.
const PIECES_PER_THREAD: usize = 8;

/// Bytes of pieces that may be in progress for each thread. A thread that finds fewer starts one more piece of any size.
const BYTES_PER_THREAD: usize = 4 << 20;

/// The results of a piece, batch by batch.
pub(super) struct Results<R>(Vec<Receiver<R>>);

impl<R> IntoIterator for Results<R> {
    type Item = R;
    type IntoIter = std::iter::Map<std::vec::IntoIter<Receiver<R>>, fn(Receiver<R>) -> R>;

    /// The results in order, each as soon as it is available.
    fn into_iter(self) -> Self::IntoIter {
        // A thread that panicked sends no result. Panic here too, so that the other results are not mistaken for all results.
        self.0.into_iter().map(|batch| batch.recv().unwrap_or_else(|gone| resume_unwind(Box::new(gone))))
    }
}

/// Opens every piece that `source` gives with its size in bytes, works on its batches, and gives `take` the results with what
/// `open` returned for the whole piece, until `take` breaks.
///
/// # Panics
/// - if one of these functions panics
pub(super) fn run<P: Send, H: Send, B: Send, R: Send>(
    threads: NonZero<usize>,
    source: impl Iterator<Item = (usize, P)> + Send,
    open: impl Fn(P) -> (H, Vec<B>) + Sync,
    work: impl Fn(B) -> R + Sync,
    mut take: impl FnMut(H, Results<R>) -> ControlFlow<()>,
) {
    let (order, pieces) = channel();
    let shared = Shared {
        source: Mutex::new(Some((source, order))),
        state: Mutex::new(State::default()),
        changed: Condvar::new(),
        threads: threads.get(),
    };
    thread::scope(|scope| {
        let _guard = EndOnPanic(&shared);
        for _ in 0..threads.get() {
            scope.spawn(|| shared.serve(&open, &work));
        }
        while let Ok((size, piece)) = pieces.recv() {
            let Ok((head, batches)) = piece.recv() else { break };
            if take(head, Results(batches)).is_break() {
                break;
            }
            let mut state = shared.lock();
            state.pieces -= 1;
            state.bytes = state.bytes.saturating_sub(size);
            drop(state);
            shared.changed.notify_one();
        }
        shared.end();
    });
}

/// What is known of a piece, and the receiver of its batches.
type Opened<H, R> = (H, Vec<Receiver<R>>);

/// Sends the pieces in their order, each with its size.
type Order<H, R> = Sender<(usize, Receiver<Opened<H, R>>)>;

struct State<B, R> {
    /// The work that is left
    batches: VecDeque<(B, Sender<R>)>,
    /// Pieces that are being fetched or opened, and may bring more batches
    opening: usize,
    /// Pieces that were begun and not taken yet
    pieces: usize,
    /// Their bytes
    bytes: usize,
    /// Whether the source has no more
    is_over: bool,
    /// Whether no more results are wanted
    is_ended: bool,
}

impl<B, R> Default for State<B, R> {
    fn default() -> Self {
        Self { batches: VecDeque::new(), opening: 0, pieces: 0, bytes: 0, is_over: false, is_ended: false }
    }
}

struct Shared<I, H, B, R> {
    /// Where pieces come from; `None` once there are no more. A thread that holds the lock on `state` must not lock this.
    source: Mutex<Option<(I, Order<H, R>)>>,
    state: Mutex<State<B, R>>,
    changed: Condvar,
    threads: usize,
}

impl<P, H, B, R, I: Iterator<Item = (usize, P)>> Shared<I, H, B, R> {
    fn lock(&self) -> MutexGuard<'_, State<B, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works until nothing more can come. Batches come first, so that pieces in progress are finished before new ones
    /// start.
    fn serve(&self, open: impl Fn(P) -> (H, Vec<B>), work: impl Fn(B) -> R) {
        let _guard = EndOnPanic(self);
        let mut state = self.lock();
        while !state.is_ended {
            if let Some((batch, result)) = state.batches.pop_front() {
                drop(state);
                // Sending fails if the work has ended early; the result is not needed then.
                let _ = result.send(work(batch));
                state = self.lock();
            } else if !state.is_over && self.has_room(&state) {
                state.opening += 1;
                state.pieces += 1;
                drop(state);
                let opened = self.next_piece().map(|(piece, opened)| {
                    let (head, batches) = open(piece);
                    let (senders, receivers): (Vec<_>, Vec<_>) = batches.iter().map(|_| channel()).unzip();
                    let _ = opened.send((head, receivers));
                    batches.into_iter().zip(senders)
                });
                state = self.lock();
                state.opening -= 1;
                match opened {
                    Some(batches) => state.batches.extend(batches),
                    None => state.is_over = true,
                }
                self.changed.notify_all();
            } else if state.is_over && state.opening == 0 {
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
        // Dropping the senders ends the wait for these results.
        state.batches.clear();
    }

    fn has_room(&self, state: &State<B, R>) -> bool {
        state.pieces < self.threads.saturating_mul(PIECES_PER_THREAD)
            && state.bytes < self.threads.saturating_mul(BYTES_PER_THREAD)
    }

    /// The next piece, and the sender for its contents.
    fn next_piece(&self) -> Option<(P, Sender<Opened<H, R>>)> {
        // A source that has panicked yields no more pieces.
        let mut source = self.source.lock().ok()?;
        let (pieces, order) = source.as_mut()?;
        let Some((size, piece)) = pieces.next() else {
            *source = None;
            return None;
        };
        let (opened, waiting) = channel();
        let mut state = self.lock();
        state.bytes = state.bytes.saturating_add(size);
        drop(state);
        order.send((size, waiting)).ok()?;
        Some((piece, opened))
    }

    /// Makes every thread stop.
    fn end(&self) {
        let mut state = self.lock();
        state.is_ended = true;
        state.batches.clear();
        drop(state);
        *self.source.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.changed.notify_all();
    }
}

/// Ends the work where a thread panics, so that no other waits for it.
struct EndOnPanic<'a, P, H, B, R, I: Iterator<Item = (usize, P)>>(&'a Shared<I, H, B, R>);

impl<P, H, B, R, I: Iterator<Item = (usize, P)>> Drop for EndOnPanic<'_, P, H, B, R, I> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;
    use std::ops::ControlFlow;
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::{BYTES_PER_THREAD, PIECES_PER_THREAD, run};

    fn threads(n: usize) -> NonZero<usize> {
        NonZero::new(n).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_source_even_if_some_take_long() {
        for n in [1, 2, 7] {
            let mut taken = Vec::new();
            let open = |piece: u64| (piece, (0..piece % 4).collect());
            let work = |batch: u64| {
                std::thread::sleep(std::time::Duration::from_micros(50 * (3 - batch)));
                batch
            };
            run(threads(n), (0..200).map(|piece| (1, piece)), open, work, |head, results| {
                taken.push((head, results.into_iter().collect::<Vec<_>>()));
                ControlFlow::Continue(())
            });
            let wanted: Vec<_> = (0..200).map(|piece| (piece, (0..piece % 4).collect())).collect();
            assert_eq!(taken, wanted, "{n} threads");
        }
    }

    #[test]
    fn a_reader_that_breaks_ends_the_work() {
        let mut taken = Vec::new();
        run(
            threads(2),
            (0..).map(|piece| (1, piece)),
            |piece: u64| (piece, vec![piece]),
            |batch| batch,
            |head, _| {
                taken.push(head);
                if head == 100 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            },
        );
        assert_eq!(taken, (0..=100).collect::<Vec<_>>());
    }

    #[test]
    fn no_more_is_started_than_can_be_handed_over() {
        for (size, most) in [(0, 2 * PIECES_PER_THREAD), (BYTES_PER_THREAD, 3), (usize::MAX / 4, 2)] {
            let begun = AtomicUsize::new(0);
            let source = (0..1000).inspect(|_| {
                begun.fetch_add(1, Ordering::SeqCst);
            });
            let mut taken = 0;
            run(
                threads(2),
                source.map(|piece| (size, piece)),
                |_| ((), vec![()]),
                |()| (),
                |(), results| {
                    taken += results.into_iter().count();
                    let begun = begun.load(Ordering::SeqCst);
                    assert!(begun < taken + most, "{begun} begun, {taken} taken, {size} bytes each");
                    ControlFlow::Continue(())
                },
            );
            assert_eq!(taken, 1000);
        }
    }

    #[test]
    fn a_panic_is_passed_on_and_no_thread_hangs() {
        for place in ["source", "open", "work", "take"] {
            let panics = |at: &str, piece: u32| assert!(at != place || piece != 30, "it happens");
            let source = (0..1000).inspect(|piece| panics("source", *piece)).map(|piece| (1, piece));
            let open = |piece| {
                panics("open", piece);
                (piece, vec![piece])
            };
            let mut taken = 0;
            let ran = catch_unwind(AssertUnwindSafe(|| {
                run(
                    threads(2),
                    source,
                    open,
                    |piece| panics("work", piece),
                    |piece, results| {
                        panics("take", piece);
                        assert_eq!(results.into_iter().count(), 1, "all of it or nothing");
                        taken += 1;
                        ControlFlow::Continue(())
                    },
                );
            }));
            assert!(ran.is_err() && taken <= 30, "{place}: {taken} taken");
        }
    }
}
