//! Streams, events, memory and graphs, and the order in which work is done.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// Something a stream does, perhaps again and again.
#[derive(Clone)]
pub(crate) struct Work(Arc<dyn Fn() + Send + Sync>);

impl Work {
    pub(crate) fn new(work: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(work))
    }
}

enum Task {
    Work(Work),
    /// The event is reached for the nth time.
    Record(u64, u64),
    /// Waits until it is.
    Wait(u64, u64),
}

#[derive(Default)]
struct Event {
    recorded: u64,
    reached: u64,
}

#[derive(Default)]
struct Stream {
    tasks: VecDeque<Task>,
    recording: Option<Vec<Work>>,
    /// Somebody waited for the device meanwhile.
    is_spoiled: bool,
}

/// When work is done, of all that a device is free to choose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// As soon as it can be.
    Early,
    /// Not before somebody waits for it, and nothing else then; blocks and threads backwards.
    Late,
    /// Once somebody waits, all other streams first.
    OthersFirst,
    /// By chance.
    Chance,
}

/// Bytes before and after an allocation that nobody may write.
const GUARD: usize = 256;
const GUARD_BYTE: u8 = 0xa5;

struct Area {
    words: Vec<[u64; 32]>,
    start: usize,
    bytes: usize,
}

/// What is larger is not kept once it is freed.
const LARGE: usize = 1 << 20;

/// Aligned as the driver does it.
const ALIGN: usize = 256;

impl Area {
    fn new(bytes: usize) -> Self {
        let mut words = vec![[0; 32]; (bytes + 2 * GUARD + ALIGN).div_ceil(256)];
        let start = (words.as_mut_ptr().addr() + GUARD).next_multiple_of(ALIGN);
        let mut area = Self {
            words,
            start,
            bytes,
        };
        // What nobody wrote is no zero.
        area.all().fill(GUARD_BYTE);
        area
    }

    fn all(&mut self) -> &mut [u8] {
        let words = self.words.as_flattened_mut();
        // SAFETY: bytes of these words.
        unsafe {
            std::slice::from_raw_parts_mut(words.as_mut_ptr().cast::<u8>(), size_of_val(words))
        }
    }

    fn untouched(&mut self) -> bool {
        let base = self.words.as_ptr().addr();
        let (start, end) = (self.start - base, self.start - base + self.bytes);
        let all = self.all();
        let guards = all[..start].iter().chain(&all[end..]);
        guards.into_iter().all(|byte| *byte == GUARD_BYTE)
    }
}

pub(crate) struct World {
    pub(crate) order: Order,
    pub(crate) memory: u64,
    used: u64,
    streams: HashMap<u64, Stream>,
    events: HashMap<u64, Event>,
    device: HashMap<u64, Area>,
    /// What was freed, kept to see whether somebody writes there all the same.
    gone: Vec<Area>,
    pinned: HashMap<u64, Area>,
    pub(crate) graphs: HashMap<u64, Vec<Work>>,
    /// How many hold the context.
    pub(crate) holders: u32,
    last: u64,
    chance: u64,
}

