//! Ctrl-C and its kin, put off while files are written.

use std::{
    io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use signal_hook::{
    consts::{SIGINT, SIGTERM},
    flag,
};

#[cfg(unix)]
const SIGNALS: [i32; 3] = [SIGINT, SIGTERM, signal_hook::consts::SIGHUP];
#[cfg(not(unix))]
const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// While one of these lives, a signal that asks the process to end is noted and not obeyed.
pub struct PutOff {
    signals: &'static Signals,
}

struct Signals {
    came: Arc<AtomicBool>,
    /// When nothing is put off, a signal ends the process as it does everywhere.
    obeyed: Arc<AtomicBool>,
    holders: Mutex<usize>,
}

impl PutOff {
    pub fn start() -> io::Result<PutOff> {
        static SIGNALS: OnceLock<Signals> = OnceLock::new();
        let signals = match SIGNALS.get() {
            Some(it) => it,
            None => {
                let watched = watch()?;
                SIGNALS.get_or_init(|| watched)
            }
        };
        let mut holders = signals.holders.lock().unwrap_or_else(PoisonError::into_inner);
        *holders += 1;
        signals.obeyed.store(false, Ordering::SeqCst);
        Ok(PutOff { signals })
    }

    /// Whether the process was asked to end.
    pub fn came(&self) -> bool {
        self.signals.came.load(Ordering::SeqCst)
    }
}

impl Drop for PutOff {
    fn drop(&mut self) {
        let mut holders = self.signals.holders.lock().unwrap_or_else(PoisonError::into_inner);
        *holders -= 1;
        if *holders == 0 {
            self.signals.obeyed.store(true, Ordering::SeqCst);
        }
    }
}

fn watch() -> io::Result<Signals> {
    let came = Arc::new(AtomicBool::new(false));
    let obeyed = Arc::new(AtomicBool::new(false));
    for signal in SIGNALS {
        flag::register_conditional_default(signal, Arc::clone(&obeyed))?;
        flag::register(signal, Arc::clone(&came))?;
    }
    Ok(Signals { came, obeyed, holders: Mutex::new(0) })
}
