//! Of dispatch, drivers and waits: found in systems of this kind.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
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
    (
        "a timer that repeats allocates in each tick",
        &["timers_that_repeat_or_set_themselves_anew_do_not_allocate", "a_warm_wheel_does_not_allocate"],
    ),
];
