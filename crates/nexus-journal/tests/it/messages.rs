//! Each error says what is wrong, where, and how to mend it.

use std::io;
use std::path::PathBuf;

use nexus_journal::{Divergence, Error};
use nexus_rt::Sequence;

#[test]
fn errors_say_what_is_wrong_and_how_to_mend_it() {
    let path = || PathBuf::from("log/00000000000000000003.journal");
    let snapshot = || PathBuf::from("log/00000000000000000003.snapshot");
    let [three, five, nine] = [3, 5, 9].map(Sequence::new);
    let divergence = |resources: &[&str], after, reached, unwatched| {
        let resources = resources.iter().map(|name| (*name).to_owned()).collect();
        Error::Diverged(Box::new(Divergence { resources, after, at: five, reached, unwatched }))
    };
    let text: String = [
        Error::Io { doing: "write", path: path(), source: io::ErrorKind::StorageFull.into() },
        Error::Failed("cannot sync log: it was unplugged".into()),
        Error::Locked("log".into()),
        Error::Foreign(path()),
        Error::Newer { path: path(), version: 9 },
        Error::OtherProgram { path: path(), found: "venue".into(), expected: "ledger".into() },
        Error::Hole { path: path(), needs: five, has: three },
        Error::Damaged { path: path(), offset: 64, after: three },
        Error::Damaged { path: snapshot(), offset: 64, after: three },
        Error::Gone { asked: three, begins: five },
        Error::Beyond { asked: nine, last: five },
        Error::NoEnd { asked: five },
        Error::Unknown { source: 7, at: five, length: 16 },
        divergence(&["Book"], three, None, vec![]),
        divergence(&["Book", "Orders"], Sequence::NEVER, None, vec!["Cache", "Random"]),
        divergence(&[], three, Some(nine), vec![]),
        Error::Elsewhere { resources: vec!["Book".into()], upto: five },
    ]
    .iter()
    .map(|error| format!("{error}\n\n"))
    .collect();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/messages.txt");
    if std::env::var_os("GOLDEN").is_some_and(|what| what == "overwrite") {
        std::fs::write(&golden, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&golden).unwrap_or_default(), text);
}
