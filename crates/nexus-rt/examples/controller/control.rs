//! The control law, its motor, and what a tick runs through.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use hdrhistogram::Histogram;
use nexus_rt::inbox::Outbox;
use nexus_rt::timer::TimerEvent;
use nexus_rt::{Clock, Handler, PipelineStart, Registry, Res, ResMut, Shutdown};

pub(crate) const PERIOD: Duration = Duration::from_millis(1);

/// The target speed of the motor, in revolutions per second.
pub(crate) struct Target(pub(crate) f64);

/// The motor, simulated. It follows its voltage with a delay of 50 ms.
#[derive(Default)]
pub(crate) struct Motor {
    pub(crate) speed: f64,
    voltage: f64,
}

/// A proportional-integral controller with a limited output.
pub(crate) struct Law {
    proportional: f64,
    integral: f64,
    sum: f64,
    limit: f64,
}

impl Default for Law {
    fn default() -> Self {
        Self { proportional: 0.5, integral: 10.0, sum: 0.0, limit: 24.0 }
    }
}

/// How late ticks were, in nanoseconds.
pub(crate) struct Ticks {
    pub(crate) late: Histogram<u64>,
    /// The exact sum in nanoseconds: the histogram keeps three digits.
    sum: Duration,
    /// Ticks that were skipped because the previous one was more than a period late.
    pub(crate) missed: u64,
    /// The deadline of the previous tick, since 1970.
    previous: Option<Duration>,
}

impl Default for Ticks {
    fn default() -> Self {
        let late = Histogram::new_with_bounds(1, 1 << 40, 3).expect("the bounds are in order");
        Self { late, sum: Duration::ZERO, missed: 0, previous: None }
    }
}

/// How long the program runs, and how late a tick may be before it is reported.
#[derive(Clone, Copy, Default, PartialEq, Hash, Debug)]
pub(crate) struct Settings {
    pub(crate) ticks: u64,
    pub(crate) limit: Duration,
}

/// A tick that was too late.
#[derive(Clone, Copy)]
pub(crate) struct Late {
    pub(crate) tick: u64,
    pub(crate) by: Duration,
}

/// Numbers are compared by their bits.
impl Hash for Target {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Hash for Motor {
    fn hash<H: Hasher>(&self, state: &mut H) {
        [self.speed, self.voltage].map(f64::to_bits).hash(state);
    }
}

impl Hash for Law {
    fn hash<H: Hasher>(&self, state: &mut H) {
        [self.proportional, self.integral, self.sum, self.limit].map(f64::to_bits).hash(state);
    }
}

impl Hash for Ticks {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.sum, self.missed, self.previous, self.late.len()).hash(state);
        self.late.iter_recorded().for_each(|step| (step.value_iterated_to(), step.count_at_value()).hash(state));
    }
}

/// Records how late a tick is, and reports it if it exceeds the limit.
fn watch(
    settings: Res<Settings>,
    clock: Res<Clock>,
    mut ticks: ResMut<Ticks>,
    mut reports: ResMut<Outbox<Late>>,
    timer: &TimerEvent,
) {
    assert!(timer.now >= timer.deadline && timer.now == clock.now(), "never early, and one time for all handlers");
    let late = timer.late();
    ticks.late.saturating_record(u64::try_from(late.as_nanos()).unwrap_or(u64::MAX));
    ticks.sum += late;
    let deadline = clock.unix() - late;
    if let Some(previous) = ticks.previous.replace(deadline) {
        let periods = (deadline - previous).as_nanos() / PERIOD.as_nanos();
        ticks.missed += u64::try_from(periods - 1).unwrap_or(u64::MAX);
    }
    if late > settings.limit {
        reports.send(&Late { tick: ticks.late.len(), by: late });
    }
}

/// Reads the sensor. Here it also moves the simulated motor on by one period.
fn sense(mut motor: ResMut<Motor>, _: TimerEvent) -> f64 {
    let change = (motor.voltage * 10.0 - motor.speed) * PERIOD.as_secs_f64() / 0.05;
    motor.speed += change;
    motor.speed
}

fn control(target: Res<Target>, mut law: ResMut<Law>, speed: f64) -> f64 {
    let error = target.0 - speed;
    let step = error * law.integral * PERIOD.as_secs_f64();
    let voltage = error * law.proportional + law.sum + step;
    // While the output is at its limit, the integral does not change.
    if voltage.abs() < law.limit {
        law.sum += step;
    }
    voltage.clamp(-law.limit, law.limit)
}

fn drive(mut motor: ResMut<Motor>, voltage: f64) {
    motor.voltage = voltage;
}

fn until_the_last(ticks: Res<Ticks>, settings: Res<Settings>, shutdown: Res<Shutdown>, (): ()) {
    if ticks.late.len() == settings.ticks {
        shutdown.shutdown();
    }
}

/// Builds the pipeline of a tick.
pub(crate) fn tick(reg: &Registry) -> impl Handler<TimerEvent> + use<> {
    PipelineStart::<TimerEvent>::new()
        .tap(watch, reg)
        .then(sense, reg)
        .then(control, reg)
        .then(drive, reg)
        .then(until_the_last, reg)
        .build()
}
