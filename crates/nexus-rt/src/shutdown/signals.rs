//! Signals as shutdown requests: a thread that waits for them.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};
use signal_hook::{SigId, flag, low_level};

/// Handles SIGINT and SIGTERM for as long as it lives.
#[derive(Default)]
pub(super) struct Listening {
    /// The registered actions, to be unregistered.
    actions: Vec<SigId>,
    thread: Option<Handle>,
}

impl Listening {
    /// Calls `request` for each signal. The second signal ends the process.
    pub(super) fn start(request: impl Fn() + Send + 'static) -> io::Result<Self> {
        let mut listening = Self::default();
        let signalled = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // They run in this order: the first sees the state that the previous signal left.
            listening.actions.push(flag::register_conditional_default(signal, signalled.clone())?);
            listening.actions.push(flag::register(signal, signalled.clone())?);
        }
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        listening.thread = Some(signals.handle());
        let wait = move || signals.forever().for_each(|_| request());
        thread::Builder::new().name("signals".into()).spawn(wait)?;
        Ok(listening)
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.actions.drain(..).for_each(|action| _ = low_level::unregister(action));
        if let Some(thread) = self.thread.take() {
            thread.close();
        }
    }
}
