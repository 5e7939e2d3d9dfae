//! Replaced in memory by each example.

fn main() {}
