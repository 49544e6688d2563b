//! The story, whole: a sweep on the host, its winner on a chip that trains with it and loses its power again and again, and
//! weights whose every bit is the host's.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;

use defmt_decoder::{DecodeError, Table};
use hairpin_core::{ComposedFeedback, PlateauConfig, Recipe, ReduceOnPlateau, Sgd, SgdConfig};
use hairpin_host::spec::Spec;
use story::flash::{PowerLost, Simulated, WORDS};
use story::life::{Begun, Ended, live};
use story::store::{Crc, OVERHEAD, Page, SaveError, Store};
use story::training::{EVALUATE_EVERY, PIECES, Plan, Run, STEPS, Trainer, hash};

use crate::command;
use crate::tools::{CHIPS, Check, Chip, Tools, workspace};

/// The chip whose log is printed.
const TOLD: &str = "cortex_m4f";
/// It has no RAM for the pages of flash, which are simulated there.
const TOO_SMALL: &str = "cortex_m0";

/// What needs a chip.
pub fn trials() -> Vec<Check> {
    CHIPS
        .into_iter()
        .filter(|chip| chip.name != TOO_SMALL)
        .map(|chip| -> Check {
            let check = move |tools: &Tools| tell(tools, chip);
            (format!("story::{}", chip.name), Box::new(check))
        })
        .collect()
}

/// What the host can say of the same code by itself.
pub fn on_the_host() -> Vec<(&'static str, fn())> {
    vec![
        (
            "story::power_fails_at_every_word",
            power_fails_at_every_word,
        ),
        (
            "story::an_erase_may_leave_anything",
            an_erase_may_leave_anything,
        ),
        (
            "story::what_the_checks_would_catch",
            what_the_checks_would_catch,
        ),
        ("story::any_cuts_at_all", any_cuts_at_all),
    ]
}

/// When the power fails: after so many steps, or so many words of flash, with the bits of the word after them that are still reached.
struct Cut {
    name: &'static str,
    steps: u32,
    words: u32,
    last: u32,
    /// At which step the life after it goes on.
    then: u32,
}

/// Lives of a chip, and how each of them ends. A checkpoint of `n` words is an erase of a page and then `n` words.
fn cuts(trainer: &Trainer) -> [Cut; 6] {
    let (page, record) = (WORDS as u32, record_words(trainer));
    let save = page + record;
    [
        Cut {
            name: "between two steps",
            steps: 77,
            words: u32::MAX,
            last: 0,
            then: 60,
        },
        Cut {
            name: "in the middle of writing a page",
            steps: u32::MAX,
            words: 2 * save + page + record / 2,
            last: 0x0000_ffff,
            then: 100,
        },
        Cut {
            name: "in the middle of erasing a page",
            steps: u32::MAX,
            words: save + page / 2,
            last: 0x5555_5555,
            then: 120,
        },
        Cut {
            name: "right before the last word of a page",
            steps: u32::MAX,
            words: 2 * save - 1,
            last: 0,
            then: 140,
        },
        Cut {
            name: "within the last word of a page",
            steps: u32::MAX,
            words: 2 * save - 1,
            last: 0x5555_5555,
            then: 160,
        },
        Cut {
            name: "right after the last word of a page",
            steps: 2 * EVALUATE_EVERY,
            words: 2 * save,
            last: 0,
            then: 200,
        },
    ]
}

/// Words that saving a run programs.
fn record_words(trainer: &Trainer) -> u32 {
    (trainer.words(&trainer.start()).count() + OVERHEAD) as u32
}

/// A sweep by the binary and its winner as bytes, with what was printed; once for all tests.
fn winner() -> &'static (Vec<String>, Vec<u8>) {
    static WINNER: OnceLock<(Vec<String>, Vec<u8>)> = OnceLock::new();
    WINNER.get_or_init(sweep)
}

fn sweep() -> (Vec<String>, Vec<u8>) {
    let spec = workspace().join("story/sweep.toml");
    let train = Spec::load(&spec).expect("the specification").train;
    assert_eq!(
        (train.steps, train.eval_every),
        (STEPS, EVALUATE_EVERY),
        "the chip trains as the sweep does"
    );
    let directory = tempfile::tempdir().expect("a directory for the sweep");
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (spec, out) = (path(&spec), path(&directory.path().join("sweep")));
    let file = directory.path().join("export");
    let mut told = vec!["$ hairpin sweep tests/firmware/story/sweep.toml".to_owned()];
    let printed = hairpin(&["sweep", &spec, "-o", &out]);
    // Up to the best trial, with its parameters and its schedule.
    told.extend(printed.lines().take(5).map(str::to_owned));
    told.push("$ hairpin export runs/sweep --trial best --format bytes".to_owned());
    let format = ["--trial", "best", "--format", "bytes", "-o", &path(&file)];
    hairpin(&[&["export", out.as_str()], &format[..]].concat());
    let bytes = fs::read(&file).expect("what was exported");
    told.push(format!("{} bytes", bytes.len()));
    (told, bytes)
}

