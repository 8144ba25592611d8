//! What runs the policy.

use std::sync::Arc;

use crate::host_calls::HostCalls;

/// A policy that can be called, with any runtime.
pub trait Engine: Send + Sync {
    /// Calls an operation with a JSON payload and returns the policy's JSON answer. `host` answers its host calls.
    ///
    /// # Errors
    /// - the policy has no such operation, or gives no answer
    fn call(&self, operation: &str, payload: &[u8], host: Arc<dyn HostCalls>)
    -> Result<Vec<u8>, EngineError>;

    /// Whether it is this project's policy, whose findings are taken as it writes them.
    fn is_own(&self) -> bool {
        true
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The policy has no operation of this name
    #[error("{0}")]
    UnknownOperation(String),
    /// The policy fails
    #[error("{0}")]
    Failed(String),
}
