//! The host's side of waPC: how a request enters the guest, how its answer leaves, and how it asks the host.
//!
//! The guest knows the lengths of the request from `__guest_call` and provides the room; the host keeps the last host call's
//! answer until the guest has fetched it. All pointers and lengths are unsigned, for any type that a guest's compiler uses; one
//! that leaves the guest's memory ends the guest.

use review::host_calls::HostCalls;
use wasmtime::{Caller, Linker, Result};

use super::error::PolicyError;
use super::guest::{Memory, State};

/// The namespace of these imports.
const MODULE: &str = "wapc";

pub(super) fn link(linker: &mut Linker<State>) -> Result<()> {
    linker.func_wrap(MODULE, "__guest_request", guest_request)?;
    linker.func_wrap(MODULE, "__guest_response", guest_response)?;
    linker.func_wrap(MODULE, "__guest_error", guest_error)?;
    linker.func_wrap(MODULE, "__host_call", host_call)?;
    linker.func_wrap(MODULE, "__host_response_len", host_response_len)?;
    linker.func_wrap(MODULE, "__host_response", host_response)?;
    linker.func_wrap(MODULE, "__host_error_len", host_error_len)?;
    linker.func_wrap(MODULE, "__host_error", host_error)?;
    linker.func_wrap(MODULE, "__console_log", console_log)?;
    Ok(())
}

fn guest_request(mut caller: Caller<'_, State>, operation: u32, payload: u32) -> Result<()> {
    let (mut memory, state) = Memory::of(&mut caller, "__guest_request")?;
    memory.write(payload, &state.payload)?;
    memory.write(operation, state.operation.as_bytes())?;
    Ok(())
}

fn guest_response(mut caller: Caller<'_, State>, pointer: u32, length: u32) -> Result<()> {
    let (memory, state) = Memory::of(&mut caller, "__guest_response")?;
    state.answer = Some(memory.read_at_most(pointer, length, state.limits.response)?.to_vec());
    Ok(())
}

fn guest_error(mut caller: Caller<'_, State>, pointer: u32, length: u32) -> Result<()> {
    let (memory, state) = Memory::of(&mut caller, "__guest_error")?;
    state.error = Some(memory.text(pointer, length, state.limits.response)?.to_owned());
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "waPC defines the signature")]
fn host_call(
    mut caller: Caller<'_, State>,
    binding: u32,
    binding_length: u32,
    namespace: u32,
    namespace_length: u32,
    operation: u32,
    operation_length: u32,
    payload: u32,
    payload_length: u32,
) -> Result<u32> {
    let (memory, state) = Memory::of(&mut caller, "__host_call")?;
    if state.host_calls >= state.limits.host_calls {
        return Err(PolicyError::TooManyHostCalls(state.limits.host_calls).into());
    }
    state.host_calls += 1;
    let limit = state.limits.response;
    let binding = memory.text(binding, binding_length, limit)?;
    let namespace = memory.text(namespace, namespace_length, limit)?;
    let operation = memory.text(operation, operation_length, limit)?;
    let payload = memory.read_at_most(payload, payload_length, limit)?;
    let is_output = (namespace, operation) == ("tracing", "log");
    let answer = if is_output && !state.output.spend(payload.len(), &*state.host) {
        Ok(Vec::new())
    } else {
        state.host.call(binding, namespace, operation, payload)
    };
    // What does not fit the guest's 32-bit lengths could not be fetched.
    let answer = match answer {
        Ok(answer) if u32::try_from(answer.len()).is_err() => Err("the host's answer is too long".to_owned()),
        other => other,
    };
    state.host_answer.clear();
    state.host_error.clear();
    match answer {
        Ok(answer) => {
            state.host_answer = answer;
            Ok(1)
        }
        Err(error) => {
            state.host_error = error;
            Ok(0)
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "wasmtime hands it over")]
fn host_response_len(caller: Caller<'_, State>) -> u32 {
    u32::try_from(caller.data().host_answer.len()).unwrap_or(u32::MAX)
}

fn host_response(mut caller: Caller<'_, State>, pointer: u32) -> Result<()> {
    let (mut memory, state) = Memory::of(&mut caller, "__host_response")?;
    memory.write(pointer, &state.host_answer)?;
    Ok(())
}

#[allow(clippy::needless_pass_by_value, reason = "wasmtime hands it over")]
fn host_error_len(caller: Caller<'_, State>) -> u32 {
    u32::try_from(caller.data().host_error.len()).unwrap_or(u32::MAX)
}

fn host_error(mut caller: Caller<'_, State>, pointer: u32) -> Result<()> {
    let (mut memory, state) = Memory::of(&mut caller, "__host_error")?;
    memory.write(pointer, state.host_error.as_bytes())?;
    Ok(())
}

fn console_log(mut caller: Caller<'_, State>, pointer: u32, length: u32) -> Result<()> {
    let (memory, state) = Memory::of(&mut caller, "__console_log")?;
    let text = memory.text(pointer, length, state.limits.response)?;
    let host: &dyn HostCalls = &*state.host;
    state.output.hear(text.as_bytes(), host);
    state.output.flush(host);
    Ok(())
}
