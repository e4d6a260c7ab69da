//! Of dispatch, params and plans: found in this library while it was written.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
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
        "a clone has a part of another world",
        &[
            "soundness_clones::a_cloned_chain_has_a_part_of_another_world",
            "soundness_clones::a_cloned_fan_out_has_a_part_of_another_world",
            "soundness_clones::a_cloned_handler_has_the_state_that_it_was_resolved_with",
            "soundness_clones::a_broadcast_forgets_no_world_for_a_handler_that_joined_without_one",
        ],
    ),
    ("the default of an ignored field is evaluated where unsafe code is allowed", &["messages/derive_redirected"]),
    (
        "an inline handler with too large an alignment is refused for its size",
        &["inline::what_does_not_fit_and_has_lost_its_type_is_refused_by_name"],
    ),
    (
        "tuples are spread by value only",
        &[
            "combinators::splat_spreads_tuples_by_reference",
            "combinators::splat_by_reference_takes_eight_with_a_context_or_the_world",
        ],
    ),
    (
        "a side chain over a view cannot end with the view",
        &[
            "side_chains::a_side_chain_over_a_view_may_end_with_the_view_or_an_option_of_it",
            "messages/ends_of_views_and_splats",
        ],
    ),
    (
        "a match within a chain is not exhaustive, or hidden from its plan",
        &["cases::each_case_goes_on_in_its_arm", "cases::plans_show_the_cases_under_their_names", "messages/cases"],
    ),
    ("a derived param has no fields of its own", &["derive::ignored_fields_are_fresh_in_each_run"]),
    (
        "a clock does not follow a system clock that was corrected",
        &["clock::tests::a_clock_follows_a_system_clock_that_was_corrected"],
    ),
    ("a historical clock cannot be stepped", &["clock::a_historical_clock_is_set_by_events_and_by_nothing_else"]),
    ("what drivers hold cannot be reached while their world is built", &["waits::all_handlers_of_a_turn_see_one_time"]),
];
