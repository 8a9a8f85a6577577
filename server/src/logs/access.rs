//! The access log: one line for each request, in the formats that log analysers read.

use std::{
    fmt::Write as _,
    net::IpAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, StatusCode, header, request::Parts};

use super::file::LogFile;

/// An access log and its format.
#[derive(Clone)]
pub(crate) struct AccessLog {
    file: LogFile,
    common: bool,
}

/// What is known of a request before it is answered.
pub(crate) struct Entry {
    log: AccessLog,
    client: String,
    request: String,
    referer: String,
    agent: String,
    time: SystemTime,
}

impl AccessLog {
    /// `common` leaves out `Referer` and `User-Agent`.
    pub(crate) fn new(file: LogFile, common: bool) -> Self {
        Self { file, common }
    }

    pub(crate) fn entry(&self, head: &Parts, client: IpAddr) -> Entry {
        let line = format!("{} {} {:?}", head.method, head.uri, head.version);
        Entry {
            log: self.clone(),
            client: client.to_string(),
            request: line,
            referer: text(&head.headers, &header::REFERER),
            agent: text(&head.headers, &header::USER_AGENT),
            time: SystemTime::now(),
        }
    }
}

impl Entry {
    /// Writes the line; called when the response has been sent.
    pub(crate) fn write(self, user: &str, status: StatusCode, bytes: u64) {
        self.log.file.write(self.line(user, status, bytes));
    }

    /// `%h %l %u %t "%r" %>s %b`, and `"%{Referer}i" "%{User-Agent}i"`.
    fn line(&self, user: &str, status: StatusCode, bytes: u64) -> String {
        let user = if user.is_empty() { "-".to_owned() } else { escape(user).replace(' ', "\\x20") };
        let bytes = if bytes == 0 { "-".to_owned() } else { bytes.to_string() };
        let (client, request, status) = (&self.client, escape(&self.request), status.as_u16());
        let mut line = format!("{client} - {user} [{}] \"{request}\" {status} {bytes}", time(self.time));
        if !self.log.common {
            let _ = write!(line, " \"{}\" \"{}\"", escape(&self.referer), escape(&self.agent));
        }
        line
    }
}

fn text(headers: &HeaderMap, name: &header::HeaderName) -> String {
    headers.get(name).map_or_else(|| "-".to_owned(), |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Escapes a text that the client chose, so that it ends neither the field nor the line.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out
}

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Formats a time as `10/Oct/2000:13:55:36 +0000`, in UTC, so that no line depends on the time zone of the machine.
pub(crate) fn time(time: SystemTime) -> String {
    let seconds = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let month = MONTHS[month as usize - 1];
    format!("{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000")
}

/// Year, month from 1, day from 1, of a number of days since 1 January 1970. Years are counted from March, so that the
/// day that may be missing is the last.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_httpd_does() {
        for (seconds, expected) in [
            (0, "01/Jan/1970:00:00:00 +0000"),
            (971_186_136, "10/Oct/2000:13:55:36 +0000"),
            (951_782_399, "28/Feb/2000:23:59:59 +0000"),
            (951_782_400, "29/Feb/2000:00:00:00 +0000"),
            (4_107_542_400, "01/Mar/2100:00:00:00 +0000"),
            (1_798_761_599, "31/Dec/2026:23:59:59 +0000"),
        ] {
            assert_eq!(time(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn a_client_cannot_write_a_line_of_its_own() {
        assert_eq!(escape("a\"b\\c\r\nd é"), "a\\\"b\\\\c\\x0d\\x0ad é");
    }
}
