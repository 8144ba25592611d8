//! JSON pointers (RFC 6901).

/// A token as it is written in a pointer: `a/b` becomes `a~1b`.
pub fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// A token of a pointer as it is meant: `a~1b` becomes `a/b`.
pub fn unescaped(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}
