//! Signals as shutdown requests: a thread that waits for them.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::{SigId, flag, low_level};

const SIGNALS: [i32; 2] = [SIGINT, SIGTERM];

/// Whether no world listens, so that a signal ends the process.
static UNHEARD: AtomicBool = AtomicBool::new(true);

/// The number of worlds that listen, once a signal that no world hears ends the process.
static WORLDS: Mutex<Option<usize>> = Mutex::new(None);

/// Handles SIGINT and SIGTERM for as long as it lives.
pub(super) struct Listening {
    thread: Handle,
    _actions: Actions,
}

/// The registered actions, to be unregistered.
#[derive(Default)]
struct Actions(Vec<SigId>);

impl Listening {
    /// Calls `request` for each signal. The second signal ends the process.
    pub(super) fn start(request: impl Fn() + Send + 'static) -> io::Result<Self> {
        end_unheard()?;
        // First, so that the thread learns of each signal that the flags have seen.
        let mut signals = Signals::new(SIGNALS)?;
        let mut actions = Actions::default();
        let signalled = Arc::new(AtomicBool::new(false));
        for signal in SIGNALS {
            // They run in this order: the first sees the state that the previous signal left.
            actions.0.push(flag::register_conditional_default(signal, signalled.clone())?);
            actions.0.push(flag::register(signal, signalled.clone())?);
        }
        let thread = signals.handle();
        let wait = move || signals.forever().for_each(|_| request());
        thread::Builder::new().name("signals".into()).spawn(wait)?;
        count(|worlds| worlds + 1);
        Ok(Self { thread, _actions: actions })
    }
}

/// Makes signals that no world hears end the process. The OS does so by itself only before the first action is
/// registered: when the last one is unregistered, it does not begin again.
fn end_unheard() -> io::Result<()> {
    let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
    if worlds.is_none() {
        for signal in SIGNALS {
            flag::register_conditional_default(signal, &UNHEARD)?;
        }
        *worlds = Some(0);
    }
    Ok(())
}

fn count(change: impl FnOnce(usize) -> usize) {
    let mut worlds = WORLDS.lock().unwrap_or_else(PoisonError::into_inner);
    *worlds = worlds.map(change);
    UNHEARD.store(*worlds == Some(0), Ordering::SeqCst);
}

impl Drop for Listening {
    fn drop(&mut self) {
        // Before the actions are unregistered, so that each signal is either heard or ends the process.
        count(|worlds| worlds - 1);
        self.thread.close();
    }
}

impl Drop for Actions {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|action| _ = low_level::unregister(action));
    }
}
