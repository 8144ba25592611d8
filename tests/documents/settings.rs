//! Settings in documents are ones that the policy accepts.

use std::fs;
use std::sync::Arc;

use super::documents;
use crate::engines::{json, our_host};
use crate::tables::NoHost;

/// A block of YAML whose first line is this comment has settings.
const MARK: &str = "```yaml\n# settings.yaml\n";

#[test]
fn the_policy_accepts_all_settings_in_documents() {
    let mut accepted = 0;
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for block in text.split(MARK).skip(1) {
            let (settings, _) = block.split_once("```").unwrap();
            let (documents, error) = review::yaml::documents(settings);
            assert_eq!(error, None, "{settings}");
            let payload = documents[0].value.to_string();
            let answer = json(&our_host("validate_settings", payload.as_bytes(), Arc::new(NoHost)));
            assert_eq!(answer["valid"], true, "{}: {settings}: {}", document.display(), answer["message"]);
            accepted += 1;
        }
    }
    assert!(accepted >= 8, "only {accepted} blocks");
}
