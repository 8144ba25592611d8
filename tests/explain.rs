//! `explain` needs a policy that explains.

use crate::engines::run;

/// As every policy on waPC's library for Rust answers an operation that it does not have.
const FOREIGN: &str = r#"(module
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "No handler registered for function \"explain\"")
  (func (export "__guest_call") (param i32 i32) (result i32)
    (call $error (i32.const 0) (i32.const 44))
    (i32.const 0)))"#;

#[test]
fn a_foreign_policy_without_explain_is_reported() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("policy.wasm");
    std::fs::write(&policy, wat::parse_str(FOREIGN).unwrap()).unwrap();
    let output = run(&["explain", "--policy", &policy.display().to_string(), "contoso.azurecr.io/web"], "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("this policy does not support explain: leave out --policy"), "{said}");
}
