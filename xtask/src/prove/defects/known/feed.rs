//! Of market-data.

use super::Defect;

pub(super) const DEFECTS: &[Defect] = &[
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
    ("a diff from update 0 overflows", &["book::tests::a_diff_that_begins_at_zero_has_no_gap_before_it"]),
];
