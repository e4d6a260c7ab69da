//! Generates the source of a program over either library.

use std::fmt::Write as _;
use std::path::Path;

pub(crate) struct Library {
    pub(crate) name: &'static str,
    pub(crate) folder: &'static str,
    /// The dependency; `PATH` stands for the repository.
    dependency: &'static str,
    features: &'static str,
    /// The code that a resource needs.
    resource: &'static str,
}

pub(crate) const OURS: Library = Library {
    name: "ours",
    folder: "ours",
    dependency: r#"{ path = "PATH/crates/nexus-rt" }"#,
    features: r#"["nexus-rt/mio", "nexus-rt/signals", "nexus-rt/smartptr", "nexus-rt/timer"]"#,
    resource: "",
};

pub(crate) const PUBLISHED: Library = Library {
    name: "2.5.1",
    folder: "published",
    dependency: r#""=2.5.1""#,
    features: r#"["nexus-rt/full"]"#,
    resource: "#[derive(nexus_rt::Resource)] ",
};

impl Library {
    pub(crate) fn manifest(&self, repository: &Path) -> String {
        let dependency = self.dependency.replace("PATH", &repository.display().to_string());
        format!(
            "[workspace]\n\n[package]\nname = \"program\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
             [features]\nall = {}\n\n[dependencies]\nnexus-rt = {dependency}\n",
            self.features
        )
    }
}

/// Returns a program with this many resources and boxed handlers. Functions of three params and pipelines alternate.
pub(crate) fn program(library: &Library, handlers: usize) -> String {
    let mut text = String::from(
        "use nexus_rt::{Handler, IntoHandler, PipelineBuilder, Res, ResMut, WorldBuilder};\n\nmod functions {\n    use super::*;\n",
    );
    if library.name == OURS.name {
        text = text.replace("PipelineBuilder", "PipelineStart as PipelineBuilder");
    }
    for n in 0..handlers {
        let (a, b) = ((n + 1) % handlers, (n + 7) % handlers);
        let _ = write!(
            text,
            "
    {}pub struct R{n}(pub u64);

    pub fn f{n}(a: Res<R{a}>, b: Res<R{b}>, mut own: ResMut<R{n}>, x: u64) {{
        own.0 = own.0.wrapping_mul({n}).wrapping_add(a.0 ^ b.0 ^ x);
    }}
",
            library.resource
        );
        if n % 2 == 1 {
            let _ = write!(
                text,
                "
    pub fn check{n}(x: u64) -> Option<u64> {{
        if x % {} == 0 {{ None }} else {{ Some(x + {n}) }}
    }}
",
                n + 2
            );
        }
    }
    text.push_str("}\n\nuse functions::*;\n\nfn main() {\n    let mut builder = WorldBuilder::new();\n");
    (0..handlers).for_each(|n| _ = writeln!(text, "    builder.register(R{n}({n}));"));
    text.push_str("    let mut world = builder.build();\n    let reg = world.registry();\n");
    text.push_str("    let mut handlers: Vec<Box<dyn Handler<u64>>> = Vec::new();\n");
    for n in 0..handlers {
        let made = if n % 2 == 0 {
            format!("f{n}.into_handler(reg)")
        } else {
            format!("PipelineBuilder::<u64>::new().then(check{n}, reg).map(f{n}, reg).build()")
        };
        let _ = writeln!(text, "    handlers.push(Box::new({made}));");
    }
    text.push_str("    for x in 0..1000 {\n        for handler in &mut handlers {\n            handler.run(&mut world, x);\n        }\n    }\n");
    text.push_str("    let sum = [\n");
    (0..handlers).for_each(|n| _ = writeln!(text, "        world.resource::<R{n}>().0,"));
    text.push_str(
        "    ];\n    println!(\"{}\", sum.iter().fold(0_u64, |sum, x| sum.wrapping_mul(31).wrapping_add(*x)));\n}\n",
    );
    text
}

/// Returns the expected output of such a program.
pub(crate) fn output(handlers: usize) -> String {
    let mut values: Vec<u64> = (0..handlers as u64).collect();
    for x in 0..1000_u64 {
        for n in 0..handlers {
            let x = match n % 2 {
                0 => x,
                _ if x % (n as u64 + 2) == 0 => continue,
                _ => x + n as u64,
            };
            let (a, b) = (values[(n + 1) % handlers], values[(n + 7) % handlers]);
            values[n] = values[n].wrapping_mul(n as u64).wrapping_add(a ^ b ^ x);
        }
    }
    format!("{}\n", values.iter().fold(0_u64, |sum, x| sum.wrapping_mul(31).wrapping_add(*x)))
}
