//! Sessions of the command, as a user's terminal shows them. `TRYCMD=overwrite cargo test terminal` rewrites them for
//! review.

use crate::engines::project;

/// Each `.toml` is a call: its arguments, exit status, stdout and stderr; a folder `NAME.in` is where it runs, and
/// `NAME.out` what the folder holds afterwards.
#[test]
fn sessions_look_as_shown() {
    trycmd::TestCases::new()
        .default_bin_path(env!("CARGO_BIN_EXE_acr-pull-secret"))
        .env("NO_COLOR", "1")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .case(project("tests/terminal/*/*.toml"));
}
