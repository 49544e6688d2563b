//! What a sweep has finished so far, in one file that only grows.
//!
//! A record is its length, its bytes and their CRC-32. A record that was torn by a kill or a power cut is cut off when the
//! journal is opened again; everything before it is good.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What the file is called in a sweep's directory.
pub(super) const NAME: &str = "journal";

/// The first line: what the file is, and whose records it holds.
fn head(identity: &str) -> Vec<u8> {
    format!("hairpin journal 1 {identity}\n").into_bytes()
}

/// Length and CRC of a record.
const FRAME: usize = 4 + 4;

/// An open journal; it is locked, so that no second process writes into the same sweep.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

/// What came of opening a journal.
#[derive(Debug)]
pub(super) enum Opened {
    /// It is ours, with the records it holds.
    Ours(Journal, Vec<Vec<u8>>),
    /// Another process has it open.
    Busy,
    /// The file is no journal, or another sweep's; it was left as it is.
    Foreign,
}

impl Journal {
    /// Opens or creates the journal of the sweep `identity`.
    pub(super) fn open(path: &Path, identity: &str) -> io::Result<Opened> {
        let head = head(identity);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Busy),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let Some(body) = bytes.strip_prefix(head.as_slice()) else {
            // A kill may have torn the first line itself, before any record.
            if !head.starts_with(&bytes) {
                return Ok(Opened::Foreign);
            }
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&head)?;
            return Ok(Opened::Ours(Self { file }, Vec::new()));
        };
        let (records, good) = parse(body);
        let end = (head.len() + good) as u64;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        Ok(Opened::Ours(Self { file }, records))
    }

    /// Adds a record. It is handed to the system whole, so that a kill right after loses nothing.
    pub(super) fn append(&mut self, record: &[u8]) -> io::Result<()> {
        let length = u32::try_from(record.len()).map_err(io::Error::other)?;
        let mut framed = Vec::with_capacity(record.len() + FRAME);
        framed.extend(length.to_le_bytes());
        framed.extend(crc32fast::hash(record).to_le_bytes());
        framed.extend(record);
        self.file.write_all(&framed)
    }
}

/// The whole records at the front, and how many bytes they take.
fn parse(bytes: &[u8]) -> (Vec<Vec<u8>>, usize) {
    let mut records = Vec::new();
    let mut rest = bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>()
        && let Some((crc, after)) = after.split_first_chunk::<4>()
        && let Some((record, after)) = after.split_at_checked(u32::from_le_bytes(*length) as usize)
        && crc32fast::hash(record) == u32::from_le_bytes(*crc)
    {
        records.push(record.to_vec());
        rest = after;
    }
    (records, bytes.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: &str = "0123";

    fn ours(path: &Path) -> (Journal, Vec<Vec<u8>>) {
        match Journal::open(path, ME).unwrap() {
            Opened::Ours(journal, records) => (journal, records),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn records_survive_and_a_torn_tail_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let (mut journal, records) = ours(&path);
        assert!(records.is_empty());
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for torn in 1..11 {
            std::fs::write(&path, &whole[..whole.len() - torn]).unwrap();
            let (mut journal, records) = ours(&path);
            assert_eq!(records, [b"one"]);
            journal.append(b"two").unwrap();
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
        // Torn inside the first line.
        std::fs::write(&path, &whole[..5]).unwrap();
        assert!(ours(&path).1.is_empty());
        assert_eq!(std::fs::read(&path).unwrap(), head(ME));
    }

    #[test]
    fn a_second_writer_is_kept_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        let first = ours(&path);
        assert!(matches!(Journal::open(&path, ME).unwrap(), Opened::Busy));
        drop(first);
        ours(&path);
    }

    #[test]
    fn somebody_elses_file_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(NAME);
        for foreign in [b"dear diary".to_vec(), head("4567")] {
            std::fs::write(&path, &foreign).unwrap();
            let opened = Journal::open(&path, ME).unwrap();
            assert!(matches!(opened, Opened::Foreign));
            assert_eq!(std::fs::read(&path).unwrap(), foreign);
        }
    }
}
