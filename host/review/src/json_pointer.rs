//! JSON pointers (RFC 6901).

/// A token as it is written in a pointer: `a/b` becomes `a~1b`.
pub fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}
