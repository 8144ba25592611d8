//! A measurement: several tasks run in turn, many times, and the least time of each counts. Other load on the machine only
//! makes a run longer, and load that lasts affects all tasks.

pub mod bars;

use std::time::{Duration, Instant};

/// A run that is shorter than this is repeated and divided, so that the cost of the clock is negligible.
const SHORTEST: Duration = Duration::from_millis(2);

/// Something to measure.
pub type Task<'a> = Box<dyn FnMut() + 'a>;

/// The least time of each task in this number of rounds.
pub fn least(rounds: u32, tasks: &mut [Task<'_>]) -> Vec<Duration> {
    let once = |task: &mut Task<'_>| {
        let started = Instant::now();
        task();
        started.elapsed()
    };
    let repeats: Vec<u32> = tasks
        .iter_mut()
        .map(|task| {
            // The first run warms up.
            once(task);
            let length = once(task).max(Duration::from_nanos(1));
            u32::try_from(SHORTEST.as_nanos().div_ceil(length.as_nanos())).unwrap_or(1)
        })
        .collect();
    let mut least = vec![Duration::MAX; tasks.len()];
    for _ in 0..rounds.max(1) {
        for ((task, least), repeats) in tasks.iter_mut().zip(&mut least).zip(&repeats) {
            let started = Instant::now();
            (0..*repeats).for_each(|_| task());
            *least = (*least).min(started.elapsed() / *repeats);
        }
    }
    least
}
