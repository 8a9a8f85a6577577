//! What a thread knows of the script that it runs: everything in this crate that is thread-local.
//!
//! A script runs on one thread from its start to its end, and Rhai's callbacks (a token was read, a variable is read, an
//! operation was done, an import is made) are told neither for whom they are called nor with which deadline. The state
//! that Rhai hands through (`GlobalRuntimeState::tag`) is a value that is allocated for each call and cloned with each
//! nested state, and the compiler has none. So what holds for a call stands with its thread.
//!
//! | file | holds | put there by | taken away |
//! |---|---|---|---|
//! | `call` | number, deadline and locks of each call | [`call::CallScope`] | with the scope, which gives the locks back |
//! | `under_way` | what runs, and for whom: other threads ask | `note` | with what it returned |
//! | `importing` | who decides what is imported | `with_importing` | when that returns |
//! | `stack` | how far down the stack may go; a spare stack | `with_room` | when that returns; the spare stack stays |
//! | `at_hand` | the instances whose variables are read | the first read in a call | when the outermost call or load ends |
//! | `captures` | the variables that functions captured | the first read of one | when the outermost call or load ends |
//! | `loading` | the top levels that run | `during` | when that returns |
//! | `compiling` | the mapper of the text that is compiled | `during` | when that returns |
//! | `changing` | what the thread updates, or makes for a cache | `Changing::start` | with what it returned |
//! | `ending` | how far the script is with being ended; the last tick seen | each operation | the next operation of a call that has time left |
//! | `drop_flat` | what is still to be dropped | the outermost drop | when it returns |
//!
//! `tick` is one for all threads: a clock that each operation can afford to read.
//!
//! **When a script panics** (a native function of the host's did), everything above is taken away all the same: each guard
//! does so when it is dropped, and a call from outside catches the panic after all of them. What may be left is a tick that
//! was seen, and how far a script was with being ended, and the next operation that finds time left forgets that.
//!
//! **When a thread is used again**, it has nothing of what ran before but those two, the capacity of empty lists, and a
//! stack of its own to run on. When it ends, nothing is left to be dropped but these.
//!
//! **A call within a call** (a native function of the host's calls a handler) stacks up: deadlines only get nearer, the innermost
//! decides about imports, and captures and instances are let go by the outermost.
//!
//! None of it knows what instances, views or requests are: what is asked of these is a trait here, or a type that only they know.

pub(crate) mod at_hand;
pub(crate) mod call;
pub(crate) mod captures;
pub(crate) mod changing;
pub(crate) mod compiling;
mod drop_flat;
pub(crate) mod ending;
pub(crate) mod importing;
mod innermost;
pub(crate) mod loading;
pub(crate) mod stack;
pub(crate) mod tick;
pub(crate) mod under_way;

pub(crate) use drop_flat::{drop_flat, may_hold_values};
pub(crate) use ending::{Meter, out_of_time};
