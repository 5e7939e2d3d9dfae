//! Each module is a program of its own.
#![allow(dead_code)]

mod cancel_log;
mod errors;
mod lent_future;
mod port_scan;
mod streams;
