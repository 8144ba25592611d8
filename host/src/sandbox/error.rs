//! Why a policy gave no answer.

use std::time::Duration;

use wasmtime::Trap;

use super::limits::Limits;
use crate::quantity::size;
use crate::sandbox::wasm_section::SectionError;

/// The guest ended with this exit code.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("exit with code {0}")]
pub(super) struct Exit(pub(super) u32);

/// Why a module is not a usable policy, or gave no answer to one call.
///
/// The text is one sentence for the user. After an error in a call the policy can be called again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The bytes are not a WebAssembly module at all.
    #[error("this is not a WebAssembly module: {0}")]
    NotWasm(SectionError),
    /// The engine refuses the module.
    #[error("this WebAssembly module is not valid: {0}")]
    Invalid(String),
    /// Compiling the module takes longer than this, which [`Limits::time`] and the size of the module give.
    #[error("compiling this module takes longer than {} s", .0.as_secs_f64())]
    CompileTime(Duration),
    /// Compiling the module needs more memory than this, in bytes, which [`Limits::memory`] and the size of the module give.
    #[error("compiling this module needs more than {} of memory", size(*.0))]
    CompileMemory(usize),
    /// The process that compiles the module cannot be started, or fails for a reason that is not the module's.
    #[error("the compiler failed: {0}")]
    Compiler(String),
    /// The metadata section does not hold JSON.
    #[error("the metadata in the policy is not JSON: {0}")]
    Metadata(String),
    /// The engine itself could not be started or lacks a resource.
    #[error("the WebAssembly engine failed: {0}")]
    Engine(String),
    /// An export that every waPC policy has is missing, or is of another type.
    #[error("the module has no {0}, so it is not a waPC policy")]
    MissingExport(&'static str),
    /// The module imports something that policies may not use.
    #[error("the module imports `{module}.{name}`, which policies may not use")]
    UnknownImport {
        /// The namespace of the import.
        module: String,
        /// Its name in there.
        name: String,
    },
    /// The module imports a known function with another type.
    #[error("the module imports a function with the wrong type: {0}")]
    WrongImport(String),
    /// The policy failed at startup.
    #[error("the policy failed to start, in {step}: {reason}")]
    Init {
        /// The step.
        step: &'static str,
        /// What went wrong there.
        reason: Box<PolicyError>,
    },
    /// The policy ran longer than [`Limits::time`].
    #[error("the policy did not finish within {} s (--policy-timeout)", .0.as_secs_f64())]
    Deadline(Duration),
    /// The policy wanted more memory than [`Limits::memory`], in bytes.
    #[error("the policy needs more memory than the limit of {} (--policy-memory)", size(*.0))]
    OutOfMemory(usize),
    /// The policy's calls nest too deeply.
    #[error("the policy ran out of stack: its calls nest too deeply")]
    StackExhausted,
    /// The policy crashed.
    #[error("the policy crashed: {0}")]
    Trap(String),
    /// The policy ended itself with this exit code.
    #[error("the policy ended itself with exit code {0} instead of answering")]
    Exited(u32),
    /// The policy passed memory that it does not have.
    #[error("the policy called `{call}` with an address outside its memory")]
    OutOfBounds {
        /// The function that was called.
        call: &'static str,
    },
    /// The policy passed more than [`Limits::response`].
    #[error("the policy called `{call}` with {length} bytes, more than the limit of {} (--policy-response)", size(*limit))]
    TooLarge {
        /// The function that was called.
        call: &'static str,
        /// What was passed, in bytes.
        length: usize,
        /// What is accepted, in bytes.
        limit: usize,
    },
    /// The policy passed text that is not UTF-8.
    #[error("the policy called `{call}` with text that is not UTF-8")]
    NotUtf8 {
        /// The function that was called.
        call: &'static str,
    },
    /// The policy asked the host more often than [`Limits::host_calls`].
    #[error("the policy made more than {0} host calls (--policy-host-calls)")]
    TooManyHostCalls(u32),
    /// The policy answered with an error of its own.
    #[error("the policy answered with an error: {0}")]
    Guest(String),
    /// The policy failed without a reason, or succeeded without an answer.
    #[error("the policy returned {code} but set neither an answer nor an error")]
    NoResponse {
        /// 0 says that the policy failed, anything else that it succeeded.
        code: u32,
    },
    /// The request does not fit into a policy's address space.
    #[error("the request is {0} bytes long, more than a policy can address")]
    RequestTooLarge(usize),
}

impl PolicyError {
    /// Whether the policy does not have the operation that it was called for, in the words of waPC's guest libraries
    /// for Rust and Go.
    pub fn is_unknown_operation(&self) -> bool {
        let said = |words: &str| matches!(self, Self::Guest(message) if message.contains(words));
        said("No handler registered") || said("Could not find function")
    }

    /// What to type, if an option can help.
    pub fn help(&self) -> Option<&'static str> {
        match self {
            Self::CompileTime(_) => Some("raise --policy-timeout if you trust this policy"),
            Self::CompileMemory(_) => Some("raise --policy-memory if you trust this policy"),
            _ => None,
        }
    }

    /// The reason why running the guest ended early.
    pub(super) fn ended(error: wasmtime::Error, limits: Limits) -> Self {
        if let Some(Exit(code)) = error.downcast_ref() {
            return Self::Exited(*code);
        }
        match error.downcast_ref::<Trap>() {
            Some(Trap::Interrupt) => return Self::Deadline(limits.time),
            Some(Trap::StackOverflow) => return Self::StackExhausted,
            Some(trap) => return Self::Trap(trap.to_string()),
            None => {}
        }
        error.downcast().unwrap_or_else(|error| Self::Engine(format!("{error:#}")))
    }
}
