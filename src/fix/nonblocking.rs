//! `set_nonblocking(true)`, before a runtime takes a socket.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{
        blocking_sockets::{BlockingSocket, Spot, Told},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::{
        edits, handler,
        lines::{indentation, line_end},
    },
};

/// The variable of a socket that had none.
const NAME: &str = "socket";

/// Tells the socket just before.
pub fn tell(around: &Surroundings<'_>, it: &BlockingSocket) -> Result<Option<Fix>, &'static str> {
    let told = it.telling.as_ref().map_err(|it| *it)?;
    Ok(around.text(&it.at).and_then(|text| fix(text, it, told)))
}

fn fix(text: &str, it: &BlockingSocket, told: &Told) -> Option<Fix> {
    let name = it.name.as_deref().unwrap_or(NAME);
    let tells = format!("{name}.set_nonblocking(true){};", told.handled);
    let edits = match told.spot {
        Spot::Arm(arm) => handler::begin(text, arm, &tells),
        Spot::Statement(statement) => {
            let next = format!("{}{}", line_end(text), indentation(text, statement.start()));
            let given = told.value.map(|it| format!("let {NAME} = {};{next}", &text[it]));
            let first = format!("{}{tells}{next}", given.unwrap_or_default());
            let named = told.value.map(|it| (it, NAME.to_owned()));
            let first = (TextRange::empty(statement.start()), first);
            std::iter::once(first).chain(named).collect()
        }
    };
    Some(Fix {
        title: "Tell the socket that its calls do not wait".to_owned(),
        applicability: Applicability::Safe,
        doubt: None,
        edits: BTreeMap::from([(it.at.file.clone(), edits::joined(edits)?)]),
        wants: BTreeSet::new(),
    })
}
