//! Edits of files: the smallest change of a text that adds names to lists of pull secrets.

pub mod fix;
pub(crate) mod text_edit;
