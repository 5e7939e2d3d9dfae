//! A task that hashes a password, which is made to take long.

fn main() {
    let mut cost = 6;
    let start = std::time::Instant::now();
    bcrypt::hash("password", cost).unwrap();
    let mut time = start.elapsed();
    while time < traps::SLOW {
        time *= 2;
        cost += 1;
    }
    traps::watch(work("password".to_owned(), cost));
}

async fn work(password: String, cost: u32) -> usize {
    bcrypt::hash(password, cost).unwrap().len()
}
