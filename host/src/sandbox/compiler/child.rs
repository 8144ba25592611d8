//! The side that compiles: this program, started with [`COMMAND`]. It gets a module on its standard input and answers on its
//! standard output.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::process::ExitCode;
use std::thread;

use crate::sandbox::engine;

/// What the program is called with to compile. Not a subcommand: users do not type it.
pub(super) const COMMAND: &str = "compile-policy-from-stdin";

/// Bytes of the length in front of the module.
const LENGTH: usize = size_of::<u64>();

/// The result of compiling.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// Machine code
    Code(Vec<u8>),
    /// The module is not valid, for this reason
    Invalid(String),
    /// There is not enough memory
    OutOfMemory,
    /// Something else went wrong
    Failed(String),
}

impl Answer {
    const CODE: u8 = b'c';
    const INVALID: u8 = b'i';
    const OUT_OF_MEMORY: u8 = b'm';
    const FAILED: u8 = b'f';

    fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let (tag, content) = match self {
            Self::Code(code) => (Self::CODE, code.as_slice()),
            Self::Invalid(reason) => (Self::INVALID, reason.as_bytes()),
            Self::OutOfMemory => (Self::OUT_OF_MEMORY, &[][..]),
            Self::Failed(reason) => (Self::FAILED, reason.as_bytes()),
        };
        out.write_all(content)?;
        // At the end, so that the reader need not move the code.
        out.write_all(&[tag])?;
        out.flush()
    }

    /// None if the text is incomplete.
    pub(super) fn read(mut output: Vec<u8>) -> Option<Self> {
        let tag = output.pop()?;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        match tag {
            Self::CODE => Some(Self::Code(output)),
            Self::INVALID => Some(Self::Invalid(text(output))),
            Self::OUT_OF_MEMORY => Some(Self::OutOfMemory),
            Self::FAILED => Some(Self::Failed(text(output))),
            _ => None,
        }
    }
}

/// Compiles a policy where the program was started for that, by [`Compiler::Process`](super::Compiler::Process); none where it
/// was started for anything else. It must be called before anything else happens in the process.
pub fn serve(arguments: impl IntoIterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.into_iter().skip(1);
    if arguments.next()? != COMMAND {
        return None;
    }
    let mut number = || arguments.next()?.to_str()?.parse().ok();
    let (memory, seconds) = (number()?, number()?);
    let answer = limit(memory, seconds)
        .and_then(|()| module())
        .map_or_else(|error| Answer::Failed(error.to_string()), |wasm| compile(&wasm));
    // The process that started it may be gone.
    Some(match answer.write(&mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    })
}

/// The module. The end of the input after it ends this process, because then the process that started it is gone.
fn module() -> io::Result<Vec<u8>> {
    let mut stdin = io::stdin();
    let mut length = [0; LENGTH];
    stdin.read_exact(&mut length)?;
    let length = usize::try_from(u64::from_le_bytes(length)).map_err(io::Error::other)?;
    let mut wasm = Vec::new();
    wasm.try_reserve_exact(length).map_err(|_| io::ErrorKind::OutOfMemory)?;
    wasm.resize(length, 0);
    stdin.read_exact(&mut wasm)?;
    let wait = move || {
        let _ = io::copy(&mut stdin, &mut io::sink());
        std::process::exit(1);
    };
    thread::Builder::new().name("starter".to_owned()).stack_size(128 << 10).spawn(wait)?;
    Ok(wasm)
}

fn compile(wasm: &[u8]) -> Answer {
    let code = engine::for_compiling().and_then(|engine| engine.precompile_module(wasm));
    match code {
        Ok(code) => Answer::Code(code),
        Err(error) if error.is::<wasmtime::OutOfMemory>() => Answer::OutOfMemory,
        Err(error) => Answer::Invalid(format!("{error:#}")),
    }
}

/// Limits this process permanently. A limit that is already lower is kept.
#[cfg(unix)]
fn limit(memory: u64, seconds: u64) -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let set = |resource, current: u64, maximum: u64| {
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let (current, maximum) = (Some(current.min(most)), Some(maximum.min(most)));
        setrlimit(resource, Rlimit { current, maximum })
    };
    set(Resource::Core, 0, 0)?;
    // At the first limit the signal names the reason, at the second it is SIGKILL.
    set(Resource::Cpu, seconds, seconds.saturating_add(1))?;
    match set(Resource::As, memory, memory) {
        // Not all systems have it, and not all enforce it.
        Err(_) if !cfg!(target_os = "linux") => Ok(()),
        other => Ok(other?),
    }
}

/// Here the process that started it ends it when its time is over.
#[cfg(not(unix))]
fn limit(_: u64, _: u64) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Answer, COMMAND, serve};

    #[test]
    fn an_answer_is_read_as_it_was_written() {
        for answer in [
            Answer::Code(b"code".to_vec()),
            Answer::Code(Vec::new()),
            Answer::Invalid("a reason".to_owned()),
            Answer::OutOfMemory,
            Answer::Failed(String::new()),
        ] {
            let mut output = Vec::new();
            answer.write(&mut output).unwrap();
            assert_eq!(Answer::read(output), Some(answer));
        }
        for output in [&b""[..], b"running 0 tests\n"] {
            assert_eq!(Answer::read(output.to_vec()), None);
        }
    }

    #[test]
    fn another_call_does_not_start_the_compiler() {
        for arguments in [&["command"][..], &["command", "check", COMMAND], &["command", COMMAND], &[]] {
            assert!(serve(arguments.iter().map(Into::into)).is_none(), "{arguments:?}");
        }
    }
}
