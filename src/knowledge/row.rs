//! What one item does, and what follows from that.

use serde::{Deserialize, Serialize};

use crate::{
    finding::Applicability,
    knowledge::{
        ClosureRuns, FutureRuns, Guard, Unflushed, Wait,
        adapts::Adapts,
        buffers::Buffers,
        cancel::Cancel,
        chain::Chain,
        counts::{Counts, Zero},
        keeps::Keeps,
        takes::{OnAsynchronous, Takes},
    },
};

/// What one item does.
#[derive(Serialize, Deserialize, Clone, PartialEq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Row {
    /// The public path: `std::fs::read`, `std::path::Path::exists`, `std::iter::Iterator::map`, `tokio::main`.
    pub path: String,
    /// What a call waits for, standing still.
    pub blocks: Option<Wait>,
    /// Nobody waits in it, whatever its body does: it is not looked into.
    #[serde(default)]
    pub non_blocking: bool,
    /// It computes, for as long as there is of what it is given.
    #[serde(default)]
    pub by_size: bool,
    /// It tells whether a runtime runs here. Who asks that knows what to do where one does.
    #[serde(default)]
    pub tells_runtime: bool,
    /// It panics on a thread that drives tasks.
    #[serde(default)]
    pub panics: bool,
    /// The argument, counted from 0, that says how long it waits at most. Where that is zero it does not wait.
    pub at_most: Option<usize>,
    /// Functions and methods that tell beforehand whether there is anything to wait for: where one of them is called
    /// first, it is taken not to wait.
    #[serde(default)]
    pub unless_asked: Vec<String>,
    /// Words that say in the call itself that it does not wait: `WNOHANG`. For a guard, words that say in the function
    /// that those who need it wait as tasks.
    #[serde(default)]
    pub unless_said: Vec<String>,
    /// What it reads or writes are its arguments, not what it is called on.
    #[serde(default)]
    pub reads_arguments: bool,
    /// It waits only when it is called on text, alone or in a tuple: other things need no looking up.
    #[serde(default)]
    pub only_on_text: bool,
    /// Reading from a value of this type, or writing to it, waits for this.
    pub source: Option<Wait>,
    /// A value of this type reads from, or writes to, what its type parameters name.
    #[serde(default)]
    pub wraps: bool,
    /// The call to write in its place: `$0` and so on are arguments, `$self` is the receiver.
    pub instead: Option<String>,
    /// What the call is written as, or which type this one is, once all values that it deals with are the runtime's own.
    pub becomes: Option<String>,
    /// ... in a closure on a thread that may block, where nothing can be awaited.
    pub on_thread: Option<String>,
    /// It makes channels that hold so many messages at most, where others of the same types hold any number.
    #[serde(default)]
    pub bounded: bool,
    /// What the call is written as, or which type this one is, where the channel is `bounded`, ...
    pub when_bounded: Option<String>,
    /// ... in a closure on a thread that may block.
    pub when_bounded_on_thread: Option<String>,
    /// The argument, counted from 0, that the twin takes only when it is above zero.
    pub positive: Option<usize>,
    /// The trait that has to be in scope for that.
    pub brings: Option<String>,
    /// Its arguments are the runtime's own all together, or not at all.
    #[serde(default)]
    pub of_one_kind: bool,
    /// The twin asks for `&mut` where this one is content with `&`.
    #[serde(default)]
    pub by_mut: bool,
    /// The error of the twin is of another type.
    #[serde(default)]
    pub other_error: bool,
    /// What it is called on goes through it, in another wrapping.
    #[serde(default)]
    pub passes: bool,
    /// How the next value is taken from the twin of an iterator of this type, as an `Option`; it begins with a name for
    /// the variable that keeps the twin.
    pub each: Option<String>,
    /// ... in a closure on a thread that may block.
    pub each_on_thread: Option<String>,
    /// The twin of a value of this type cannot be cloned.
    #[serde(default)]
    pub single: bool,
    /// It clones what it is called on.
    #[serde(default)]
    pub clones: bool,
    /// There is always something more: in the twin of this iterator, or for this call to receive.
    #[serde(default)]
    pub endless: bool,
    /// What this adapter of an iterator does, which a loop can do by itself.
    pub adapts: Option<Adapts>,
    /// Of a result it keeps the value, and forgets the error.
    #[serde(default)]
    pub forgets_error: bool,
    /// Of a result it gives the value, and panics where there is none.
    #[serde(default)]
    pub unwraps: bool,
    /// What the twin of this type does with what was written to it and not flushed, when it is dropped.
    pub unflushed: Option<Unflushed>,
    /// All that was written is where it belongs when this returns.
    #[serde(default)]
    pub flushes: bool,
    /// How a call that ends a chain is written in its place.
    pub chain: Option<Chain>,
    /// It gives a socket whose calls wait until it is told otherwise.
    #[serde(default)]
    pub gives_blocking: bool,
    /// ... unless this argument, counted from 0, says that already: it does not where it is a constant.
    pub may_say: Option<usize>,
    /// Whether the calls of a socket wait stays as it was.
    #[serde(default)]
    pub leaves_blocking: bool,
    /// It makes of a value the same one of another type.
    #[serde(default)]
    pub converts: bool,
    /// The socket that it is given has to be told before that its calls do not wait.
    #[serde(default)]
    pub takes_nonblocking: bool,
    /// It makes a runtime of what was said to a builder.
    #[serde(default)]
    pub builds_runtime: bool,
    /// The parts that a runtime has because of it.
    #[serde(default)]
    pub turns_on: Vec<String>,
    /// It begins chains of calls that other rows speak of.
    #[serde(default)]
    pub begins: bool,
    /// Whether it does the same on another thread, and is cured by that.
    #[serde(default = "yes")]
    pub movable: bool,
    /// A value of this type is text.
    #[serde(default)]
    pub text: bool,
    /// A copy of a value of this type costs little.
    #[serde(default)]
    pub cheap_clone: bool,
    /// The method that makes of a reference to this type a value of its own: `to_path_buf`.
    pub owned_by: Option<String>,
    /// An error of this type can be made of what says that a task has panicked.
    #[serde(default)]
    pub from_join_error: bool,
    /// `crate/feature` that `instead` needs.
    pub needs: Option<String>,
    /// The first version of that crate with the item that `instead` names.
    pub since: Option<String>,
    /// What `instead` may be at best.
    #[serde(default = "safe")]
    fix: FixCap,
    /// Why it is not safe, in one clause.
    pub doubt: Option<String>,
    /// What a finding calls it, in place of its path.
    pub says: Option<String>,
    /// Shown with each finding.
    pub note: Option<String>,
    /// Where closures run that are handed to it.
    pub closure: Option<ClosureRuns>,
    /// What becomes of a future that is handed to it.
    pub future: Option<FutureRuns>,
    /// What it is given runs on threads of its crate, whoever calls it.
    #[serde(default)]
    pub on_own_threads: bool,
    /// The runtime that has to run where it is called, or where its future is polled if it is asynchronous.
    pub driven_by: Option<String>,
    /// It is no asynchronous function, and all the same asks for its runtime only when what it returns is polled.
    #[serde(default)]
    pub when_polled: bool,
    /// While a value that it returns lives, or a future that it is given is polled, this runtime is found there.
    pub enters: Option<String>,
    /// Implementations of this trait method run on a runtime worker.
    #[serde(default)]
    pub polled: bool,
    /// Values of this type hold a lock, a borrow or a context while they live.
    pub guard: Option<Guard>,
    /// What a call puts the thread into: a future is put into the same each time it is polled by this method of a trait.
    pub for_futures: Option<String>,
    /// It takes the lock that it is called on, and waits until it has it.
    pub takes: Option<Takes>,
    /// It takes the lock that it is called on if that is free, and says so if it is not.
    #[serde(default)]
    pub tries: bool,
    /// The lock for which tasks wait and that can take the place of this one; or the guard of such a lock.
    pub asynchronous: Option<String>,
    /// This lock can take the place of that one, and tells who comes next that a change was left half done.
    pub tells_half_done: Option<String>,
    /// What becomes of a call on a lock when tasks wait for it.
    pub on_asynchronous: Option<OnAsynchronous>,
    /// As an attribute on an async function it starts the runtime of this name.
    pub entry: Option<String>,
    /// ... for a test.
    #[serde(default)]
    pub test: bool,
    /// As an attribute it leaves the body that it stands on as it is, in effect.
    #[serde(default)]
    pub transparent: bool,
    /// As an attribute it puts the futures of the functions that it stands on in boxes.
    #[serde(default)]
    pub boxes: bool,
    /// As an attribute on an async function it awaits the future of what is written there in another one, in a value of
    /// this type, together with the span in which it runs.
    pub awaits_in: Option<String>,
    /// A reference to this type may stand where one to its `Deref` target is asked for by `AsRef`.
    #[serde(default)]
    pub stands_for_target: bool,
    /// It takes a value out of what it is called on, or is given, and leaves nothing there.
    #[serde(default)]
    pub empties: bool,
    /// The method that lends what this one takes out.
    pub borrowed_by: Option<String>,
    /// Dropping a value of this type blocks, or panics in async code.
    #[serde(default)]
    pub drop_blocks: bool,
    /// A value of this type holds values of its first parameter, and lets go of them when it is dropped.
    #[serde(default)]
    pub holds: bool,
    /// The task that it starts ends when the handle is dropped that it gives back, unless this method lets it go on.
    pub lets_go: Option<String>,
    /// What a value of this type holds may be held elsewhere as well.
    #[serde(default)]
    pub shared: bool,
    /// It changes something that stays when the caller is gone, though it asks for no `&mut`: a file, an atomic.
    #[serde(default)]
    pub changes: bool,
    /// It asks for `&mut`, and leaves what is there as it is: it makes room, or gives it back.
    #[serde(default)]
    pub only_room: bool,
    /// The method of the same value that takes back what it did, when it is given the same.
    pub undone_by: Option<String>,
    /// It takes back what another method did.
    #[serde(default)]
    pub undoes: bool,
    /// A macro writes it around each future that it awaits to its end.
    #[serde(default)]
    pub joins: bool,
    /// It gives an enum with a variant for each of its arguments, in their order, that holds what came and what is left.
    #[serde(default)]
    pub gives_variants: bool,
    /// It gives what the first of the futures in a collection gives, and those that were not done.
    #[serde(default)]
    pub gives_first: bool,
    /// A future that is handed to it, or is a branch of it, may be dropped before it is done.
    #[serde(default)]
    pub cancels: bool,
    /// ... when this comes, as a clause says it: the time is up, where it says nothing.
    pub when: Option<String>,
    /// ... but for one that is only named: that is lent to it, and lives on.
    #[serde(default)]
    pub lends_named: bool,
    /// It awaits several futures until one of them gives an error, and drops the others then.
    #[serde(default)]
    pub until_error: bool,
    /// It panics when no branch of it is left, unless it has an `else`.
    #[serde(default)]
    pub needs_else: bool,
    /// A future of this type panics when it is polled once more after it was done.
    #[serde(default)]
    pub done_once: bool,
    /// A value of this type is a pointer to what does not move any more.
    #[serde(default)]
    pub pins: bool,
    /// It ends tasks before they are done.
    #[serde(default)]
    pub aborts: bool,
    /// One that is made anew is done at once: the first tick of an interval, a value that is there.
    #[serde(default)]
    pub at_once: bool,
    /// What happens while nobody waits for it is missed: a signal.
    #[serde(default)]
    pub misses: bool,
    /// What it waits for is handed on to those who wait, in the order in which they came: a permit, room in a channel.
    #[serde(default)]
    pub queues: bool,
    /// A stream of this type runs the futures that it holds while somebody waits for its next item, and not longer. Of a
    /// function: it makes such a stream.
    #[serde(default)]
    pub idles: bool,
    /// It waits for the future that its closure makes of an item before it asks for the next item.
    #[serde(default)]
    pub one_at_a_time: bool,
    /// The method that does for several items at once, up to a limit, what is done here for one after the other.
    pub concurrently: Option<String>,
    /// Its first argument says how many futures it runs at once, and this is what zero means there.
    pub zero: Option<Zero>,
    /// It runs all futures at once that it is given.
    #[serde(default)]
    pub all_at_once: bool,
    /// How a stream ends that runs them up to a limit, and gives what this gives.
    pub limited: Option<String>,
    /// How many there are of what it makes of what it is called on, or given.
    pub counts: Option<Counts>,
    /// What becomes of the buffers that it is given, where the kernel works on them in its own time.
    pub buffers: Option<Buffers>,
    /// What a value of this type gives comes in from outside, as long as there is more.
    #[serde(default)]
    pub open_ended: bool,
    /// It makes a channel without a limit; this one makes one with as much room as its first argument says.
    pub bounded_by: Option<String>,
    /// It puts a message into a channel, and never waits.
    #[serde(default)]
    pub sends: bool,
    /// What it gives the program has put there itself: a message.
    #[serde(default)]
    pub from_within: bool,
    /// No more than so many are running where it is asked, or where it is said.
    #[serde(default)]
    pub limits: bool,
    /// It waits for one of so many permits.
    #[serde(default)]
    pub permit: bool,
    /// It takes a socket, a file or a process from the system.
    #[serde(default)]
    pub opens: bool,
    /// It makes a client that keeps its connections for all who share it.
    #[serde(default)]
    pub pools: bool,
    /// It writes down what happens, while others who do so wait for it.
    #[serde(default)]
    pub logs: bool,
    /// What it does is done on the threads of the runtime that may block, of which there are so many and no more.
    #[serde(default)]
    pub on_pool: bool,
    /// It looks one thing up there, which takes a moment: only a great many of them are worth a word.
    #[serde(default)]
    pub brief: bool,
    /// Only programs of the same machine come in by it.
    #[serde(default)]
    pub own_machine: bool,
    /// What becomes of its work when its future is dropped before it is done.
    pub cancel: Option<Cancel>,
    /// What to do in its place so that nothing is lost then, in one clause.
    pub keeping: Option<String>,
    /// The sibling that keeps what it has read.
    pub keeps: Option<Keeps>,
    /// What it returns it has taken out of what it is called on: a message, a line.
    #[serde(default)]
    pub takes_out: bool,
    /// What has to be on for the item to exist: a feature of the crate, a platform, a `cfg`.
    pub only_with: Option<String>,
    /// The line of the user's configuration that says so, as `async-fix.toml:7`; rows that are shipped have none.
    #[serde(skip)]
    pub origin: Option<String>,
}

