//! A value of the standard library that becomes the runtime's own, with all that is done with it.

use std::collections::{BTreeMap, BTreeSet};

use ra_ap_hir_def::{Lookup, hir::ExprId, src::HasSource};
use ra_ap_hir_ty::next_solver::{Ty, TyKind};
use ra_ap_ide_db::text_edit::TextRange;
use ra_ap_rustc_type_ir::inherent::{IntoKind, Ty as _};
use ra_ap_syntax::ast;

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Mention},
        journey::Journey,
        runtime::Driver,
        surroundings::Surroundings,
    },
    finding::{Applicability, FilePath, Fix, Note, Place},
    fix::{doubts::Case, edits, path, template::Template, twin},
    knowledge::{Row, chain::Chain},
};

mod flush;
mod loops;
mod nothing;
mod traits;
mod turns;
mod written;

/// Makes the value that the mention deals with one of the runtime's, or says why it has to stay what it is.
pub fn migrate(
    around: &Surroundings<'_>,
    body: &BodyFacts<'_>,
    mention: &Mention,
) -> Result<Fix, Vec<Note>> {
    let stays = |it: Note| {
        let text = format!("its asynchronous twin cannot take its place: {}", it.text);
        vec![Note { text, ..it }]
    };
    let journey = body.journey(mention).map_err(stays)?;
    let origin = journey.origins.iter().find_map(|it| body.mention_of(*it));
    let row = origin.and_then(|it| it.row.becomes.as_deref());
    let template = Template::parse(row.ok_or_else(Vec::new)?);
    let driver = twin::driver(around, template.root().unwrap_or_default(), mention)?;
    let file = body.written(mention_place(&journey)).map(|it| it.file);
    let file = file.ok_or_else(|| stays(Note::new("a macro makes it")))?;
    let mut migration = Migration {
        around,
        body,
        journey: &journey,
        driver,
        text: around.workspace.text(&file).ok_or_else(Vec::new)?,
        file,
        edits: Vec::new(),
        covered: Vec::new(),
        traits: BTreeSet::new(),
        doubts: Vec::new(),
        wants: BTreeSet::new(),
        applicability: Applicability::Safe,
    };
    migration.write().map_err(|it| it.into_iter().flat_map(stays).collect::<Vec<_>>())?;
    migration.finish().ok_or_else(|| stays(Note::new("two of its edits would meet")))
}

fn mention_place(journey: &Journey) -> ExprId {
    *journey.origins.iter().next().expect("every journey has an origin")
}

/// A migration that is being written.
struct Migration<'a, 'db> {
    around: &'a Surroundings<'a>,
    body: &'a BodyFacts<'db>,
    journey: &'a Journey,
    driver: &'a Driver,
    file: FilePath,
    text: &'a str,
    edits: Vec<(TextRange, String)>,
    /// What other edits replace as a whole.
    covered: Vec<TextRange>,
    /// The traits that have to be in scope, by their paths.
    traits: BTreeSet<String>,
    doubts: Vec<String>,
    wants: BTreeSet<crate::finding::Want>,
    applicability: Applicability,
}

