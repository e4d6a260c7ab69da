//! Three machines, each with a nats-server and a kv-server. They are network namespaces on a bridge, so that one can be
//! cut off, or loopback addresses if namespaces cannot be created.

use std::fs::{self, File};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::client::{Client, Reply};

pub(crate) const COUNT: usize = 3;

/// A program on a machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Which {
    Nats,
    Kv,
}

pub(crate) struct Machines {
    folder: TempDir,
    /// A number that is unique among the tests on this machine.
    number: u8,
    are_apart: bool,
    running: Vec<(Which, usize, Child)>,
    options: Vec<String>,
}

/// Runs `ip`. Returns whether it succeeded.
fn ip(line: &str) -> bool {
    let output = Command::new("ip").args(line.split(' ')).stdout(Stdio::null()).stderr(Stdio::null()).status();
    output.is_ok_and(|status| status.success())
}

impl Machines {
    /// Starts all programs, and waits until they answer.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let number = u8::try_from(std::process::id() % 200).expect("less than 200") + 20;
        let options = options.iter().map(|&option| option.into()).collect();
        let mut machines = Self { folder, number, are_apart: false, running: Vec::new(), options };
        machines.are_apart = machines.make_apart();
        (0..COUNT).for_each(|machine| machines.run(Which::Nats, machine));
        (0..COUNT).for_each(|machine| machines.run(Which::Kv, machine));
        (0..COUNT).for_each(|machine| machines.wait(machine));
        machines
    }

    fn bridge(&self) -> String {
        format!("nx{}b", self.number)
    }

    fn space(&self, machine: usize) -> String {
        format!("nx{}m{machine}", self.number)
    }

    fn make_apart(&self) -> bool {
        let (bridge, number) = (self.bridge(), self.number);
        let mut made = ip(&format!("link add {bridge} type bridge"))
            && ip(&format!("addr add 10.77.{number}.254/24 dev {bridge}"))
            && ip(&format!("link set {bridge} up"));
        for machine in 0..COUNT {
            let (space, address) = (self.space(machine), self.address(machine, true));
            made = made
                && ip(&format!("netns add {space}"))
                && ip(&format!("link add {space}o type veth peer name {space}i netns {space}"))
                && ip(&format!("link set {space}o master {bridge} up"))
                && ip(&format!("-n {space} addr add {address}/24 dev {space}i"))
                && ip(&format!("-n {space} link set {space}i up"))
                && ip(&format!("-n {space} link set lo up"));
        }
        made
    }

    fn address(&self, machine: usize, apart: bool) -> IpAddr {
        let machine = u8::try_from(machine).expect("few machines") + 1;
        if apart { Ipv4Addr::new(10, 77, self.number, machine) } else { Ipv4Addr::new(127, 77, self.number, machine) }
            .into()
    }

    /// Returns whether a machine can be cut off.
    pub(crate) fn are_apart(&self) -> bool {
        self.are_apart
    }

    /// Returns the address of a kv-server for clients.
    pub(crate) fn kv(&self, machine: usize) -> SocketAddr {
        (self.address(machine, self.are_apart), 7100).into()
    }

    /// Starts a program that is not running.
    pub(crate) fn run(&mut self, which: Which, machine: usize) {
        let (address, path) = (self.address(machine, self.are_apart), self.folder.path());
        let others = |port: u16, join: &str| {
            let each = (0..COUNT).map(|other| format!("nats://{}:{port}", self.address(other, self.are_apart)));
            each.collect::<Vec<_>>().join(join)
        };
        let mut words: Vec<String> = Vec::new();
        if self.are_apart {
            words.extend(["ip", "netns", "exec", &self.space(machine)].map(String::from));
        }
        match which {
            Which::Nats => {
                let store = path.join(format!("store-{machine}"));
                let routes = others(6222, ", ");
                let config = path.join(format!("nats-{machine}.conf"));
                let text = format!(
                    "listen: {address}:4222\nserver_name: m{machine}\njetstream {{ store_dir: {store:?} }}\n\
                     cluster {{ name: c, listen: {address}:6222, routes: [{routes}] }}\n"
                );
                fs::write(&config, text).expect("a folder that can be written");
                words.extend(["nats-server".into(), "-c".into(), config.display().to_string()]);
            }
            Which::Kv => {
                let cluster = others(4222, ",");
                words.push(env!("CARGO_BIN_EXE_kv-server").into());
                let node = format!("m{machine}");
                let own = ["--bind", &address.to_string(), "--port", "7100", "--cluster", &cluster, "--node", &node];
                words.extend(own.map(String::from));
                words.extend(["--patience-ms", "60000"].map(String::from));
                words.extend(self.options.clone());
            }
        }
        let log = self.log(which, machine);
        let log = File::options().create(true).append(true).open(log).expect("a log");
        let child = Command::new(&words[0])
            .args(&words[1..])
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", words[0]));
        self.running.push((which, machine, child));
    }

    fn log(&self, which: Which, machine: usize) -> PathBuf {
        self.folder.path().join(format!("{which:?}-{machine}.log"))
    }

    /// Returns what a program has printed.
    pub(crate) fn said(&self, which: Which, machine: usize) -> String {
        fs::read_to_string(self.log(which, machine)).unwrap_or_default()
    }

    /// Waits until a kv-server answers.
    pub(crate) fn wait(&self, machine: usize) {
        let began = Instant::now();
        loop {
            let answer = Client::connect(self.kv(machine), Duration::from_secs(2)).and_then(|mut it| it.ask(&["PING"]));
            if matches!(answer, Ok(Reply::Simple(_))) {
                return;
            }
            assert!(
                began.elapsed() < Duration::from_secs(90),
                "m{machine} does not serve: {answer:?}; {}",
                self.said(Which::Kv, machine)
            );
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Restarts each kv-server that has ended because it was too far behind the stream, as its error asks. Returns the
    /// number of restarts.
    pub(crate) fn revive(&mut self) -> usize {
        let mut ended = Vec::new();
        self.running.retain_mut(|(which, machine, child)| {
            let is_over = *which == Which::Kv && child.try_wait().is_ok_and(|status| status.is_some());
            ended.extend(is_over.then_some(*machine));
            !is_over
        });
        for &machine in &ended {
            let said = self.said(Which::Kv, machine);
            let last = said.trim_end().lines().last().unwrap_or_default();
            assert!(last.contains("was purged or lost: start the node again"), "m{machine} has ended: {last}");
            self.run(Which::Kv, machine);
        }
        ended.len()
    }

    /// Sends a signal to a running program.
    pub(crate) fn signal(&self, which: Which, machine: usize, signal: &str) {
        let found = self.running.iter().find(|(a, b, _)| (*a, *b) == (which, machine));
        let id = found.expect("it runs").2.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill is there").success());
    }

    /// Kills a program, as a failure would.
    pub(crate) fn kill(&mut self, which: Which, machine: usize) {
        let found = self.running.iter().position(|(a, b, _)| (*a, *b) == (which, machine));
        let (.., mut child) = self.running.swap_remove(found.expect("it runs"));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// Cuts a machine off, or reconnects it.
    pub(crate) fn cut(&self, machine: usize, off: bool) {
        let state = if off { "down" } else { "up" };
        assert!(ip(&format!("link set {}o {state}", self.space(machine))));
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        if thread::panicking() {
            (0..COUNT).for_each(|machine| eprintln!("m{machine}: {}", self.said(Which::Kv, machine)));
            self.folder.disable_cleanup(true);
            eprintln!("the logs and stores are in {}", self.folder.path().display());
        }
        for (.., child) in &mut self.running {
            _ = child.kill();
            _ = child.wait();
        }
        (0..COUNT).for_each(|machine| _ = ip(&format!("netns del {}", self.space(machine))));
        ip(&format!("link del {}", self.bridge()));
    }
}
