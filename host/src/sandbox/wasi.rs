//! WASI preview 1, reduced to what a policy may have: the clock, randomness, and output on standard output and
//! error.
//!
//! There are no arguments, environment variables or files. Other imports of a module are linked too, so that policies from
//! compilers that import everything load; they return "not supported".

use std::time::{SystemTime, UNIX_EPOCH};

use wasmtime::{Caller, ExternType, FuncType, Linker, Module, Result, Val, ValType};

use super::error::Exit;
use super::guest::{Memory, State};

/// The namespace of these imports.
const MODULE: &str = "wasi_snapshot_preview1";

const SUCCESS: u32 = 0;
const BADF: u32 = 8;
const INVAL: u32 = 28;
const IO: u32 = 29;
const NOSYS: u32 = 52;

/// Buffers in one write; more than the operating systems take, and few enough to never take long.
const MOST_BUFFERS: u32 = 1024;

/// Links what `module` imports from WASI.
pub(super) fn link(linker: &mut Linker<State>, module: &Module) -> Result<()> {
    // The stubs come first, and the real functions take their places.
    linker.allow_shadowing(true);
    for import in module.imports().filter(|import| import.module() == MODULE) {
        if let ExternType::Func(ty) = import.ty()
            && returns_errno(&ty)
        {
            linker.func_new(MODULE, import.name(), ty, |_, _, results| {
                results.fill(Val::I32(NOSYS.cast_signed()));
                Ok(())
            })?;
        }
    }
    linker.func_wrap(MODULE, "args_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "args_sizes_get", no_strings)?;
    linker.func_wrap(MODULE, "environ_get", |_: u32, _: u32| SUCCESS)?;
    linker.func_wrap(MODULE, "environ_sizes_get", no_strings)?;
    linker.func_wrap(MODULE, "clock_res_get", clock_res_get)?;
    linker.func_wrap(MODULE, "clock_time_get", clock_time_get)?;
    linker.func_wrap(MODULE, "fd_fdstat_get", fd_fdstat_get)?;
    linker.func_wrap(MODULE, "fd_prestat_get", |_: u32, _: u32| BADF)?;
    linker.func_wrap(MODULE, "fd_write", fd_write)?;
    linker.func_wrap(MODULE, "proc_exit", |code: u32| -> Result<()> { Err(Exit(code).into()) })?;
    linker.func_wrap(MODULE, "random_get", random_get)?;
    linker.func_wrap(MODULE, "sched_yield", || SUCCESS)?;
    linker.allow_shadowing(false);
    Ok(())
}

fn returns_errno(ty: &FuncType) -> bool {
    ty.results().len() == 1 && ty.results().all(|result| matches!(result, ValType::I32))
}

/// `args_sizes_get` and `environ_sizes_get`: no strings, in no bytes.
fn no_strings(mut caller: Caller<'_, State>, count: u32, size: u32) -> Result<u32> {
    let (mut memory, _) = Memory::of(&mut caller, "environ_sizes_get")?;
    memory.write(count, &0_u32.to_le_bytes())?;
    memory.write(size, &0_u32.to_le_bytes())?;
    Ok(SUCCESS)
}

/// Nanoseconds since 1970 (clock 0) or since the evaluation began (clock 1).
fn now(clock: u32, state: &State) -> Option<u64> {
    let since = match clock {
        0 => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default(),
        1 => state.started.elapsed(),
        _ => return None,
    };
    u64::try_from(since.as_nanos()).ok()
}

fn clock_time_get(mut caller: Caller<'_, State>, clock: u32, _precision: u64, out: u32) -> Result<u32> {
    let (mut memory, state) = Memory::of(&mut caller, "clock_time_get")?;
    let Some(time) = now(clock, state) else { return Ok(INVAL) };
    memory.write(out, &time.to_le_bytes())?;
    Ok(SUCCESS)
}

fn clock_res_get(mut caller: Caller<'_, State>, clock: u32, out: u32) -> Result<u32> {
    let (mut memory, state) = Memory::of(&mut caller, "clock_res_get")?;
    if now(clock, state).is_none() {
        return Ok(INVAL);
    }
    memory.write(out, &1_u64.to_le_bytes())?;
    Ok(SUCCESS)
}

fn random_get(mut caller: Caller<'_, State>, pointer: u32, length: u32) -> Result<u32> {
    let (mut memory, _) = Memory::of(&mut caller, "random_get")?;
    let filled = getrandom::fill(memory.slot(pointer, length as usize)?);
    Ok(if filled.is_ok() { SUCCESS } else { IO })
}

fn fd_fdstat_get(mut caller: Caller<'_, State>, fd: u32, out: u32) -> Result<u32> {
    const CHARACTER_DEVICE: u8 = 2;
    const MAY_READ: u64 = 1 << 1;
    const MAY_WRITE: u64 = 1 << 6;
    let rights = match fd {
        0 => MAY_READ,
        1 | 2 => MAY_WRITE,
        _ => return Ok(BADF),
    };
    let (mut memory, _) = Memory::of(&mut caller, "fd_fdstat_get")?;
    // Type and flags, padded to eight bytes; the rights; the rights of files opened through it.
    memory.write(out, &[CHARACTER_DEVICE, 0, 0, 0, 0, 0, 0, 0])?;
    memory.write(out.saturating_add(8), &rights.to_le_bytes())?;
    memory.write(out.saturating_add(16), &0_u64.to_le_bytes())?;
    Ok(SUCCESS)
}

fn fd_write(mut caller: Caller<'_, State>, fd: u32, buffers: u32, count: u32, out: u32) -> Result<u32> {
    if !matches!(fd, 1 | 2) {
        return Ok(BADF);
    }
    if count > MOST_BUFFERS {
        return Ok(INVAL);
    }
    let (mut memory, state) = Memory::of(&mut caller, "fd_write")?;
    let mut written = 0_u32;
    // A buffer is a pointer and a length.
    for buffer in memory.read(buffers, count.saturating_mul(8))?.as_chunks::<8>().0 {
        let [p0, p1, p2, p3, l0, l1, l2, l3] = *buffer;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        state.output.hear(memory.read(u32::from_le_bytes([p0, p1, p2, p3]), length)?, &*state.host);
        let Some(sum) = written.checked_add(length) else { return Ok(INVAL) };
        written = sum;
    }
    memory.write(out, &written.to_le_bytes())?;
    Ok(SUCCESS)
}
