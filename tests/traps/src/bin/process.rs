//! A task that talks to another program, and waits for its end.

use std::{
    io::{self, Read, Write},
    process::{Command, Stdio},
};

fn main() {
    traps::watch(work());
}

async fn work() -> io::Result<String> {
    let mut command = Command::new("sh");
    command.args(["-c", "read name; sleep 1.5; echo hello $name"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().expect("it was asked for");
    input.write_all(b"you\n")?;
    drop(input);
    let mut answer = String::new();
    child.stdout.take().expect("it was asked for").read_to_string(&mut answer)?;
    assert!(child.wait()?.success());
    Ok(answer)
}
