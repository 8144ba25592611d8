//! The facts about a WebAssembly module that are known without running it.

use serde::Serialize;
use wasmparser::{BinaryReaderError, Encoding, Parser, Payload};

/// The imports, exports and sections of a module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Module {
    /// What it imports: `wapc.__guest_call`
    pub imports: Vec<String>,
    /// What it exports
    pub exports: Vec<String>,
    /// Its custom sections, in order
    pub custom_sections: Vec<CustomSection>,
}

/// A custom section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CustomSection {
    /// Its name
    pub name: String,
    /// The length of its content, in bytes
    pub size: usize,
}

/// Why bytes are not a module.
#[derive(Debug, thiserror::Error)]
pub enum ModuleError {
    /// The header is missing
    #[error("this is not a WebAssembly module: it does not begin with the header of a core module")]
    NotAModule,
    /// They cannot be parsed
    #[error("this is not a WebAssembly module: {}", .0.message())]
    Unreadable(BinaryReaderError),
    /// They are a component, which is a newer format
    #[error("this is a WebAssembly component; Kubewarden runs core modules")]
    Component,
    /// The names of its imports are together longer than the module
    #[error("the imports of this module have longer names than the whole module")]
    Imports,
}

impl Module {
    /// Reads a module.
    ///
    /// # Errors
    /// - the bytes are not a WebAssembly module
    pub fn parse(wasm: &[u8]) -> Result<Self, ModuleError> {
        if !wasm.starts_with(b"\0asm") {
            return Err(ModuleError::NotAModule);
        }
        let mut module = Self::default();
        let mut left = wasm.len();
        for payload in Parser::new(0).parse_all(wasm) {
            match payload.map_err(ModuleError::Unreadable)? {
                Payload::Version { encoding: Encoding::Component, .. } => return Err(ModuleError::Component),
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import.map_err(ModuleError::Unreadable)?;
                        let length = import.module.len() + import.name.len();
                        left = left.checked_sub(length).ok_or(ModuleError::Imports)?;
                        module.imports.push(format!("{}.{}", import.module, import.name));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        module.exports.push(export.map_err(ModuleError::Unreadable)?.name.to_owned());
                    }
                }
                Payload::CustomSection(section) => module
                    .custom_sections
                    .push(CustomSection { name: section.name().to_owned(), size: section.data().len() }),
                _ => {}
            }
        }
        Ok(module)
    }
}