#[derive(Serialize, Deserialize, Clone, Copy, PartialEq, Eq, Debug)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
enum FixCap {
    Safe,
    Unsafe,
    Manual,
}

fn yes() -> bool {
    true
}

fn safe() -> FixCap {
    FixCap::Safe
}

impl Row {
    /// What holds of a function that calls this one, in place of what is to be done where it is called itself.
    pub fn of_caller(&self) -> Row {
        let (instead, chain, says) = (None, None, None);
        Row { instead, chain, says, unless_asked: Vec::new(), ..self.clone() }
    }

    /// What holds of a function of which a comment says that it blocks.
    pub fn said_to_block(name: String) -> Row {
        let row = toml::from_str::<Row>("path = \"\"\nblocks = \"said\"");
        Row { path: name, ..row.expect("a path is all that a row has to have") }
    }

    /// Whether it says nothing of who waits, nor of where something runs: only what becomes of a future that is dropped
    /// before it is done, or which runtime it needs.
    pub fn says_nothing_of_threads(&self) -> bool {
        let says_more = self.blocks.is_some()
            || self.closure.is_some()
            || self.future.is_some()
            || self.takes.is_some()
            || self.cancels;
        let says_this = self.cancel.is_some() || self.takes_out || self.joins;
        (says_this || self.driven_by.is_some()) && !says_more
    }

