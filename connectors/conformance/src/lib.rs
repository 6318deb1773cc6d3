//! The conformance suite: what every connector has to do, asked of each against its simulator.
//!
//! A connector's test program implements [`Fake`] for its simulator and says `omnistock_conformance::conformance!(ItsFake);`.
//! That makes one `#[test]` per case. A case that can't be asked of a vendor is not applicable, with the reason that
//! the fake gives; nothing is left out silently. `docs/connectors.md` holds the results, and a case whose result is
//! another one than stands there fails: `cargo xtask conformance` writes the page anew. Where a vendor's real server can be
//! had, it is asked the same cases by another [`Fake`], with a [`proxy`] in front that makes the faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "all of this crate is tests: a panic is how a case fails"
)]
#![allow(
    clippy::missing_panics_doc,
    reason = "a case panics where the connector doesn't do what the case's name says"
)]

mod fake;
mod hand;
mod page;
pub mod proxy;
pub mod real;
mod run;
pub mod table;

pub mod access;
pub mod faults;
pub mod orders;
pub mod prices;
pub mod reading;
pub mod sources;
pub mod webhooks;
pub mod whole;
pub mod writing;

pub use fake::{Access, Applies, Fake, Fault, Figure, Hook, NOT_POSSIBLE, NotApplicable, PATIENCE, Shop};
pub use hand::{done, price, until};
pub use run::run;

