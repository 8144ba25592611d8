//! What compiles a policy: this process, or for a foreign policy a separate process with limits.
//!
//! The cost of compiling is not bounded by the size of a module: a function of 300 KB can take minutes and gigabytes. Inside a
//! process nothing can end it, so a foreign module is compiled by this program started again:
//!
//! ```text
//! Compiler::compile ─▶ process: start, send module, wait, kill ◀─ pipes ─▶ child: limit itself, compile, answer
//! ```

mod child;
mod process;

use std::path::PathBuf;
use std::time::Duration;

use wasmtime::Engine;

pub use self::child::serve;
use super::code::Code;
use super::error::PolicyError;
use super::limits::Limits;

/// What compiles a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiler {
    /// This process, without limits: for modules that can be trusted
    Here,
    /// A process of its own with limits, which this executable starts: the command itself, or another one that calls
    /// [`serve`] first of all
    Process(PathBuf),
}

impl Compiler {
    pub(super) fn compile(&self, engine: &Engine, wasm: &[u8], limits: Limits) -> Result<Code, PolicyError> {
        match self {
            Self::Here => {
                let code = engine.precompile_module(wasm);
                code.map(Code::of_ours).map_err(|error| PolicyError::Invalid(format!("{error:#}")))
            }
            Self::Process(executable) => process::compile(executable, wasm, Budget::of(wasm.len(), limits)),
        }
    }
}

/// What compiling one module may use. Both grow with the module's size by a fixed factor, for any content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Budget {
    /// How long it may compute. In whole seconds, as the system counts
    time: Duration,
    /// The memory for the module, in bytes
    memory: usize,
}

const MEBIBYTE: usize = 1 << 20;

/// Address space of the process before it compiles anything: 50 MB in a debug build, and room for its allocator.
const BASE: u64 = 128 << 20;

/// Memory for each byte of a module. Ordinary functions need 25 to 45, and 300 in a module of a few hundred kilobytes.
const MEMORY_PER_BYTE: usize = 64;

/// Seconds for each started mebibyte of a module. Ordinary functions need 1.4, and 1.8 in a debug build. In the release build of
/// a checkout they need 9, because there Cranelift is not optimised.
const SECONDS_PER_MEBIBYTE: u64 = if cfg!(slow_compiler) { 12 } else { 2 };

impl Budget {
    fn of(length: usize, limits: Limits) -> Self {
        let seconds = u64::try_from(limits.time.as_millis().div_ceil(1000)).unwrap_or(u64::MAX);
        let for_size = (length.div_ceil(MEBIBYTE) as u64).saturating_mul(SECONDS_PER_MEBIBYTE);
        let memory = limits.memory.saturating_add(length.saturating_mul(MEMORY_PER_BYTE));
        Self {
            time: Duration::from_secs(seconds.saturating_add(for_size)),
            memory: memory.checked_next_multiple_of(MEBIBYTE).unwrap_or(usize::MAX),
        }
    }

    /// What the whole process may map, in bytes.
    fn address_space(self) -> u64 {
        BASE.saturating_add(self.memory as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Budget, MEBIBYTE, SECONDS_PER_MEBIBYTE};
    use crate::sandbox::Limits;

    #[test]
    fn a_budget_grows_with_the_limits_and_with_the_size_of_the_module() {
        let budget = |length, milliseconds, memory| {
            let time = Duration::from_millis(milliseconds);
            let budget = Budget::of(length, Limits { time, memory, ..Limits::default() });
            (budget.time.as_secs(), budget.memory / MEBIBYTE)
        };
        let one = SECONDS_PER_MEBIBYTE;
        assert_eq!(budget(1, 2000, 256 << 20), (2 + one, 257));
        assert_eq!(budget(MEBIBYTE, 2000, 256 << 20), (2 + one, 256 + 64));
        assert_eq!(budget(MEBIBYTE + 1, 2000, 256 << 20), (2 + 2 * one, 256 + 65));
        assert_eq!(budget(20 * MEBIBYTE, 2000, 256 << 20), (2 + 20 * one, 256 + 20 * 64));
        assert_eq!(budget(1, 10, 10), (1 + one, 1), "any policy of usual size can be compiled");
        assert_eq!(budget(1, 2001, 10), (3 + one, 1), "the system counts whole seconds");
        let most =
            Budget::of(usize::MAX, Limits { time: Duration::MAX, memory: usize::MAX, ..Limits::default() });
        assert_eq!((most.time, most.memory), (Duration::from_secs(u64::MAX), usize::MAX));
        assert_eq!(most.address_space(), u64::MAX);
    }
}
