//! Breaks `--apply` at every step it takes, in every way we know, and looks at what is left of the files.
//!
//! `ASYNC_FIX_HEAVY=1 cargo test --test faults` tries every step; the ordinary run takes a sample, which
//! `ASYNC_FIX_SEED=NUMBER` shifts.

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[path = "faults"]
mod faults {
    pub mod driver;
    pub mod library;
    pub mod process;
    pub mod program;
    pub mod tracer;
    pub mod workspace;
}

#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
fn main() -> std::process::ExitCode {
    use libtest_mimic::{Arguments, Trial};

    let arguments: Vec<String> = std::env::args().collect();
    if let [_, "apply", root, state] = arguments.iter().map(String::as_str).collect::<Vec<_>>()[..]
    {
        return faults::driver::apply(root, state);
    }
    // Each trial keeps both cores busy with waiting for disks.
    let arguments = Arguments { test_threads: Some(2), ..Arguments::from_args() };
    let trials = faults::library::TRIALS.iter().chain(&faults::program::TRIALS);
    let trials = trials.map(|(name, trial)| Trial::test(*name, || trial().map_err(Into::into)));
    let end = libtest_mimic::run(&arguments, trials.collect()).exit_code();
    println!("{} faults", faults::tracer::faults());
    end
}

/// Steps are counted as a debugger counts them, which each system does in its own way.
#[cfg(not(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")))]
fn main() {
    println!("skipped: the tracer knows Linux on x86-64 only");
}
