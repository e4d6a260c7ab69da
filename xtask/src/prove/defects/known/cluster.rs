//! Of nexus-jetstream and kv-cluster.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
    (
        "a server that is restarted often never takes a snapshot",
        &["stream::tests::the_first_server_by_name_takes_the_snapshot_even_if_it_has_just_started"],
    ),
    (
        "one that differs stops others that publish nothing but digests",
        &[
            "turns::tests::nodes_that_publish_only_their_digests_are_waited_for_before_one_that_differs_is_believed",
            "turns::tests::a_node_that_was_silent_for_a_whole_check_is_not_waited_for",
        ],
    ),
    ("of two that disagree, one goes on", &["errors::of_two_that_disagree_neither_goes_on"]),
    (
        "a snapshot that is deleted while it is read keeps a start waiting",
        &["snapshots::a_snapshot_whose_parts_are_gone_does_not_keep_a_start_waiting_for_ever"],
    ),
    ("a full stream is reported to no client", &["errors::a_node_says_why_what_it_publishes_is_not_taken"]),
    ("keys do not expire on servers that only read", &["stream::tests::announcements_do_not_count_as_changes"]),
    (
        "clients are sent to servers of another cluster",
        &["args::tests::clusters_with_different_numbers_of_shards_do_not_hear_each_other"],
    ),
];