/// What the binary prints.
fn hairpin(arguments: &[&str]) -> String {
    let run = command::run(arguments, "");
    assert_eq!(run.code, Some(0), "{arguments:?}: {}", run.stderr);
    run.stdout
}

/// The same code on the host, from the first step to the last without a cut.
fn uninterrupted(trainer: &Trainer) -> Run {
    let mut run = trainer.start();
    live(trainer, &mut Simulated::new(), u32::MAX, &mut run, &mut ()).expect("a whole life");
    run
}

fn tell(tools: &Tools, chip: Chip) {
    let (told, export) = winner();
    let trainer = Trainer::from_bytes(export).expect("what was exported");
    let own = uninterrupted(&trainer);

    let firmware = tools.build(chip, "story-chip").join("story-chip");
    let elf = fs::read(&firmware).expect("the firmware");
    let table = Table::parse(&elf).expect("an ELF").expect("with messages");
    let directory = tempfile::tempdir().expect("a directory for the runs");
    let directory = directory.path();
    fs::write(directory.join("export"), export).expect("the winner");
    let mut flash = Simulated::new();
    fs::write(directory.join("flash"), image(&flash)).expect("flash");

    let mut lines = told.clone();
    let mut begins = "flash is empty".to_owned();
    for cut in cuts(&trainer) {
        let log = power(tools, chip, &firmware, directory, &table, &cut);
        lines.extend(log.iter().map(|line| format!("  chip: {line}")));
        lines.push(format!("plug pulled {}", cut.name));
        assert!(
            log[0].starts_with(&begins),
            "{begins:?} does not begin {log:?}"
        );
        // The host goes through the same life: flash must hold the same, to the bit, torn words included.
        flash.power_for(cut.words, cut.last);
        let mut run = trainer.start();
        let ended = live(&trainer, &mut flash, cut.steps, &mut run, &mut ());
        ended.expect_err("the power fails");
        let left = fs::read(directory.join("flash")).expect("flash");
        assert!(left == image(&flash), "flash after a cut {}", cut.name);
        assert!(!directory.join("weights").exists(), "trained too early");
        begins = format!(
            "flash holds a checkpoint: from Position {{ step: {} }}",
            cut.then
        );
    }
    let whole = Cut {
        name: "never",
        steps: u32::MAX,
        words: u32::MAX,
        last: 0,
        then: STEPS,
    };
    let log = power(tools, chip, &firmware, directory, &table, &whole);
    lines.extend(log.iter().map(|line| format!("  chip: {line}")));
    assert!(
        log[0].starts_with(&begins),
        "{begins:?} does not begin {log:?}"
    );

    let weights = fs::read(directory.join("weights")).expect("trained weights");
    let bits = |weight: &f32| weight.to_bits().to_le_bytes();
    let expected: Vec<u8> = own.weights.as_flattened().iter().flat_map(bits).collect();
    if chip.name != TOLD {
        lines.clear();
    }
    let told = format!("trained: weights {:016x}", hash(&own.weights));
    let last = log.last().expect("what was trained");
    lines.push(format!("{last} on {}, interrupted six times", chip.name));
    lines.push(format!("{told} on the host, never interrupted"));
    let differing = weights
        .chunks(4)
        .zip(expected.chunks(4))
        .filter(|(chip, host)| chip != host)
        .count();
    lines.push(format!(
        "{} weights compared, {differing} differ in a bit",
        expected.len() / 4
    ));
    println!("\n{}\n", lines.join("\n"));
    assert!(weights == expected, "the weights differ");
    assert_eq!(*last, told);
}

