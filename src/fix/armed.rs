//! A value that takes a change back when it is dropped.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_syntax::TextRange;

use crate::{
    facts::{left_behind::Armed, surroundings::Surroundings},
    finding::{Applicability, Fix},
    fix::{
        edits,
        lines::{indentation, line_end, step},
    },
};

/// Makes one before the `.await`, and drops it where the change was taken back.
pub fn guard(around: &Surroundings<'_>, it: &Armed) -> Result<Fix, &'static str> {
    let text = around.workspace.text(&it.file).ok_or("its file is not in sight")?;
    let Armed { type_, type_name, name, .. } = it;
    let (owner, call) = (&text[it.owner], &text[it.call]);
    let step = step(text, it.at);
    let line = format!("{}{}", line_end(text), indentation(text, it.at));
    let written = [
        format!("struct {type_name}<'a>(&'a {type_});"),
        String::new(),
        format!("impl Drop for {type_name}<'_> {{"),
        format!("{step}fn drop(&mut self) {{"),
        format!("{step}{step}self.0{call};"),
        format!("{step}}}"),
        "}".to_owned(),
        String::new(),
        format!("let {name} = {type_name}(&{owner});"),
    ];
    let end = line_end(text);
    let written =
        written.map(|it| if it.is_empty() { end.to_owned() } else { format!("{line}{it}") });
    // The first line stands where the next statement stood.
    let written = written.concat();
    let written = format!("{}{line}", written.strip_prefix(&line).unwrap_or(&written));
    let all = vec![(TextRange::empty(it.at), written), (it.back, format!("drop({name});"))];
    Ok(Fix {
        title: "Take it back by a value that is dropped on every way out".to_owned(),
        applicability: Applicability::Unsafe,
        doubt: Some("it is taken back then, too, when the function ends on the way".to_owned()),
        edits: BTreeMap::from([(
            it.file.clone(),
            edits::joined(all).ok_or("it stands in its own way")?,
        )]),
        wants: BTreeSet::new(),
    })
}
