//! A pipeline: work that is taken up in its order, done by several threads, and handed over in that order again, with
//! no more of it in memory than keeps the threads busy.
//!
//! ```text
//! source ─▶ open ─▶ batches ─▶ work ─▶ take
//!            any thread          the caller's, in the order of the source
//! ```
//! A piece is opened into batches, so that one huge piece keeps every thread busy as well.

use std::collections::VecDeque;
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Pieces that may be under way for each thread: enough that a long one does not stop the others.
const PIECES_PER_THREAD: usize = 8;

/// What has become of a piece, batch by batch.
pub struct Results<R>(Vec<Receiver<R>>);

impl<R> Results<R> {
    /// How many batches there are.
    #[allow(clippy::len_without_is_empty, reason = "nobody asks")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl<R> IntoIterator for Results<R> {
    type Item = R;
    type IntoIter = std::iter::FilterMap<std::vec::IntoIter<Receiver<R>>, fn(Receiver<R>) -> Option<R>>;

    /// The results in their order, each as soon as it is there.
    fn into_iter(self) -> Self::IntoIter {
        // None comes from a thread that has panicked, and the pipeline passes that on.
        self.0.into_iter().filter_map(|batch| batch.recv().ok())
    }
}

/// Opens every piece that `source` gives, works on its batches, and gives `take` the results with what `open` had to
/// say of the piece as a whole, until it wants no more.
pub fn run<P: Send, H: Send, B: Send, R: Send>(
    threads: NonZero<usize>,
    source: impl Iterator<Item = P> + Send,
    open: impl Fn(P) -> (H, Vec<B>) + Sync,
    work: impl Fn(B) -> R + Sync,
    mut take: impl FnMut(H, Results<R>) -> ControlFlow<()>,
) {
    let (order, pieces) = channel();
    let state = State { source: Some((source, order)), batches: VecDeque::new(), opening: 0, under_way: 0 };
    let most = threads.get().saturating_mul(PIECES_PER_THREAD);
    let shared = Shared { state: Mutex::new(state), changed: Condvar::new(), most };
    thread::scope(|scope| {
        for _ in 0..threads.get() {
            scope.spawn(|| shared.serve(&open, &work));
        }
        while let Ok(Ok((head, batches))) = pieces.recv().map(|piece| piece.recv()) {
            if take(head, Results(batches)).is_break() {
                break;
            }
            let mut state = shared.lock();
            state.under_way = state.under_way.saturating_sub(1);
            drop(state);
            shared.changed.notify_one();
        }
        shared.end();
    });
}

/// What there is to say of a piece, and where its batches are waited for.
type Opened<H, R> = (H, Vec<Receiver<R>>);

/// Who is told in which order the pieces came.
type Order<H, R> = Sender<Receiver<Opened<H, R>>>;

struct State<I, H, B, R> {
    /// Where pieces come from; none once there are no more
    source: Option<(I, Order<H, R>)>,
    /// What is to be worked on
    batches: VecDeque<(B, Sender<R>)>,
    /// Pieces that are being opened, and may bring more batches
    opening: usize,
    /// Pieces that were begun and not taken yet
    under_way: usize,
}

struct Shared<I, H, B, R> {
    state: Mutex<State<I, H, B, R>>,
    changed: Condvar,
    /// How many pieces may be under way
    most: usize,
}