pub(crate) fn switch(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

pub(crate) fn world() -> MutexGuard<'static, World> {
    static WORLD: OnceLock<Mutex<World>> = OnceLock::new();
    let made = || {
        let order = switch("STANDIN_ORDER");
        Mutex::new(World {
            order: match order.as_str() {
                "" | "early" => Order::Early,
                "late" => Order::Late,
                "others-first" => Order::OthersFirst,
                _ => Order::Chance,
            },
            memory: switch("STANDIN_MEMORY").parse().unwrap_or(1 << 33),
            used: 0,
            streams: HashMap::from([(0, Stream::default())]),
            events: HashMap::new(),
            device: HashMap::new(),
            gone: Vec::new(),
            pinned: HashMap::new(),
            graphs: HashMap::new(),
            holders: 0,
            last: 0,
            chance: order.bytes().fold(0x9e37_79b9_7f4a_7c15, |sum, byte| {
                (sum ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
            }),
        })
    };
    WORLD
        .get_or_init(made)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

/// What the driver would refuse.
pub(crate) struct Refused;

impl World {
    pub(crate) fn handle(&mut self) -> u64 {
        self.last += 16;
        self.last
    }

    pub(crate) fn free(&self) -> u64 {
        self.memory.saturating_sub(self.used)
    }

    /// A number below `end`, by chance.
    fn draw(&mut self, end: usize) -> usize {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 7;
        self.chance ^= self.chance << 17;
        (self.chance % end as u64) as usize
    }

    pub(crate) fn allocate(&mut self, bytes: usize) -> Option<u64> {
        if bytes as u64 > self.free() {
            return None;
        }
        self.used += bytes as u64;
        let area = Area::new(bytes);
        let address = area.start as u64;
        self.device.insert(address, area);
        Some(address)
    }

    pub(crate) fn release(&mut self, address: u64) -> Result<(), Refused> {
        let mut area = self.device.remove(&address).ok_or(Refused)?;
        self.used -= area.bytes as u64;
        assert!(area.untouched(), "somebody wrote beside an allocation");
        area.all().fill(GUARD_BYTE);
        if area.bytes <= LARGE {
            self.gone.push(area);
        }
        Ok(())
    }

    /// Where nobody holds the context any more: nothing is left to be done or to be freed, and nobody wrote where memory was freed.
    pub(crate) fn close(&mut self) -> Result<(), Refused> {
        self.holders = self.holders.checked_sub(1).ok_or(Refused)?;
        if self.holders > 0 {
            return Ok(());
        }
        self.finish_all()?;
        let is_gone = |area: &mut Area| area.all().iter().all(|byte| *byte == GUARD_BYTE);
        assert!(
            self.gone.iter_mut().all(is_gone),
            "somebody wrote where memory was freed"
        );
        assert!(
            self.device.is_empty() && self.pinned.is_empty(),
            "memory was left"
        );
        Ok(())
    }

    pub(crate) fn pin(&mut self, bytes: usize) -> u64 {
        let area = Area::new(bytes);
        let address = area.start as u64;
        self.pinned.insert(address, area);
        address
    }

    pub(crate) fn unpin(&mut self, address: u64) -> Result<(), Refused> {
        let mut area = self.pinned.remove(&address).ok_or(Refused)?;
        assert!(area.untouched(), "somebody wrote beside pinned memory");
        area.all().fill(GUARD_BYTE);
        Ok(())
    }

    /// That these bytes are in one allocation of the device.
    pub(crate) fn inside(&self, address: u64, bytes: usize) -> Result<(), Refused> {
        within(&self.device, address, bytes)
            .then_some(())
            .ok_or(Refused)
    }

    /// Whether these bytes are in pinned memory.
    pub(crate) fn is_pinned(&self, address: u64, bytes: usize) -> bool {
        within(&self.pinned, address, bytes)
    }

    pub(crate) fn new_stream(&mut self) -> u64 {
        let handle = self.handle();
        self.streams.insert(handle, Stream::default());
        handle
    }

    pub(crate) fn end_stream(&mut self, stream: u64) -> Result<(), Refused> {
        self.finish(stream)?;
        self.streams.remove(&stream).map(drop).ok_or(Refused)
    }

    pub(crate) fn new_event(&mut self) -> u64 {
        let handle = self.handle();
        self.events.insert(handle, Event::default());
        handle
    }

    pub(crate) fn end_event(&mut self, event: u64) -> Result<(), Refused> {
        self.reach(event)?;
        self.events.remove(&event).map(drop).ok_or(Refused)
    }

    pub(crate) fn push(&mut self, stream: u64, work: Work) -> Result<(), Refused> {
        let found = self.streams.get_mut(&stream).ok_or(Refused)?;
        match &mut found.recording {
            Some(recording) => recording.push(work),
            None => {
                found.tasks.push_back(Task::Work(work));
                self.pushed();
            }
        }
        Ok(())
    }

    /// Events of a stream that is being recorded would be part of the graph, and this crate's never are.
    pub(crate) fn record(&mut self, stream: u64, event: u64) -> Result<(), Refused> {
        let found = self.streams.get_mut(&stream).ok_or(Refused)?;
        let event_found = self.events.get_mut(&event).ok_or(Refused)?;
        if found.recording.is_some() {
            return Err(Refused);
        }
        event_found.recorded += 1;
        found
            .tasks
            .push_back(Task::Record(event, event_found.recorded));
        self.pushed();
        Ok(())
    }

    pub(crate) fn wait(&mut self, stream: u64, event: u64) -> Result<(), Refused> {
        let found = self.streams.get_mut(&stream).ok_or(Refused)?;
        let event_found = self.events.get(&event).ok_or(Refused)?;
        if found.recording.is_some() {
            return Err(Refused);
        }
        found
            .tasks
            .push_back(Task::Wait(event, event_found.recorded));
        self.pushed();
        Ok(())
    }

    pub(crate) fn begin(&mut self, stream: u64) -> Result<(), Refused> {
        let found = self.streams.get_mut(&stream).ok_or(Refused)?;
        match found.recording {
            Some(_) => Err(Refused),
            None => {
                found.recording = Some(Vec::new());
                Ok(())
            }
        }
    }

    pub(crate) fn end(&mut self, stream: u64) -> Result<u64, Refused> {
        let found = self.streams.get_mut(&stream).ok_or(Refused)?;
        let works = found.recording.take().ok_or(Refused)?;
        if std::mem::take(&mut found.is_spoiled) {
            return Err(Refused);
        }
        let handle = self.handle();
        self.graphs.insert(handle, works);
        Ok(handle)
    }

    pub(crate) fn recording(&self, stream: u64) -> Result<bool, Refused> {
        let found = self.streams.get(&stream).ok_or(Refused)?;
        Ok(found.recording.is_some())
    }

    fn pushed(&mut self) {
        match self.order {
            Order::Early => while self.others(None) {},
            Order::Chance => {
                for _ in 0..self.draw(4) {
                    self.one_by_chance();
                }
            }
            Order::Late | Order::OthersFirst => {}
        }
    }

    /// Does all that a stream was asked.
    pub(crate) fn finish(&mut self, stream: u64) -> Result<(), Refused> {
        if self.recording(stream)? {
            return Err(Refused);
        }
        while self
            .streams
            .get(&stream)
            .is_some_and(|s| !s.tasks.is_empty())
        {
            self.advance(stream);
        }
        Ok(())
    }

    /// The same for all streams; it spoils what is being recorded, by whichever thread.
    pub(crate) fn finish_all(&mut self) -> Result<(), Refused> {
        let mut streams: Vec<_> = self.streams.keys().copied().collect();
        streams.sort_unstable();
        for stream in self.streams.values_mut() {
            stream.is_spoiled = stream.recording.is_some();
        }
        streams
            .into_iter()
            .try_for_each(|stream| self.finish(stream))
    }

    /// Goes on until an event is reached.
    pub(crate) fn reach(&mut self, event: u64) -> Result<(), Refused> {
        let recorded = self.events.get(&event).ok_or(Refused)?.recorded;
        self.reach_for(event, recorded);
        Ok(())
    }

    fn reach_for(&mut self, event: u64, nth: u64) {
        while self.events.get(&event).is_some_and(|e| e.reached < nth) {
            let holds = |stream: &Stream| {
                stream
                    .tasks
                    .iter()
                    .any(|task| matches!(task, Task::Record(e, n) if (*e, *n) == (event, nth)))
            };
            let stream = self.streams.iter().find(|(_, stream)| holds(stream));
            let stream = stream.map(|(stream, _)| *stream);
            self.advance(stream.expect("an event that is waited for is recorded somewhere"));
        }
    }

    /// One step nearer to the end of a stream.
    fn advance(&mut self, stream: u64) {
        match self.order {
            Order::OthersFirst => while self.others(Some(stream)) {},
            Order::Chance => {
                for _ in 0..self.draw(3) {
                    self.one_by_chance();
                }
            }
            Order::Early | Order::Late => {}
        }
        if !self.task(stream)
            && let Some(Task::Wait(event, nth)) = self.streams[&stream].tasks.front()
        {
            let (event, nth) = (*event, *nth);
            self.reach_for(event, nth);
        }
    }

    /// A task of every stream but one; whether there was any that could be done.
    fn others(&mut self, but: Option<u64>) -> bool {
        let mut streams: Vec<_> = self.streams.keys().copied().collect();
        streams.sort_unstable();
        streams.retain(|stream| Some(*stream) != but);
        streams
            .into_iter()
            .fold(false, |done, stream| self.task(stream) | done)
    }

    fn one_by_chance(&mut self) {
        let mut streams: Vec<_> = self.streams.keys().copied().collect();
        streams.sort_unstable();
        let stream = streams[self.draw(streams.len())];
        self.task(stream);
    }

    /// Does a stream's next task, if it can be done.
    fn task(&mut self, stream: u64) -> bool {
        let Some(tasks) = self.streams.get_mut(&stream).map(|s| &mut s.tasks) else {
            return false;
        };
        if let Some(Task::Wait(event, nth)) = tasks.front()
            && self.events.get(event).is_some_and(|e| e.reached < *nth)
        {
            return false;
        }
        match tasks.pop_front() {
            None => return false,
            Some(Task::Work(work)) => (work.0)(),
            Some(Task::Record(event, nth)) => {
                if let Some(event) = self.events.get_mut(&event) {
                    event.reached = event.reached.max(nth);
                }
            }
            Some(Task::Wait(..)) => {}
        }
        true
    }
}

fn within(areas: &HashMap<u64, Area>, address: u64, bytes: usize) -> bool {
    areas.values().any(|area| {
        let start = area.start as u64;
        address >= start && address + bytes as u64 <= start + area.bytes as u64
    })
}
