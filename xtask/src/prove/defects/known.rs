//! The defects, each with the tests that show the right outcome: `module::name`, or `messages/name` for what must not
//! compile.

/// A defect and its tests.
pub(super) type Defect = (&'static str, &'static [&'static str]);

/// Of dispatch, drivers and waits: found in systems of this kind, and in this library while it was written.
pub(super) const LIBRARY: &[Defect] = &[
    ("a handler outlives its world", &["soundness::a_handler_outlives_its_world"]),
    (
        "a handler replaces its world",
        &["soundness::a_handler_replaces_the_world", "soundness::a_handler_that_swaps_and_swaps_back_is_fine"],
    ),
    ("a builder is dropped without build", &["soundness::a_builder_is_dropped_without_build"]),
    (
        "a borrow of one world, a run through another",
        &["soundness::a_borrow_of_one_world_while_its_handler_runs_through_another"],
    ),
    ("a world inside a resource", &["soundness::a_world_inside_a_resource"]),
    ("two exclusive params in one tuple", &["soundness::two_exclusive_params_in_one_tuple"]),
    ("a derived bundle beside what it contains", &["soundness::a_derived_struct_beside_what_it_contains"]),
    (
        "a step keeps the view that it is lent",
        &["messages/views_and_arms_cannot_be_kept", "messages/params_cannot_escape"],
    ),
    (
        "a template forges a token",
        &[
            "templates::a_template_makes_no_token_that_it_was_not_given",
            "messages/templates_not_send",
            "messages/templates_not_static",
        ],
    ),
    ("a timer poller on a foreign world", &["timers::a_poller_is_for_its_own_world"]),
    ("a socket poller on a foreign world", &["socket_defects::a_poller_is_for_its_own_world"]),
    ("a scheduler on a foreign world", &["systems::a_scheduler_runs_on_its_own_world_only"]),
    ("a DAG on a foreign world", &["dag::a_dag_runs_on_its_own_world_only"]),
    (
        "a handler replaces the world inside a loop",
        &[
            "timers::a_handler_that_replaces_the_world_is_noticed",
            "socket_defects::a_handler_that_replaces_the_world_is_noticed",
            "systems::a_system_that_replaces_the_world_is_noticed",
        ],
    ),
    (
        "a handler on another thread, with its world",
        &["soundness::a_handler_runs_on_another_thread_with_that_threads_world"],
    ),
    (
        "an exclusive step replaces the world in mid chain",
        &["soundness::an_exclusive_step_replaces_the_world_in_mid_chain"],
    ),
    ("two resources without size", &["soundness::zero_sized_resources_are_no_conflict"]),
    (
        "a stale timer key",
        &["timers::a_stale_key_does_not_act_on_a_stranger", "keys::a_key_that_is_used_up_is_nobody_elses"],
    ),
    ("a stale socket token", &["socket_defects::a_stale_token_does_not_act_on_a_stranger"]),
    ("a stale key of a subscriber", &["fan_out::broadcast_adds_and_removes_by_keys_that_are_never_stale"]),
    (
        "a panic among due handlers",
        &[
            "timers::a_panic_loses_nobody_elses_timer",
            "socket_defects::a_panic_loses_nobody_elses_event",
            "polls::a_panic_loses_nobody_else",
        ],
    ),
    (
        "a connection closed in the same batch",
        &["socket_defects::what_an_earlier_handler_of_the_same_poll_closed_does_not_run"],
    ),
    ("a signal during a poll", &["sockets::a_signal_during_a_poll_is_no_error"]),
    (
        "a timer is early",
        &[
            "timers::a_timer_is_never_early",
            "fires::an_entry_is_never_early",
            "fires::an_entry_is_not_early_by_a_nanosecond",
        ],
    ),
    (
        "one poll is out of order",
        &[
            "timers::timers_run_in_the_order_of_their_deadlines_then_of_setting",
            "fires::one_poll_gives_the_order_of_deadlines",
        ],
    ),
    (
        "a timer key on another wheel, or of none",
        &[
            "timers::a_key_of_another_wheel_or_of_none_names_nothing",
            "keys::a_key_means_nothing_on_another_wheel",
            "keys::a_key_means_nothing_after_its_wheel_is_gone",
        ],
    ),
    (
        "a timer key cannot be kept",
        &["timers::keys_live_in_resources_and_contexts_and_on_other_threads", "keys::keys_can_be_kept_anywhere"],
    ),
    ("a periodic timer drifts", &["periodic::a_timer_that_is_polled_late_does_not_drift"]),
    // What was found in this library while it was written.
    (
        "a wheel is exchanged for one of another time while it is polled",
        &["timer_attacks::a_poll_ends_when_the_wheel_is_exchanged_for_one_of_another_time"],
    ),
    (
        "a driver that is exchanged while its handler runs counts a panic, or closes a registration",
        &[
            "timer_attacks::a_wheel_that_was_exchanged_while_its_timer_ran_counts_no_panic",
            "socket_defects::a_driver_that_was_exchanged_while_its_handler_ran_has_lost_nobody",
        ],
    ),
    (
        "a poll never ends, since handlers exchange its driver or poll it elsewhere",
        &[
            "drivers::timers_keep_the_rules",
            "drivers::sockets_keep_the_rules",
            "drivers::reactors_keep_the_rules",
            "drivers::connections_keep_the_rules",
        ],
    ),
    (
        "a clock that starts while another thread moves its time is off",
        &["clock::clocks_of_one_virtual_clock_agree_while_another_thread_moves_it"],
    ),
    ("the calendar overflows", &["clock::a_calendar_ends_at_the_longest_duration_and_begins_at_zero"]),
    (
        "a source that panics while it is registered leaves its registration behind",
        &[
            "socket_defects::a_source_that_panics_or_refuses_leaves_nothing_behind",
            "sockets::a_source_that_the_system_refuses_leaves_nothing_behind",
        ],
    ),
    ("a plan cuts the name of a type", &["names::literals_in_types_are_shown_whole"]),
    ("an empty broadcast belongs to a world", &["fan_out::an_empty_broadcast_belongs_to_no_world"]),
    (
        "a plan doubles with each rung of systems",
        &["scheduler_plan::a_picture_grows_with_its_systems_whether_they_show_a_function_or_not"],
    ),
    (
        "the next deadline is searched for in every turn",
        &[
            "earliest::tests::a_cancelled_earliest_is_searched_for_once",
            "earliest::tests::polls_within_the_tick_search_no_more_often",
            "next::it_is_exact_whatever_leaves_a_crowded_tick",
        ],
    ),
    (
        "a long circle of systems is listed in quadratic time, or in part",
        &["systems::a_long_circle_is_listed_whole_and_in_order"],
    ),
    (
        "members of a broadcast, or registrations, are counted or left in quadratic time",
        &[
            "fan_out::members_of_a_broadcast_leave_in_any_order",
            "drivers::a_table_of_registrations_counts_what_is_there",
        ],
    ),
    (
        "a derived param meets names of its user",
        &["derive::generated_names_meet_none_of_the_users", "derive::a_number_may_be_named_like_a_type"],
    ),
    ("a part of a composite is exchanged after it was compared", &["messages/held_handlers_stay"]),
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
];

/// Of market-data.
pub(super) const FEED: &[Defect] = &[
    (
        "a snapshot or diff that crosses the book is accepted",
        &[
            "crossed::a_snapshot_that_crosses_is_a_problem",
            "crossed::a_diff_that_crosses_is_a_problem_until_it_is_mended",
        ],
    ),
    (
        "a book is compared with a ticker that is not the newest",
        &["tickers::the_newest_ticker_that_the_book_has_reached_is_compared"],
    ),
    ("a trade counts twice", &["trades::a_trade_that_comes_again_is_dropped_and_counted"]),
    (
        "diffs that stay behind or go back are passed over",
        &["diffs::diffs_that_go_back_are_a_problem", "diffs::diffs_that_stay_behind_are_a_problem_once"],
    ),
    (
        "times in another unit give bars of another century",
        &["times::a_time_in_another_unit_is_refused_by_name", "times::times_are_read_in_the_unit_that_is_named"],
    ),
    (
        "a late trade changes a bar that has closed, or another one",
        &["late::a_trade_of_a_second_that_is_over_is_a_problem_and_in_no_bar"],
    ),
    ("JSON with escapes is refused", &["lines::json_may_be_written_with_escapes"]),
    ("an empty side disagrees", &["sides::an_empty_side_agrees_with_a_ticker_of_nothing"]),
    ("diffs of futures have gaps that are none", &["futures::diffs_of_futures_follow_the_one_that_they_name"]),
    (
        "blank lines, byte order marks or longer levels lose a line",
        &["lines::blank_lines_and_byte_order_marks_are_skipped", "lines::levels_may_have_more_than_two_parts"],
    ),
    (
        "symbols are taken for others",
        &[
            "symbols::the_symbol_is_the_same_in_small_letters_and_capitals",
            "symbols::another_symbol_is_a_problem",
            "symbols::a_message_about_another_symbol_than_its_stream_is_a_problem",
        ],
    ),
    (
        "a capture in several files is none",
        &["inputs::a_capture_may_be_cut_anywhere", "inputs::files_in_the_wrong_order_or_twice_are_noticed"],
    ),
];

/// Of kv-server.
pub(super) const SERVER: &[Defect] = &[
    (
        "clients with default settings cannot connect",
        &[
            "clients::redis_py_does_what_it_does_with_redis",
            "clients::node_redis_does_what_it_does_with_redis",
            "clients::coredis_does_what_it_does_with_redis",
            "connections::messages_are_told_apart_from_replies_where_the_protocol_can",
        ],
    ),
    ("a request of HTTP runs its body", &["hostile::a_request_of_http_ends_the_connection_before_its_body"]),
    (
        "a client is not told of the others, or cannot end them",
        &[
            "connections::clients_are_answered_about_themselves_as_by_redis",
            "connections::a_client_that_is_killed_is_gone_and_the_others_stay",
        ],
    ),
    ("passwords are unknown", &["connections::who_has_no_password_is_refused_as_by_redis"]),
    (
        "requests of a transaction run one by one",
        &[
            "transactions::requests_of_a_transaction_run_together_and_not_before",
            "transactions::a_change_of_a_watched_key_by_anybody_ends_the_transaction",
        ],
    ),
    (
        "questions about commands are answered otherwise than by Redis",
        &["command_table::questions_about_commands_are_answered_as_by_redis", "edges::edges_are_answered_as_by_redis"],
    ),
    ("there is no Unix socket", &["program::a_unix_socket_is_listened_on_too"]),
    ("what may be stored cannot be read", &["hostile::what_may_be_stored_can_be_read"]),
    (
        "one that reads all the time is cut off",
        &["hostile::who_reads_is_served_whatever_the_size_of_the_replies", "hostile::who_never_reads_is_cut_off"],
    ),
    (
        "a shutdown that contradicts itself ends the server",
        &["program::a_shutdown_that_contradicts_itself_ends_nothing"],
    ),
    (
        "requests are lost when the server ends",
        &[
            "ending::who_pipelines_for_ever_gets_a_reply_to_each_of_its_first_requests_and_then_the_end",
            "ending::every_request_that_is_run_is_answered",
            "ending::a_drain_with_nothing_to_do_sleeps",
        ],
    ),
    (
        "keys that end at once hold up everybody",
        &["engine::keys_that_have_ended_and_are_still_to_be_removed_are_as_if_they_were_not"],
    ),
    (
        "an operator is told otherwise than by Redis",
        &["operator::an_operator_is_answered_as_by_redis", "operator::exporters_find_what_they_read"],
    ),
    (
        "many pairs or odd bytes are answered otherwise than by Redis",
        &["redis::a_million_pairs_are_set_at_once_as_in_redis", "redis::odd_bytes_are_answered_as_by_redis"],
    ),
    (
        "commands on strings and keys are unknown",
        &[
            "redis::twenty_thousand_commands_are_answered_as_by_redis",
            "operator::a_monitor_is_shown_what_it_is_by_redis",
            "operator::what_is_slow_is_kept_as_by_redis",
        ],
    ),
    (
        "a key takes more memory than is told, and keeps it",
        &["memory::a_key_takes_little_memory_which_is_told_truly_and_given_back"],
    ),
    ("no file is left for one that comes", &["limits::when_files_run_out_who_is_there_is_served"]),
];
