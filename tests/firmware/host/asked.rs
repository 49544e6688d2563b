//! Requests with the answers of the host, and answers of chips held against them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use hairpin_core::{FeedbackState, Plan};
use suite::{Broken, Channel, Field, ROOM, request};

/// All requests, what each is about, and what the host answers.
pub struct Asked {
    pub requests: Vec<u8>,
    pub answers: Vec<u8>,
    /// Schedules that were drawn and not asked for: too long for a request, or with a function of the program in them.
    pub left_out: usize,
    about: Vec<About>,
    /// Where each part of the answers begins, and what it is.
    parts: Vec<(usize, Field)>,
}

struct About {
    what: String,
    request: usize,
    answer: usize,
}

/// The host's own channel: both directions in memory.
struct Memory<'a> {
    requests: &'a [u8],
    answers: &'a mut Vec<u8>,
    parts: &'a mut Vec<(usize, Field)>,
}

impl Channel for Memory<'_> {
    fn read(&mut self, bytes: &mut [u8]) -> Result<bool, Broken> {
        if self.requests.is_empty() {
            return Ok(false);
        }
        let (read, rest) = self.requests.split_at_checked(bytes.len()).ok_or(Broken)?;
        bytes.copy_from_slice(read);
        self.requests = rest;
        Ok(true)
    }

    fn write(&mut self, field: Field, bytes: &[u8]) -> Result<(), Broken> {
        self.parts.push((self.answers.len(), field));
        self.answers.extend_from_slice(bytes);
        Ok(())
    }
}

/// A request in the making.
pub struct Request(Vec<u8>);

impl Request {
    pub fn new(kind: u8) -> Self {
        Self(vec![kind])
    }

    pub fn u8(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub fn u16(mut self, value: usize) -> Self {
        let value = u16::try_from(value).expect("a request is short");
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn f64(mut self, value: f64) -> Self {
        self.0.extend(value.to_le_bytes());
        self
    }

    pub fn f32s(mut self, values: &[f32]) -> Self {
        self.0
            .extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self
    }

    /// A length and the bytes.
    pub fn bytes(self, bytes: &[u8]) -> Self {
        assert!(bytes.len() <= ROOM, "{} bytes", bytes.len());
        let mut request = self.u16(bytes.len());
        request.0.extend(bytes);
        request
    }

    /// How many steps, and the steps.
    pub fn steps(self, steps: &[u32]) -> Self {
        let request = self.u16(steps.len());
        steps
            .iter()
            .fold(request, |request, &step| request.u32(step))
    }
}

/// What a plan is saved as, where it can be and fits into a request.
pub fn saved(plan: &Plan) -> Option<Vec<u8>> {
    let mut bytes = vec![0; plan.bytes_len().ok()?];
    plan.to_bytes(&mut bytes).expect("it has a length");
    (bytes.len() <= ROOM).then_some(bytes)
}

/// How many values of each sort were answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub rates: usize,
    pub parameters: usize,
    pub values: usize,
    pub observed: usize,
    pub states: usize,
    pub outcomes: usize,
}

impl Asked {
    pub fn new() -> Self {
        Self {
            requests: Vec::new(),
            answers: Vec::new(),
            left_out: 0,
            about: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Adds a request, and gives the rates in the host's answer, by their steps.
    pub fn ask(&mut self, what: impl Into<String>, request: Request) -> BTreeMap<u32, f32> {
        let (answer, first) = (self.answers.len(), self.parts.len());
        self.about.push(About {
            what: what.into(),
            request: self.requests.len(),
            answer,
        });
        let mut memory = Memory {
            requests: &request.0,
            answers: &mut self.answers,
            parts: &mut self.parts,
        };
        suite::answer(&mut memory).expect("the request is one");
        self.requests.extend(&request.0);
        let rates = self.parts[first..].iter().filter_map(|&(at, field)| {
            let Field::Rate(step) = field else {
                return None;
            };
            let bits = self.answers[at..at + 4].try_into().expect("four bytes");
            Some((step, f32::from_le_bytes(bits)))
        });
        rates.collect()
    }

    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, field) in &self.parts {
            match field {
                Field::Rate(_) => counts.rates += 1,
                Field::Parameter(_) | Field::Velocity => counts.parameters += 1,
                Field::Value(_) => counts.values += 1,
                Field::Observed(_) => counts.observed += 1,
                Field::State(_) => counts.states += 1,
                Field::Outcome | Field::Record => {}
            }
        }
        counts.outcomes = self.about.len();
        counts
    }

