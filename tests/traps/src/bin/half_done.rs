//! A booking that is cancelled between its two sides: the account does not add up any more.

use std::time::Duration;

use tokio::sync::Mutex;

#[derive(Default)]
struct Account {
    debit: u64,
    credit: u64,
}

fn main() {
    traps::watch(work());
}

async fn work() -> bool {
    let account = Mutex::new(Account::default());
    let booked = tokio::time::timeout(Duration::from_millis(50), book(&account, 5)).await;
    assert!(booked.is_err());
    let account = account.lock().await;
    account.debit == account.credit
}

async fn book(account: &Mutex<Account>, amount: u64) {
    let mut account = account.lock().await;
    account.debit += amount;
    tokio::time::sleep(Duration::from_secs(1)).await;
    account.credit += amount;
}
