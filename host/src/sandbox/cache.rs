//! Compiled policies, kept between runs: compiling takes a hundred times as long as judging a file.
//!
//! An entry is machine code, which runs without further checks. So an entry is used only if no other user could have
//! written it and it has not changed since. The folder can be deleted at any time.

use std::fs::{self, File, Metadata};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;
use sha2::{Digest as _, Sha256};
use wasmtime::{Engine, Module};

use crate::files::atomic_file::{self, Access};
use crate::text::hex;

/// Entries that are kept; the oldest go.
const KEPT: usize = 8;

/// The largest entry that is read, in bytes: a policy of 20 MB compiles to less.
const LARGEST: u64 = 256 << 20;

/// Bytes of the sum at the start of an entry.
const SUM: usize = 32;

/// A folder of compiled policies.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// The folder that the system has for this user, such as `~/.cache/acr-pull-secret`; `None` where there is none.
    pub fn of_user() -> Option<Self> {
        let folders = etcetera::choose_base_strategy().ok()?;
        Some(Self::at(folders.cache_dir().join("acr-pull-secret")))
    }

    /// A folder, which need not exist.
    pub fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// The module compiled for this engine: from the folder, or else compiled and left there.
    ///
    /// # Errors
    /// - the module does not compile. A folder that cannot be used is no error, it only takes longer
    pub(super) fn module(&self, engine: &Engine, wasm: &[u8]) -> wasmtime::Result<Module> {
        let entry = self.folder.join(name(engine, wasm));
        if let Some(module) = read(&entry).ok().and_then(|code| deserialize(engine, &code)) {
            return Ok(module);
        }
        let module = Module::new(engine, wasm)?;
        if let Ok(code) = module.serialize() {
            // If the folder cannot be written, the next run compiles again.
            let _ = self.write(&entry, &code);
        }
        Ok(module)
    }

    fn write(&self, entry: &Path, code: &[u8]) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)?;
        if !is_ours(&self.folder.metadata()?) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        // An existing entry was not usable. Remove it, so that the new one does not keep its permissions.
        let _ = fs::remove_file(entry);
        atomic_file::save(entry, &[&Sha256::digest(code)[..], code].concat(), Access::Private)?;
        self.forget_oldest()
    }

    fn forget_oldest(&self) -> io::Result<()> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(&self.folder)?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == EXTENSION) {
                entries.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        entries.sort();
        entries.iter().rev().skip(KEPT).try_for_each(|(_, path)| fs::remove_file(path))
    }
}

const EXTENSION: &str = "compiled";

/// What the code depends on: the module, and everything about the engine that wasmtime counts.
fn name(engine: &Engine, wasm: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    let module = hex(&Sha256::digest(wasm));
    format!("{module}-{:016x}.{EXTENSION}", hasher.finish())
}