impl<'db> Migration<'_, 'db> {
    fn write(&mut self) -> Result<(), Vec<Note>> {
        for it in &self.journey.loops {
            self.turns_are_awaited(it)?;
            self.rewrite_loop(it).map_err(|it| vec![it])?;
        }
        for call in &self.journey.calls {
            self.call(*call)?;
        }
        self.flush().map_err(|it| vec![it])?;
        self.judge();
        self.import().map_err(|it| vec![it])
    }

    fn call(&mut self, call: ExprId) -> Result<(), Vec<Note>> {
        let body = self.body;
        let one = |text: &str| vec![Note::new(text)];
        let mention = body.mention_of(call).ok_or_else(|| one("a call of it is not clear"))?;
        let row = &mention.row;
        let becomes = self.journey.becomes(body, mention);
        let becomes = becomes.ok_or_else(|| one("a call of it is not clear"))?;
        if row.of_one_kind && !body.values_of(call).iter().all(|it| self.has_twin(*it)) {
            return Err(one("something else is read or written together with it"));
        }
        if let Some(index) = row.positive
            && !body.values_of(call).get(index).is_some_and(|it| body.is_positive(*it))
        {
            return Err(one("its limit may be zero, which the twin does not take"));
        }
        let becomes = self.without_error(call, becomes);
        self.names_are_known(row, &becomes).map_err(|it| vec![it])?;
        if becomes.contains(".await") {
            let by_macro = body.macro_call_place(call).filter(|_| body.place_of(call).is_none());
            self.awaited(mention, |it| by_macro.as_ref().is_some_and(|at| is_gone(it, at)))?;
        }
        if row.instead.is_none() && row.chain.is_none() {
            self.applicability = self.applicability.min(row.cap());
            row.doubt.iter().for_each(|it| self.doubt(it));
        }
        if row.by_mut {
            let value = self.first_value(call).and_then(|it| body.local(it));
            let value = value.ok_or_else(|| one("its twin asks for a variable of its own"))?;
            self.make_mutable(value).map_err(|it| vec![it])?;
        }
        self.traits.extend(row.brings.clone());
        let feature = row.feature().and_then(|(_, it)| twin::feature(self.around, it, self.driver));
        self.wants.extend(feature);
        if body.place_of(call).is_none() {
            return self.written_by_macro(call).map_err(|it| vec![it]);
        }
        let parts = body.call_parts(mention).ok_or_else(|| one("a macro writes a part of it"))?;
        if parts.at.file != self.file {
            return Err(one("a part of it stands in another file"));
        }
        if self.covered.iter().any(|it| it.contains_range(parts.at.range)) {
            return Ok(());
        }
        let template = Template::parse(&becomes);
        let path = template.path.as_deref();
        let path = path.map(|it| path::shortest(body, call, &self.driver.root(), it));
        // `channel::<u8>()`: numbers tell nothing of it, so nothing else would say it.
        let generics = self.text[parts.callee].split_once("::<").map(|it| it.1);
        let is_number = |it: &ExprId| body.infer.expr_ty(*it).is_integral();
        let generics = generics.filter(|_| body.values_of(call).iter().all(is_number));
        let path = match (path, generics) {
            (Some(path), Some(generics)) => Some(format!("{path}::<{generics}")),
            (path, _) => path,
        };
        let edit = template.edit(self.text, &parts, path.as_deref());
        let edit = edit.ok_or_else(|| one("a comment, or the form of a call, is in the way"))?;
        self.edits.extend(edit.into_iter().map(|it| (it.delete, it.insert)));
        if let Some(chain) = &row.chain
            && let Some(receiver) = &parts.receiver
        {
            self.runs_alike(chain, mention, receiver.range.end()).map_err(|it| vec![it])?;
        }
        Ok(())
    }

    /// Whether what the new code names of the crate that the row is about can be named here: `other::RecvError`.
    fn names_are_known(&self, row: &Row, becomes: &str) -> Result<(), Note> {
        let root = row.path.split("::").next().unwrap_or_default();
        let dependencies = &self.body.krate().data(self.body.db).dependencies;
        let is_named = || dependencies.iter().any(|it| it.name.symbol().as_str() == root);
        match !becomes.contains(&format!("{root}::")) || is_named() {
            true => Ok(()),
            false => {
                Err(Note::new(format!("the manifest does not name `{root}`, and its twin has to")))
            }
        }
    }

    /// A call that behaves like its twin only when some others are made before, and some are not.
    fn runs_alike(
        &mut self,
        chain: &Chain,
        mention: &Mention,
        before_last: ra_ap_ide_db::text_edit::TextSize,
    ) -> Result<(), Note> {
        let all = self.journey.calls.difference(&self.journey.origins);
        let others = all.filter_map(|it| self.body.mention_of(*it));
        let names: Vec<&str> =
            others.filter(|it| it.expr != mention.expr).map(|it| it.row.name()).collect();
        if let Some(other) = names.iter().find(|it| !chain.keeps.iter().any(|kept| kept == *it)) {
            return Err(Note::new(format!(
                "`{other}` does not go together with what the twin does"
            )));
        }
        let is_set = chain.unless.as_deref().is_some_and(|it| names.contains(&it));
        if let Some(adds) = chain.adds.clone().filter(|_| !is_set) {
            self.edits.push((TextRange::empty(before_last), adds));
        }
        Ok(())
    }

    /// Whether this call may be awaited where it stands, when what is `gone` then does not count.
    fn awaited(
        &mut self,
        mention: &Mention,
        gone: impl Fn(&Alive) -> bool,
    ) -> Result<(), Vec<Note>> {
        if mention.awaits_in.is_none() {
            let at = self.body.place_of(mention.expr);
            let text = "a closure uses it, and cannot await";
            return Err(vec![at.map_or_else(|| Note::new(text), |it| Note::at(it, text))]);
        }
        let (blocking, alive): (Vec<_>, Vec<_>) = self
            .body
            .alive_at(mention)
            .into_iter()
            .filter(|it| !gone(it) && !self.is_own(it))
            .partition(|it| it.matter >= Matter::UnknownType);
        if !blocking.is_empty() {
            return Err(blocking.iter().map(Alive::note).collect());
        }
        let case = Case {
            around: self.around,
            body: self.body,
            mention,
            driver: Some(self.driver),
            alive: &alive,
        };
        let mut judged = self.empty_fix(Applicability::Safe);
        case.apply_to(None, &mut judged);
        self.applicability = self.applicability.min(judged.applicability);
        for it in judged.doubt.iter().flat_map(|it| it.split("; ")) {
            self.doubt(it);
        }
        Ok(())
    }

    /// A reference to what becomes the runtime's own, on its way into a call.
    fn is_own(&self, alive: &Alive) -> bool {
        let calls = self.journey.calls.iter();
        let mut values =
            calls.flat_map(|it| self.body.values_of(*it)).filter(|it| self.has_twin(*it));
        alive.name.is_none()
            && alive.at.is_some()
            && values.any(|it| self.body.place_of(it) == alive.at)
    }

    fn doubt(&mut self, text: &str) {
        if !self.doubts.iter().any(|it| it == text) {
            self.doubts.push(text.to_owned());
        }
    }

    /// Several steps that so far ran as one.
    fn judge(&mut self) {
        let rows: Vec<&Row> = self.awaited_rows().collect();
        if rows.len() > 1 && rows.iter().any(|it| it.changes) {
            self.doubt("a task that is cancelled may leave it half done");
        }
        if !self.doubts.is_empty() {
            self.applicability = self.applicability.min(Applicability::Unsafe);
        }
    }

    fn awaited_rows(&self) -> impl Iterator<Item = &Row> {
        let mentions = self.journey.calls.iter().filter_map(|it| self.body.mention_of(*it));
        let is_awaited = |it: &&Mention| {
            self.journey.becomes(self.body, it).is_some_and(|it| it.contains(".await"))
        };
        mentions.filter(is_awaited).map(|it| &*it.row)
    }

    fn empty_fix(&self, applicability: Applicability) -> Fix {
        Fix {
            title: self.title(),
            applicability,
            doubt: None,
            edits: BTreeMap::new(),
            wants: BTreeSet::new(),
        }
    }

    /// None when two edits meet.
    fn finish(mut self) -> Option<Fix> {
        let edit = edits::joined(std::mem::take(&mut self.edits))?;
        let doubt = (!self.doubts.is_empty()).then(|| self.doubts.join("; "));
        let mut fix = self.empty_fix(self.applicability);
        fix.doubt = doubt;
        fix.edits.insert(self.file.clone(), edit);
        fix.wants = self.wants;
        Some(fix)
    }

    /// `tokio::fs::File` and so on, of the values that are made of nothing.
    fn title(&self) -> String {
        let origins = self.journey.origins.iter().map(|it| self.body.infer.expr_ty(*it));
        let names: BTreeSet<String> = origins.filter_map(|it| self.twin_name(it)).collect();
        let names: Vec<String> = names.into_iter().map(|it| format!("`{it}`")).collect();
        format!("Make it a {} and await what is done with it", names.join(" and a "))
    }

    /// The twin of this type, or of the first that it holds.
    fn twin_name(&self, type_: Ty<'db>) -> Option<String> {
        match type_.kind() {
            TyKind::Adt(adt, args) => {
                let row = self.body.known.type_(adt.def_id());
                let bounded = row.and_then(|it| it.when_bounded.as_deref());
                let bounded = bounded.filter(|_| self.journey.bounded);
                let own = bounded.or_else(|| row.and_then(|it| it.becomes.as_deref()));
                match own {
                    Some(it) => {
                        let rest = it.split_once("::").map_or(it, |it| it.1);
                        Some(format!("{}::{rest}", self.driver.root()))
                    }
                    None => args.types().find_map(|it| self.twin_name(it)),
                }
            }
            TyKind::Ref(_, it, _) => self.twin_name(it),
            TyKind::Tuple(types) => types.iter().find_map(|it| self.twin_name(it)),
            _ => None,
        }
    }

    fn has_twin(&self, expr: ExprId) -> bool {
        self.body.has_twin(self.body.infer.expr_ty(expr))
    }

    /// The function that all this stands in, where the user wrote it himself.
    fn function(&self) -> Option<ast::Fn> {
        let source = self.body.function.lookup(self.body.db).source(self.body.db);
        (!source.file_id.is_macro()).then_some(source.value)
    }

    /// What is written at `place`.
    fn text_of(&self, place: &Place) -> &str {
        &self.text[place.range]
    }

    /// The value that a call is called on, or else given first.
    fn first_value(&self, call: ExprId) -> Option<ExprId> {
        self.body.values_of(call).first().copied()
    }
}

/// What a formatting macro uses is gone when the text is made.
fn is_gone(alive: &Alive, at: &Place) -> bool {
    let inside = alive.at.as_ref().is_none_or(|it| at.range.contains_range(it.range));
    alive.name.is_none() && inside
}
