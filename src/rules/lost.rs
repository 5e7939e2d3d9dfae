//! How it is said that something is lost with a future.

use crate::{
    facts::losses::{Loss, What},
    finding::{Finding, Severity},
};

/// Where nothing is lost for certain it is only noted.
pub(super) fn weigh(finding: &mut Finding, loss: &Loss) {
    if let What::Half { .. } = loss.what {
        finding.severity = Severity::Info;
    }
}

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
        What::Half { first, second } => format!(
            "each time that {when}, {first} may be done to `{owner}` and {second} not, and the next turn begins with the first again"
        ),
        What::Said(of) => {
            format!("`{of}` loses something each time that {when}, as a comment says")
        }
    }
}
