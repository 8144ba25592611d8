//! Compiled policies, kept between runs: compiling takes a hundred times as long as checking a file.
//!
//! An entry is machine code, which runs without further checks, and `XDG_CACHE_HOME` may lead into a checkout. So an entry
//! is used only if its file and its folder have exactly the owner and mode that they are written with
//! ([`ownership`]), and if it is signed with a key that a checkout cannot contain ([`key`]). The folder can be deleted at
//! any time.

mod key;
mod ownership;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io;
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};
use wasmtime::Engine;

use self::key::{Key, SIGNATURE};
use super::code::Code;
use crate::files::atomic_file::{self, Access};
use crate::text::hex;

/// Entries that are kept; the oldest go.
const KEPT: usize = 8;

/// The largest entry that is read, in bytes: a policy of 20 MB compiles to less.
const LARGEST: u64 = 256 << 20;

const EXTENSION: &str = "compiled";

/// A folder of compiled policies.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
    /// The folder of the key; `None` if there is none
    key: Option<PathBuf>,
}

impl Cache {
    /// The cache folder of this user, such as `~/.cache/acr-pull-secret`; `None` if there is none.
    pub fn of_user() -> Option<Self> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(Self::at(folders.cache_dir().join("acr-pull-secret")))
    }

    /// A folder, which need not exist. Its entries are signed with the user's key.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder, key: key::folder_of_user() }
    }

    /// The compiled code of this module for such an engine, if a trusted entry has it.
    pub(super) fn find(&self, engine: &Engine, wasm: &[u8]) -> Option<Code> {
        self.read(&name(engine, wasm)).ok()
    }

    /// Keeps what was compiled. Where that is not possible, the next run compiles again.
    pub(super) fn keep(&self, engine: &Engine, wasm: &[u8], code: &Code) {
        let _ = self.write(&name(engine, wasm), code.bytes());
    }

    fn read(&self, name: &str) -> io::Result<Code> {
        let key = Key::read(self.key.as_deref().ok_or(io::ErrorKind::NotFound)?)?;
        let entry = ownership::folder(&self.folder)?.join(name);
        let mut signed = ownership::read(&entry, LARGEST)?;
        match signed.split_at_checked(SIGNATURE) {
            Some((signature, code)) if key.has_signed(signature, name, code) => {
                Ok(Code::of_ours(signed.split_off(SIGNATURE)))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn write(&self, name: &str, code: &[u8]) -> io::Result<()> {
        let key = Key::read_or_create(self.key.as_deref().ok_or(io::ErrorKind::NotFound)?)?;
        ownership::create_folder(&self.folder)?;
        let folder = ownership::folder(&self.folder)?;
        let entry = folder.join(name);
        // An existing entry was not usable: it may be a link, or read-only.
        let _ = fs::remove_file(&entry);
        atomic_file::save(&entry, &[&key.sign(name, code)[..], code].concat(), Access::Private)?;
        forget_oldest(&folder)
    }
}

fn forget_oldest(folder: &Path) -> io::Result<()> {
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder)?.flatten() {
        if entry.path().extension().is_some_and(|extension| extension == EXTENSION) {
            entries.push((entry.metadata()?.modified()?, entry.path()));
        }
    }
    entries.sort();
    entries.iter().rev().skip(KEPT).try_for_each(|(_, path)| fs::remove_file(path))
}

/// What the code depends on: the module, and the properties of the engine that wasmtime considers relevant.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let module = hex(&Sha256::digest(wasm));
    format!("{module}-{:016x}.{EXTENSION}", hasher.finish())
}
