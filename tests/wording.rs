//! Words that docs/style.md replaces do not come back, and what it writes instead is what the project says.

use std::fs;
use std::path::Path;

use ignore::WalkBuilder;
use regex::Regex;

use crate::engines::project;

/// The words, each of which is found as a whole word, in any case, and also where a line ends within it.
const WORDS: [&str; 46] = [
    "anew",
    "are told",
    "as it stands",
    "as they stand",
    "asked anonymously",
    "at its place",
    "beside the point",
    "for there is",
    "frees it cheapest",
    "hence only",
    "is hardly",
    "is none of",
    "is shut",
    "is told",
    "is worth",
    "it is said",
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

/// Words that names in the code may have, but no sentence: comments and documents are searched, without what is in backticks.
const WORDS_OF_SENTENCES: [&str; 9] =
    ["is said", "are said", "judge", "judged", "judgement", "judges", "judging", "told", "under judgement"];

const EXTENSIONS: [&str; 8] = ["html", "md", "rs", "sh", "toml", "ts", "yaml", "yml"];

/// What shows the words, what others wrote, and what is still to be reworded.
const LEFT_OUT: [&str; 4] = ["docs/style.md", "tests/wording.rs", "tests/manifests/", "tests/yaml-suite/"];

/// The texts that people read or edit: their names and what is in them.
fn texts() -> Vec<(String, String)> {
    let skipped = |name: &str| [".git", "target", "node_modules"].contains(&name);
    let entries = WalkBuilder::new(project(""))
        .hidden(false)
        .require_git(false)
        .filter_entry(move |entry| !entry.file_name().to_str().is_some_and(skipped))
        .build();
    let mut texts = Vec::new();
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = path.strip_prefix(project("")).unwrap().to_str().unwrap().to_owned();
        let is_text = path.extension().is_some_and(|found| EXTENSIONS.iter().any(|it| *it == found))
            || (name.starts_with(".ci/") || name == "justfile");
        if is_text && path.is_file() && !LEFT_OUT.iter().any(|left_out| name.starts_with(left_out)) {
            // Some inputs of tests are not UTF-8.
            texts.push((name, String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()));
        }
    }
    assert!(texts.len() > 300, "only {} files were searched", texts.len());
    texts
}

/// Finds these as whole words. A phrase may go on in the next line of a comment.
fn finder(words: &[&str]) -> Regex {
    let gap = r"(?:[ \t]+|[ \t]*\n[ \t]*(?://[/!]?|#|\*|>)?[ \t]*)";
    let words = words.iter().map(|word| word.replace(' ', gap)).collect::<Vec<_>>().join("|");
    Regex::new(&format!(r"(?i)\b(?:{words})\b")).unwrap()
}

/// Where a text has one of the words.
fn places(words: &Regex, name: &str, text: &str) -> Vec<String> {
    let place = |word: regex::Match<'_>| {
        let line = text.get(..word.start()).unwrap().matches('\n').count() + 1;
        format!("{name}:{line}: {:?}", word.as_str())
    };
    words.find_iter(text).map(place).collect()
}

#[test]
fn words_that_the_style_guide_replaces_do_not_come_back() {
    let words = finder(&WORDS);
    let found: Vec<String> = texts().iter().flat_map(|(name, text)| places(&words, name, text)).collect();
    assert!(found.is_empty(), "docs/style.md says what to write instead: {found:#?}");
}

/// The sentences of a text: its comments, or all of a document. The other lines are empty.
fn sentences(name: &str, text: &str) -> String {
    let code = Regex::new("`[^`\n]*`").unwrap();
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let marks: &[&str] = match extension {
        "md" | "html" => &[""],
        "rs" | "ts" => &["//", "/*", "* "],
        _ => &["#"],
    };
    let is_sentence = |line: &&str| marks.iter().any(|mark| line.trim_start().starts_with(mark));
    let lines =
        text.lines().map(|line| if is_sentence(&line) { code.replace_all(line, "") } else { "".into() });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn sentences_use_the_words_of_the_command() {
    let words = finder(&WORDS_OF_SENTENCES);
    let texts = texts();
    let found = texts.iter().flat_map(|(name, text)| places(&words, name, &sentences(name, text)));
    let found: Vec<String> = found.collect();
    assert!(found.is_empty(), "write `check`, or say what is reported: {found:#?}");
    assert_eq!(sentences("a.rs", "/// Judges `judge`.\nfn judge() {}"), "/// Judges .\n");
}

/// A text in one line, without the marks of comments, strings over several lines, code and links.
fn flat(text: &str) -> String {
    let marks = [
        (r"\\\n\s*", ""),
        (r"\n[ \t]*(?://[/!]?|#|\*)?[ \t]*", " "),
        (r"\[([^\]\n]*)\]\([^)\n]*\)", "$1"),
        ("`", ""),
    ];
    marks.iter().fold(text.to_lowercase(), |text, (mark, with)| {
        Regex::new(mark).unwrap().replace_all(&text, *with).into_owned()
    })
}

#[test]
fn what_the_style_guide_writes_instead_is_in_the_project() {
    let guide = fs::read_to_string(project("docs/style.md")).unwrap();
    let rows = guide.lines().skip_while(|line| *line != "| before | after |").skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let after: Vec<&str> = rows.map(|row| row.trim_end_matches(" |").rsplit(" | ").next().unwrap()).collect();
    assert!(after.len() > 15, "{after:?}");
    let texts: Vec<String> = texts().iter().map(|(_, text)| flat(text)).collect();
    let is_in = |sentence: &&str| {
        // What a message fills in is shown as an ellipsis.
        let parts: Vec<String> = sentence.split('…').map(|part| flat(part.trim())).collect();
        texts.iter().any(|text| parts.iter().all(|part| text.contains(part.as_str())))
    };
    let promised: Vec<&str> = after.into_iter().filter(|sentence| !is_in(sentence)).collect();
    assert!(promised.is_empty(), "docs/style.md shows what no file says: {promised:#?}");
}
