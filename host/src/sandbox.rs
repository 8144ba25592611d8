//! A policy: one WebAssembly module that answers waPC calls, run as a hostile guest.
//!
//! The module is compiled once, a foreign one in a separate process ([`compiler`]). Every call gets a fresh instance, so that
//! no call sees the state of another, and runs under [`Limits`]:
//!
//! ```text
//! Policy::call ─▶ instance: STARTS, __guest_call ─▶ answer, or PolicyError
//!                    │ ▲ wapc: request, answer, host calls ─▶ HostCalls
//!                    ▼ │ wasi: clock, randomness, output
//! ```

mod cache;
mod code;
pub mod compiler;
mod engine;
mod error;
mod guest;
mod limits;
pub mod lookup_recording;
mod secrecy;
#[cfg(test)]
mod tests;
mod wapc;
mod wasi;
pub mod wasm_section;

use std::sync::Arc;

use review::engine::{Engine as PolicyEngine, EngineError};
pub use review::host_calls::HostCalls;
use serde_json::Value;
use wasmtime::{Engine, ExternType, InstancePre, Linker, Module, Store, UnknownImportError, ValType};

pub use cache::Cache;
use code::Code;
pub use compiler::Compiler;
use engine::Placement;
pub use error::PolicyError;
use guest::State;
pub use limits::Limits;
use secrecy::ForeignHost;

/// The policy that was built with this crate, annotated with its metadata.
pub const EMBEDDED: &[u8] = include_bytes!(env!("POLICY_WASM"));

/// A compiled policy, for any number of calls from any number of threads.
pub struct Policy {
    engine: Engine,
    instance: InstancePre<State>,
    metadata: Option<Value>,
    limits: Limits,
    is_own: bool,
    sees_secrets: bool,
}

impl Policy {
    /// Compiles a policy from the binary form of a WebAssembly module, or takes it from the cache of compiled policies.
    ///
    /// # Errors
    /// Where the module is not valid, costs too much to compile, is not a waPC policy, or imports a function that policies may
    /// not use.
    pub fn load(
        wasm: &[u8],
        limits: Limits,
        cache: Option<&Cache>,
        compiler: &Compiler,
    ) -> Result<Self, PolicyError> {
        let metadata = match wasm_section::custom_sections(wasm, wasm_section::METADATA)
            .map_err(PolicyError::NotWasm)?
            .first()
        {
            Some(json) => {
                Some(serde_json::from_slice(json).map_err(|error| PolicyError::Metadata(error.to_string()))?)
            }
            None => None,
        };
        let module = compile(wasm, limits, cache, compiler)?;
        check_exports(&module)?;
        let instance = link(&module)?;
        let engine = module.engine().clone();
        engine::start_clock(&engine)?;
        let is_own = wasm == EMBEDDED;
        Ok(Self { engine, instance, metadata, limits, is_own, sees_secrets: is_own })
    }

    /// The same, allowed to look up Secrets, which a policy other than the built-in one needs.
    #[must_use]
    pub fn allowing_secrets(self) -> Self {
        Self { sees_secrets: true, ..self }
    }

    /// The policy's Kubewarden metadata, where it has been annotated with any.
    pub fn metadata(&self) -> Option<&Value> {
        self.metadata.as_ref()
    }

    /// Calls an operation in a fresh instance and returns the policy's answer. The answer and other output of a policy other
    /// than the built-in one do not contain the values of Secrets that it sees.
    ///
    /// The calling thread needs 512 KiB of stack for the policy.
    ///
    /// # Errors
    /// Where the policy does not start, breaks a limit, crashes, breaks the protocol, or answers with an error.
    /// It can be called again.
    pub fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, PolicyError> {
        if self.is_own {
            return self.call_with(operation, payload, host);
        }
        let host = Arc::new(ForeignHost::new(host, payload, self.sees_secrets));
        host.masked(self.call_with(operation, payload, host.clone()))
    }

