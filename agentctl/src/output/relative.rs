//! Points in time as people say them: `in 12 min`, `3 min ago`. Pure: the present is passed in.

use proto::timestamp::Timestamp;

/// `in 12 min`, `3 min ago` or `now`.
pub(crate) fn when(point: Timestamp, now: Timestamp) -> String {
    let distance = point.unix().saturating_sub(now.unix());
    match distance {
        0 => "now".to_owned(),
        1.. => format!("in {}", span(distance)),
        _ => format!("{} ago", span(distance.saturating_neg())),
    }
}

/// `12 min`: the largest unit that leaves at least one, and days only from two on; never more than there is.
pub(crate) fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        3600..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_said_in_the_unit_a_person_would_choose() {
        let now = Timestamp::from_unix(1_790_000_000);
        let table = [
            (0, "now"),
            (1, "in 1 s"),
            (59, "in 59 s"),
            (60, "in 1 min"),
            (12 * 60 + 59, "in 12 min"),
            (3600, "in 1 h"),
            (47 * 3600, "in 47 h"),
            (48 * 3600, "in 2 days"),
            (-1, "1 s ago"),
            (-200, "3 min ago"),
            (-90 * 86400, "90 days ago"),
        ];
        for (distance, expected) in table {
            assert_eq!(when(Timestamp::from_unix(1_790_000_000 + distance), now), expected);
        }
        assert!(when(Timestamp::from_unix(i64::MIN), Timestamp::from_unix(i64::MAX)).ends_with("days ago"));
    }
}
