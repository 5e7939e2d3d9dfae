//! What keeps a fix from being safe, each in one clause.

use crate::{
    facts::{
        alive::{Alive, Matter},
        body::{BodyFacts, Form, Mention},
        runtime::{Driver, Runtime},
        surroundings::Surroundings,
    },
    finding::{Applicability, Fix},
    fix::template::Template,
    knowledge::Wait,
};

/// A blocking call that is about to be awaited.
pub(super) struct Case<'a, 'db> {
    pub around: &'a Surroundings<'a>,
    pub body: &'a BodyFacts<'db>,
    pub mention: &'a Mention,
    /// The runtime whose twin is called, if any.
    pub driver: Option<&'a Driver>,
    /// What would be alive across the `.await` and does not forbid it.
    pub alive: &'a [Alive],
}

impl Case<'_, '_> {
    /// Each doubt makes the fix `Unsafe` and is said.
    pub fn apply_to(&self, template: Option<&Template>, fix: &mut Fix) {
        let doubts = [
            fix.doubt.take(),
            self.conditional(),
            self.not_send(),
            self.guard(),
            self.split_changes(),
            self.driven_elsewhere(),
            self.without_timers(),
            template.and_then(|it| self.lost_receiver(it)),
        ];
        let mut doubts: Vec<String> = doubts.into_iter().flatten().collect();
        if let Some(name) = self.body.dropped_receiver(self.mention) {
            match self.body.own_runtime(self.mention) {
                Some(_) => doubts.push(format!(
                    "tasks that are spawned there are now those of this runtime, and do not end with `{name}`"
                )),
                None => {
                    doubts.push(format!(
                        "`{name}` is dropped in async code, which panics too: it has to go as well"
                    ));
                    fix.applicability = Applicability::Manual;
                }
            }
        }
        if !doubts.is_empty() {
            fix.applicability = fix.applicability.min(Applicability::Unsafe);
            fix.doubt = Some(doubts.join("; "));
        }
    }

    fn conditional(&self) -> Option<String> {
        self.driver.is_some_and(|it| it.conditional).then(|| {
            "the runtime is a dependency only with some feature or on some platform, and this code may be built \
             without it"
                .to_owned()
        })
    }

    fn not_send(&self) -> Option<String> {
        let it = self.alive.iter().find(|it| it.matter == Matter::MaybeNotSend)?;
        Some(format!("`{}` may not be `Send`, and then the future is not either", it.type_name))
    }

    fn guard(&self) -> Option<String> {
        let it = self.alive.iter().find(|it| it.matter == Matter::AsyncGuard)?;
        Some(format!("a cancellation here would find the `{}` held", it.type_name))
    }

    fn split_changes(&self) -> Option<String> {
        self.body.split_changes(self.mention).map(|_| {
            "a cancellation here would come between two changes that so far happen together"
                .to_owned()
        })
    }

    /// An executor that panics in its own runtime may work in another, and what it is given may need it.
    fn driven_elsewhere(&self) -> Option<String> {
        let row = &self.mention.row;
        let own = row.path.split("::").next().unwrap_or_default();
        let is_own = matches!(&self.around.runtime, Runtime::One(driver) if driver.name == own);
        let waits =
            (row.panics || row.blocks == Some(Wait::Future)) && row.cap() == Applicability::Safe;
        (waits && !is_own)
            .then(|| format!("this code may not be driven by {own}, and the future may need it"))
    }

    fn without_timers(&self) -> Option<String> {
        let file = self.around.without_timers.as_ref()?;
        (self.mention.row.blocks == Some(Wait::Timer)).then(|| {
            format!("a runtime that is built in `{file}` may have no timers, and the twin panics without them")
        })
    }

    fn lost_receiver(&self, template: &Template) -> Option<String> {
        let lost = self.mention.form == Form::Method && !template.uses_receiver();
        (lost && !self.body.has_idle_receiver(self.mention))
            .then(|| "what it is called on is not evaluated any more".to_owned())
    }
}
