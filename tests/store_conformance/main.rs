//! What every store has to do, asked of all of them; and what is special about each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of this crate is tests; clippy.toml allows these in functions marked as tests only"
)]

use crate::support::{redis as redis_server, redis_cluster, redis_sentinel, redis_tls};

mod backend;
mod batches;
mod cluster_only;
mod commits;
mod embedded_only;
mod fail_over;
mod history;
mod history_lists;
mod inbox;
mod kill_embedded;
mod kill_redis;
mod leases;
mod marks;
mod names;
mod properties;
mod redis_only;
mod redis_ways;
mod standing;
mod tls;
mod waitaof;
mod whole;

/// Each case becomes a test of its own per store (`redis::a_case`); on places that take seconds to
/// start, all cases run in one test, on one such place.
macro_rules! on_every_store {
    ($($room:ident :: $case:ident),* $(,)?) => {
        on_store!(memory, Memory, $($room::$case),*);
        on_store!(embedded, Embedded, $($room::$case),*);
        on_store!(redis, Redis, $($room::$case),*);

        /// All of them, for `whole`.
        pub(crate) const CASES: &[whole::Case] = &[
            $((concat!(stringify!($room), "::", stringify!($case)), |backend| Box::pin($room::$case(backend)))),*
        ];
    };
}

macro_rules! on_store {
    ($name:ident, $which:ident, $($room:ident :: $case:ident),*) => {
        mod $name {
            $(#[tokio::test]
            async fn $case() {
                let backend = super::backend::Backend::start(super::backend::Which::$which).await;
                super::$room::$case(backend).await;
            })*
        }
    };
}

on_every_store!(
    leases::one_owner_at_a_time,
    leases::the_owner_takes_its_lease_again_without_a_new_token,
    leases::a_lease_that_is_over_goes_to_another_with_a_higher_token,
    leases::renewing_keeps_others_out,
    leases::a_lost_lease_can_not_be_renewed,
    leases::a_released_lease_is_free_at_once_and_its_token_stays_used,
    leases::releasing_a_lost_lease_does_nothing,
    leases::a_fenced_commit_changes_nothing,
    leases::a_fenced_commit_says_so_before_anything_else,
    commits::documents_come_back_as_written,
    commits::a_missing_document_has_version_zero,
    commits::documents_come_in_the_order_of_the_keys,
    commits::an_outdated_version_leaves_everything_untouched,
    commits::a_document_that_must_not_exist_but_does_is_a_conflict,
    commits::a_deleted_document_is_gone_and_can_come_again,
    commits::a_repeated_commit_is_recognised,
    commits::kinds_do_not_mix,
    commits::an_empty_batch_is_fine_and_still_fenced,
    commits::ten_thousand_writes_in_one_batch,
    commits::ten_thousand_writes_with_one_conflict_change_nothing,
    commits::what_can_not_be_meant_is_refused,
    names::bytes_and_odd_names_survive,
    names::the_longest_names_survive,
    names::a_scan_goes_through_all_in_byte_order,
    names::a_scan_forgets_what_was_deleted,
    commits::concurrent_commits_to_one_document_apply_once,
    commits::concurrent_commits_to_many_documents_all_apply,
    inbox::entries_come_back_in_order,
    inbox::ids_rise_over_calls_and_after_trimming,
    inbox::a_page_is_as_long_as_asked,
    inbox::the_cursor_moves_with_the_commit_and_drops_what_is_behind_it,
    inbox::a_cursor_elsewhere_leaves_everything_untouched,
    inbox::appending_needs_no_lease,
    inbox::appending_nothing_is_fine,
    inbox::concurrent_appends_all_arrive_once,
    inbox::many_entries_in_one_call,
    inbox::entries_may_hold_any_bytes,
    inbox::status_counts_what_waits,
    marks::a_mark_again_keeps_since_and_gets_a_new_version,
    marks::only_the_seen_version_is_cleared,
    marks::a_mark_and_an_old_clear_in_one_batch_stay_dirty,
    marks::marks_come_oldest_first,
    marks::channels_have_marks_of_their_own,
    marks::a_mark_after_a_clear_starts_a_new_age,
    marks::ten_thousand_marks_and_clears,
    marks::intents_open_and_close,
    marks::the_last_word_on_an_intent_stands,
    standing::an_empty_store_stands_at_nothing,
    standing::the_leader_is_named_until_its_lease_is_over,
    standing::every_commit_and_every_entry_counts,
    standing::a_name_needs_the_lease_and_stays,
    standing::what_does_not_fit_together_is_forgotten,
    history::entries_are_found_by_time_and_by_subject,
    history::a_page_goes_on_where_the_last_one_ended,
    history::an_instant_finds_what_was_before_and_behind_it,
    history::a_clock_that_is_set_back_does_not_change_the_order,
    history::a_commit_that_is_not_applied_tells_nothing,
    history::the_oldest_is_forgotten_with_its_subjects,
    history::only_the_holder_of_the_lease_forgets,
    history::ten_thousand_subjects_in_one_batch,
    commits::a_commit_given_up_on_is_not_yet_or_done,
    commits::everything_is_there_after_opening_again,
);
