//! The WebAssembly engine: how guests are compiled and allocated, and the clock that ends them.

use std::thread;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::error::PolicyError;
use super::limits::Limits;

/// Interval at which the time limit of a running guest is checked.
const TICK: Duration = Duration::from_millis(10);

const WASM_PAGE: usize = 64 << 10;

/// Guests that can run at the same time where they come from a pool.
const POOL: u32 = 1000;

/// Bytes of memory that stay mapped between two guests: resetting them is cheaper than faulting them in again.
const KEPT: usize = 1 << 20;

/// Where the memories of guests come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Placement {
    /// From slots reserved once: a fresh guest costs microseconds, but 4 TiB of address space.
    Pool,
    /// From the operating system, for each guest.
    OnDemand,
}

pub(super) fn engine(placement: Placement, limits: Limits) -> wasmtime::Result<Engine> {
    let mut config = config();
    if placement == Placement::Pool {
        let most = usize::try_from(1_u64 << 32).unwrap_or(usize::MAX - WASM_PAGE);
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(POOL)
            .total_memories(POOL)
            .total_tables(POOL)
            .max_memory_size(limits.memory.clamp(WASM_PAGE, most).next_multiple_of(WASM_PAGE))
            .linear_memory_keep_resident(KEPT)
            // The kernel knows which pages a guest has written, where it is new enough to be asked: only these are reset.
            .pagemap_scan(Enabled::Auto)
            .table_keep_resident(KEPT);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    }
    Engine::new(&config)
}

/// An engine that compiles for those of [`engine()`], and runs nothing. On one thread: each further one would need address
/// space of its own, which is limited where this is used.
pub(super) fn for_compiling() -> wasmtime::Result<Engine> {
    Engine::new(config().parallel_compilation(false))
}

/// What compiled code depends on.
fn config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(512 << 10)
        .wasm_memory64(false)
        // An error is reported by its reason; its position in the guest does not help a user.
        .wasm_backtrace_max_frames(None)
        .generate_address_map(false);
    config
}

/// Starts the clock of an engine, which runs as long as the engine is in use.
pub(super) fn start_clock(engine: &Engine) -> Result<(), PolicyError> {
    let engine = engine.weak();
    let ticks = move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        }
    };
    match thread::Builder::new().name("policy clock".to_owned()).stack_size(64 << 10).spawn(ticks) {
        Ok(_) => Ok(()),
        Err(error) => Err(PolicyError::Engine(format!("its clock does not start: {error}"))),
    }
}

/// The ticks after which at least `time` has passed. The first may come at once, so one more is added.
pub(super) fn ticks(time: Duration) -> u64 {
    let ticks = time.as_millis().div_ceil(TICK.as_millis()).saturating_add(1);
    u32::try_from(ticks).unwrap_or(u32::MAX).into()
}
