//! One running guest as the host sees it: its memory, its budget, its output, and its request.

use std::sync::Arc;
use std::time::Instant;

use wasmtime::{Caller, Extern, ResourceLimiter};

use super::error::PolicyError;
use super::limits::Limits;
use review::host_calls::HostCalls;

/// The state behind one evaluation.
pub(super) struct State {
    pub(super) host: Arc<dyn HostCalls>,
    pub(super) limits: Limits,
    pub(super) operation: String,
    pub(super) payload: Vec<u8>,
    pub(super) answer: Option<Vec<u8>>,
    pub(super) error: Option<String>,
    pub(super) host_answer: Vec<u8>,
    pub(super) host_error: String,
    pub(super) host_calls: u32,
    pub(super) budget: Budget,
    pub(super) output: GuestOutput,
    pub(super) started: Instant,
}

impl State {
    pub(super) fn new(operation: &str, payload: &[u8], host: Arc<dyn HostCalls>, limits: Limits) -> Self {
        Self {
            host,
            limits,
            operation: operation.to_owned(),
            payload: payload.to_owned(),
            answer: None,
            error: None,
            host_answer: Vec::new(),
            host_error: String::new(),
            host_calls: 0,
            budget: Budget { used: 0, limit: limits.memory },
            output: GuestOutput::default(),
            started: Instant::now(),
        }
    }

    /// What the guest left behind when `__guest_call` returned `code`, read as policy-server reads it.
    pub(super) fn outcome(self, code: u32) -> Result<Vec<u8>, PolicyError> {
        match (code, self.answer, self.error) {
            (1.., Some(answer), _) => Ok(answer),
            (_, _, Some(error)) => Err(PolicyError::Guest(error)),
            _ => Err(PolicyError::NoResponse { code }),
        }
    }
}

/// The guest's memory during one call from it.
pub(super) struct Memory<'a> {
    bytes: &'a mut [u8],
    call: &'static str,
}

impl<'a> Memory<'a> {
    /// The memory of the guest that is calling `call`, and the state of the call.
    pub(super) fn of(
        caller: &'a mut Caller<'_, State>,
        call: &'static str,
    ) -> Result<(Self, &'a mut State), PolicyError> {
        let memory = caller.get_export("memory").and_then(Extern::into_memory);
        let memory = memory.ok_or(PolicyError::MissingExport("memory"))?;
        let (bytes, state) = memory.data_and_store_mut(caller);
        Ok((Self { bytes, call }, state))
    }

    pub(super) fn read(&self, pointer: u32, length: u32) -> Result<&[u8], PolicyError> {
        let start = pointer as usize;
        let end = start.checked_add(length as usize);
        end.and_then(|end| self.bytes.get(start..end)).ok_or(PolicyError::OutOfBounds { call: self.call })
    }

    /// As [`Memory::read`], refusing more than `limit` bytes.
    pub(super) fn read_at_most(&self, pointer: u32, length: u32, limit: usize) -> Result<&[u8], PolicyError> {
        let bytes = self.read(pointer, length)?;
        if bytes.len() > limit {
            return Err(PolicyError::TooLarge { call: self.call, length: bytes.len(), limit });
        }
        Ok(bytes)
    }

    /// As [`Memory::read_at_most`], as UTF-8.
    pub(super) fn text(&self, pointer: u32, length: u32, limit: usize) -> Result<&str, PolicyError> {
        let bytes = self.read_at_most(pointer, length, limit)?;
        std::str::from_utf8(bytes).map_err(|_| PolicyError::NotUtf8 { call: self.call })
    }

    /// The writable bytes of a range.
    pub(super) fn slot(&mut self, pointer: u32, length: usize) -> Result<&mut [u8], PolicyError> {
        let start = pointer as usize;
        let end = start.checked_add(length);
        end.and_then(|end| self.bytes.get_mut(start..end)).ok_or(PolicyError::OutOfBounds { call: self.call })
    }

    pub(super) fn write(&mut self, pointer: u32, bytes: &[u8]) -> Result<(), PolicyError> {
        self.slot(pointer, bytes.len())?.copy_from_slice(bytes);
        Ok(())
    }
}

/// Counts the bytes of all memories and tables together, so that many small ones cannot bypass the limit.
pub(super) struct Budget {
    used: usize,
    limit: usize,
}

impl Budget {
    // An error ends the guest at once. If only the growth failed, the guest would crash later with an unclear reason.
    fn grow(&mut self, by: usize, possible: bool) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(by);
        if used > self.limit {
            return Err(PolicyError::OutOfMemory(self.limit).into());
        }
        if possible {
            self.used = used;
        }
        Ok(possible)
    }
}

impl ResourceLimiter for Budget {
    fn memory_growing(&mut self, now: usize, wanted: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        self.grow(wanted.saturating_sub(now), most.is_none_or(|most| wanted <= most))
    }

    fn table_growing(&mut self, now: usize, wanted: usize, most: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = wanted.saturating_sub(now).saturating_mul(size_of::<usize>());
        self.grow(bytes, most.is_none_or(|most| wanted <= most))
    }
}

/// The output of the guest on its standard streams and console: passed on line by line, up to a limit.
pub(super) struct GuestOutput {
    line: Vec<u8>,
    left: usize,
}

impl GuestOutput {
    /// Bytes of output that are passed on in one evaluation.
    pub(super) const MOST: usize = 64 << 10;
    /// Bytes after which a line is broken.
    pub(super) const LINE: usize = 4 << 10;

    pub(super) fn hear(&mut self, bytes: &[u8], host: &dyn HostCalls) {
        for &byte in bytes.get(..self.left).unwrap_or(bytes) {
            if byte == b'\n' || self.line.len() >= Self::LINE {
                self.flush(host);
            }
            if byte != b'\n' {
                self.line.push(byte);
            }
        }
        self.spend(bytes.len(), host);
    }

    /// Subtracts the length of an output from the remaining limit; false when the limit is reached.
    pub(super) fn spend(&mut self, length: usize, host: &dyn HostCalls) -> bool {
        let is_last = self.left > 0 && length >= self.left;
        self.left = self.left.saturating_sub(length);
        if is_last {
            self.flush(host);
            host.log("(further output of the policy is left out)");
        }
        self.left > 0
    }

    pub(super) fn flush(&mut self, host: &dyn HostCalls) {
        if self.line.is_empty() {
            return;
        }
        // Escape sequences of a foreign policy must not reach the user's terminal.
        let text =
            String::from_utf8_lossy(&self.line).replace(|c: char| c.is_control() && c != '\t', "\u{fffd}");
        self.line.clear();
        host.log(&text);
    }
}

impl Default for GuestOutput {
    fn default() -> Self {
        Self { line: Vec::new(), left: Self::MOST }
    }
}
