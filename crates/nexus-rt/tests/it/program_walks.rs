//! Random programs, as many as `PROPTEST_CASES` says.

use proptest::prelude::*;

use crate::program_model::Program;

proptest! {
    #[test]
    fn random_programs_touch_only_their_own_worlds(steps in prop::collection::vec(any::<[u8; 4]>(), 1..120)) {
        let mut program = Program::default();
        steps.into_iter().for_each(|step| program.step(step));
        program.finish();
    }
}