/// The one list of cases: hands `room::case` of each to the macro `$then`, behind `$more`.
#[macro_export]
#[doc(hidden)]
macro_rules! every_case {
    ($then:ident, $($more:tt)*) => {
        $crate::$then! { [$($more)*]
            access::good_credentials_pass_the_check,
            access::the_manifest_names_the_roles_that_there_are,
            access::wrong_credentials_are_for_a_person,
            access::a_missing_permission_is_for_a_person,
            access::credentials_revoked_while_running_are_for_a_person,
            access::an_expired_token_is_renewed_without_a_failure,
            access::a_wrong_address_is_for_a_person,
            faults::throttling_with_a_time_says_when_to_come_back,
            faults::throttling_without_a_time_is_worth_another_try,
            faults::a_server_error_changes_nothing_and_claims_nothing,
            faults::an_unreachable_vendor_has_certainly_done_nothing,
            faults::a_timeout_before_it_was_done_is_unknown,
            faults::a_timeout_after_it_was_done_is_unknown,
            faults::a_write_that_lands_late_is_unknown_and_then_read,
            faults::a_page_in_place_of_an_answer_is_an_error,
            faults::an_answer_that_is_cut_off_is_an_error,
            faults::an_empty_object_is_no_empty_catalogue,
            faults::a_redirect_is_not_followed,
            faults::no_error_repeats_a_secret,
            reading::the_catalogue_holds_every_listing_once_over_all_pages,
            reading::listings_added_while_pages_are_read_hide_none,
            reading::a_listing_removed_while_pages_are_read_hides_no_other,
            reading::a_single_read_agrees_with_the_catalogue,
            reading::a_listing_that_is_gone_is_left_out,
            reading::what_the_vendor_does_not_count_is_not_writable_and_says_why,
            reading::zero_is_a_number,
            reading::a_negative_number_is_read_as_it_is,
            reading::a_huge_number_harms_no_other_listing,
            reading::a_sku_is_kept_to_the_letter,
            reading::a_listing_without_a_sku_is_listed_without_one,
            reading::a_number_changed_by_a_person_is_read,
            writing::a_number_written_is_what_buyers_see,
            writing::zero_sells_out,
            writing::outcomes_come_one_per_item_in_order,
            writing::an_unknown_listing_harms_no_other,
            writing::one_failing_item_harms_no_other,
            writing::a_failing_batch_changes_nothing,
            writing::a_batch_of_the_largest_size_is_applied,
            writing::decimals_are_exact_or_refused,
            writing::a_negative_number_never_reaches_buyers,
            writing::the_largest_number_survives,
            writing::the_same_number_again_changes_nothing,
            writing::a_stale_expectation_changes_nothing,
            writing::what_the_vendor_clamps_is_told,
            writing::an_acceptance_that_fails_later_is_found_by_reading,
            writing::a_sale_after_a_write_is_taken_off,
            prices::a_price_written_is_what_buyers_are_asked_and_is_read_back,
            prices::a_price_set_by_a_person_is_read,
            prices::a_sale_price_is_shown_beside_the_former_one_until_it_ends,
            prices::one_refused_price_harms_no_other_and_says_why,
            prices::one_failing_price_harms_no_other,
            prices::a_price_below_zero_never_reaches_buyers,
            prices::a_price_in_another_currency_never_reaches_buyers,
            prices::prices_of_a_currency_without_digits_are_exact,
            prices::prices_of_a_currency_with_three_digits_are_exact,
            prices::a_throttled_price_says_when_to_come_back,
            prices::a_price_that_was_not_answered_and_not_done_is_unknown_and_then_read,
            prices::a_price_that_was_done_and_not_answered_is_unknown_and_then_read,
            prices::a_price_changes_no_number_and_a_number_no_price,
            orders::an_order_is_told_by_the_next_poll_with_its_lines,
            orders::the_back_fill_holds_every_open_order_over_all_pages,
            orders::orders_changed_while_pages_are_read_are_not_lost,
            orders::orders_of_the_same_instant_are_all_told,
            orders::a_cancellation_is_told,
            orders::a_refund_gives_nothing_back_by_itself,
            orders::an_edited_quantity_is_told,
            orders::a_partial_shipment_leaves_the_order_open,
            orders::a_shipment_is_told,
            orders::an_order_nobody_knows_is_none,
            orders::one_order_is_what_the_poll_says,
            orders::buyers_are_not_in_what_is_told,
            orders::a_poll_that_failed_loses_nothing,
            webhooks::a_signed_order_is_believed,
            webhooks::a_changed_byte_is_not_believed,
            webhooks::the_signature_of_another_secret_is_not_believed,
            webhooks::an_unsigned_request_is_not_believed,
            webhooks::the_ping_of_a_new_subscription_says_nothing,
            webhooks::a_replay_says_the_same_again,
            webhooks::the_echo_of_our_own_write_is_only_a_look,
            webhooks::subscribing_again_changes_nothing,
            webhooks::a_subscription_that_is_gone_is_registered_again,
            sources::a_report_holds_every_figure,
            sources::zero_decimals_and_negative_figures_are_exact,
            sources::a_report_comes_again_until_it_is_acknowledged,
            sources::an_acknowledged_report_is_gone_and_stays_gone,
            sources::an_unreadable_report_is_refused_and_hinders_no_other,
            sources::reports_come_in_the_order_they_were_made,
            sources::an_unknown_location_is_counted_by_its_name,
            sources::a_failed_read_tells_nothing_and_loses_nothing,
            sources::a_throttled_read_says_when_to_come_back,
            sources::a_source_that_is_gone_is_tried_again,
        }
    };
}

/// One `#[test]` per case, named like it, for a type that is [`Fake`].
#[macro_export]
macro_rules! conformance {
    ($fake:ty) => {
        $crate::every_case!(tests_of, $fake);
    };
}

#[macro_export]
#[doc(hidden)]
macro_rules! tests_of {
    ([$fake:ty] $($room:ident :: $case:ident),* $(,)?) => {
        $(#[test]
        fn $case() {
            $crate::run::<$fake>(stringify!($case), |shop| Box::pin($crate::$room::$case(shop)));
        })*
    };
}

#[macro_export]
#[doc(hidden)]
macro_rules! names_of {
    ([] $($room:ident :: $case:ident),* $(,)?) => {
        /// All cases as (room, name), in the order of the table.
        pub const CASES: &[(&str, &str)] = &[$((stringify!($room), stringify!($case))),*];
    };
}

every_case!(names_of,);
