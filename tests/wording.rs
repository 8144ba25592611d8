//! Words that docs/style.md replaces do not come back.

use std::fs;

use ignore::WalkBuilder;
use regex::Regex;

use crate::engines::project;

/// The words, each of which is found as a whole word, in any case, and also where a line ends within it.
const WORDS: [&str; 42] = [
    "anew",
    "are told",
    "as it stands",
    "as they stand",
    "asked anonymously",
    "at its place",
    "beside the point",
    "frees it cheapest",
    "is none of",
    "is shut",
    "is told",
    "is worth",
    "itself accepted",
    "itself skipped",
    "knocks",
    "left as it was",
    "less one line end",
    "list them too",
    "make it anew",
    "mend",
    "mended",
    "mends",
    "nobody",
    "nothing to judge",
    "passed over",
    "reads as before",
    "say nothing about",
    "says nothing about",
    "somebody",
    "stands alone",
    "stands there",
    "stands twice",
    "takes the file's place",
    "tells of",
    "told of",
    "very policy",
    "were the type",
    "what is so before",
    "what makes",
    "what was so before",
    "whoever",
    "wrong call",
];

const EXTENSIONS: [&str; 8] = ["html", "md", "rs", "sh", "toml", "ts", "yaml", "yml"];

/// What shows the words, what others wrote, and what is still to be reworded.
const LEFT_OUT: [&str; 4] = ["docs/style.md", "tests/wording.rs", "tests/manifests/", "tests/yaml-suite/"];

#[test]
fn words_that_the_style_guide_replaces_do_not_come_back() {
    // A phrase may go on in the next line of a comment.
    let gap = r"(?:[ \t]+|[ \t]*\n[ \t]*(?://[/!]?|#|\*|>)?[ \t]*)";
    let words = WORDS.map(|word| word.replace(' ', gap)).join("|");
    let words = Regex::new(&format!(r"(?i)\b(?:{words})\b")).unwrap();
    let mut searched = 0;
    let mut found = Vec::new();
    let skipped = |name: &str| name == ".git" || name == "target";
    let entries = WalkBuilder::new(project(""))
        .hidden(false)
        .require_git(false)
        .filter_entry(move |entry| !entry.file_name().to_str().is_some_and(skipped))
        .build();
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = path.strip_prefix(project("")).unwrap().to_str().unwrap().to_owned();
        let is_text = path.extension().is_some_and(|found| EXTENSIONS.iter().any(|it| *it == found))
            || (name.starts_with(".ci/") || name == "justfile");
        if !is_text || !path.is_file() || LEFT_OUT.iter().any(|left_out| name.starts_with(left_out)) {
            continue;
        }
        // Some inputs of tests are not UTF-8.
        let text = String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
        searched += 1;
        for word in words.find_iter(&text) {
            let line = text.get(..word.start()).unwrap().matches('\n').count() + 1;
            found.push(format!("{name}:{line}: {:?}", word.as_str()));
        }
    }
    assert!(searched > 300, "only {searched} files were searched");
    assert!(found.is_empty(), "docs/style.md says what to write instead: {found:#?}");
}
