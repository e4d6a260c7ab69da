//! Of kv-server.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
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
    (
        "a server that is restarted often never compacts its journal",
        &["journal::a_journal_that_no_single_run_doubles_is_compacted"],
    ),
    (
        "requests that wait for a pause or a log have no limit",
        &[
            "hostile::requests_of_all_clients_that_wait_for_a_pause_are_bounded",
            "replicated::requests_of_all_clients_that_wait_behind_changes_are_bounded",
        ],
    ),
    (
        "large requests are read before a password is given",
        &[
            "connections::who_has_no_password_sends_small_requests_as_to_redis",
            "connections::who_has_no_password_is_closed_for_a_large_request_and_the_others_are_served",
        ],
    ),
    (
        "a client that has finished its side loses the replies of a server with a log",
        &["replicated::a_client_that_has_finished_its_side_gets_every_reply"],
    ),
    (
        "replies and a slow log have no limit",
        &[
            "connections::a_long_list_of_the_same_client_does_not_fill_the_memory",
            "operator::a_long_name_is_cut_where_it_is_kept_beside_what_is_slow",
        ],
    ),
    (
        "a client without replies loses its messages",
        &[
            "mute::who_gets_no_replies_gets_messages_as_from_redis",
            "mute::who_gets_no_replies_from_a_server_that_shares_a_log_gets_messages",
        ],
    ),
    (
        "reads are counted otherwise than by Redis",
        &["hits::reads_are_counted_as_by_redis", "hits::what_runs_again_is_not_counted_again"],
    ),
    (
        "writes hang after a log could not be reached",
        &["replicas::alone::a_server_turns_again_soon_while_the_log_owes_it_something"],
    ),
];
