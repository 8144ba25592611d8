//! A line of a `.gitignore` file, written so that the library reads it as Git does.
//!
//! The library's globs have alternatives (`{a,b}`), which Git does not have, and no `\` in a class (`[a\]]`), which Git has.
//! Git's reading is that of `parse_path_pattern` in its `dir.c` and of `dowild` in its `wildmatch.c`. One thing is read as its
//! manual says and not as it does: `**` behind plain text (`a/b**/c`) is `*`.

use std::iter::Peekable;
use std::str::Chars;

/// The longest name of a class that is looked for, in characters. The names that exist have at most six.
const MOST_NAME: usize = 256;

/// The line for the library; none where it matches nothing.
pub(super) fn for_library(line: &str) -> Option<String> {
    if line.starts_with('#') {
        return None;
    }
    let line = without_spaces_behind(line);
    let (negation, pattern) = line.strip_prefix('!').map_or(("", line), |rest| ("!", rest));
    let (pattern, only_folders) = pattern.strip_suffix('/').map_or((pattern, ""), |rest| (rest, "/"));
    let is_path = pattern.contains('/');
    let glob = glob(pattern.strip_prefix('/').unwrap_or(pattern), is_path)?;
    // A path does not have empty parts.
    let is_possible = glob.split('/').all(|part| !part.is_empty());
    let root = if is_path { "/" } else { "" };
    is_possible.then(|| format!("{negation}{root}{glob}{only_folders}"))
}

fn without_spaces_behind(line: &str) -> &str {
    let (mut end, mut chars) = (0, line.chars());
    while let Some(c) = chars.next() {
        let is_escape = c == '\\';
        if is_escape {
            chars.next();
        }
        if is_escape || c != ' ' {
            end = line.len() - chars.as_str().len();
        }
    }
    line.get(..end).unwrap_or(line)
}

/// A pattern for the library. `**` means more than `*` only in one that is a path.
fn glob(pattern: &str, is_path: bool) -> Option<String> {
    let (mut glob, mut chars) = (String::new(), pattern.chars().peekable());
    while let Some(c) = chars.next() {
        match c {
            '*' => {
                let are_many = chars.next_if_eq(&'*').is_some();
                while chars.next_if_eq(&'*').is_some() {}
                let rest: String = chars.clone().take(2).collect();
                let is_part = (glob.is_empty() || glob.ends_with('/'))
                    && (rest.is_empty() || rest.starts_with('/') || rest == r"\/");
                glob += match rest.as_str() {
                    // Git looks for no folder at all before a plain `/` only.
                    r"\/" if is_path && are_many && is_part => "**/*",
                    _ if is_path && are_many && is_part => "**",
                    _ => "*",
                };
            }
            '?' => glob.push('?'),
            '[' => glob += &class(&mut chars)?,
            '\\' => literal(&mut glob, chars.next()?),
            c => literal(&mut glob, c),
        }
    }
    Some(glob)
}

fn literal(glob: &mut String, c: char) {
    match c {
        // The library takes a `\` before the last `/` for an escape, even where it is escaped itself.
        '\\' => *glob += r"[\]",
        '/' => glob.push('/'),
        c if c.is_ascii_punctuation() || c == ' ' => glob.extend(['\\', c]),
        c => glob.push(c),
    }
}

/// The rest of a class, behind its `[`; none where it is not valid.
fn class(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let is_negated = chars.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut class = Class::default();
    let (mut before, mut is_first) = (None, true);
    loop {
        let next = chars.next()?;
        before = match next {
            ']' if !is_first => return class.glob(is_negated),
            '\\' => Some(class.add(chars.next()?)),
            '-' if before.is_some() && chars.peek().is_some_and(|c| *c != ']') => {
                let end = chars.next().filter(|c| *c != '\\').or_else(|| chars.next())?;
                class.add_range(before?, end);
                None
            }
            '[' if chars.peek() == Some(&':') => {
                let rest: String = chars.clone().skip(1).take(MOST_NAME).collect();
                match rest.split_once(']')?.0.strip_suffix(':') {
                    Some(name) => {
                        class.add_named(name)?;
                        chars.nth(name.len() + 2)?;
                        None
                    }
                    None => Some(class.add('[')),
                }
            }
            c => Some(class.add(c)),
        };
        is_first = false;
    }
}

/// The characters of a class.
struct Class {
    ascii: [bool; 128],
    /// The others, as the library reads them
    others: String,
}

impl Default for Class {
    fn default() -> Self {
        Self { ascii: [false; 128], others: String::new() }
    }
}

impl Class {
    fn add(&mut self, c: char) -> char {
        self.add_range(c, c);
        c
    }

