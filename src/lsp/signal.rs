//! How the thread that speaks with the editor interrupts an engine.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use ra_ap_ide_db::RootDatabase;
use salsa::{CancellationToken, Database};

/// What both threads see.
#[derive(Default)]
pub(super) struct Signal {
    token: Mutex<Option<CancellationToken>>,
    /// Whether there is somebody to ask: everything was looked at once.
    ready: AtomicBool,
    /// Whether nobody waits for what the engine is doing.
    idle: AtomicBool,
}

impl Signal {
    /// The database that is asked from now on.
    pub fn listen(&self, db: Option<&RootDatabase>) {
        let token = db.map(|it| it.cancellation_token());
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = token;
        if db.is_none() {
            self.ready.store(false, Ordering::Release);
        }
    }

    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }

    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub fn set_idle(&self, idle: bool) {
        self.idle.store(idle, Ordering::Release);
    }

    /// There is something new, for which the engine is to leave what it is doing; it begins again later.
    pub fn interrupt(&self) {
        if let Some(it) = &*self.token.lock().unwrap_or_else(PoisonError::into_inner) {
            it.cancel();
        }
    }

    /// The same once there is somebody to ask: whoever types meanwhile would have the beginning begin again and again.
    pub fn interrupt_if_ready(&self) {
        if self.is_ready() {
            self.interrupt();
        }
    }

    /// The same, as far as nobody waits for what it is doing.
    pub fn interrupt_idle(&self) {
        if self.idle.load(Ordering::Acquire) {
            self.interrupt();
        }
    }
}