/// One life of the chip, and what it logged.
fn power(
    tools: &Tools,
    chip: Chip,
    firmware: &Path,
    directory: &Path,
    table: &Table,
    cut: &Cut,
) -> Vec<String> {
    let plug = [cut.steps, cut.words, cut.last].map(u32::to_le_bytes);
    fs::write(directory.join("plug"), plug.as_flattened()).expect("plug");
    tools.emulate(chip, firmware, directory, &[]);
    let mut decoder = table.new_stream_decoder();
    decoder.received(&fs::read(directory.join("log")).expect("a log"));
    let mut log = Vec::new();
    loop {
        match decoder.decode() {
            Ok(frame) => log.push(frame.display_message().to_string()),
            Err(DecodeError::UnexpectedEof) => return log,
            Err(DecodeError::Malformed) => panic!("a frame that is none, after {log:?}"),
        }
    }
}

/// Flash as a file.
fn image(flash: &Simulated) -> Vec<u8> {
    let words = flash.pages().as_flattened().iter();
    words.flat_map(|word| word.to_le_bytes()).collect()
}

/// A run with everything that can be stored: a feedback schedule and a velocity.
fn with_everything() -> Trainer {
    let plateau = ReduceOnPlateau::new(PlateauConfig {
        factor: 0.5,
        patience: 0,
        ..PlateauConfig::new(1.0)
    });
    let plateau = ComposedFeedback::from(plateau.expect("a schedule"));
    let plan = plateau.after_warmup(20, 0.0, 1.0).expect("a schedule");
    let sgd = SgdConfig {
        momentum: 0.9,
        ..SgdConfig::default()
    };
    let sgd = Sgd::new(sgd).expect("an update");
    let recipe = Recipe::<PIECES>::new(Plan::Feedback(plan), sgd, None).expect("a recipe");
    let mut bytes = vec![0; recipe.bytes_len().expect("no function")];
    recipe.to_bytes(&mut bytes).expect("as long as it said");
    Trainer::from_bytes(&bytes).expect("what was exported")
}

/// The runs at 20, 40 and 60 steps, and the flash with the first two of them.
fn three_checkpoints(trainer: &Trainer) -> ([Run; 3], Simulated) {
    let at = |steps| {
        let mut run = trainer.start();
        let ended = live(trainer, &mut Simulated::new(), steps, &mut run, &mut ());
        assert_eq!(ended, Err(Ended::Unplugged));
        run
    };
    let runs = [20, 40, 60].map(at);
    let mut flash = Simulated::new();
    let mut store = Store::open(&flash);
    for run in &runs[..2] {
        store.save(&mut flash, trainer.words(run)).expect("power");
    }
    assert_eq!(store.page(), Some(Page::Second));
    (runs, flash)
}

/// What a run that starts on this flash has in all its bits.
fn found(trainer: &Trainer, flash: &Simulated) -> Vec<u32> {
    let mut run = trainer.start();
    let words = Store::open(flash).words(flash).expect("a record");
    trainer.restore(words, &mut run).expect("a run");
    trainer.words(&run).collect()
}

/// Three checkpoints one after the other, and the power fails in the third: for every word of its erase and of its write, and for
/// some of the ways in which the word under way may be left, random ones among them. What is found is always the second one, whole, until the third is.
fn power_fails_at_every_word() {
    let trainer = with_everything();
    let ([_, second, third], before) = three_checkpoints(&trainer);
    let [second, third]: [Vec<u32>; 2] = [&second, &third].map(|run| trainer.words(run).collect());
    assert_ne!(second, third);
    let mut after = before.clone();
    let all = WORDS as u32 + record_words(&trainer);
    after.power_for(all, 0);
    let saved = Store::open(&after).save(&mut after, third.iter().copied());
    assert_eq!(saved, Ok(()), "{all} words are one checkpoint");
    let (mut torn, mut random) = (0, Random(2));
    for words in 0..all {
        let drawn = [(); 4].map(|()| random.draw());
        let chosen = [0, 0x0000_ffff, 0xffff_0000, 0x5555_5555];
        for last in chosen.into_iter().chain(drawn) {
            let mut flash = before.clone();
            flash.power_for(words, last);
            let saved = Store::open(&flash).save(&mut flash, third.iter().copied());
            assert_eq!(saved, Err(SaveError::Flash(PowerLost)));
            let is_whole = flash.pages() == after.pages();
            torn += u32::from(!is_whole && flash.pages() != before.pages());
            let expected = if is_whole { &third } else { &second };
            assert!(
                found(&trainer, &flash) == *expected,
                "{words} words and bits {last:08x}"
            );
        }
    }
    assert_eq!(found(&trainer, &after), third);
    // Nothing may be changed yet where the power fails in the first word, and everything in the last one.
    assert!(
        torn >= 8 * (all - 2),
        "{torn} of {} pages are torn",
        8 * all
    );
}