    fn add_range(&mut self, start: char, end: char) {
        for (c, has) in (0_u8..).map(char::from).zip(&mut self.ascii) {
            *has |= (start..=end).contains(&c);
        }
        if !end.is_ascii() && start <= end {
            self.others.extend([start.max('\x7f'), '-', end]);
        }
    }

    fn add_named(&mut self, name: &str) -> Option<()> {
        let is_in = match name {
            "alnum" => |c: char| c.is_ascii_alphanumeric(),
            "alpha" => |c: char| c.is_ascii_alphabetic(),
            "blank" => |c: char| matches!(c, ' ' | '\t'),
            "cntrl" => |c: char| c.is_ascii_control(),
            "digit" => |c: char| c.is_ascii_digit(),
            "graph" => |c: char| c.is_ascii_graphic(),
            "lower" => |c: char| c.is_ascii_lowercase(),
            "print" => |c: char| c.is_ascii_graphic() || c == ' ',
            "punct" => |c: char| c.is_ascii_punctuation(),
            "space" => |c: char| matches!(c, ' ' | '\t' | '\n' | '\r'),
            "upper" => |c: char| c.is_ascii_uppercase(),
            "xdigit" => |c: char| c.is_ascii_hexdigit(),
            _ => return None,
        };
        for (c, has) in (0_u8..).map(char::from).zip(&mut self.ascii) {
            *has |= is_in(c);
        }
        Some(())
    }

