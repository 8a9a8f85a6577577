//! Moments as text, for people and programs.

use std::time::{SystemTime, UNIX_EPOCH};

/// Formats a moment as RFC 3339, in UTC, with milliseconds. Moments before 1970 are written as the beginning of 1970.
///
/// ```
/// let moment = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
/// assert_eq!(samovar_importer::rfc3339(moment), "1970-01-01T00:00:01.500Z");
/// ```
#[must_use]
pub fn rfc3339(moment: SystemTime) -> String {
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Returns the Gregorian date of a day, counted from 1970. The calculation lets years begin in March, so that the leap
/// day is the last day of its year.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let days = days_since_1970 + 719_468;
    let (era, day) = (days / DAYS_IN_400_YEARS, days % DAYS_IN_400_YEARS);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[track_caller]
    fn check(seconds: u64, expected: &str) {
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(seconds)), format!("{expected}.000Z"));
    }

    #[test]
    fn parts_of_a_second_and_of_a_day() {
        let moment = UNIX_EPOCH + Duration::from_millis(1_234_567_890_078);
        assert_eq!(rfc3339(moment), "2009-02-13T23:31:30.078Z");
        check(3_600 * 13 + 60 * 59 + 7, "1970-01-01T13:59:07");
        check(86_399, "1970-01-01T23:59:59");
        check(86_400 * 58, "1970-02-28T00:00:00");
        check(86_400 * 59, "1970-03-01T00:00:00");
        check(86_400 * 334, "1970-12-01T00:00:00");
        check(4_102_444_800, "2100-01-01T00:00:00");
        check(4_107_456_000, "2100-02-28T00:00:00");
        check(13_601_088_000, "2401-01-01T00:00:00");
        check(13_574_563_200, "2400-02-29T00:00:00");
    }

    #[test]
    fn leap_years_and_their_neighbours() {
        check(0, "1970-01-01T00:00:00");
        check(951_782_400, "2000-02-29T00:00:00");
        check(951_868_799, "2000-02-29T23:59:59");
        check(951_868_800, "2000-03-01T00:00:00");
        check(1_709_164_800, "2024-02-29T00:00:00");
        check(1_767_225_599, "2025-12-31T23:59:59");
        check(4_107_542_400, "2100-03-01T00:00:00");
    }
}
