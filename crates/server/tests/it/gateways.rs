//! The recipes of `deploy/`: the real nginx, Caddy and HAProxy with those very files, a gate that they ask, and an application behind
//! them that must see no request but those that the gate let through.

mod client;
mod forged;
mod passing;
mod proxy;
mod rules;
mod same_path;
mod site;
mod verdicts;
mod world;

/// Each of these with each proxy.
macro_rules! with_each_proxy {
    ($($place:ident: $($test:ident)*;)*) => {
        with_each_proxy!(@nginx Nginx $($place $($test)*;)*);
        with_each_proxy!(@caddy Caddy $($place $($test)*;)*);
        with_each_proxy!(@haproxy Haproxy $($place $($test)*;)*);
    };
    (@$name:ident $kind:ident $($place:ident $($test:ident)*;)*) => {
        mod $name {
            $($(
                #[tokio::test]
                async fn $test() {
                    super::$place::$test(super::proxy::Kind::$kind).await;
                }
            )*)*
        }
    };
}

with_each_proxy! {
    passing:
        every_key_passes_and_the_application_learns_whose_it_is
        a_big_body_reaches_the_application_and_no_body_the_gate
        what_the_application_answers_is_left_as_it_is
        each_request_of_a_connection_is_asked_about
        the_longest_names_reach_the_application;
    verdicts:
        who_has_no_good_key_is_told_so_and_goes_no_further
        what_is_answered_without_a_key_lets_nobody_pass
        what_the_gate_forbids_is_forbidden
        a_key_that_is_revoked_is_refused_at_once
        without_an_answer_of_the_gate_nobody_passes
        what_is_no_verdict_lets_nobody_pass;
    forged:
        no_name_that_a_client_gives_itself_reaches_the_application
        no_header_of_the_connection_takes_a_name_away
        what_a_client_says_about_its_request_does_not_reach_the_gate;
    same_path:
        gate_and_application_are_told_of_the_same_path
        no_header_has_the_application_serve_something_else;
    rules:
        rules_by_method_and_path_hold_behind_it
        no_spelling_of_a_path_leads_past_a_rule
        a_change_of_gate_or_policy_counts_from_the_next_request;
}
