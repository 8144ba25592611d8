//! The key that entries are signed with.
//!
//! It is in the home folder according to the system's user database, not in one that `HOME` or an `XDG_…` variable names: CI
//! sets these, often to a folder of the checkout, and what is in there may have come with the checkout.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::ownership;
use crate::files::atomic_file::{ENDING, UNFINISHED};

/// Bytes of a signature.
pub(super) const SIGNATURE: usize = 32;

/// Bytes of a key.
const LENGTH: usize = 32;

/// Bytes of a file that is taken for a broken key and replaced; a larger one was not written here.
const LONGEST_READ: u64 = 4 << 10;

/// The name of the key's file.
const FILE: &str = "cache-key";

/// Where the key is in the home folder.
const PLACE: &str =
    if cfg!(windows) { r"AppData\Local\acr-pull-secret\key" } else { ".local/state/acr-pull-secret" };

/// The folder of the user's key; `None` where the user has no own home folder, as in many containers.
pub(super) fn folder_of_user() -> Option<PathBuf> {
    Some(home()?.join(PLACE))
}

#[cfg(unix)]
fn home() -> Option<PathBuf> {
    use nix::unistd::{Uid, User};

    let home = User::from_uid(Uid::effective()).ok()??.dir;
    let is_own = home.is_absolute() && home.metadata().is_ok_and(|metadata| ownership::is_ours(&metadata));
    is_own.then_some(home)
}

#[cfg(not(unix))]
fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|home| home.is_absolute())
}

/// A secret of this user.
pub(super) struct Key([u8; LENGTH]);

impl Key {
    /// The key in this folder.
    ///
    /// # Errors
    /// - there is none, or others could have put it there
    pub(super) fn read(folder: &Path) -> io::Result<Self> {
        let folder = ownership::folder(folder)?;
        if ownership::is_in_work_tree(&folder) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let key = ownership::read(&folder.join(FILE), LONGEST_READ)?;
        // Where a system crashes, a file can be left with zeros, which anyone could sign with.
        let key = key.try_into().ok().filter(|key| *key != [0; LENGTH]);
        key.map(Self).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// The key in this folder, where there is none a new one. Of several processes that create it at once, one does.
    ///
    /// # Errors
    /// - the folder cannot be written, or others could have put the key there
    pub(super) fn read_or_create(folder: &Path) -> io::Result<Self> {
        match Self::read(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            // A crash of the system left a part of it. It is the user's own file, so it can be replaced.
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                fs::remove_file(ownership::folder(folder)?.join(FILE))?;
            }
            other => return other,
        }
        ownership::create_folder(folder)?;
        let place = ownership::folder(folder)?;
        let mut key = [0; LENGTH];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        // The file appears under its name when it is whole, and only if no other one is there: the first stays.
        let mut file = tempfile::Builder::new().prefix(UNFINISHED).suffix(ENDING).tempfile_in(&place)?;
        file.write_all(&key)?;
        file.as_file().sync_all()?;
        let _taken = file.persist_noclobber(place.join(FILE));
        Self::read(folder)
    }

    /// The signature of an entry: of its code and its name, so that an entry cannot be used for another.
    pub(super) fn sign(&self, name: &str, code: &[u8]) -> [u8; SIGNATURE] {
        self.signer(name, code).finalize().into_bytes().into()
    }

    /// Whether the signature is that of this entry, in a time that does not depend on where it differs.
    pub(super) fn has_signed(&self, signature: &[u8], name: &str, code: &[u8]) -> bool {
        self.signer(name, code).verify_slice(signature).is_ok()
    }

    fn signer(&self, name: &str, code: &[u8]) -> Hmac<Sha256> {
        // The key of an HMAC is as long as a block of its hash, and a shorter one is filled up with zeros (RFC 2104).
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(to, from)| *to = from);
        Hmac::<Sha256>::new(&block.into()).chain_update(name).chain_update([0]).chain_update(code)
    }
}
