//! Each module is a program of its own.
#![allow(dead_code)]

mod cancel_log;
mod lent_future;
mod port_scan;
mod streams;
