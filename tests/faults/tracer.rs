//! Runs a program as a debugger does and stops it at every step that could change a file.
//!
//! The program is the real one, without a hook in it, and a step is what the system sees of it: a system call that
//! makes, writes, syncs, moves or takes away a file below the folders of the test, or that starts a process or waits
//! for one. So no step is forgotten, whatever library takes it.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::Read,
    os::unix::{fs::FileExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::process::{self, Filter, Stop};

/// What happens to the program when it is about to take a step.
pub enum Fault<'a> {
    None,
    /// The process is gone at once, as by `kill -9`.
    Kill,
    /// The step is not taken, and the system says why.
    Error(i32),
    /// The process is asked to end.
    Signal(i32),
    /// Something happens elsewhere before it goes on.
    Meanwhile(&'a mut dyn FnMut()),
}

/// How the program ended.
#[derive(Debug)]
pub struct Run {
    /// Its steps, in words.
    pub steps: Vec<String>,
    /// Nothing when a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A program under the tracer.
pub struct Traced {
    child: Child,
    folder: PathBuf,
    steps: Vec<String>,
}

/// The calls that may be steps, apart from an `openat` that makes or empties a file.
const CALLS: [i64; 22] = [
    libc::SYS_write,
    libc::SYS_pwrite64,
    libc::SYS_writev,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fchmod,
    libc::SYS_fchown,
    libc::SYS_flock,
    libc::SYS_chmod,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_link,
    libc::SYS_linkat,
    libc::SYS_mkdir,
    libc::SYS_rmdir,
    libc::SYS_unlink,
    libc::SYS_mkdirat,
    libc::SYS_unlinkat,
    libc::SYS_wait4,
    libc::SYS_waitid,
];

/// The step of one who waits for cargo or git.
pub const WAIT: &str = "wait for a process";

static FAULTS: AtomicUsize = AtomicUsize::new(0);

/// How many there were.
pub fn faults() -> usize {
    FAULTS.load(Ordering::Relaxed)
}

/// Runs `command`; at its step number `at`, counted from 0, `fault` happens. Steps elsewhere than below `folder` do
/// not count.
pub fn run(command: &mut Command, folder: &Path, at: usize, fault: Fault) -> Run {
    Traced::start(command, folder).go_on(at, fault)
}

impl Traced {
    fn start(command: &mut Command, folder: &Path) -> Traced {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut filter = Filter::new(&CALLS, libc::O_CREAT | libc::O_TRUNC);
        // SAFETY: between fork and exec this makes system calls and asks for no memory.
        unsafe {
            command.pre_exec(move || process::ask_to_be_traced(&mut filter));
        }
        let child = command.spawn().expect("the program starts");
        let pid = child.id() as i32;
        process::follow(pid);
        process::go_on(pid, 0);
        let folder = folder.canonicalize().expect("the folder is there");
        Traced { child, folder, steps: Vec::new() }
    }

    /// Until the program has ended, and all that it has started.
    fn go_on(mut self, at: usize, mut fault: Fault) -> Run {
        let main = self.child.id() as i32;
        let mut code = None;
        while let Some((pid, stop)) = process::wait() {
            match stop {
                Stop::Exited(it) if pid == main => code = Some(it),
                Stop::Exited(_) | Stop::Killed => (),
                Stop::Call => {
                    // A thread of the program itself.
                    if Path::new(&format!("/proc/{main}/task/{pid}")).exists() {
                        self.at_call(pid, at, &mut fault);
                    }
                    process::go_on(pid, 0);
                }
                // What is new starts with a stop that nobody sent.
                Stop::Event | Stop::Signal(libc::SIGSTOP) => process::go_on(pid, 0),
                Stop::Signal(signal) => process::go_on(pid, signal),
            }
        }
        let stdout = read(self.child.stdout.take());
        let stderr = read(self.child.stderr.take());
        Run { steps: self.steps, code, stdout, stderr }
    }

    fn at_call(&mut self, pid: i32, at: usize, fault: &mut Fault) {
        let Some((number, arguments)) = process::call(pid) else { return };
        let Some(step) = self.step(pid, number, &arguments) else { return };
        // One who waits looks at the clock in between: that is no new step.
        if step == WAIT && self.steps.last().is_some_and(|it| it == WAIT) {
            return;
        }
        self.steps.push(step);
        if self.steps.len() - 1 != at {
            return;
        }
        let main = self.child.id() as i32;
        FAULTS.fetch_add(1, Ordering::Relaxed);
        match fault {
            Fault::None => (),
            Fault::Kill => process::send(main, libc::SIGKILL),
            Fault::Signal(signal) => process::send(main, *signal),
            Fault::Error(error) => process::fail_call(pid, *error),
            Fault::Meanwhile(work) => work(),
        }
    }

    /// What a call is about to do, if it counts.
    fn step(&self, pid: i32, number: i64, arguments: &[u64; 6]) -> Option<String> {
        let of_file = |name: &str| self.opened(pid, arguments[0]).map(|it| format!("{name} {it}"));
        let of_path = |name: &str, at: usize| {
            let path = self.named(pid, arguments[at])?;
            Some(format!("{name} {path}"))
        };
        match number {
            libc::SYS_openat => of_path("open", 1),
            libc::SYS_write | libc::SYS_pwrite64 | libc::SYS_writev => of_file("write"),
            libc::SYS_fsync | libc::SYS_fdatasync => of_file("sync"),
            libc::SYS_ftruncate => of_file("cut"),
            libc::SYS_fchmod | libc::SYS_fchown => of_file("chmod"),
            libc::SYS_flock => of_file("lock"),
            libc::SYS_chmod => of_path("chmod", 0),
            libc::SYS_rename => of_path("rename", 0),
            libc::SYS_renameat | libc::SYS_renameat2 => of_path("rename", 1),
            libc::SYS_link => of_path("link", 0),
            libc::SYS_linkat => of_path("link", 1),
            libc::SYS_mkdir | libc::SYS_rmdir | libc::SYS_unlink => of_path("mkdir or unlink", 0),
            libc::SYS_mkdirat => of_path("mkdir", 1),
            // The path may be relative to an open folder.
            libc::SYS_unlinkat => Some(format!("unlink {}", self.text(pid, arguments[1])?)),
            libc::SYS_wait4 | libc::SYS_waitid => Some(WAIT.to_owned()),
            _ => None,
        }
    }

    /// The file behind a descriptor, when it lies in the folder of the test.
    fn opened(&self, pid: i32, descriptor: u64) -> Option<String> {
        let path = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
        let path = path.strip_prefix(&self.folder).ok()?;
        Some(path.display().to_string())
    }

    fn named(&self, pid: i32, address: u64) -> Option<String> {
        let path = self.text(pid, address)?;
        let path = Path::new(&path).strip_prefix(&self.folder).ok()?;
        Some(path.display().to_string())
    }

    /// A string in the memory of the program.
    fn text(&self, pid: i32, address: u64) -> Option<String> {
        let memory = File::open(format!("/proc/{pid}/mem")).ok()?;
        let mut bytes = vec![0; 4096];
        // The string may stand at the end of what can be read.
        let length = memory.read_at(&mut bytes, address).or_else(|_| {
            let to_page_end = 4096 - (address % 4096) as usize;
            memory.read_at(&mut bytes[..to_page_end], address)
        });
        let bytes = bytes[..length.ok()?].split(|it| *it == 0).next()?;
        Some(String::from_utf8_lossy(bytes).into_owned())
    }
}

fn read(pipe: Option<impl Read>) -> String {
    let mut text = String::new();
    pipe.expect("a pipe").read_to_string(&mut text).expect("it says text");
    text
}

/// This very program with other arguments. Whoever runs it need not be allowed into its folder.
pub fn myself(arguments: &[&str]) -> Command {
    let mut command = Command::new("/proc/self/exe");
    command.args(arguments.iter().map(OsString::from));
    command
}
