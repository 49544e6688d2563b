//! NumPy's `.npy` files of `f32`, written as a stream.

use std::io::{self, Write};

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

#[cfg(test)]
mod tests {
    use super::*;

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