    /// What means the class for the library, where `]` is one of it as the first character only, and `-` as the last one.
    fn glob(&self, is_negated: bool) -> Option<String> {
        let has = |c: char| c != '/' && self.ascii.get(c as usize).is_some_and(|has| *has);
        let mut inner = String::new();
        inner.extend(Some(']').filter(|c| has(*c)));
        let is_plain = |c: &char| has(*c) && !"[]^!-".contains(*c);
        let mut ascii = (0_u8..128).map(char::from).peekable();
        while let Some(start) = ascii.next() {
            if is_plain(&start) {
                let mut end = start;
                while let Some(next) = ascii.next_if(is_plain) {
                    end = next;
                }
                inner.extend([start, '-', end]);
            }
        }
        inner += &self.others;
        inner.extend("[^!-".chars().filter(|c| has(*c)));
        match (is_negated, inner.is_empty()) {
            (true, true) => Some("?".to_owned()),
            (false, true) => None,
            (true, false) => Some(format!("[!{inner}]")),
            // No path has a zero byte, but in the first place these two would negate.
            (false, false) if inner.starts_with(['^', '!']) => Some(format!("[\0{inner}]")),
            (false, false) => Some(format!("[{inner}]")),
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::path::Path;
    use std::process::{Command, Stdio};

    use super::super::Ignored;

    const FILES: [&str; 22] = [
        "a",
        "b.yml",
        "a.yml",
        "].yml",
        r"\.yml",
        "[a].yml",
        "{a,b}.yml",
        "-.yml",
        "!.yml",
        "^.yml",
        "#.yml",
        "a ",
        r"a\",
        "ä.yml",
        "1.yml",
        "d/a",
        "d/a.yml",
        "d/e/a",
        "d/e/b.yml",
        "f/e/a.yml",
        "{d,f}/a",
        "foo.d/x",
    ];

    /// Lines, and the files that Git ignores by them.
    const LINES: [(&str, &[&str]); 49] = [
        ("{a,b}.yml", &["{a,b}.yml"]),
        ("{d,f}/a", &["{d,f}/a"]),
        ("{a", &[]),
        ("a}", &[]),
        (r"\{a,b\}.yml", &["{a,b}.yml"]),
        (r"[a\].yml", &[]),
        (r"[a\]].yml", &["].yml", "a.yml", "d/a.yml", "f/e/a.yml"]),
        (r"[\]].yml", &["].yml"]),
        (r"[\\].yml", &[r"\.yml"]),
        ("[]a].yml", &["].yml", "a.yml", "d/a.yml", "f/e/a.yml"]),
        (r"[!]a].yml", &["!.yml", "#.yml", "-.yml", "1.yml", r"\.yml", "^.yml", "b.yml", "d/e/b.yml"]),
        (r"[^!-z].yml", &[]),
        ("[a-].yml", &["-.yml", "a.yml", "d/a.yml", "f/e/a.yml"]),
        ("[a", &[]),
        ("[]", &[]),
        ("[z-a].yml", &[]),
        ("[z-az].yml", &[]),
        (r"[\!^].yml", &["!.yml", "^.yml"]),
        (r"[\!].yml", &["!.yml"]),
        (r"[\^-].yml", &["-.yml", "^.yml"]),
        (r"[--0].yml", &["-.yml"]),
        ("[[:digit:]].yml", &["1.yml"]),
        ("[[:digit:]#].yml", &["#.yml", "1.yml"]),
        ("[[:word:]a].yml", &[]),
        ("[[:a].yml", &["a.yml", "d/a.yml", "f/e/a.yml"]),
        (r"[[].yml", &[]),
        (r"\[a\].yml", &["[a].yml"]),
        (r"d\/a", &["d/a"]),
        (r"\/a", &[]),
        (r"d\/", &[]),
        (r"d/**\/a", &["d/e/a"]),
        ("**//a", &[]),
        ("d//a", &[]),
        ("//a", &[]),
        ("a//", &[]),
        ("**/a", &["a", "d/a", "d/e/a", "{d,f}/a"]),
        ("***/a", &["a", "d/a", "d/e/a", "{d,f}/a"]),
        ("d/***", &["d/a", "d/a.yml", "d/e/a", "d/e/b.yml"]),
        ("/**/e/", &["d/e/a", "d/e/b.yml", "f/e/a.yml"]),
        ("d**", &["d/a", "d/a.yml", "d/e/a", "d/e/b.yml"]),
        (r"a\ ", &["a "]),
        ("a  ", &["a", "d/a", "d/e/a", "{d,f}/a"]),
        (r"a\", &[]),
        (r"a\\", &[r"a\"]),
        (r"a\\/", &[]),
        (r"\#.yml", &["#.yml"]),
        (r"\!.yml", &["!.yml"]),
        ("[ä].yml", &[]),
        ("?.?.yml", &[]),
    ];

    fn write(root: &Path, file: &str, text: &str) {
        let path = root.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in FILES {
            write(root.path(), file, "");
        }
        root
    }

    fn ignored(root: &Path) -> Vec<String> {
        let ignored = Ignored::below(root);
        let is_ignored = |file: &&str| {
            let above = Path::new(file).ancestors().filter(|path| *path != Path::new(""));
            above.enumerate().any(|(at, path)| ignored.has(&root.join(path), at > 0))
        };
        FILES.into_iter().filter(is_ignored).map(str::to_owned).collect()
    }

    fn ignored_by_git(root: &Path) -> Vec<String> {
        let mut git = Command::new("git");
        git.args(["check-ignore", "--no-index", "-z", "--stdin"]).current_dir(root);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
        let mut git = git.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        git.stdin.take().unwrap().write_all(FILES.join("\0").as_bytes()).unwrap();
        let output = String::from_utf8(git.wait_with_output().unwrap().stdout).unwrap();
        output.split_terminator('\0').map(str::to_owned).collect()
    }

    #[test]
    fn a_line_ignores_what_git_ignores_by_it() {
        let root = tree();
        let init = Command::new("git").args(["init", "-q"]).current_dir(root.path()).status();
        let has_git = init.is_ok_and(|status| status.success());
        let mut wrong = Vec::new();
        for (line, expected) in LINES {
            write(root.path(), ".gitignore", &format!("{line}\n"));
            let mut rows = vec![("this command", ignored(root.path()))];
            rows.extend(has_git.then(|| ("Git", ignored_by_git(root.path()))));
            for (by, mut files) in rows {
                files.sort_unstable();
                if files != expected {
                    wrong.push(format!("{line}: {by} ignores {files:?}, not {expected:?}"));
                }
            }
        }
        assert_eq!(wrong, [""; 0]);
    }

    /// A line that ignores nothing may have been dropped where it was meant to bring something back.
    #[test]
    fn a_line_brings_back_what_git_brings_back_by_it() {
        let root = tree();
        for (line, kept) in [
            ("!{a,b}.yml", "{a,b}.yml"),
            (r"!\!.yml", "!.yml"),
            ("!!.yml", "!.yml"),
            ("!#.yml", "#.yml"),
            (r"!/\#.yml", "#.yml"),
            (r"!a\ ", "a "),
            ("!/a\r", "a"),
        ] {
            write(root.path(), ".gitignore", &format!("*\n{line}\n"));
            let ours = ignored(root.path());
            let missing: Vec<&str> =
                FILES.into_iter().filter(|file| ours.iter().all(|ignored| ignored != file)).collect();
            assert_eq!(missing, [kept], "{line}");
        }
    }

    #[test]
    fn a_line_of_any_length_takes_no_time() {
        for (line, is_valid) in
            [("[", true), ("[[:", false), ("{", true), ("[a", true), ("**/", true), (r"\", true)]
        {
            let text = format!("{}]", line.repeat((64 << 10) / line.len()));
            assert_eq!(super::for_library(&text).is_some(), is_valid, "{line}");
        }
    }
}
