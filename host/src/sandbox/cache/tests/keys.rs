//! Which keys are used: without one, nothing is kept and nothing that is there is run.

use super::*;

#[test]
fn a_key_that_may_be_anothers_is_not_used() {
    type Change = fn(&Path);
    let changes: [(&str, Change); 10] = [
        ("a mode of 0644", |folder| set_mode(&folder.join("cache-key"), 0o644)),
        ("a mode of 0640", |folder| set_mode(&folder.join("cache-key"), 0o640)),
        ("a folder of mode 0755", |folder| set_mode(folder, 0o755)),
        ("a folder above that others may write", |folder| set_mode(folder.parent().unwrap(), 0o777)),
        ("a folder above that the group may write", |folder| set_mode(folder.parent().unwrap(), 0o770)),
        ("a work tree of git", |folder| fs::create_dir(folder.parent().unwrap().join(".git")).unwrap()),
        ("a linked work tree of git", |folder| {
            fs::write(folder.join(".git"), "gitdir: /elsewhere").unwrap();
        }),
        ("a work tree of Mercurial", |folder| fs::create_dir(folder.join(".hg")).unwrap()),
        ("a link", |folder| {
            fs::rename(folder.join("cache-key"), folder.join("other")).unwrap();
            symlink("other", folder.join("cache-key")).unwrap();
        }),
        ("a link as its folder", |folder| {
            let elsewhere = folder.with_file_name("elsewhere");
            fs::rename(folder, &elsewhere).unwrap();
            symlink(elsewhere, folder).unwrap();
        }),
    ];
    for (what, change) in changes {
        let (kept, wasm, entry, _) = swapped();
        let before = fs::read(&entry).unwrap();
        change(kept.key_folder());
        assert_eq!(kept.answer(&wasm), 2, "{what}");
        assert!(fs::read(&entry).unwrap() == before, "{what}: nothing is kept");
    }
}

/// As a crash of the system may leave it: cut, longer, or all zeros.
#[test]
fn a_key_that_was_not_written_whole_is_created_again() {
    for length in [0, 31, 32, 33, 4096] {
        let (kept, wasm, entry, _) = swapped();
        let (key, before) = (kept.key_folder().join("cache-key"), fs::read(&entry).unwrap());
        fs::write(&key, vec![0; length]).unwrap();
        assert_eq!(kept.answer(&wasm), 2, "{length}");
        let new = fs::read(&key).unwrap();
        assert!(new.len() == 32 && new != [0; 32], "{length}");
        assert!(fs::read(&entry).unwrap() != before, "{length}: the entry has a new signature");
    }
}

#[test]
fn a_key_of_another_user_is_not_used() {
    let (kept, wasm, _, _) = swapped();
    if chown(kept.key_folder().join("cache-key"), Some(OTHER_USER), None).is_err() {
        return;
    }
    assert_eq!(kept.answer(&wasm), 2);
}

#[test]
fn where_no_key_can_be_stored_it_is_compiled_each_time() {
    let (mut kept, wasm, entry, _) = swapped();
    let before = fs::read(&entry).unwrap();
    for key in [None, Some(PathBuf::from("/proc/1/nothing/key"))] {
        kept.cache.key = key;
        assert_eq!(kept.answer(&wasm), 2);
        assert!(fs::read(&entry).unwrap() == before);
    }
}

#[test]
fn a_new_key_makes_old_entries_useless() {
    let (kept, wasm, _, _) = swapped();
    fs::remove_file(kept.key_folder().join("cache-key")).unwrap();
    assert_eq!(kept.answer(&wasm), 2);
    assert!(kept.cache.find(&kept.engine, &wasm).is_some(), "it is kept again, signed with the new key");
}

#[test]
fn those_that_create_a_key_at_once_get_the_same() {
    let kept = Kept::new();
    let signatures: Vec<_> = std::thread::scope(|scope| {
        let create = || Key::read_or_create(kept.key_folder()).unwrap().sign("name", b"code");
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(signatures.iter().all(|signature| *signature == signatures[0]));
    assert_eq!(fs::read_dir(kept.key_folder()).unwrap().count(), 1, "only the key is left");
}

/// `CI=true` and the variables that CI sets do not affect the location of the key.
#[test]
fn the_users_key_lies_in_the_home_folder_that_the_system_has() {
    let user = nix::unistd::User::from_uid(nix::unistd::Uid::effective()).unwrap();
    let key = super::super::key::folder_of_user();
    match key {
        Some(key) => {
            assert!(key.starts_with(user.unwrap().dir) && key.ends_with("acr-pull-secret"), "{key:?}");
        }
        None => assert!(user.is_none_or(|user| !user.dir.join(".").exists() || user.dir == Path::new("/"))),
    }
}

#[test]
fn a_signature_holds_for_one_name_and_one_code() {
    let kept = Kept::new();
    let key = Key::read_or_create(kept.key_folder()).unwrap();
    let signature = key.sign("name", b"code");
    assert!(key.has_signed(&signature, "name", b"code"));
    for (name, code) in [("name", &b"cod"[..]), ("nam", b"code"), ("nam", b"e\0code"), ("", b"name\0code")] {
        assert!(!key.has_signed(&signature, name, code), "{name} {code:?}");
    }
    assert!(!key.has_signed(&signature[..31], "name", b"code"));
}