    fn call_with(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, PolicyError> {
        let engine_error = |error: wasmtime::Error| PolicyError::Engine(format!("{error:#}"));
        let state = State::new(operation, payload, host, self.limits);
        let mut store = Store::try_new(&self.engine, state).map_err(engine_error)?;
        store.limiter(|state| &mut state.budget);
        store.set_epoch_deadline(engine::ticks(self.limits.time));
        let ended = self.run(&mut store, operation.len(), payload.len());
        let mut state = store.into_data();
        state.output.flush(&*state.host);
        state.outcome(ended?)
    }

    fn run(&self, store: &mut Store<State>, operation: usize, payload: usize) -> Result<u32, PolicyError> {
        let operation = u32::try_from(operation).map_err(|_| PolicyError::RequestTooLarge(operation))?;
        let payload = u32::try_from(payload).map_err(|_| PolicyError::RequestTooLarge(payload))?;
        let ended = |error| PolicyError::ended(error, self.limits);
        let failed = |step| move |error| PolicyError::Init { step, reason: Box::new(ended(error)) };

        let instance = self.instance.instantiate(&mut *store).map_err(failed("its instantiation"))?;
        for (name, step) in STARTS {
            // Its type was checked when the policy was loaded, so another type means that there is no such function.
            let Ok(start) = instance.get_typed_func::<(), ()>(&mut *store, name) else { continue };
            match start.call(&mut *store, ()).map_err(failed(step)) {
                Err(PolicyError::Init { reason, .. })
                    if name == "_start" && *reason == PolicyError::Exited(0) => {}
                other => other?,
            }
        }
        let call = instance.get_typed_func::<(u32, u32), u32>(&mut *store, GUEST_CALL).map_err(ended)?;
        call.call(store, (operation, payload)).map_err(ended)
    }
}

impl PolicyEngine for Policy {
    fn is_own(&self) -> bool {
        self.is_own
    }

    fn call(
        &self,
        operation: &str,
        payload: &[u8],
        host: Arc<dyn HostCalls>,
    ) -> Result<Vec<u8>, EngineError> {
        Self::call(self, operation, payload, host).map_err(|error| {
            let message = error.to_string();
            if error.is_unknown_operation() {
                EngineError::UnknownOperation(message)
            } else {
                EngineError::Failed(message)
            }
        })
    }
}

const GUEST_CALL: &str = "__guest_call";

/// The functions that a module may export to be started, in the order of their calls. The last one is no part of waPC: with it
/// the built-in policy registers `explain` and `findings`, which no other host needs.
const STARTS: [(&str, &str); 3] = [
    ("_start", "`_start`"),
    ("wapc_init", "`wapc_init`"),
    ("acr_pull_secret_init", "`acr_pull_secret_init`"),
];

/// The module as machine code: from the cache, or else compiled and kept.
fn compile(
    wasm: &[u8],
    limits: Limits,
    cache: Option<&Cache>,
    compiler: &Compiler,
) -> Result<Module, PolicyError> {
    let engine = match engine::engine(Placement::Pool, limits) {
        Ok(engine) => engine,
        Err(_) => on_demand(limits)?,
    };
    let kept = cache.and_then(|cache| cache.find(&engine, wasm));
    if let Some(module) = kept.and_then(|code| place(&code, &engine, limits).ok()) {
        return Ok(module);
    }
    let code = compiler.compile(&engine, wasm, limits)?;
    if let Some(cache) = cache {
        cache.keep(&engine, wasm, &code);
    }
    place(&code, &engine, limits)
}

/// Loads the code into this engine, or into one without a pool if it does not fit into the pool.
fn place(code: &Code, engine: &Engine, limits: Limits) -> Result<Module, PolicyError> {
    if let Ok(module) = code.module(engine) {
        return Ok(module);
    }
    let module = code.module(&on_demand(limits)?);
    module.map_err(|error| PolicyError::Invalid(format!("{error:#}")))
}

fn on_demand(limits: Limits) -> Result<Engine, PolicyError> {
    let engine = engine::engine(Placement::OnDemand, limits);
    engine.map_err(|error| PolicyError::Engine(format!("{error:#}")))
}

fn check_exports(module: &Module) -> Result<(), PolicyError> {
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(PolicyError::MissingExport("exported `memory`"));
    }
    let is_guest_call = |export: &ExternType| {
        export.func().is_some_and(|ty| {
            ty.params().len() == 2
                && ty.results().len() == 1
                && ty.params().chain(ty.results()).all(|value| matches!(value, ValType::I32))
        })
    };
    if !module.get_export(GUEST_CALL).as_ref().is_some_and(is_guest_call) {
        return Err(PolicyError::MissingExport("exported function `__guest_call(i32, i32) -> i32`"));
    }
    Ok(())
}

fn link(module: &Module) -> Result<InstancePre<State>, PolicyError> {
    let mut linker = Linker::new(module.engine());
    wapc::link(&mut linker)
        .and_then(|()| wasi::link(&mut linker, module))
        .map_err(|error| PolicyError::Engine(format!("{error:#}")))?;
    linker.instantiate_pre(module).map_err(|error| match error.downcast_ref::<UnknownImportError>() {
        Some(import) => {
            PolicyError::UnknownImport { module: import.module().to_owned(), name: import.name().to_owned() }
        }
        None => PolicyError::WrongImport(format!("{error:#}")),
    })
}