    /// How it takes what it waits for, where that is handed on to those who wait in their order.
    pub fn waits_in_turn(&self) -> Option<Takes> {
        self.takes.or(self.queues.then_some(Takes::Alone))
    }

    /// What `instead` may be at best.
    pub fn cap(&self) -> Applicability {
        match self.fix {
            FixCap::Safe => Applicability::Safe,
            FixCap::Unsafe => Applicability::Unsafe,
            FixCap::Manual => Applicability::Manual,
        }
    }

    /// The row as it holds where it waits for this, or for nobody.
    pub fn waiting_for(&self, wait: Option<Wait>) -> Row {
        Row { blocks: wait, ..self.clone() }
    }

    /// When it drops a future that is handed to it.
    pub fn dropped_when(&self) -> &str {
        self.when.as_deref().unwrap_or("the time is up")
    }

    /// What a finding calls it.
    pub fn said(&self) -> String {
        self.says.clone().unwrap_or_else(|| format!("`{}`", self.path))
    }

    /// The last segment of the path: what a mention looks like before any alias.
    pub fn name(&self) -> &str {
        self.path.rsplit("::").next().unwrap_or(&self.path)
    }

    /// The segment before it: the type or trait that a method belongs to, or a module.
    pub fn owner(&self) -> Option<&str> {
        self.path.rsplit("::").nth(1)
    }

    /// The crate and the feature that `instead` needs.
    pub fn feature(&self) -> Option<(&str, &str)> {
        self.needs.as_deref()?.split_once('/')
    }
}