/// Bits that are not quite erased read as they like. At worst the page still says what it is and how long, and seems newer: only
/// its checksum tells, and the other page counts.
fn an_erase_may_leave_anything() {
    let trainer = with_everything();
    let ([_, second, _], before) = three_checkpoints(&trainer);
    let second: Vec<u32> = trainer.words(&second).collect();
    let mut random = Random(1);
    let mut newer = 0;
    for _ in 0..2000 {
        let mut flash = before.clone();
        let [[_, sequence, _, rest @ ..], [_, other, ..]] = flash.pages_mut();
        // Each bit that was 0 is 1 with a chance of a half; the sign is kept, so that numbers compare.
        *sequence |= random.draw() >> 1;
        newer += u32::from(*sequence > *other);
        for word in rest {
            *word |= random.draw();
        }
        assert!(found(&trainer, &flash) == second);
    }
    assert!(newer > 1000, "{newer} of 2000 pages seem newer");
}

/// A store that took a torn page for whole would end with other weights, and one that took the older page would go on at an
/// earlier step: here both are made to happen, on pages forged so that the store is right to take them.
fn what_the_checks_would_catch() {
    let trainer = with_everything();
    let expected = uninterrupted(&trainer);
    let ([_, second, third], mut flash) = three_checkpoints(&trainer);

    let mut older = flash.clone();
    let [first, _] = older.pages_mut();
    first[1] = 7;
    seal(first);
    let mut run = trainer.start();
    let words = Store::open(&older).words(&older).expect("a record");
    trainer.restore(words, &mut run).expect("a run");
    assert_eq!((run.position.step, second.position.step), (20, 40));

    // Torn within the velocity: the position and most of the weights are there, and look well.
    let record = record_words(&trainer);
    flash.power_for(WORDS as u32 + record - 100, 0);
    let saved = Store::open(&flash).save(&mut flash, trainer.words(&third));
    assert_eq!(saved, Err(SaveError::Flash(PowerLost)));
    let [first, _] = flash.pages_mut();
    seal(first);
    flash.power_for(u32::MAX, 0);
    let mut run = trainer.start();
    let lived = live(&trainer, &mut flash, u32::MAX, &mut run, &mut Began(60));
    assert_eq!(lived, Ok(()));
    assert_ne!(hash(&run.weights), hash(&expected.weights));
}

/// Gives a page the checksum of what is in it.
fn seal(page: &mut [u32; WORDS]) {
    let end = page[2] as usize + OVERHEAD - 1;
    let mut crc = Crc::new();
    for &word in &page[..end] {
        crc.add(word);
    }
    page[end] = crc.finish();
}

/// Cuts wherever chance has them, until the run is through: the weights are those of a run without any.
fn any_cuts_at_all() {
    let (_, best) = winner();
    let best = Trainer::from_bytes(best).expect("what was exported");
    for trainer in [best, with_everything()] {
        let expected = uninterrupted(&trainer);
        let save = WORDS as u32 + record_words(&trainer);
        let mut random = Random(2);
        let mut lives = 0;
        for _ in 0..20 {
            let mut flash = Simulated::new();
            let mut run = trainer.start();
            let mut stored = 0;
            loop {
                lives += 1;
                let steps = random.draw() % 100;
                flash.power_for(random.draw() % (5 * save), random.draw());
                let mut began = Began(stored);
                match live(&trainer, &mut flash, steps, &mut run, &mut began) {
                    Ok(()) => break,
                    Err(Ended::Unplugged | Ended::Save(SaveError::Flash(PowerLost))) => {}
                    Err(other) => panic!("{other:?}"),
                }
                let Began(saved) = began;
                stored = saved;
            }
            assert!(run.weights == expected.weights);
        }
        assert!(lives > 100, "{lives} lives for 20 runs are no test of cuts");
    }
}

/// Checks that a life begins at this step, and keeps the step of the newest checkpoint.
struct Began(u32);

impl story::life::Watch for Began {
    fn begun(&mut self, begun: &Begun) {
        match begun {
            Begun::Afresh => assert_eq!(self.0, 0),
            Begun::At(position) => assert_eq!(self.0, position.step),
            Begun::AfreshAs(refused) => panic!("{refused:?}"),
        }
    }

    fn measured(&mut self, _: &story::training::Measured) {}

    fn saved(&mut self, position: &hairpin_core::Position) {
        self.0 = position.step;
    }
}

/// Numbers for cuts and for bits, always the same ones (SplitMix64).
struct Random(u64);

impl Random {
    fn draw(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 32) as u32
    }
}
