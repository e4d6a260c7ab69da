//! Of nexus-journal and nexus-gauge.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
    (
        "a start whose disk fails while it cuts a tail leaves a journal that a crash damages",
        &["faults::a_tail_whose_cut_the_disk_forgot_is_cut_by_the_next_start"],
    ),
    (
        "records that changed places are left by a cut, or taken for a bug of the program",
        &[
            "cut::records_that_changed_places_are_found_where_they_lie_and_can_be_cut_off",
            "cut::a_check_that_changed_places_with_an_input_is_damage_and_no_alarm",
        ],
    ),
    (
        "a start counts from zero after a snapshot without inputs, or goes back in time",
        &[
            "compact::a_snapshot_without_inputs_is_gone_on_from",
            "compact::the_clock_does_not_go_back_after_a_snapshot_without_inputs",
        ],
    ),
    (
        "an input whose payload panics or is refused spoils those around it",
        &[
            "edges::an_input_whose_payload_panics_is_none_and_those_around_it_are_kept",
            "edges::a_value_that_serde_refuses_leaves_what_was_written_before_it",
        ],
    ),
    (
        "a first input of the first event, or after a startup, cannot be replayed",
        &["edges::the_event_that_a_world_or_its_startup_ends_with_may_be_an_input"],
    ),
    (
        "a reader beside a writer sees damage",
        &[
            "edges::a_journal_is_read_while_it_is_written",
            "edges::a_journal_that_grows_beyond_its_reserved_room_is_read_while_it_is_written",
            "edges::a_file_that_is_created_while_it_is_listed_is_read",
        ],
    ),
    ("closing syncs the last file only", &["edges::what_was_closed_survives_the_machine_whatever_the_durability"]),
    ("a panic of who is told of syncs ends them in silence", &["edges::a_thread_that_panics_is_noticed"]),
    (
        "a compaction makes readers and starts fail",
        &[
            "beside::a_reader_reads_a_journal_that_is_compacted_meanwhile",
            "beside::a_reader_goes_on_with_files_that_a_compaction_removes",
            "beside::a_program_starts_while_its_journal_is_compacted",
        ],
    ),
    (
        "a second input of an event makes the next start report a divergence",
        &["edges::an_event_has_one_input_and_begins_before_its_work"],
    ),
    (
        "another order of labels is another series, or a label is there twice",
        &["exposition::labels_have_no_order_and_each_has_one_value"],
    ),
    ("a quantile is that of the next rank", &["histograms::quantiles_are_not_of_the_next_rank"]),
];
