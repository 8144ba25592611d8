//! The calls that a policy may make to its host.

/// The host as a policy sees it.
pub trait HostCalls: Send + Sync {
    /// Answers a host call: in Kubewarden, `binding` is `kubewarden`, `namespace` and `operation` name the request, and payload
    /// and answer are JSON. The policy's time runs on meanwhile.
    ///
    /// # Errors
    /// The text that the policy gets.
    fn call(
        &self,
        binding: &str,
        namespace: &str,
        operation: &str,
        payload: &[u8],
    ) -> Result<Vec<u8>, String>;

    /// Takes a line that the policy wrote to its standard output, standard error or console, without control characters.
    /// One call of a policy writes at most 64 KiB, including its `tracing` `log` events. By default, lines are dropped.
    fn log(&self, line: &str) {
        let _ = line;
    }
}
