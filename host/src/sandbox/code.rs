//! Machine code, which runs without further checks.

use wasmtime::{Engine, Module};

/// A compiled module that this program has compiled itself, now or in an earlier run.
pub(super) struct Code(Vec<u8>);

impl Code {
    /// Takes bytes that this program's compiler wrote: [`Engine::precompile_module`] in this process, in a process that it
    /// started, or in an earlier run that signed them.
    pub(super) fn of_ours(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The module, for running.
    ///
    /// # Errors
    /// - the code is for another engine or another version of it, or the module does not fit into the engine's pool
    #[expect(unsafe_code, reason = "machine code cannot be checked, and here it is trusted")]
    pub(super) fn module(&self, engine: &Engine) -> wasmtime::Result<Module> {
        // SAFETY: the bytes come from `Engine::precompile_module`, and no other user could have changed them since: see
        // `Code::of_ours` and its callers.
        unsafe { Module::deserialize(engine, &self.0) }
    }
}
