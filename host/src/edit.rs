//! How an edit of a file is shown.

pub(crate) mod diff;
