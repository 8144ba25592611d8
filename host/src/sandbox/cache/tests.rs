//! Which entries are run: only those that this user has kept.

mod keys;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use wasmtime::{Config, Engine, Instance, Store};

use super::key::{Key, SIGNATURE};
use super::{Cache, Code, KEPT, LARGEST, ownership};

/// Any other user. Only root can give a file away; for anybody else there is only the table of `ownership`.
const OTHER_USER: u32 = 65_534;

/// A module whose `answer` is this number.
fn module(number: i32) -> Vec<u8> {
    wat::parse_str(format!("(module (func (export \"answer\") (result i32) (i32.const {number})))")).unwrap()
}

/// A cache with its folder and key in different places.
struct Kept {
    folder: TempDir,
    cache: Cache,
    engine: Engine,
}

impl Kept {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cache =
            Cache { folder: folder.path().join("a/b"), key: Some(folder.path().join("home/.local/state")) };
        Self { folder, cache, engine: Engine::default() }
    }

    /// Runs what is kept of a module, or else compiles and keeps it.
    fn answer(&self, wasm: &[u8]) -> i32 {
        let kept = self.cache.find(&self.engine, wasm);
        let code = kept.unwrap_or_else(|| {
            let code = Code::of_ours(self.engine.precompile_module(wasm).unwrap());
            self.cache.keep(&self.engine, wasm, &code);
            code
        });
        let module = code.module(&self.engine).unwrap();
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

    fn key_folder(&self) -> &Path {
        self.cache.key.as_deref().unwrap()
    }
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

/// An entry, signed with this key for this place.
fn sign(key: &Key, entry: &Path, code: &[u8]) -> Vec<u8> {
    let name = entry.file_name().unwrap().to_str().unwrap();
    [&key.sign(name, code)[..], code].concat()
}

/// A cache whose entry of module 2 holds the code of module 1, with a right signature: its answer says whether the entry was
/// run. With it, module 2, its entry, and the code in there.
fn swapped() -> (Kept, Vec<u8>, PathBuf, Vec<u8>) {
    let kept = Kept::new();
    assert_eq!(kept.answer(&module(1)), 1);
    let one = kept.entry();
    let code = fs::read(&one).unwrap().split_off(SIGNATURE);
    assert_eq!(kept.answer(&module(2)), 2);
    let two = kept.entries().into_iter().find(|entry| *entry != one).unwrap();
    fs::write(&two, sign(&Key::read(kept.key_folder()).unwrap(), &two, &code)).unwrap();
    assert_eq!(kept.answer(&module(2)), 1, "the entry is not used at all");
    (kept, module(2), two, code)
}

#[test]
fn a_policy_is_compiled_once() {
    swapped();
}

#[test]
fn an_entry_and_its_folder_are_for_their_owner_alone() {
    let kept = Kept::new();
    kept.answer(&module(1));
    assert_eq!((mode(&kept.entry()), mode(&kept.cache.folder)), (0o600, 0o700));
    assert_eq!((mode(&kept.key_folder().join("cache-key")), mode(kept.key_folder())), (0o600, 0o700));
}

#[test]
fn an_entry_that_changed_is_compiled_again() {
    let (kept, wasm, entry, _) = swapped();
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

/// Files as git writes them, also under a umask of 077, which gives them our modes.
#[test]
fn an_entry_that_came_with_a_checkout_is_compiled_again() {
    let stranger = Kept::new();
    stranger.answer(&module(0));
    let stranger = Key::read(stranger.key_folder()).unwrap();
    for (of_entry, of_folder) in [(0o644, 0o755), (0o644, 0o700), (0o600, 0o755), (0o600, 0o700)] {
        let (kept, wasm, entry, code) = swapped();
        fs::write(&entry, sign(&stranger, &entry, &code)).unwrap();
        set_mode(&entry, of_entry);
        set_mode(&kept.cache.folder, of_folder);
        assert_eq!(kept.answer(&wasm), 2, "{of_entry:o} in {of_folder:o}");
    }
}

#[test]
fn an_entry_of_another_module_is_compiled_again() {
    let (kept, wasm, entry, _) = swapped();
    let other = kept.entries().into_iter().find(|other| *other != entry).unwrap();
    fs::copy(&other, &entry).unwrap();
    assert_eq!(kept.answer(&module(1)), 1);
    assert_eq!(kept.answer(&wasm), 2);
}

#[test]
fn an_entry_of_another_mode_is_compiled_again_and_gets_ours() {
    for of_entry in [0o622, 0o620, 0o602, 0o644, 0o640, 0o400, 0o700] {
        let (kept, wasm, entry, _) = swapped();
        set_mode(&entry, of_entry);
        assert_eq!(kept.answer(&wasm), 2, "{of_entry:o}");
        assert_eq!(mode(&entry), 0o600);
    }
}

#[test]
fn an_entry_that_is_a_link_is_compiled_again_and_what_it_leads_to_stays() {
    let (kept, wasm, entry, _) = swapped();
    let elsewhere = kept.folder.path().join("elsewhere");
    fs::rename(&entry, &elsewhere).unwrap();
    symlink(&elsewhere, &entry).unwrap();
    let before = fs::read(&elsewhere).unwrap();
    assert_eq!(kept.answer(&wasm), 2);
    assert!(!entry.is_symlink() && fs::read(&elsewhere).unwrap() == before);
    // A pipe would be waited for.
    fs::remove_file(&entry).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg("-m").arg("600").arg(&entry).status();
    if pipe.is_ok_and(|status| status.success()) {
        assert_eq!(kept.answer(&wasm), 2);
    }
}

/// A file of that length without content takes no room, and would fill the memory.
#[test]
fn an_entry_that_is_too_large_is_not_read() {
    let (kept, wasm, entry, _) = swapped();
    fs::File::options().write(true).open(&entry).unwrap().set_len(LARGEST + 1).unwrap();
    assert_eq!(ownership::read(&entry, LARGEST).unwrap_err().kind(), std::io::ErrorKind::PermissionDenied);
    assert_eq!(kept.answer(&wasm), 2);
}

/// Nothing is written there either.
#[test]
fn a_folder_that_may_be_anothers_is_not_used() {
    for of_folder in [0o777, 0o755, 0o750, 0o770, 0o1777] {
        let (kept, wasm, entry, _) = swapped();
        set_mode(&kept.cache.folder, of_folder);
        let before = fs::read(&entry).unwrap();
        assert_eq!(kept.answer(&wasm), 2, "{of_folder:o}");
        assert!(fs::read(&entry).unwrap() == before, "{of_folder:o}");
    }
    for above in [0o777, 0o775, 0o757] {
        let (kept, wasm, entry, _) = swapped();
        set_mode(kept.cache.folder.parent().unwrap(), above);
        let before = fs::read(&entry).unwrap();
        assert_eq!(kept.answer(&wasm), 2, "above: {above:o}");
        assert!(fs::read(&entry).unwrap() == before, "above: {above:o}");
    }
    let (mut kept, wasm, _, _) = swapped();
    let link = kept.folder.path().join("link");
    symlink(&kept.cache.folder, &link).unwrap();
    kept.cache.folder = link;
    assert_eq!(kept.answer(&wasm), 2, "a link");
}

#[test]
fn what_belongs_to_another_user_is_compiled_again() {
    let (kept, wasm, entry, _) = swapped();
    if chown(&entry, Some(OTHER_USER), None).is_err() {
        return;
    }
    assert_eq!(kept.answer(&wasm), 2, "an entry");
    let (kept, wasm, _, _) = swapped();
    chown(&kept.cache.folder, Some(OTHER_USER), None).unwrap();
    assert_eq!(kept.answer(&wasm), 2, "a folder");
    let (kept, wasm, _, _) = swapped();
    chown(kept.cache.folder.parent().unwrap(), Some(OTHER_USER), None).unwrap();
    assert_eq!(kept.answer(&wasm), 2, "a folder above");
}

#[test]
fn an_engine_with_other_settings_has_entries_of_its_own() {
    let mut kept = Kept::new();
    kept.answer(&module(1));
    kept.engine = Engine::new(Config::new().max_wasm_stack(100 << 10).epoch_interruption(true)).unwrap();
    assert!(kept.cache.find(&kept.engine, &module(1)).is_none());
    let code = Code::of_ours(kept.engine.precompile_module(&module(1)).unwrap());
    kept.cache.keep(&kept.engine, &module(1), &code);
    assert_eq!(kept.entries().len(), 2);
}

#[test]
fn where_nothing_can_be_kept_it_is_compiled_each_time() {
    let mut kept = Kept::new();
    kept.answer(&module(1));
    // A file instead of the folder.
    kept.cache.folder = kept.entry();
    assert_eq!(kept.answer(&module(1)), 1);
    let nowhere = kept.folder.path().join("nowhere");
    symlink("/proc/1/nothing", &nowhere).unwrap();
    kept.cache.folder = nowhere;
    assert_eq!(kept.answer(&module(3)), 3);
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
    assert!(stranger.exists(), "a file that is not an entry is kept");
}