impl<P, H, B, R, I: Iterator<Item = P>> Shared<I, H, B, R> {
    fn lock(&self) -> MutexGuard<'_, State<I, H, B, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does whatever is to be done, until nothing more can come. Batches first: what is begun is to be finished.
    fn serve(&self, open: impl Fn(P) -> (H, Vec<B>), work: impl Fn(B) -> R) {
        let _guard = EndOnPanic(self);
        let mut state = self.lock();
        loop {
            if let Some((batch, result)) = state.batches.pop_front() {
                drop(state);
                // Nobody waits for it any more where the pipeline has ended early.
                let _ = result.send(work(batch));
                state = self.lock();
            } else if state.under_way < self.most
                && let Some((piece, opened)) = state.next_piece()
            {
                drop(state);
                let (head, batches) = open(piece);
                let (senders, receivers): (Vec<_>, Vec<_>) = batches.iter().map(|_| channel()).unzip();
                let _ = opened.send((head, receivers));
                state = self.lock();
                state.opening = state.opening.saturating_sub(1);
                state.batches.extend(batches.into_iter().zip(senders));
                self.changed.notify_all();
            } else if state.source.is_none() && state.opening == 0 {
                self.changed.notify_all();
                return;
            } else {
                state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    /// Lets every thread come to its end.
    fn end(&self) {
        let mut state = self.lock();
        state.source = None;
        state.batches.clear();
        state.opening = 0;
        self.changed.notify_all();
    }
}

impl<P, H, B, R, I: Iterator<Item = P>> State<I, H, B, R> {
    /// The next piece, and whom to tell what is in it.
    fn next_piece(&mut self) -> Option<(P, Sender<Opened<H, R>>)> {
        let (source, order) = self.source.as_mut()?;
        let Some(piece) = source.next() else {
            self.source = None;
            return None;
        };
        let (opened, waiting) = channel();
        order.send(waiting).ok()?;
        self.opening += 1;
        self.under_way += 1;
        Some((piece, opened))
    }
}

/// Nobody may wait for a thread that is gone.
struct EndOnPanic<'a, P, H, B, R, I: Iterator<Item = P>>(&'a Shared<I, H, B, R>);

impl<P, H, B, R, I: Iterator<Item = P>> Drop for EndOnPanic<'_, P, H, B, R, I> {
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

    use super::{PIECES_PER_THREAD, run};

    fn threads(n: usize) -> NonZero<usize> {
        NonZero::new(n).unwrap()
    }

    #[test]
    fn results_come_in_the_order_of_the_source_whatever_takes_long() {
        for n in [1, 2, 7] {
            let mut taken = Vec::new();
            let open = |piece: u64| (piece, (0..piece % 4).collect());
            let work = |batch: u64| {
                std::thread::sleep(std::time::Duration::from_micros(50 * (3 - batch)));
                batch
            };
            run(threads(n), 0..200, open, work, |head, results| {
                taken.push((head, results.into_iter().collect::<Vec<_>>()));
                ControlFlow::Continue(())
            });
            let wanted: Vec<_> = (0..200).map(|piece| (piece, (0..piece % 4).collect())).collect();
            assert_eq!(taken, wanted, "{n} threads");
        }
    }

    #[test]
    fn whoever_wants_no_more_ends_it() {
        let mut taken = Vec::new();
        run(
            threads(2),
            0..,
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
    fn no_more_is_begun_than_can_be_handed_over() {
        let begun = AtomicUsize::new(0);
        let source = (0..1000).inspect(|_| {
            begun.fetch_add(1, Ordering::SeqCst);
        });
        let mut taken = 0;
        run(
            threads(2),
            source,
            |_| ((), vec![()]),
            |()| (),
            |(), results| {
                taken += results.into_iter().count();
                assert!(begun.load(Ordering::SeqCst) <= taken + 2 * PIECES_PER_THREAD);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(taken, 1000);
    }

    #[test]
    fn a_panic_is_passed_on_and_hangs_nobody() {
        for at_work in [false, true] {
            let open = |piece: u32| {
                assert!(at_work || piece != 30, "it happens");
                ((), vec![piece])
            };
            let work = |piece: u32| assert!(piece != 30, "it happens");
            let ran = catch_unwind(AssertUnwindSafe(|| {
                run(threads(2), 0..1000, open, work, |(), results| {
                    let _ = results.into_iter().count();
                    ControlFlow::Continue(())
                });
            }));
            assert!(ran.is_err());
        }
    }
}
