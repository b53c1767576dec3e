use proptest::prelude::*;

use super::*;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Fails to sign in as `name`, or says how long to wait.
fn fail(throttle: &Throttle, name: &str, source: &str, now: UnixMillis) -> Result<(), u64> {
    throttle.admit(name, ip(source), now).map(drop).map_err(|wait| wait.seconds)
}

#[test]
fn five_failures_are_free_then_the_waits_double() {
    let throttle = Throttle::new();
    for _ in 0..5 {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    }
    let mut now = NOW;
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900] {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", now), Err(wait));
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", now.plus(wait as i64 * 1000 - 1)), Err(1));
        now = now.plus(wait as i64 * 1000);
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", now), Ok(()));
    }
}

#[test]
fn an_attacked_holder_signs_in_from_elsewhere() {
    let throttle = Throttle::new();
    while fail(&throttle, "ada", "192.0.2.1", NOW).is_ok() {}
    assert_eq!(fail(&throttle, "ada", "192.0.2.2", NOW), Ok(()));
    assert_eq!(fail(&throttle, "ada", "2001:db8::1", NOW), Ok(()));
}

#[test]
fn a_success_is_not_counted_and_forgives_the_pair() {
    let throttle = Throttle::new();
    for _ in 0..1000 {
        for _ in 0..4 {
            let attempt = throttle.admit("ada", ip("192.0.2.1"), NOW);
            attempt.unwrap().succeeded();
        }
    }
    for _ in 0..4 {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    }
    throttle.admit("ada", ip("192.0.2.1"), NOW).unwrap().succeeded();
    for _ in 0..5 {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    }
    assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Err(1));
}

#[test]
fn guesses_in_parallel_do_not_slip_through() {
    let throttle = Throttle::new();
    let admitted: Vec<_> = (0..50).filter_map(|_| throttle.admit("ada", ip("192.0.2.1"), NOW).ok()).collect();
    assert_eq!(admitted.len(), 5);
}

#[test]
fn a_source_has_a_hundred_failures_a_quarter_of_an_hour() {
    let throttle = Throttle::new();
    for number in 0..100 {
        assert_eq!(fail(&throttle, &format!("user{number}"), "192.0.2.1", NOW.plus(number)), Ok(()));
    }
    assert_eq!(fail(&throttle, "another", "192.0.2.1", NOW.plus(1000)), Err(899));
    assert_eq!(fail(&throttle, "another", "192.0.2.1", NOW.plus(WINDOW - 1)), Err(1));
    assert_eq!(fail(&throttle, "another", "192.0.2.1", NOW.plus(WINDOW)), Ok(()));
}

#[test]
fn a_success_leaves_the_other_failures_of_its_source() {
    let throttle = Throttle::new();
    for number in 0..99 {
        assert_eq!(fail(&throttle, &format!("user{number}"), "192.0.2.1", NOW), Ok(()));
    }
    throttle.admit("ada", ip("192.0.2.1"), NOW).unwrap().succeeded();
    assert_eq!(fail(&throttle, "another", "192.0.2.1", NOW), Ok(()));
    assert_eq!(fail(&throttle, "another", "192.0.2.1", NOW), Err(900));
}

#[test]
fn a_withdrawn_attempt_leaves_no_trace() {
    let throttle = Throttle::new();
    for _ in 0..4 {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    }
    for _ in 0..200 {
        throttle.admit("ada", ip("192.0.2.1"), NOW).unwrap().withdrawn();
    }
    assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Err(1));
}

#[test]
fn one_subscriber_is_one_source() {
    let throttle = Throttle::new();
    for host in 0..5 {
        assert_eq!(fail(&throttle, "ada", &format!("2001:db8:1:2::{host}"), NOW), Ok(()));
    }
    assert_eq!(fail(&throttle, "ada", "2001:db8:1:2:ffff::1", NOW), Err(1));
    assert_eq!(fail(&throttle, "ada", "2001:db8:1:3::1", NOW), Ok(()));
    for _ in 0..5 {
        assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW), Ok(()));
    }
    assert_eq!(fail(&throttle, "ada", "::ffff:192.0.2.1", NOW), Err(1));
}

#[test]
fn failures_are_forgotten_after_a_day_and_when_the_clock_is_put_back() {
    for later in [MEMORY, -MEMORY, -LONGEST_WAIT - 1] {
        let throttle = Throttle::new();
        while fail(&throttle, "ada", "192.0.2.1", NOW).is_ok() {}
        for _ in 0..5 {
            assert_eq!(fail(&throttle, "ada", "192.0.2.1", NOW.plus(later)), Ok(()));
        }
    }
}

#[test]
fn callers_that_overtake_each_other_gain_nothing() {
    let throttle = Throttle::new();
    let admitted = (0..50).filter(|number| fail(&throttle, "ada", "192.0.2.1", NOW.minus(*number)).is_ok());
    assert_eq!(admitted.count(), 5);
    let admitted = (0..200).filter(|number| fail(&throttle, &format!("user{number}"), "192.0.2.1", NOW.minus(*number)).is_ok());
    assert_eq!(admitted.count(), 95);
}

#[test]
fn the_memory_is_bounded() {
    let throttle = Throttle::bounded(NonZeroUsize::new(10).unwrap());
    for number in 0..1000u32 {
        let _ = throttle.admit("ada", IpAddr::from(number.to_be_bytes()), NOW);
    }
    assert_eq!(throttle.lock().pairs.len(), 10);
    assert_eq!(throttle.lock().sources.len(), 10);
}

proptest! {
    /// Whatever the pace of the guesses, the pair admits no more than its free ones and those for which the waits have passed.
    #[test]
    fn no_pace_of_guessing_beats_the_waits(pauses in proptest::collection::vec(0i64..120_000, 1..80)) {
        let throttle = Throttle::new();
        let mut now = NOW;
        let mut admitted = 0;
        for pause in pauses {
            now = now.plus(pause);
            match fail(&throttle, "ada", "192.0.2.1", now) {
                Ok(()) => admitted += 1,
                Err(seconds) => prop_assert!((1..=900).contains(&seconds)),
            }
        }
        let wait_after = |failures| Pair { failures, last: UnixMillis(0) }.next_at().map_or(0, |at| at.0);
        let waited: i64 = (1..admitted).map(wait_after).sum();
        prop_assert!(waited <= now.0 - NOW.0);
    }

    #[test]
    fn no_time_overflows(first in any::<i64>(), second in any::<i64>()) {
        let throttle = Throttle::new();
        for now in [first, second, i64::MIN, i64::MAX] {
            for _ in 0..8 {
                let _ = throttle.admit("ada", ip("192.0.2.1"), UnixMillis(now));
            }
        }
    }
}
