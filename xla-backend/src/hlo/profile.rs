//! Profiles: what devices and the host did when.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use prost::Message;

use super::error::HloError;

/// A profile, as profilers of XLA write it (`XSpace`, the content of an `.xplane.pb`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    bytes: Vec<u8>,
}

impl Profile {
    /// A profile of its bytes. A zero byte behind them, which profilers count as theirs, is left out.
    pub fn new(mut bytes: Vec<u8>) -> Self {
        if bytes.last() == Some(&0) && Space::decode(&*bytes).is_err() {
            bytes.pop();
        }
        Self { bytes }
    }

    /// The bytes, for tools that read `.xplane.pb`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The profile as a trace of events in JSON, which Perfetto and Chrome open: a process for each device and for the
    /// host, a thread for each of its lines, times in microseconds.
    ///
    /// # Errors
    ///
    /// [`HloError`] if the bytes are no profile.
    pub fn to_trace(&self) -> Result<String, HloError> {
        let space =
            Space::decode(&*self.bytes).map_err(|error| HloError::new(error.to_string()))?;
        let mut out = String::from("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[");
        let mut first = true;
        let mut event = |text: std::fmt::Arguments<'_>| {
            out.push_str(if first { "\n" } else { ",\n" });
            first = false;
            let _ = out.write_fmt(text);
        };
        for (process, plane) in (1..).zip(&space.planes) {
            let name = quoted(&plane.name);
            event(format_args!(
                r#"{{"ph":"M","pid":{process},"name":"process_name","args":{{"name":{name}}}}}"#
            ));
            for (thread, line) in (1..).zip(&plane.lines) {
                let name = quoted(shown(&line.name, &line.display_name));
                event(format_args!(
                    r#"{{"ph":"M","pid":{process},"tid":{thread},"name":"thread_name","args":{{"name":{name}}}}}"#
                ));
                for its in &line.events {
                    let about = plane.events.get(&its.metadata_id);
                    let name = about.map_or("", |about| shown(&about.name, &about.display_name));
                    let name = quoted(name);
                    let start = line.timestamp_ns as f64 / 1e3 + its.offset_ps as f64 / 1e6;
                    let duration = its.duration_ps as f64 / 1e6;
                    event(format_args!(
                        r#"{{"ph":"X","pid":{process},"tid":{thread},"ts":{start:.6},"dur":{duration:.6},"name":{name}}}"#
                    ));
                }
            }
        }
        out.push_str("\n]}\n");
        Ok(out)
    }
}

/// The name that people read, if there is one beside that of programs.
fn shown<'a>(name: &'a str, display_name: &'a str) -> &'a str {
    if display_name.is_empty() { name } else { display_name }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

// The fields used here of `xplane.proto`, with their numbers.

#[derive(Clone, PartialEq, Message)]
struct Space {
    #[prost(message, repeated, tag = "1")]
    planes: Vec<Plane>,
}

#[derive(Clone, PartialEq, Message)]
struct Plane {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(message, repeated, tag = "3")]
    lines: Vec<Line>,
    #[prost(btree_map = "int64, message", tag = "4")]
    events: BTreeMap<i64, EventMetadata>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(int64, tag = "3")]
    timestamp_ns: i64,
    #[prost(message, repeated, tag = "4")]
    events: Vec<Event>,
    #[prost(string, tag = "11")]
    display_name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(int64, tag = "1")]
    metadata_id: i64,
    #[prost(int64, tag = "2")]
    offset_ps: i64,
    #[prost(int64, tag = "3")]
    duration_ps: i64,
}

#[derive(Clone, PartialEq, Message)]
struct EventMetadata {
    #[prost(string, tag = "2")]
    name: String,
    #[prost(string, tag = "4")]
    display_name: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_becomes_a_trace() {
        let about = |name: &str, shown: &str| EventMetadata {
            name: name.into(),
            display_name: shown.into(),
        };
        let event =
            |metadata_id, offset_ps| Event { metadata_id, offset_ps, duration_ps: 2_500_000 };
        let line = Line {
            name: "XLA Ops".into(),
            timestamp_ns: 1_000,
            events: vec![event(7, 0), event(8, 3_000_001), event(9, 0)],
            display_name: String::new(),
        };
        let plane = Plane {
            name: "/device:GPU:0 \"a\"\n".into(),
            lines: vec![line],
            events: [(7, about("dot.1", "")), (8, about("fusion.2", "blocks\\mlp"))].into(),
        };
        let bytes = Space { planes: vec![plane] }.encode_to_vec();
        // With and without the zero byte behind it.
        let ended = Profile::new([&bytes[..], &[0]].concat());
        assert_eq!(ended, Profile::new(bytes));
        assert!(Profile::new(vec![0]).bytes().is_empty());
        let trace = ended.to_trace().unwrap();
        let trace: serde_json::Value = serde_json::from_str(&trace).unwrap();
        let expected = serde_json::json!({"displayTimeUnit": "ns", "traceEvents": [
            {"ph": "M", "pid": 1, "name": "process_name", "args": {"name": "/device:GPU:0 \"a\"\n"}},
            {"ph": "M", "pid": 1, "tid": 1, "name": "thread_name", "args": {"name": "XLA Ops"}},
            {"ph": "X", "pid": 1, "tid": 1, "ts": 1.0, "dur": 2.5, "name": "dot.1"},
            {"ph": "X", "pid": 1, "tid": 1, "ts": 4.000001, "dur": 2.5, "name": "blocks\\mlp"},
            {"ph": "X", "pid": 1, "tid": 1, "ts": 1.0, "dur": 2.5, "name": ""},
        ]});
        assert_eq!(trace, expected);
        assert!(Profile::new(vec![0xff; 3]).to_trace().is_err());
    }
}