    /// How many answers there are of each group of requests, and how many rates.
    pub fn groups(&self) -> BTreeMap<&str, (usize, usize)> {
        let mut groups = BTreeMap::<&str, (usize, usize)>::new();
        let ends = self.about.iter().skip(1).map(|about| about.answer);
        let ends = ends.chain([self.answers.len()]);
        let mut parts = self.parts.iter().peekable();
        for (about, end) in self.about.iter().zip(ends) {
            let (requests, rates) = groups.entry(&about.what).or_default();
            *requests += 1;
            while let Some((_, field)) = parts.next_if(|(at, _)| *at < end) {
                *rates += usize::from(matches!(field, Field::Rate(_)));
            }
        }
        groups
    }

    /// The bits that differ, the first few in words.
    pub fn differences(&self, found: &[u8]) -> Result<(), String> {
        if found == self.answers {
            return Ok(());
        }
        let common = self.answers.len().min(found.len());
        let ends = self.parts.iter().skip(1).map(|&(at, _)| at);
        let ends = ends.chain([self.answers.len()]);
        let (mut bits, mut parts, mut words) = (0, 0, String::new());
        for (&(at, field), end) in self.parts.iter().zip(ends) {
            if at == end || self.answers[at..end] == found[at.min(common)..end.min(common)] {
                continue;
            }
            let theirs = &found[at.min(common)..end.min(common)];
            let differing = self.answers[at..end].iter().zip(theirs);
            bits += differing.map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
            parts += 1;
            if parts <= 5 {
                let _ = writeln!(
                    words,
                    "{}",
                    self.difference(at, field, &self.answers[at..end], theirs)
                );
            }
            // From here on the answers may be of other requests.
            if found.len() != self.answers.len() {
                break;
            }
        }
        Err(format!(
            "{bits} bits of {parts} values differ; {} bytes were answered, {} by the host\n{words}",
            found.len(),
            self.answers.len()
        ))
    }

    fn difference(&self, at: usize, field: Field, ours: &[u8], theirs: &[u8]) -> String {
        let number = self.about.partition_point(|about| about.answer <= at) - 1;
        let end = |next: Option<&About>| next.map_or(self.requests.len(), |about| about.request);
        let request = &self.requests[self.about[number].request..end(self.about.get(number + 1))];
        format!(
            "request {number} ({}), {field:?}: 0x{} on the host, 0x{} there\n  {}",
            self.about[number].what,
            hex(ours),
            hex(theirs),
            describe(request)
        )
    }
}

/// A number as it is written: the highest byte first.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .rev()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What a request is about, as far as it can be read; else its bytes.
fn describe(bytes: &[u8]) -> String {
    match bytes {
        [request::RATES | request::LOSSES, low, high, rest @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            format!("{:?}", Plan::from_bytes(&rest[..length]))
        }
        [request::RECORD, _, _, _, record @ ..] if record.len() == FeedbackState::BYTES => {
            format!("{:?}", FeedbackState::from_bytes(record))
        }
        [request::EXPRESSION, low, high, rest @ ..] => {
            let length = usize::from(u16::from_le_bytes([*low, *high]));
            String::from_utf8_lossy(&rest[..length]).into_owned()
        }
        bytes => format!("{bytes:02x?}"),
    }
}

/// What a broken chip would answer is told: a bit, a byte too few, a byte too many, anywhere.
pub fn tells_differences() {
    let mut asked = Asked::new();
    let constant = hairpin_core::Constant::new(0.1).expect("a rate");
    let record = saved(&constant.into()).expect("it fits");
    for what in ["first", "second"] {
        let request = Request::new(request::RATES).bytes(&record).steps(&[7, 9]);
        assert_eq!(asked.ask(what, request).len(), 2);
    }
    let answers = asked.answers.clone();
    assert_eq!(asked.differences(&answers), Ok(()));
    for bit in 0..answers.len() * 8 {
        let mut flipped = answers.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let told = asked.differences(&flipped).expect_err("a bit differs");
        assert!(told.starts_with("1 bits of 1 values differ"), "{told}");
        let half = if bit / 8 < answers.len() / 2 {
            "first"
        } else {
            "second"
        };
        assert!(told.contains(half), "{told}");
    }
    // The last rate of all.
    let mut flipped = answers.clone();
    let last = flipped.len() - 4;
    flipped[last] ^= 1;
    let told = asked.differences(&flipped).expect_err("a bit differs");
    let expected = "request 1 (second), Rate(9): 0x3dcccccd on the host, 0x3dcccccc there";
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("Constant"), "{told}");
    for length in 0..answers.len() {
        assert!(asked.differences(&answers[..length]).is_err(), "{length}");
    }
    assert!(asked.differences(&[&answers[..], &[0]].concat()).is_err());
}
