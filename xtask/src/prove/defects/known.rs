//! The defects, each with the tests that show the right outcome: their names with modules, or `messages/name` for what
//! must not compile.

mod cluster;
mod drivers;
mod elsewhere;
mod feed;
mod journal;
mod library;
mod server;

/// A defect and its tests.
pub(super) type Defect = (&'static str, &'static [&'static str]);

/// Defects with the commands that run their tests.
pub(super) struct Area {
    pub(super) name: &'static str,
    pub(super) defects: &'static [&'static [Defect]],
    /// From the root.
    pub(super) folder: &'static str,
    /// A program that the tests need, and how to install it.
    pub(super) needs: Option<(&'static str, &'static str)>,
    /// What is built first, if anything, and the tests. `--show-output` is added, which shows what they skip.
    pub(super) build: Option<&'static str>,
    pub(super) tests: &'static [&'static str],
}

pub(super) const AREAS: &[Area] = &[
    Area {
        name: "the libraries",
        defects: &[elsewhere::DEFECTS, library::DEFECTS, drivers::DEFECTS],
        folder: "",
        needs: None,
        // Some tests run examples.
        build: Some("cargo build -p nexus-rt --all-features --examples"),
        tests: &[
            "cargo test -p nexus-rt --all-features --lib --test it --test signals --test files --test controller \
             --test feeds --test examples --test fix_gateway --test allocations --",
            "cargo test -p nexus-timer --lib --test it --test allocations --",
        ],
    },
    Area {
        name: "the journal and the gauges",
        defects: &[journal::DEFECTS],
        folder: "",
        needs: None,
        build: None,
        tests: &["cargo test -p nexus-journal -p nexus-gauge --all-features --test it --"],
    },
    Area {
        name: "market-data",
        defects: &[feed::DEFECTS],
        folder: "",
        needs: None,
        build: None,
        tests: &["cargo test -p market-data --lib --test feed --"],
    },
    Area {
        name: "kv-server",
        defects: &[server::DEFECTS],
        folder: "",
        needs: Some(("redis-server", "apt-get install redis-server")),
        build: None,
        tests: &["cargo test -p kv-server --test it --test sim -- NAMED"],
    },
    Area {
        name: "replicas",
        defects: &[cluster::DEFECTS],
        folder: "cluster",
        needs: Some(("nats-server", "`.ci/run` shows how; 2.10 or newer")),
        build: None,
        tests: &["cargo test -p nexus-jetstream -p kv-cluster -- NAMED"],
    },
];
