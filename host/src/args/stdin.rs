//! What standard input is called.

use anyhow::{Result, bail};
use clap::Args;
use clap::builder::NonEmptyStringValueParser;

use review::diagnostic::{Diagnostic, Diagnostics};

/// What standard input is called.
#[derive(Debug, Clone, Default, Args)]
pub struct StdinArgs {
    /// Name of the file that standard input contains, for reports and diffs
    #[arg(long, value_name = "FILE", value_parser = NonEmptyStringValueParser::new())]
    pub stdin_name: Option<String>,
}

impl StdinArgs {
    /// The name for standard input among these paths, where one is given.
    ///
    /// # Errors
    /// - a name, although none of the paths is `-`
    pub(crate) fn name_among(&self, paths: &[String]) -> Result<Option<&str>> {
        let name = self.stdin_name.as_deref();
        if name.is_some() && !paths.iter().any(|path| path == "-") {
            let error = Diagnostic::error("--stdin-name is given, but no PATH is standard input");
            bail!(Diagnostics(vec![error.with_help("pass - as a PATH, or leave out --stdin-name")]));
        }
        Ok(name)
    }
}
