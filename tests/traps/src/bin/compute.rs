//! A task that hashes a password, which is made to take long.

use std::time::Instant;

fn main() {
    let mut cost = 6;
    // Measured each time: a machine with other work to do is not equally slow all along.
    loop {
        let start = Instant::now();
        bcrypt::hash("password", cost).unwrap();
        if start.elapsed() >= traps::SLOW * 2 {
            break;
        }
        cost += 1;
    }
    traps::watch(work("password".to_owned(), cost));
}

async fn work(password: String, cost: u32) -> usize {
    bcrypt::hash(password, cost).unwrap().len()
}
