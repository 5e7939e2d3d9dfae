//! What the tracer asks of the system, in safe words.

use std::{io, ptr};

/// Why a process or thread stands still.
#[derive(Debug)]
pub enum Stop {
    Exited(i32),
    /// By a signal.
    Killed,
    /// At the entry or the exit of a system call.
    Call,
    /// A signal is about to reach it.
    Signal(i32),
    /// It made a thread.
    Event,
}

pub enum Call {
    /// The number of the call and what it is given.
    Entry(i64, [u64; 6]),
    Exit,
}

/// Called by the child, before it becomes the program.
pub fn ask_to_be_traced() -> io::Result<()> {
    // SAFETY: this request takes no pointers.
    match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Waits until the program is about to start. Its threads will be traced, other processes will not: what cargo and git
/// do is theirs.
pub fn follow(pid: i32) {
    let mut status = 0;
    // SAFETY: the status is ours.
    let stopped = unsafe { libc::waitpid(pid, &mut status, libc::__WALL) };
    assert!(stopped == pid && libc::WIFSTOPPED(status), "{pid} stops before it starts");
    let options = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACECLONE | libc::PTRACE_O_EXITKILL;
    // SAFETY: this request takes no pointers.
    let taken = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options) };
    assert_eq!(taken, 0, "the options are taken");
}

/// Waits for the next stop of what this thread traces, and of nothing else: tests run side by side.
pub fn wait() -> (i32, Stop) {
    let mut status = 0;
    // SAFETY: the status is ours.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
    assert!(pid > 0, "there is a program to wait for: {}", io::Error::last_os_error());
    let stop = if libc::WIFEXITED(status) {
        Stop::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Stop::Killed
    } else if libc::WSTOPSIG(status) == libc::SIGTRAP | 0x80 {
        Stop::Call
    } else if status >> 16 != 0 {
        Stop::Event
    } else {
        Stop::Signal(libc::WSTOPSIG(status))
    };
    (pid, stop)
}

/// Goes on to the next call, with a signal or with none (0).
pub fn go_on(pid: i32, signal: i32) {
    // A process that was killed meanwhile cannot, and need not. SAFETY: this request takes no pointers.
    unsafe { libc::ptrace(libc::PTRACE_SYSCALL, pid, 0, signal) };
}

pub fn send(pid: i32, signal: i32) {
    // SAFETY: this takes no pointers.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "{pid} is there");
}

pub fn call(pid: i32) -> Option<Call> {
    // SAFETY: the system fills in as much of it as it is told there is room for.
    unsafe {
        let mut info: libc::ptrace_syscall_info = std::mem::zeroed();
        let size = size_of_val(&info);
        let place = ptr::from_mut(&mut info);
        if libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, place) <= 0 {
            return None;
        }
        match info.op {
            libc::PTRACE_SYSCALL_INFO_ENTRY => {
                Some(Call::Entry(info.u.entry.nr as i64, info.u.entry.args))
            }
            libc::PTRACE_SYSCALL_INFO_EXIT => Some(Call::Exit),
            _ => None,
        }
    }
}

/// Changes the registers of a thread that stands still.
pub fn set_registers(pid: i32, change: impl FnOnce(&mut libc::user_regs_struct)) {
    // SAFETY: the system reads and writes a whole structure of this kind.
    unsafe {
        let mut registers: libc::user_regs_struct = std::mem::zeroed();
        let place = ptr::from_mut(&mut registers);
        assert_eq!(libc::ptrace(libc::PTRACE_GETREGS, pid, 0, place), 0, "{pid} stands still");
        change(&mut registers);
        assert_eq!(libc::ptrace(libc::PTRACE_SETREGS, pid, 0, place), 0, "{pid} stands still");
    }
}
