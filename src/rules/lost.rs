//! How it is said that something is lost with a future.

use crate::facts::losses::{Loss, What};

/// `when` goes on after "each time that".
pub(super) fn lost(loss: &Loss, when: &str) -> String {
    let owner = &loss.owner_name;
    match &loss.what {
        What::Read(by) => {
            format!("what {by} has read from `{owner}` is lost each time that {when}")
        }
        What::Written(by) => format!(
            "each time that {when}, {by} may have written a part to `{owner}`, and nobody knows how much"
        ),
        What::Given(to) => {
            format!("`{owner}` is lost each time that {when} and {to} has not taken it yet")
        }
        What::TakenOut(by) => {
            format!("what {by} has taken out of `{owner}` is lost each time that {when}")
        }
        What::Said(of) => {
            format!("`{of}` loses something each time that {when}, as a comment says")
        }
    }
}
