//! NumPy's `.npy` files of `f32`, written as a stream.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Writes the header of a row-major little-endian `f32` array; its cells follow, see [`write_cells`].
///
/// # Errors
/// What the writer says.
pub fn write_header(writer: &mut impl Write, shape: &[u64]) -> io::Result<()> {
    let lengths: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({lengths}), }}");
    // Magic, version, length of the header, the header itself and its newline fill whole units of 64 bytes.
    let prefix = 6 + 2 + 2;
    let padding = (prefix + header.len() + 1).next_multiple_of(64) - (prefix + header.len() + 1);
    header.extend(std::iter::repeat_n(' ', padding));
    header.push('\n');
    writer.write_all(b"\x93NUMPY\x01\x00")?;
    let length = u16::try_from(header.len()).map_err(io::Error::other)?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(header.as_bytes())
}

/// Writes cells of the array, in order.
///
/// # Errors
/// What the writer says.
pub fn write_cells(writer: &mut impl Write, cells: &[f32]) -> io::Result<()> {
    let mut bytes = [0_u8; 4 * 1024];
    for cells in cells.chunks(bytes.len() / 4) {
        for (slot, cell) in bytes.chunks_exact_mut(4).zip(cells) {
            slot.copy_from_slice(&cell.to_le_bytes());
        }
        writer.write_all(&bytes[..4 * cells.len()])?;
    }
    Ok(())
}

/// Reads one row of an array of this shape that was written here.
///
/// # Errors
/// What the file says; [`io::ErrorKind::InvalidData`] where it holds anything but such an array.
pub fn read_row(file: &mut File, [rows, columns]: [u64; 2], row: u64) -> io::Result<Vec<f32>> {
    let mut expected = Vec::new();
    write_header(&mut expected, &[rows, columns])?;
    let mut header = vec![0; expected.len()];
    file.read_exact(&mut header)?;
    let at = |cells: u64| cells.checked_mul(4)?.checked_add(expected.len() as u64);
    let begin = row.checked_mul(columns).and_then(at);
    let end = rows.checked_mul(columns).and_then(at);
    let (Some(begin), true, true) = (
        begin,
        header == expected && row < rows,
        end == Some(file.metadata()?.len()),
    ) else {
        return Err(io::ErrorKind::InvalidData.into());
    };
    file.seek(SeekFrom::Start(begin))?;
    let mut bytes = Vec::new();
    file.take(4 * columns).read_to_end(&mut bytes)?;
    let cells = bytes.as_chunks::<4>().0.iter();
    Ok(cells.map(|cell| f32::from_le_bytes(*cell)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back_from_a_whole_array_only() {
        let mut file = tempfile::tempfile().unwrap();
        write_header(&mut file, &[3, 2]).unwrap();
        write_cells(&mut file, &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        let mut read = |shape, row| {
            file.rewind().unwrap();
            read_row(&mut file, shape, row)
        };
        assert_eq!(read([3, 2], 0).unwrap(), [0.0, 1.0]);
        assert_eq!(read([3, 2], 2).unwrap(), [4.0, 5.0]);
        for (shape, row) in [([3, 2], 3), ([2, 3], 0), ([3, 1], 0), ([4, 2], 0)] {
            let error = read(shape, row).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        }
        file.seek(SeekFrom::End(0)).unwrap();
        write_cells(&mut file, &[6.0]).unwrap();
        file.rewind().unwrap();
        let error = read_row(&mut file, [3, 2], 0).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }

    #[test]
    fn header_is_padded_and_cells_are_little_endian() {
        let mut file = Vec::new();
        write_header(&mut file, &[2, 1]).unwrap();
        write_cells(&mut file, &[1.0, -2.0]).unwrap();
        let (header, cells) = file.split_at(file.len() - 8);
        assert!(header.starts_with(b"\x93NUMPY\x01\x00\x76\x00{'descr': '<f4'"));
        assert!(header.ends_with(b"\n") && header.len() % 64 == 0);
        assert!(String::from_utf8_lossy(header).contains("'shape': (2, 1, ), "));
        assert_eq!(cells, [0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]);
    }
}
