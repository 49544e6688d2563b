//! What a sweep has finished so far, in one file that only grows.
//!
//! A record is its length, its bytes and their CRC-32. A record that was torn by a kill or a power cut is cut off when the
//! journal is opened again; everything before it is good.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// What the file is called in a sweep's directory.
pub(super) const NAME: &str = "journal";

/// Length and CRC of a record.
const FRAME: usize = 4 + 4;

/// An open journal; it is locked, so that no second process writes into the same sweep.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

impl Journal {
    /// Opens or creates the journal and gives the records it holds. `None` if another process has it open.
    pub(super) fn open(path: &Path) -> io::Result<Option<(Self, Vec<Vec<u8>>)>> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let (records, good) = parse(&bytes);
        file.set_len(good as u64)?;
        file.seek(SeekFrom::Start(good as u64))?;
        Ok(Some((Self { file }, records)))
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

    #[test]
    fn records_survive_and_a_torn_tail_is_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let (mut journal, records) = Journal::open(&path).unwrap().unwrap();
        assert!(records.is_empty());
        journal.append(b"one").unwrap();
        journal.append(b"two").unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for torn in 1..11 {
            std::fs::write(&path, &whole[..whole.len() - torn]).unwrap();
            let (mut journal, records) = Journal::open(&path).unwrap().unwrap();
            assert_eq!(records, [b"one"]);
            journal.append(b"two").unwrap();
            drop(journal);
            assert_eq!(std::fs::read(&path).unwrap(), whole);
        }
    }

    #[test]
    fn a_second_writer_is_kept_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal");
        let first = Journal::open(&path).unwrap();
        assert!(first.is_some());
        assert!(Journal::open(&path).unwrap().is_none());
        drop(first);
        assert!(Journal::open(&path).unwrap().is_some());
    }
}
