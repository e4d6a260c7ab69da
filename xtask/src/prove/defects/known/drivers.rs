//! Of drivers, waits and the examples over them: found in this library while it was written.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
    (
        "who came while files had run out is never accepted",
        &[
            "whoever_finds_no_file_is_let_in_when_there_is_one",
            "connections::limits::who_finds_no_place_waits_until_there_is_one",
        ],
    ),
    (
        "a handler after a wait sees the time before it",
        &[
            "waits::all_handlers_of_a_turn_see_one_time",
            "sockets::what_runs_after_a_wait_does_not_take_the_time_before_it_for_the_present",
        ],
    ),
    (
        "a wait is rounded up to milliseconds",
        &[
            "waits::a_wait_is_not_rounded_to_milliseconds",
            "waits::a_wait_never_ends_before_its_time_whatever_was_waited_for_before",
        ],
    ),
    ("a drain spins", &["waits::a_drain_blocks_until_its_deadline_and_handles_what_came_in_every_stage"]),
    ("a stale key of a reactor", &["reactors::a_stale_key_does_not_act_on_what_took_its_place"]),
    (
        "a panic of one reactor or connection",
        &[
            "reactors::a_panic_loses_one_and_the_rest_of_the_pass_is_run_next",
            "connections::ends::a_panic_ends_one_connection_with_its_context_and_no_other",
        ],
    ),
    (
        "a stale id of a connection or datagram socket",
        &["connections::attacks::ids_are_names_and_not_places", "datagrams::ids_of_closed_sockets_match_nothing"],
    ),
    ("a world cannot be asked to stop", &["lifecycle::every_world_has_a_shutdown_that_is_not_counted"]),
    ("the sequence of a world cannot be set", &["last_run::the_sequence_may_jump"]),
    (
        "a change between two runs of a function is missed",
        &["last_run::a_pass_after_five_events_sees_what_each_of_them_wrote"],
    ),
    ("a context that a callback forgot compiles", &["messages/callback_without_context"]),
    ("a finished handler does not fit where a function does", &["handles::a_handler_becomes_itself"]),
    (
        "a function that ignores its event fits in some places only",
        &["no_event::steps_ignore_values_of_every_kind", "no_event::a_callback_has_its_context"],
    ),
    (
        "a queue from other threads has no limit, or wakes for each event",
        &[
            "inbox::a_full_inbox_does_what_its_policy_says",
            "waits::a_doorbell_wakes_once_for_many_rings_and_only_who_sleeps",
        ],
    ),
    (
        "an inbox forgets a sender that waits, or who hears of its end",
        &[
            "inbox_ends::a_refused_sender_wakes_the_loop_that_has_to_make_room",
            "inbox_ends::a_sender_is_not_left_waiting_for_a_poller_that_is_gone",
        ],
    ),
    (
        "a replay does not notice that the time of a turn differs",
        &["alarm::a_turn_that_is_a_nanosecond_later_is_noticed", "alarm::a_turn_that_is_missing_is_noticed"],
    ),
    ("a socket that only sends needs a handler", &["datagrams::a_socket_that_only_sends_needs_nothing_else"]),
    ("a timer cannot reach a socket", &["datagrams::a_timer_reaches_a_socket_by_its_id"]),
    (
        "a write in part loses bytes, or one that does not read takes memory",
        &[
            "connections::limits::memory_of_all_is_bounded_and_who_holds_little_stays",
            "connections::limits::the_requests_of_who_does_not_read_wait_until_it_does",
            "connections::ends::who_has_sent_all_gets_all_that_it_is_owed",
        ],
    ),
    (
        "a panic of a handler that fires once is not counted",
        &["socket_defects::a_panic_of_a_handler_that_fires_once_is_counted_too"],
    ),
    (
        "a connection whose bytes the loop reads late is silent",
        &[
            "connections::limits::one_that_is_read_late_is_not_silent",
            "connections::hostile::one_whose_bytes_the_loop_has_not_asked_for_is_not_silent",
        ],
    ),
    (
        "one that does not read holds up the drain of all others",
        &["connections::drains::one_that_does_not_read_holds_up_no_others"],
    ),
    (
        "a loop sleeps on output, or on an inbox, that was exchanged",
        &[
            "connections::attacks::a_loop_does_not_sleep_on_what_is_sent_after_an_exchange",
            "inbox_ends::a_loop_does_not_sleep_while_an_inbox_with_events_is_away",
        ],
    ),
    (
        "small limits of unsent bytes do not hold in large buffers",
        &[
            "connections::limits::one_that_holds_little_in_a_large_buffer_stays",
            "connections::held_limits::what_fits_into_a_large_buffer_is_limited_too",
        ],
    ),
    (
        "new connections take the whole budget",
        &["connections::limits::existing_connections_have_their_turns_among_new_ones"],
    ),
    (
        "SIGINT and SIGTERM are ignored once the world that enabled them is gone",
        &["a_signal_ends_a_process_whose_world_is_gone"],
    ),
    (
        "a busy datagram socket starves others",
        &[
            "datagrams_unix::a_socket_that_has_much_to_read_does_not_hold_up_others",
            "datagrams_unix::small_budgets_do_not_lengthen_the_turn_of_a_socket",
        ],
    ),
    (
        "datagrams of others run before a socket has its peer, or after it",
        &[
            "datagram_peers::what_others_sent_before_a_socket_had_its_peer_is_not_run",
            "datagrams_unix::what_others_sent_before_a_unix_socket_had_its_peer_is_not_run",
            "datagrams_unix::what_others_send_after_the_peer_is_gone_is_not_run",
            "datagrams_unix::a_reply_goes_to_the_sender_even_if_the_chain_has_set_another_peer",
        ],
    ),
    (
        "a connection keeps the memory of what its own frames sent to it",
        &["connections::limits::what_a_frame_sends_to_its_own_connection_is_limited_too"],
    ),
    (
        "a connection whose framing panics about its memory stays",
        &["connections::panics::a_panic_of_a_framing_about_its_memory_ends_its_connection"],
    ),
    (
        "a client connects to itself",
        &["driver::connections::stream::tests::a_socket_that_is_connected_to_itself_is_refused"],
    ),
    (
        "a slow reader of a reply is silent",
        &["connections::hostile::one_that_reads_its_reply_in_its_own_time_is_not_silent"],
    ),
    (
        "a closed connection is cut off although its peer has sent",
        &["connections::hostile::one_that_sends_while_the_loop_is_busy_is_not_cut_off_after_its_end"],
    ),
    (
        "the budget of a poll stops the clock and the sources of other drivers",
        &[
            "waits::events_that_a_budget_leaves_run_at_the_time_of_their_own_turn",
            "connections::frames::the_budget_for_other_sources_does_not_hold_up_connections",
        ],
    ),
    (
        "a poll that only looks swallows a request to stop",
        &["waits::a_poll_wakes_by_its_doorbell_and_does_not_sleep_on_a_ring"],
    ),
    (
        "one message to many connections takes more memory than their limits allow",
        &["connections::limits::a_message_to_many_takes_no_more_memory_than_the_limits_allow"],
    ),
    (
        "feeds wait for a number far ahead, or give up late",
        &[
            "a_number_far_ahead_is_broken_and_later_datagrams_of_udp_feed_count",
            "a_number_far_ahead_is_broken_and_later_packets_of_ab_feed_count",
            "each_gap_of_ab_feed_is_given_up_when_its_own_time_is_over",
        ],
    ),
    (
        "an echo server goes deaf, cuts off or grows without end",
        &[
            "echo::who_finds_no_file_left_is_served_when_another_leaves",
            "echo::who_finishes_its_side_reads_all_of_its_echo",
            "echo::what_a_client_that_never_reads_sends_is_not_read_without_limit",
        ],
    ),
    (
        "a FIX session asks once for what never comes, or keeps what it never sends again",
        &[
            "sequence::a_resend_that_never_arrives_is_asked_for_again_after_the_next_heartbeat",
            "sequence::what_is_not_sent_again_is_not_kept",
        ],
    ),
];
