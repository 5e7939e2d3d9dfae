//! A task that calls a function, which calls another, which calls a third, which waits.

fn main() {
    traps::watch(work());
}

async fn work() -> u8 {
    first()
}

fn first() -> u8 {
    second() + 1
}

fn second() -> u8 {
    third() + 1
}

fn third() -> u8 {
    std::thread::sleep(traps::SLOW);
    1
}
