//! Every interleaving of the doorbell and the inbox, by loom. Run by `cargo xtask loom`.

mod doorbell {
    include!(concat!(env!("OUT_DIR"), "/doorbell.rs"));
}

mod channel {
    include!(concat!(env!("OUT_DIR"), "/channel.rs"));
}

/// A queue with room for one event, whose atomics promise no more than a bounded queue has to.
mod queue {
    use std::sync::Mutex;

    use loom::sync::atomic::{AtomicUsize, Ordering};

    const EMPTY: usize = 0;
    const WRITING: usize = 1;
    const FULL: usize = 2;

    pub(crate) struct ArrayQueue<T> {
        state: AtomicUsize,
        /// Of the standard library, which loom does not see: it orders nothing.
        event: Mutex<Option<T>>,
    }

    impl<T> ArrayQueue<T> {
        pub(crate) fn new(_capacity: usize) -> Self {
            Self { state: AtomicUsize::new(EMPTY), event: Mutex::new(None) }
        }

        pub(crate) fn push(&self, event: T) -> Result<(), T> {
            if self.state.compare_exchange(EMPTY, WRITING, Ordering::Acquire, Ordering::Relaxed).is_err() {
                return Err(event);
            }
            *self.event.lock().expect("nobody panics with it") = Some(event);
            self.state.store(FULL, Ordering::Release);
            Ok(())
        }

        pub(crate) fn force_push(&self, event: T) -> Option<T> {
            self.push(event).err()
        }

        pub(crate) fn pop(&self) -> Option<T> {
            if self.state.compare_exchange(FULL, WRITING, Ordering::Acquire, Ordering::Relaxed).is_err() {
                return None;
            }
            let event = self.event.lock().expect("nobody panics with it").take();
            self.state.store(EMPTY, Ordering::Release);
            event
        }

        pub(crate) fn len(&self) -> usize {
            usize::from(self.state.load(Ordering::Relaxed) == FULL)
        }

        pub(crate) fn is_empty(&self) -> bool {
            self.state.load(Ordering::Acquire) != FULL
        }

        pub(crate) fn capacity(&self) -> usize {
            1
        }
    }
}

#[cfg(test)]
mod models {
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use crate::channel::{Channel, Full, SendError};
    use crate::doorbell::Doorbell;

    /// A sleep that a wake-up ends, even one that came first, as with an eventfd or a parked thread. A loop that sleeps
    /// for ever is a deadlock, which loom reports.
    #[derive(Clone)]
    struct Alarm(Arc<(Mutex<bool>, Condvar)>);

    impl Alarm {
        fn new() -> (Self, Doorbell) {
            let alarm = Self(Arc::new((Mutex::new(false), Condvar::new())));
            let rung = alarm.clone();
            let bell = Doorbell::new(move || {
                *rung.0.0.lock().unwrap() = true;
                rung.0.1.notify_one();
            });
            (alarm, bell)
        }

        /// What every loop does after it has looked at everything in vain.
        fn sleep(&self, bell: &Doorbell) {
            if bell.may_sleep() {
                let mut rung = self.0.0.lock().unwrap();
                while !*rung {
                    rung = self.0.1.wait(rung).unwrap();
                }
                *rung = false;
            }
            bell.answer();
        }
    }

    #[test]
    fn no_ring_is_lost() {
        loom::model(|| {
            let (alarm, bell) = Alarm::new();
            let put = Arc::new(AtomicUsize::new(0));
            let senders = [(); 2].map(|()| {
                let (put, bell) = (put.clone(), bell.clone());
                thread::spawn(move || {
                    put.fetch_add(1, Ordering::Relaxed); // as weak as a queue can be
                    bell.ring();
                })
            });
            while put.load(Ordering::Relaxed) < 2 {
                alarm.sleep(&bell);
            }
            senders.map(|sender| sender.join().unwrap());
        });
    }

    #[test]
    fn a_blocked_sender_is_let_in() {
        loom::model(|| {
            let (alarm, bell) = Alarm::new();
            let channel = Channel::<usize>::new(1, Full::Wait, bell.clone());
            let sender = Channel::sender(&channel);
            let sending = thread::spawn(move || {
                sender.send(1).unwrap();
                sender.send(2).unwrap();
            });
            let mut came = Vec::new();
            while came.len() < 2 {
                match channel.pop() {
                    Some(event) => {
                        came.push(event);
                        channel.made_room();
                    }
                    None => alarm.sleep(&bell),
                }
            }
            sending.join().unwrap();
            assert_eq!(came, [1, 2]);
        });
    }

    #[test]
    fn a_blocked_sender_is_refused_when_the_loop_is_gone() {
        loom::model(|| {
            let (_, bell) = Alarm::new();
            let channel = Channel::<usize>::new(1, Full::Wait, bell);
            let sender = Channel::sender(&channel);
            let sending = thread::spawn(move || [sender.send(1).is_ok(), sender.send(2) == Err(SendError::Closed(2))]);
            channel.close();
            let [_, refused] = sending.join().unwrap();
            assert!(refused);
        });
    }

    #[test]
    fn nothing_is_left_in_a_queue_whose_receiving_end_has_left() {
        loom::model(|| {
            let (_, bell) = Alarm::new();
            let channel = Channel::<usize>::new(1, Full::Refuse, bell);
            let sender = Channel::sender(&channel);
            let sending = thread::spawn(move || {
                let _ = sender.send(1);
                sender // which stays
            });
            channel.abandon();
            let _sender = sending.join().unwrap();
            assert_eq!(channel.len(), 0);
        });
    }

    #[test]
    fn the_end_comes_after_the_last_event() {
        loom::model(|| {
            let (alarm, bell) = Alarm::new();
            let channel = Channel::<usize>::new(1, Full::Refuse, bell.clone());
            let sender = Channel::sender(&channel);
            let sending = thread::spawn(move || sender.push(7).unwrap()); // rings only by leaving
            let mut came = None;
            while !channel.is_over() {
                match channel.pop() {
                    Some(event) => came = Some(event),
                    None => alarm.sleep(&bell),
                }
            }
            sending.join().unwrap();
            assert_eq!(came, Some(7));
        });
    }
}
