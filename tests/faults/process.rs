//! What the tracer asks of the system, in safe words.

use std::{io, ptr};

/// Why a process or thread stands still.
#[derive(Debug)]
pub enum Stop {
    Exited(i32),
    /// By a signal.
    Killed,
    /// It is about to make a call that it is to stop at.
    Call,
    /// A signal is about to reach it.
    Signal(i32),
    /// It made a thread or a process, or became another program.
    Event,
}

/// A program of the system's own: which calls it stops at. All others cost nothing.
pub struct Filter(Vec<libc::sock_filter>);

/// Where the system shows the number of a call, and the lower half of its third argument.
const NUMBER: u32 = 0;
const THIRD_ARGUMENT: u32 = 32;

impl Filter {
    /// Stops at `calls`, and at `openat` where one of the bits `flags` is set.
    pub fn new(calls: &[i64], flags: i32) -> Filter {
        let load = |at| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, at);
        let jump = |test, value, yes, no| libc::sock_filter {
            code: (libc::BPF_JMP | test | libc::BPF_K) as u16,
            jt: yes,
            jf: no,
            k: value,
        };
        let end = |value| statement(libc::BPF_RET | libc::BPF_K, value);
        let mut program = vec![load(NUMBER)];
        for (index, call) in calls.iter().enumerate() {
            // Over the rest of them, and over what is said of `openat`.
            let to_trace = (calls.len() - index - 1 + 4) as u8;
            program.push(jump(libc::BPF_JEQ, *call as u32, to_trace, 0));
        }
        program.extend([
            jump(libc::BPF_JEQ, libc::SYS_openat as u32, 0, 2),
            load(THIRD_ARGUMENT),
            jump(libc::BPF_JSET, flags as u32, 1, 0),
            end(libc::SECCOMP_RET_ALLOW),
            end(libc::SECCOMP_RET_TRACE),
        ]);
        Filter(program)
    }

    /// For this process, and for all that it starts.
    fn install(&mut self) -> io::Result<()> {
        let program = libc::sock_fprog { len: self.0.len() as u16, filter: self.0.as_mut_ptr() };
        // SAFETY: the system copies the program.
        let installed = unsafe {
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &program) == 0
        };
        if installed { Ok(()) } else { Err(io::Error::last_os_error()) }
    }
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

/// Called by the child, before it becomes the program.
pub fn ask_to_be_traced(filter: &mut Filter) -> io::Result<()> {
    // SAFETY: this request takes no pointers.
    match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
        -1 => Err(io::Error::last_os_error()),
        _ => filter.install(),
    }
}

/// Waits until the program is about to start. Its threads will be traced, and all that it starts: what cargo and git do
/// is theirs, but where nobody traces them the calls at which they would stop fail.
pub fn follow(pid: i32) {
    let mut status = 0;
    // SAFETY: the status is ours.
    let stopped = unsafe { libc::waitpid(pid, &mut status, libc::__WALL) };
    assert!(stopped == pid && libc::WIFSTOPPED(status), "{pid} stops before it starts");
    let options = libc::PTRACE_O_TRACESECCOMP
        | libc::PTRACE_O_TRACECLONE
        | libc::PTRACE_O_TRACEFORK
        | libc::PTRACE_O_TRACEVFORK
        | libc::PTRACE_O_TRACEEXEC
        | libc::PTRACE_O_EXITKILL;
    // SAFETY: this request takes no pointers.
    let taken = unsafe { libc::ptrace(libc::PTRACE_SETOPTIONS, pid, 0, options) };
    assert_eq!(taken, 0, "the options are taken");
}

/// Waits for the next stop of what this thread traces, and of nothing else: tests run side by side. None when all of it
/// has ended.
pub fn wait() -> Option<(i32, Stop)> {
    let mut status = 0;
    // SAFETY: the status is ours.
    let pid = unsafe { libc::waitpid(-1, &mut status, libc::__WALL | libc::__WNOTHREAD) };
    if pid <= 0 {
        return None;
    }
    let stop = if libc::WIFEXITED(status) {
        Stop::Exited(libc::WEXITSTATUS(status))
    } else if libc::WIFSIGNALED(status) {
        Stop::Killed
    } else if status >> 16 == libc::PTRACE_EVENT_SECCOMP {
        Stop::Call
    } else if status >> 16 != 0 {
        Stop::Event
    } else {
        Stop::Signal(libc::WSTOPSIG(status))
    };
    Some((pid, stop))
}

/// Goes on to the next stop, with a signal or with none (0).
pub fn go_on(pid: i32, signal: i32) {
    // A process that was killed meanwhile cannot, and need not. SAFETY: this request takes no pointers.
    unsafe { libc::ptrace(libc::PTRACE_CONT, pid, 0, signal) };
}

pub fn send(pid: i32, signal: i32) {
    // SAFETY: this takes no pointers.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0, "{pid} is there");
}

/// The number of the call that a thread is about to make, and what it is given.
pub fn call(pid: i32) -> Option<(i64, [u64; 6])> {
    // SAFETY: the system fills in as much of it as it is told there is room for.
    unsafe {
        let mut info: libc::ptrace_syscall_info = std::mem::zeroed();
        let size = size_of_val(&info);
        let place = ptr::from_mut(&mut info);
        if libc::ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, place) <= 0
            || info.op != libc::PTRACE_SYSCALL_INFO_SECCOMP
        {
            return None;
        }
        Some((info.u.seccomp.nr as i64, info.u.seccomp.args))
    }
}

/// The call that a thread is about to make is not made, and comes back with this error.
pub fn fail_call(pid: i32, error: i32) {
    set_registers(pid, |it| {
        // There is no such call, so nothing happens.
        it.orig_rax = u64::MAX;
        it.rax = -i64::from(error) as u64;
    });
}

/// Changes the registers of a thread that stands still.
fn set_registers(pid: i32, change: impl FnOnce(&mut libc::user_regs_struct)) {
    // SAFETY: the system reads and writes a whole structure of this kind.
    unsafe {
        let mut registers: libc::user_regs_struct = std::mem::zeroed();
        let place = ptr::from_mut(&mut registers);
        assert_eq!(libc::ptrace(libc::PTRACE_GETREGS, pid, 0, place), 0, "{pid} stands still");
        change(&mut registers);
        assert_eq!(libc::ptrace(libc::PTRACE_SETREGS, pid, 0, place), 0, "{pid} stands still");
    }
}
