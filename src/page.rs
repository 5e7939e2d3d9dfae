//! stub until the real one lands
pub const KNOWLEDGE: &[(&str, &str)] = &[];

/// stub
pub struct Page { pub level: crate::finding::Severity, pub quiet_in_tests: bool }