/// The code in an entry that is ours and whole.
fn read(entry: &Path) -> io::Result<Vec<u8>> {
    let folder = entry.parent().ok_or(io::ErrorKind::NotFound)?;
    // Of the opened file, because another one may come to be in its place.
    let mut file = File::open(entry)?;
    let metadata = file.metadata()?;
    if !is_ours(&folder.metadata()?) || !is_ours(&metadata) || !metadata.is_file() || metadata.len() > LARGEST
    {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    match bytes.split_at_checked(SUM) {
        Some((sum, code)) if Sha256::digest(code)[..] == *sum => Ok(bytes.split_off(SUM)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Whether nobody else could have written it.
#[cfg(unix)]
fn is_ours(metadata: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    is_closed(metadata.uid(), metadata.mode(), rustix::process::geteuid().as_raw())
}

/// Whether only `user` may write what has this owner and mode.
#[cfg(unix)]
fn is_closed(owner: u32, mode: u32, user: u32) -> bool {
    const OTHERS_MAY_WRITE: u32 = 0o022;
    owner == user && mode & OTHERS_MAY_WRITE == 0
}

/// The system's folder for a user's caches is closed to others.
#[cfg(not(unix))]
fn is_ours(_: &Metadata) -> bool {
    true
}

/// `None` where the code is for another engine or another version of it.
#[expect(unsafe_code, reason = "machine code can only be trusted, and here it is")]
fn deserialize(engine: &Engine, code: &[u8]) -> Option<Module> {
    // SAFETY: the code was written by `Cache::write` from `Module::serialize`: `read` takes none that another user could
    // have written or that has changed. An attacker who can write as this user gains nothing by this file.
    unsafe { Module::deserialize(engine, code) }.ok()
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
    use std::path::{Path, PathBuf};
    use std::time::{Duration, SystemTime};

    use tempfile::TempDir;
    use wasmtime::{Config, Engine, Instance, Store};

    use super::{Cache, KEPT, LARGEST, is_closed, read};

    /// A module whose `answer` is this number.
    fn module(number: i32) -> Vec<u8> {
        wat::parse_str(format!("(module (func (export \"answer\") (result i32) (i32.const {number})))"))
            .unwrap()
    }

    struct Kept {
        folder: TempDir,
        cache: Cache,
        engine: Engine,
    }

    impl Kept {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let cache = Cache::at(folder.path().join("a/b"));
            Self { folder, cache, engine: Engine::default() }
        }

        fn answer(&self, wasm: &[u8]) -> i32 {
            let module = self.cache.module(&self.engine, wasm).unwrap();
            let mut store = Store::new(&self.engine, ());
            let instance = Instance::new(&mut store, &module, &[]).unwrap();
            instance.get_typed_func::<(), i32>(&mut store, "answer").unwrap().call(&mut store, ()).unwrap()
        }

        fn entries(&self) -> Vec<PathBuf> {
            let mut entries: Vec<_> =
                fs::read_dir(&self.cache.folder).unwrap().map(|entry| entry.unwrap().path()).collect();
            entries.sort();
            entries
        }

        /// The entry of the one module that is kept.
        fn entry(&self) -> PathBuf {
            let [entry] = self.entries().try_into().unwrap();
            entry
        }
    }

    /// An entry under the name of another one would be run: that is how these tests see whether one was.
    fn swapped() -> (Kept, Vec<u8>, PathBuf) {
        let kept = Kept::new();
        assert_eq!(kept.answer(&module(1)), 1);
        let one = kept.entry();
        let code = fs::read(&one).unwrap();
        assert_eq!(kept.answer(&module(2)), 2);
        let two = kept.entries().into_iter().find(|entry| *entry != one).unwrap();
        fs::write(&two, code).unwrap();
        assert_eq!(kept.answer(&module(2)), 1, "the entry is not used at all");
        (kept, module(2), two)
    }

    #[test]
    fn a_policy_is_compiled_once() {
        swapped();
    }

    #[test]
    fn an_entry_that_changed_is_compiled_anew() {
        let (kept, wasm, entry) = swapped();
        let whole = fs::read(&entry).unwrap();
        for place in [0, 40, whole.len() / 2, whole.len() - 1] {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&entry, changed).unwrap();
            assert_eq!(kept.answer(&wasm), 2, "byte {place}");
        }
        for length in [0, 31, 32, whole.len() - 1] {
            fs::write(&entry, &whole[..length]).unwrap();
            assert_eq!(kept.answer(&wasm), 2, "{length} bytes");
        }
    }

    #[test]
    fn an_entry_that_others_may_write_is_compiled_anew_and_closed() {
        for mode in [0o622, 0o620, 0o602] {
            let (kept, wasm, entry) = swapped();
            fs::set_permissions(&entry, Permissions::from_mode(mode)).unwrap();
            assert_eq!(kept.answer(&wasm), 2, "{mode:o}");
            assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    /// A file of that length without content takes no room, and would fill the memory.
    #[test]
    fn an_entry_that_is_too_large_is_not_read() {
        let (kept, wasm, entry) = swapped();
        fs::File::options().write(true).open(&entry).unwrap().set_len(LARGEST + 1).unwrap();
        assert_eq!(read(&entry).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
        assert_eq!(kept.answer(&wasm), 2);
    }

    #[test]
    fn a_folder_that_others_may_write_is_not_used() {
        let (kept, wasm, entry) = swapped();
        fs::set_permissions(&kept.cache.folder, Permissions::from_mode(0o777)).unwrap();
        let before = fs::read(&entry).unwrap();
        assert_eq!(kept.answer(&wasm), 2);
        assert!(fs::read(&entry).unwrap() == before, "nothing is written there either");
    }

    #[test]
    fn an_engine_with_other_settings_has_entries_of_its_own() {
        let mut kept = Kept::new();
        kept.answer(&module(1));
        kept.engine = Engine::new(Config::new().consume_fuel(true)).unwrap();
        kept.cache.module(&kept.engine, &module(1)).unwrap();
        assert_eq!(kept.entries().len(), 2);
    }

    #[test]
    fn where_nothing_can_be_kept_it_is_compiled_each_time() {
        let mut kept = Kept::new();
        kept.answer(&module(1));
        // A file in the place of the folder.
        kept.cache = Cache::at(kept.entry());
        assert_eq!(kept.answer(&module(1)), 1);
        let nowhere = kept.folder.path().join("nowhere");
        symlink("/proc/1/nothing", &nowhere).unwrap();
        kept.cache = Cache::at(nowhere);
        assert_eq!(kept.answer(&module(3)), 3);
    }

    #[test]
    fn only_the_owner_may_have_written_an_entry() {
        for (owner, mode, user, closed) in [
            (1000, 0o100_600, 1000, true),
            (1000, 0o100_644, 1000, true),
            (0, 0o100_600, 0, true),
            (0, 0o100_600, 1000, false),
            (1000, 0o100_600, 0, false),
            (1001, 0o100_600, 1000, false),
            (1000, 0o100_620, 1000, false),
            (1000, 0o100_602, 1000, false),
            (1000, 0o100_666, 1000, false),
        ] {
            assert_eq!(is_closed(owner, mode, user), closed, "{mode:o} of {owner} for {user}");
        }
    }

    /// Only root can give a file away; for anybody else the table above stands alone.
    #[test]
    fn what_belongs_to_another_user_is_compiled_anew() {
        const OTHER_USER: u32 = 65_534;
        let (kept, wasm, entry) = swapped();
        if chown(&entry, Some(OTHER_USER), None).is_err() {
            return;
        }
        assert_eq!(kept.answer(&wasm), 2, "an entry");
        let (kept, wasm, _) = swapped();
        chown(&kept.cache.folder, Some(OTHER_USER), None).unwrap();
        assert_eq!(kept.answer(&wasm), 2, "a folder");
    }

    /// When the names of entries say one order, and their times another, it is the times that count.
    #[test]
    fn the_oldest_entries_go() {
        let kept = Kept::new();
        for number in 0..i32::try_from(KEPT).unwrap() {
            kept.answer(&module(number));
        }
        let named = kept.entries();
        // The middle name is the oldest: neither the first nor the last.
        let age = |i: usize| (i + KEPT / 2) % KEPT;
        let written = |path: &Path, seconds: usize| {
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds as u64);
            fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
        };
        for (i, entry) in named.iter().enumerate() {
            written(entry, age(i));
        }
        let stranger = kept.cache.folder.join("notes.txt");
        fs::write(&stranger, "").unwrap();
        written(&stranger, 0);
        let oldest = |n: usize| named.iter().enumerate().find(|(i, _)| age(*i) == n).unwrap().1;
        for gone in 0..3 {
            let before = kept.entries();
            kept.answer(&module(100 + i32::try_from(gone).unwrap()));
            let after = kept.entries();
            let lost: Vec<_> = before.iter().filter(|entry| !after.contains(entry)).collect();
            assert_eq!(lost, [oldest(gone)], "the {gone}th");
            assert_eq!(after.iter().filter(|entry| **entry != stranger).count(), KEPT);
        }
        assert!(stranger.exists(), "what is no entry is left alone");
    }
}
