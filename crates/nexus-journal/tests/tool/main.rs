//! The tool `nexus-journal`, as it is run: on journals that are whole, torn, damaged, or none. What it prints is held
//! against `golden/`; `GOLDEN=overwrite` renews that.
#![expect(clippy::unwrap_used, reason = "a test that fails says where by its line")]

mod cut;
mod journals;
mod look;
mod refuse;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs of the tool, as they look on a terminal.
struct Session<'d> {
    dir: &'d TempDir,
    text: String,
}

impl<'d> Session<'d> {
    fn new(dir: &'d TempDir) -> Self {
        Self { dir, text: String::new() }
    }

    /// Runs the tool in the directory, whose journal is `journal`, and returns its exit code.
    fn run(&mut self, arguments: &str) -> i32 {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nexus-journal"));
        let run = command.args(arguments.split(' ')).current_dir(self.dir.path()).output().unwrap();
        let Output { status, stdout, stderr } = run;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let code = status.code().unwrap();
        self.text += &format!("$ nexus-journal {arguments}\n{}{}", text(stdout), text(stderr));
        self.text += &if code == 0 { "\n".to_owned() } else { format!("(exit code {code})\n\n") };
        code
    }

    /// Says what happens between two runs.
    fn say(&mut self, what: &str) {
        self.text += &format!("# {what}\n\n");
    }

    #[track_caller]
    fn is(&self, name: &str) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tool/golden").join(name).with_extension("txt");
        if std::env::var_os("GOLDEN").is_some_and(|what| what == "overwrite") {
            fs::write(&path, &self.text).unwrap();
        }
        let golden = fs::read_to_string(&path).unwrap_or_default();
        assert!(golden == self.text, "{} is not what was printed:\n{}", path.display(), self.text);
    }
}
