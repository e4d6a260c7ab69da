//! The program: reads the command line, prints the address, and serves.

use std::io::{self, BufWriter, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, UNIX_EPOCH};

use nexus_gauge::{Board, Stall, Watch};
use nexus_journal::{Error, Replayed};
use nexus_rt::World;

use crate::args::Args;
use crate::history::History;
use crate::keys::Keys;
use crate::server::Server;
use crate::settings::Options;

/// The number of open files that are not client connections.
const OWN_FILES: u64 = 32;

/// Runs the program of a command line, and prints what fails. `share` makes the server share a log with others, and
/// returns what to print about it.
pub fn run(mut args: Args, share: impl FnOnce(&mut Server, &mut World) -> Result<String, String>) -> ExitCode {
    match serve(&mut args, share) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            _ = writeln!(io::stderr(), "kv-server: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Serves until it is asked to stop. An error is one sentence.
fn serve(args: &mut Args, share: impl FnOnce(&mut Server, &mut World) -> Result<String, String>) -> Result<(), String> {
    if let Some(directory) = &args.replay {
        return replay(args, directory);
    }
    let wanted = args.max_clients as u64 + OWN_FILES;
    let files = rlimit::increase_nofile_limit(wanted);
    let files = files.map_err(|error| format!("cannot raise the limit on open files: {error}"))?;
    let asked = args.max_clients;
    if files < wanted {
        args.max_clients = usize::try_from(files.saturating_sub(OWN_FILES).max(1)).unwrap_or(usize::MAX);
    }
    let address = if args.plan.is_some() { ([127, 0, 0, 1], 0).into() } else { SocketAddr::new(args.bind, args.port) };
    let listening = (address, args.unixsocket.as_deref());
    let bound = Server::bind(listening, args.metrics, args.wait, args.limits());
    let (mut server, mut world) = bound.map_err(|error| error.to_string())?;
    if let Some(format) = args.plan {
        return print(&server.plan().render(format));
    }
    world.resource_mut::<Options>().password = args.requirepass.take().unwrap_or_default().into_bytes().into();
    world.shutdown_handle().enable_signals().map_err(|error| format!("cannot handle signals: {error}"))?;
    let journal = args.log().map(|log| server.journal(&mut world, &log)).transpose();
    let journal = journal.map_err(|error| error.to_string())?;
    let shared = share(&mut server, &mut world)?;
    print(&(banner(args, asked, server.address()) + &shared))?;
    if let Some(replayed) = journal {
        print(&recovered(args, &world, &replayed))?;
    }
    if let Some(address) = world.resource::<Options>().metrics {
        print(&format!("  metrics: http://{address}/\n"))?;
    }
    let _watch = watch(args, &world);
    let kept = server.run(&mut world, args.drain()).map_err(|error| error.to_string())?;
    let kept = kept.map_or(String::new(), |kept| format!("kv-server: the journal has {kept}\n"));
    print(&format!("kv-server: stopped; every reply was sent or dropped\n{kept}"))
}

/// Starts a watch that reports a loop that does not turn.
fn watch(args: &Args, world: &World) -> Option<Watch> {
    let limit = Duration::from_millis(args.slow_ms);
    let report = |stall: Stall| _ = writeln!(io::stderr(), "kv-server: {stall}");
    (args.slow_ms > 0).then(|| world.resource::<Board>().watch(limit, report))
}

/// Prints the keys that a journal leads to, or how they changed.
fn replay(args: &Args, directory: &Path) -> Result<(), String> {
    if let Some(&[from, to]) = args.diff.as_deref().filter(|between| !between.is_sorted()) {
        let mend = format!("name the earlier sequence first, as in --diff {to} {from}");
        return Err(format!("--diff {from} {to} goes backwards: {mend}"));
    }
    let mut history = History::open(directory).map_err(|error| error.to_string())?;
    if history.is_empty() {
        let place = directory.display();
        return Err(format!("there is no journal in {place}: record one with `--journal {place}`"));
    }
    show(&mut history, args).map_err(|error| error.to_string())
}

fn show(history: &mut History, args: &Args) -> Result<(), Error> {
    let mut out = BufWriter::new(io::stdout().lock());
    let printed = match args.diff.as_deref() {
        Some(&[from, to]) => {
            history.advance(Some(from))?;
            history.print_changes(to, &mut out)?
        }
        _ => {
            history.advance(args.until)?;
            history.print(&mut out)
        }
    };
    // The reader may close the pipe early.
    match printed.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Io { doing: "write", path: "standard output".into(), source: error })
        }
        _ => Ok(()),
    }
}

/// Returns a line about the journal that was replayed.
fn recovered(args: &Args, world: &World, replayed: &Replayed) -> String {
    let directory = args.journal.as_deref().unwrap_or(Path::new("")).display();
    let torn = replayed.torn.as_ref().map_or(String::new(), |torn| format!("; cut off: {torn}"));
    let (keys, last) = (world.resource::<Keys>().len(), replayed.last);
    let now = UNIX_EPOCH.elapsed().unwrap_or_default();
    let ahead = match replayed.at.saturating_sub(now) {
        Duration::ZERO => String::new(),
        ahead => format!(
            "; the machine's clock is {ahead:.0?} behind it, so time runs at half speed until the clock catches up"
        ),
    };
    format!("  journal {directory}: {keys} keys at sequence {last}, {} bytes{torn}{ahead}\n", replayed.bytes)
}

/// Returns the lines that show the address and what to try.
fn banner(args: &Args, asked: usize, address: SocketAddr) -> String {
    let port = address.port();
    let host = if address.ip().is_loopback() || address.ip().is_unspecified() {
        String::new()
    } else {
        format!("-h {} ", address.ip())
    };
    let fewer = if asked == args.max_clients {
        String::new()
    } else {
        format!(" (not {asked}: the OS allows no more open files)")
    };
    format!(
        "kv-server {version}: listening on {address}\n  \
         up to {clients} clients{fewer}; Ctrl-C or SIGTERM stops it\n  \
         try: redis-cli {host}-p {port} SET greeting hello EX 60\n",
        version = env!("CARGO_PKG_VERSION"),
        clients = args.max_clients,
    )
}

/// Writes to standard output.
fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader may close the pipe early.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("cannot write to standard output: {error}"))
        }
        _ => Ok(()),
    }
}
