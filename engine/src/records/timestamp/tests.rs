//! Times in the spellings that were promised, in texts and in raw lines.

use super::*;

/// 2026-03-01T12:00:00Z
const NOW_US: i64 = 1_772_366_400_000_000;

fn exactly(rfc3339: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(rfc3339).unwrap().timestamp_micros()
}

#[test]
fn texts() {
    for (text, rfc3339) in [
        ("2026-03-01T00:00:00.301Z", "2026-03-01T00:00:00.301Z"),
        ("2026-03-01 00:00:00.301Z", "2026-03-01T00:00:00.301Z"),
        ("2026-03-01T00:00:00.301999999Z", "2026-03-01T00:00:00.301999Z"),
        ("2026-03-01T00:00:00+02:00", "2026-02-28T22:00:00Z"),
        ("2026-03-01T00:00:00-0730", "2026-03-01T07:30:00Z"),
        ("2026-03-01 00:00:00+02", "2026-02-28T22:00:00Z"),
        ("2026-03-01 00:00:00 +0200", "2026-02-28T22:00:00Z"),
        ("2026-03-01 00:00:00 UTC", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01T00:00", "2026-03-01T00:00:00Z"),
        ("2026-03-01", "2026-03-01T00:00:00Z"),
        ("2015-10-18 18:01:47,978", "2015-10-18T18:01:47.978Z"),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
        ("2026/03/01 01:02:03", "2026-03-01T01:02:03Z"),
        ("20171223-22:15:29:606", "2017-12-23T22:15:29.606Z"),
        ("20171223-22:16:0:9", "2017-12-23T22:16:00.009Z"),
        ("20260301T120000Z", "2026-03-01T12:00:00Z"),
        ("20260301120000", "2026-03-01T12:00:00Z"),
        ("2005-06-03-15.42.50.675872", "2005-06-03T15:42:50.675872Z"),
        ("10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36Z"),
        ("[10/Oct/2000:13:55:36 -0700]", "2000-10-10T20:55:36Z"),
        ("Sun Dec 04 04:47:44 2005", "2005-12-04T04:47:44Z"),
        ("Sun Dec  4 04:47:44.123456 2005", "2005-12-04T04:47:44.123456Z"),
        ("Sun Dec  4 04:47:44 UTC 2005", "2005-12-04T04:47:44Z"),
        ("Sun, 04 Dec 2005 04:47:44 +0100", "2005-12-04T03:47:44Z"),
        ("Dec 04, 2005 4:47:44 PM", "2005-12-04T16:47:44Z"),
        ("Jun 14 15:16:01", "2025-06-14T15:16:01Z"),
        ("Mar  2 11:00:00", "2026-03-02T11:00:00Z"),
        ("Mar  2 12:00:01", "2025-03-02T12:00:01Z"),
        ("17/06/09 20:10:40", "2017-06-09T20:10:40Z"),
        ("081109 203615", "2008-11-09T20:36:15Z"),
        ("06/09/2017 08:10:40 PM", "2017-06-09T20:10:40Z"),
        ("15/06/2017 20:10:40", "2017-06-15T20:10:40Z"),
        ("09.06.2017 20:10:40", "2017-06-09T20:10:40Z"),
        ("02-17 16:13:38.811", "2026-02-17T16:13:38.811Z"),
        ("1117838570", "2005-06-03T22:42:50Z"),
        ("1117838570.25", "2005-06-03T22:42:50.25Z"),
        ("1117838570123", "2005-06-03T22:42:50.123Z"),
        ("1117838570123456", "2005-06-03T22:42:50.123456Z"),
        ("1117838570123456789", "2005-06-03T22:42:50.123456Z"),
        ("0", "1970-01-01T00:00:00Z"),
        ("-1", "1969-12-31T23:59:59Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(TimeReader::new(NOW_US).text(text), Some(exactly(rfc3339)), "{text}");
    }
}

#[test]
fn texts_that_are_no_times() {
    for text in [
        "",
        "yesterday",
        "2026-02-30",
        "2026-13-01T00:00:00Z",
        "2026-03-01T25:00:00Z",
        "2026-03-01T00:60:00Z",
        "2026-03-01T00:00:00Zulu",
        "2026-03-01T0a:00:00Z",
        "2026-03-01x",
        "12:00:00",
        "1.2.3",
        "-",
        "March",
        "Jun 31 00:00:00",
        "99999999999999999999999999999999999",
        "2026-03-01T00:00:00.Z",
    ] {
        assert_eq!(TimeReader::new(NOW_US).text(text), None, "{text}");
    }
}

#[test]
fn the_remembered_day_does_not_stick() {
    let mut reader = TimeReader::new(NOW_US);
    for text in ["2026-03-01T00:00:00.301Z", "2026-03-01T23:00:00.3Z", "2025-03-01T00:00:00.301Z", "2026-03-01T00:00:00.301Z"] {
        assert_eq!(reader.text(text), Some(exactly(text)));
    }
    assert_eq!(reader.text("2026-02-31T00:00:00.301Z"), None);
    assert_eq!(reader.text("2026-02-31T00:00:00.301Z"), None);
}

#[test]
fn numbers() {
    let reader = TimeReader::new(NOW_US);
    for (text, rfc3339) in [
        ("1117838570", "2005-06-03T22:42:50Z"),
        ("1.11783857e9", "2005-06-03T22:42:50Z"),
        ("1117838570.1234567", "2005-06-03T22:42:50.123456Z"),
        ("1117838570123.5", "2005-06-03T22:42:50.123500Z"),
        ("-0.5", "1969-12-31T23:59:59.5Z"),
    ] {
        assert_eq!(reader.number(text), Some(exactly(rfc3339)), "{text}");
    }
    assert_eq!(reader.number("1e400"), None);
}

#[test]
fn lines() {
    for (line, rfc3339) in [
        ("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - failed", "2003-10-11T22:14:15.003Z"),
        ("<34>Oct 11 22:14:15 mymachine su: failed", "2025-10-11T22:14:15Z"),
        ("127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 2326", "2000-10-10T20:55:36Z"),
        ("I0214 15:16:01.123456 7 main.go:1] started", "2026-02-14T15:16:01.123456Z"),
        ("2026-03-01 01:02:03 - main - started", "2026-03-01T01:02:03Z"),
        ("2026-03-01 01:02:03 -0700 started", "2026-03-01T08:02:03Z"),
        ("1117838570.5 started", "2005-06-03T22:42:50.5Z"),
        ("time=unknown 2026-03-01T01:02:03Z x", "2026-03-01T01:02:03Z"),
        ("[2026-03-01 01:02:03] x", "2026-03-01T01:02:03Z"),
    ] {
        assert_eq!(TimeReader::new(NOW_US).line(line.as_bytes()), Some(exactly(rfc3339)), "{line}");
    }
    for line in ["", "no time here", "user 1117838570 logged in", "12345678901 x", "10.251.31.5:50010 Served block", "2026 x"] {
        assert_eq!(TimeReader::new(NOW_US).line(line.as_bytes()), None, "{line}");
    }
}

/// Every line of the sixteen systems, with a known time of the first. Skips, and says so, where the sample is not there.
#[test]
fn samples_of_sixteen_systems() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/loghub");
    if !folder.is_dir() {
        eprintln!("skipped: no sample logs in {}", folder.display());
        return;
    }
    let first = [
        ("Android", "2025-03-17T16:13:38.811Z"),
        ("Apache", "2005-12-04T04:47:44Z"),
        ("BGL", "2005-06-03T22:42:50Z"),
        ("HDFS", "2008-11-09T20:36:15Z"),
        ("HPC", "2004-02-26T14:12:22Z"),
        ("Hadoop", "2015-10-18T18:01:47.978Z"),
        ("HealthApp", "2017-12-23T22:15:29.606Z"),
        ("Linux", "2025-06-14T15:16:01Z"),
        ("Mac", "2025-07-01T09:00:55Z"),
        ("OpenSSH", "2025-12-10T06:55:46Z"),
        ("OpenStack", "2017-05-16T00:00:00.008Z"),
        ("Proxifier", "2025-10-30T16:49:06Z"),
        ("Spark", "2017-06-09T20:10:40Z"),
        ("Thunderbird", "2005-11-09T20:01:01Z"),
        ("Windows", "2016-09-28T04:30:30Z"),
        ("Zookeeper", "2015-07-29T17:41:44.747Z"),
    ];
    for (system, rfc3339) in first {
        let text = std::fs::read(folder.join(system).join(format!("{system}_2k.log"))).unwrap();
        let mut reader = TimeReader::new(NOW_US);
        let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        assert_eq!(reader.line(lines[0]), Some(exactly(rfc3339)), "{system}");
        let start = exactly(rfc3339);
        for line in lines {
            let us = reader.line(line).unwrap_or_else(|| panic!("{system}: {}", String::from_utf8_lossy(line)));
            // Each sample spans a few months at most, HPC two years.
            assert!((us - start).abs() < 800 * civil::DAY_US, "{system}: {}", String::from_utf8_lossy(line));
        }
    }
}
